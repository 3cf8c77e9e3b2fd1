"""Which fields of a new order go together, whatever the market does: check 3 of `docs/exchange.md`."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine import codes
from exchange_sim.engine.codes import ZERO
from exchange_sim.engine.requests import Request
from exchange_sim.engine.special import has_limit
from exchange_sim.model.instrument import MAXIMUM_TICKS

ICEBERG_PARTS_MAXIMUM = 1000
"""So many parts of its display size an iceberg may have."""

_CLIENT_IDS_END = 2**63 - 3  # two more ids have to fit behind an entry's


@inlined
def waits(order_type: int) -> bool:
    """Return whether orders of a type wait for a trigger."""
    return order_type >= codes.STOP_MARKET


@inlined
def may_rest(order_type: int, time_in_force: int) -> bool:
    """Return whether what is left of an order joins the book."""
    return has_limit(order_type) and time_in_force in (codes.GTC, codes.GTD)


@inlined
def is_bracket(request: Request) -> bool:
    """Return whether an order carries exits."""
    return request.stop_loss_ticks != 0 or request.take_profit_ticks != 0


@inlined
def _lasts_as_allowed(order_type: int, time_in_force: int, post_only: int) -> bool:
    """Return whether type, time in force and post-only go together."""
    if time_in_force < codes.GTC or time_in_force > codes.GTD:
        return False
    if post_only != 0:
        return may_rest(order_type, time_in_force)
    if order_type == codes.MARKET:
        return time_in_force != codes.GTD
    if waits(order_type):
        return time_in_force != codes.FOK and (time_in_force != codes.IOC or has_limit(order_type))
    return True


@compiled
def _refuse_words(request: Request) -> int:
    """Return why type, time in force and flags do not go together."""
    side, order_type, in_force = request.side, request.order_type, request.time_in_force
    if side not in (codes.BUY, codes.SELL):
        return codes.INVALID_SIDE
    if order_type < codes.LIMIT or order_type > codes.TRAILING_STOP:
        return codes.INVALID_ORDER_TYPE
    if not _lasts_as_allowed(order_type, in_force, request.post_only):
        return codes.INVALID_TIME_IN_FORCE
    flags = request.post_only | request.reduce_only | request.close_position
    if flags < 0 or flags > 1 or request.stp < 0 or request.stp > codes.STP_NONE:
        return codes.INVALID_COMMAND
    if request.client_order_id < 0 or request.linked_client_id < 0:
        return codes.INVALID_COMMAND
    if request.close_position != 0 and has_limit(order_type):
        return codes.INVALID_COMMAND
    if request.linked_client_id != 0:
        lasts = order_type != codes.MARKET and in_force in (codes.GTC, codes.GTD)
        if not lasts or is_bracket(request):
            return codes.INVALID_COMMAND
    return ZERO


@compiled
def refuse_display(order_type: int, time_in_force: int, display_lots: int, quantity_lots: int) -> int:
    """Return why an order may not show only so many lots."""
    if display_lots == 0:
        return ZERO
    if not may_rest(order_type, time_in_force) or display_lots < 0 or display_lots > quantity_lots:
        return codes.INVALID_DISPLAY
    too_small = (quantity_lots - 1) // ICEBERG_PARTS_MAXIMUM >= display_lots
    return codes.INVALID_DISPLAY if too_small else ZERO


@compiled
def _refuse_trigger(request: Request) -> int:
    """Return why trigger, trail and source do not fit the type."""
    if request.trigger_source < codes.ON_LAST or request.trigger_source > codes.ON_INDEX:
        return codes.INVALID_TRIGGER
    trigger, trail = request.trigger_ticks, request.trail_ticks
    if request.order_type == codes.TRAILING_STOP:
        fits = trigger == 0 and 1 <= trail <= MAXIMUM_TICKS
    elif waits(request.order_type):
        fits = trail == 0 and 1 <= trigger <= MAXIMUM_TICKS
    else:
        fits = trigger == 0 and trail == 0
    return ZERO if fits else codes.INVALID_TRIGGER


@compiled
def _refuse_bracket(request: Request) -> int:
    """Return why an order may not carry these exits."""
    if not is_bracket(request):
        return ZERO
    stop, target = request.stop_loss_ticks, request.take_profit_ticks
    if stop < 0 or stop > MAXIMUM_TICKS or target < 0 or target > MAXIMUM_TICKS:
        return codes.INVALID_BRACKET
    if waits(request.order_type) or request.reduce_only != 0 or request.close_position != 0:
        return codes.INVALID_BRACKET
    if request.client_order_id < 1 or request.client_order_id > _CLIENT_IDS_END:
        return codes.INVALID_BRACKET
    sign = 1 if request.side == codes.BUY else -1
    if stop != 0 and target != 0 and stop * sign >= target * sign:
        return codes.INVALID_BRACKET
    if request.order_type == codes.LIMIT:
        limit = request.price_ticks
        if limit <= 0 or limit > MAXIMUM_TICKS:
            return ZERO  # refused with the bounds
        if (stop != 0 and stop * sign >= limit * sign) or (target != 0 and limit * sign >= target * sign):
            return codes.INVALID_BRACKET
    return ZERO


@compiled
def refuse_request(request: Request, instrument: Any, ts_ns: int) -> int:
    reason = _refuse_words(request)
    if reason != 0:
        return reason
    needs_position = request.reduce_only != 0 or request.close_position != 0 or is_bracket(request)
    if instrument.is_spot != 0 and needs_position:
        return codes.NOT_FOR_SPOT
    reason = refuse_display(
        request.order_type, request.time_in_force, request.display_lots, request.quantity_lots
    )
    if reason != 0:
        return reason
    if request.time_in_force == codes.GTD:
        if request.expire_ns <= ts_ns:
            return codes.INVALID_EXPIRY
    elif request.expire_ns != 0:
        return codes.INVALID_EXPIRY
    reason = _refuse_trigger(request)
    if reason != 0:
        return reason
    return _refuse_bracket(request)
