"""Whether a new order that is more than a plain one is accepted: the checks of `docs/exchange.md`."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine import codes
from exchange_sim.engine.clients import find_client
from exchange_sim.engine.codes import ZERO, word
from exchange_sim.engine.limits import (
    band_limit_ticks,
    refuse_band,
    refuse_counts,
    refuse_rate,
    refuse_state,
)
from exchange_sim.engine.matching import best_opposite, can_fill, reaches
from exchange_sim.engine.orders import find_order
from exchange_sim.engine.pointers import order_at
from exchange_sim.engine.refusals import (
    market_valuation_ticks,
    refuse_exposure,
    refuse_notional,
    refuse_size,
    valuation_ticks,
)
from exchange_sim.engine.requests import Request
from exchange_sim.engine.special import ALTERNATIVE, NOT_LINKED, SPECIAL, has_limit, reducible, terms_of
from exchange_sim.engine.state import State
from exchange_sim.engine.terms import is_bracket, may_rest, refuse_request, waits
from exchange_sim.engine.triggers import fires_falling, source_ticks
from exchange_sim.model.instrument import MAXIMUM_TICKS


@inlined
def refuse_bounds(
    instrument: Any, order_type: int, close_position: int, price_ticks: int, quantity_lots: int
) -> int:
    """Return why price or quantity is out of bounds; a close-position order has no quantity."""
    if close_position != 0:
        return codes.INVALID_QUANTITY if quantity_lots != 0 else ZERO
    kind = codes.LIMIT if has_limit(order_type) else codes.MARKET
    return refuse_size(instrument, kind, price_ticks, quantity_lots)


@compiled
def _refuse_ids(state: State, header: Any, request: Request) -> int:
    client = request.client_order_id
    if client == 0:
        return ZERO
    taken = find_client(state, header, request.account, client) >= 0
    if is_bracket(request):
        taken |= find_client(state, header, request.account, client + 1) >= 0
        taken |= find_client(state, header, request.account, client + 2) >= 0
    return codes.DUPLICATE_CLIENT_ORDER_ID if taken else ZERO


@compiled
def _refuse_link(state: State, header: Any, request: Request) -> int:
    if request.linked_client_id == 0:
        return ZERO
    slot = find_order(state, header, request.account, request.instrument, ZERO, request.linked_client_id)
    if slot < 0:
        return codes.UNKNOWN_LINKED_ORDER
    if order_at(state.orders, slot).flags & SPECIAL == 0:
        return ZERO
    in_bracket = terms_of(state, header, slot).role not in (NOT_LINKED, ALTERNATIVE)
    return codes.UNKNOWN_LINKED_ORDER if in_bracket else ZERO


@inlined
def first_trigger_ticks(request: Request, source: int) -> int:
    """Return the trigger with which an order begins to wait, that of a trailing stop from its source."""
    if request.trail_ticks == 0:
        return request.trigger_ticks
    falling = request.side == codes.SELL
    return source - request.trail_ticks if falling else source + request.trail_ticks


@compiled
def refuse_wait(instrument: Any, side: int, order_type: int, source: int, trigger_ticks: int) -> int:
    """Return why an order may not wait for a source to reach a trigger."""
    price = source_ticks(instrument, source)
    if price == 0:
        return codes.NO_TRIGGER_PRICE
    if trigger_ticks < 1 or trigger_ticks > MAXIMUM_TICKS:
        return codes.INVALID_TRIGGER
    if fires_falling(side, order_type) == 1:
        return codes.WOULD_TRIGGER_IMMEDIATELY if price <= trigger_ticks else ZERO
    return codes.WOULD_TRIGGER_IMMEDIATELY if price >= trigger_ticks else ZERO


@compiled
def matching_limit_ticks(
    state: State, instrument: Any, side: int, order_type: int, price_ticks: int, quantity_lots: int
) -> int:
    """Return the worst price of an order for `match`: its limit; of a market order minus what bounds it.

    That is the edge of the price band, and for a spot buy the ask at which it counted, which is paid for.
    """
    if has_limit(order_type):
        return price_ticks
    worst = band_limit_ticks(instrument, side)
    if instrument.is_spot != 0 and side == codes.BUY:
        covered = market_valuation_ticks(state, instrument, side, quantity_lots)
        worst = min(worst, covered) if worst != 0 else covered
    return -worst


@compiled
def refuse_price(instrument: Any, side: int, order_type: int, price_ticks: int, may_not_take: int) -> int:
    """Return why an order may not act at its price: price band, post-only."""
    if not has_limit(order_type):
        return ZERO
    reason = refuse_band(instrument, price_ticks)
    if reason != 0:
        return reason
    if may_not_take != 0 and reaches(side, price_ticks, best_opposite(instrument, side)):
        return codes.POST_ONLY_WOULD_TAKE
    return ZERO


@compiled
def refuse_value(
    state: State,
    header: Any,
    account: int,
    index: int,
    instrument: Any,
    position: Any,
    side: int,
    order_type: int,
    price_ticks: int,
    quantity_lots: int,
) -> int:
    """Return why position or money of an account do not allow an order that acts now."""
    kind = codes.LIMIT if has_limit(order_type) else codes.MARKET
    valuation = valuation_ticks(state, instrument, side, kind, price_ticks, quantity_lots)
    return refuse_exposure(
        state, header, account, index, instrument, position, side, quantity_lots, valuation, ZERO, ZERO
    )


@compiled
def _judge_form(state: State, header: Any, ts_ns: int, instrument: Any, request: Request) -> int:
    """Return the outcome of checks 1 to 4: state, rate, terms, bounds."""
    reason = refuse_state(instrument)
    if reason == 0:
        reason = refuse_rate(state, header, ts_ns, request.account)
    if reason == 0:
        reason = refuse_request(request, instrument, ts_ns)
    if reason == 0:
        reason = refuse_bounds(
            instrument, request.order_type, request.close_position, request.price_ticks, request.quantity_lots
        )
    return reason


@compiled
def _judge_place(state: State, header: Any, instrument: Any, position: Any, request: Request) -> int:
    """Return the outcome of checks 5 to 8: ids, link, counts, trigger."""
    reason = _refuse_ids(state, header, request)
    if reason == 0:
        reason = _refuse_link(state, header, request)
    if reason == 0:
        order_type = request.order_type
        waiting = (
            word(waits(order_type))
            + word(request.stop_loss_ticks != 0)
            + word(request.take_profit_ticks != 0)
        )
        resting = word(may_rest(order_type, request.time_in_force) and not waits(order_type))
        reason = refuse_counts(instrument, position, resting, waiting)
    if reason == 0 and waits(request.order_type):
        source = request.trigger_source
        trigger = first_trigger_ticks(request, source_ticks(instrument, source))
        reason = refuse_wait(instrument, request.side, request.order_type, source, trigger)
    return reason


@compiled
def _judge_price(instrument: Any, request: Request) -> int:
    """Return the outcome of check 9: minimum notional, price band, post-only."""
    side, order_type, price = request.side, request.order_type, request.price_ticks
    reason = ZERO
    if request.close_position == 0:
        reason = refuse_notional(instrument, side, order_type, price, request.quantity_lots)
    if reason == 0:
        may_not_take = request.post_only | request.linked_client_id
        reason = refuse_price(instrument, side, order_type, price, may_not_take)
    return reason


@compiled
def _judge_execution(state: State, header: Any, instrument: Any, position: Any, request: Request) -> int:
    """Return the outcome of checks 10 to 12 but ladder and room: reduce-only, money, fill-or-kill."""
    account, side, order_type = request.account, request.side, request.order_type
    price, quantity = request.price_ticks, request.quantity_lots
    if request.close_position != 0:
        quantity = reducible(position, side)
        if quantity == 0:
            return codes.REDUCE_ONLY
    elif request.reduce_only != 0 and position.reduce_only_lots + quantity > reducible(position, side):
        return codes.REDUCE_ONLY
    reason = refuse_value(
        state, header, account, request.instrument, instrument, position, side, order_type, price, quantity
    )
    if reason == 0 and request.time_in_force == codes.FOK:
        limit = matching_limit_ticks(state, instrument, side, order_type, price, quantity)
        if not can_fill(state, header, instrument, account, side, limit, request.stp, quantity):
            reason = codes.FOK_NOT_FILLABLE
    return reason


@compiled
def judge(state: State, header: Any, ts_ns: int, instrument: Any, position: Any, request: Request) -> int:
    """Return 0 if an order is accepted as far as ladder and order table go, else the reason why not."""
    reason = _judge_form(state, header, ts_ns, instrument, request)
    if reason == 0:
        reason = _judge_place(state, header, instrument, position, request)
    if reason != 0 or waits(request.order_type):
        return reason
    reason = _judge_price(instrument, request)
    if reason != 0:
        return reason
    return _judge_execution(state, header, instrument, position, request)
