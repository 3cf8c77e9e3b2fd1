"""SUBMIT and REPLACE of orders that are more than plain ones, or under rules that plain ones do not know."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine import codes
from exchange_sim.engine.acting import act
from exchange_sim.engine.book import NEEDS_GROWTH, OUT_OF_RANGE, make_price_fit
from exchange_sim.engine.codes import ZERO, word
from exchange_sim.engine.ending import end_order
from exchange_sim.engine.events import emit, lacks_room, refuse, rows_of_unit
from exchange_sim.engine.expiry import watch_end
from exchange_sim.engine.judging import first_trigger_ticks, judge
from exchange_sim.engine.layout import ORDERS_MAXIMUM
from exchange_sim.engine.limits import count_message, refuse_rate, refuse_state
from exchange_sim.engine.linking import link
from exchange_sim.engine.orders import SLOT_BITS, find_order, list_order
from exchange_sim.engine.pointers import instrument_at, order_at, position_at
from exchange_sim.engine.refusals import refuse_target
from exchange_sim.engine.requests import Request
from exchange_sim.engine.special import (
    ASLEEP,
    ENTRY,
    FLYING,
    WAITING,
    clear_terms,
    has_limit,
    reducible,
    terms_of,
)
from exchange_sim.engine.state import DONE, NEED_EVENTS, NEED_LADDER, NEED_ORDERS, State
from exchange_sim.engine.terms import is_bracket, may_rest, waits
from exchange_sim.engine.triggers import arm, source_ticks
from exchange_sim.model.instrument import MAXIMUM_TICKS

_SLOTS_OF_BRACKET = 3


@inlined
def _is_special(request: Request) -> bool:
    """Return whether an order needs a second row."""
    terms = request.display_lots | request.expire_ns | request.linked_client_id
    terms |= request.reduce_only | request.close_position
    return terms != 0 or waits(request.order_type) or is_bracket(request)


@inlined
def _rests_at_once(request: Request) -> bool:
    return may_rest(request.order_type, request.time_in_force) and not waits(request.order_type)


@compiled
def _enter(
    state: State,
    header: Any,
    ts_ns: int,
    request: Request,
    client_order_id: int,
    side: int,
    price_ticks: int,
    quantity_lots: int,
    flags: int,
) -> int:
    """Accept an order: write its row and enter it in all tables but the queues; return its slot."""
    header.sequence += 1
    slot = word(header.free_order)
    order = order_at(state.orders, slot)
    header.free_order = order.next
    order.order_id = (header.sequence << SLOT_BITS) | slot
    order.client_order_id = client_order_id
    order.price_ticks = price_ticks
    order.leaves_lots = quantity_lots
    order.quantity_lots = quantity_lots
    order.account = request.account
    order.instrument = request.instrument
    order.side = side
    order.flags = (request.stp << 1) | flags
    instrument = instrument_at(state.instruments, request.instrument)
    position = position_at(state.positions, request.account * header.instruments + request.instrument)
    list_order(state, header, instrument, position, slot, order)
    if flags & WAITING != 0:
        instrument.waiting_orders += 1
        position.waiting_orders += 1
        header.waiting_orders += 1
    emit(
        state, header, ts_ns, codes.ACCEPTED, side, request.account, request.instrument, order.order_id,
        client_order_id, price_ticks, quantity_lots, quantity_lots, ZERO,
    )  # fmt: skip
    return slot


@compiled
def _add_exit(
    state: State, header: Any, ts_ns: int, request: Request, entry: int, order_type: int, ticks: int
) -> None:
    """Accept an exit of a bracket and link it to its entry; ticks 0: there is none."""
    if ticks == 0:
        return
    client = request.client_order_id + (1 if order_type == codes.STOP_MARKET else 2)
    slot = _enter(
        state, header, ts_ns, request, client, 1 - request.side, ZERO, request.quantity_lots, WAITING
    )
    clear_terms(state, header, slot)
    terms = terms_of(state, header, slot)
    terms.order_type = order_type
    terms.trigger_ticks = ticks
    terms.trigger_source = request.trigger_source
    terms.reduce_only = 1
    terms.role = ASLEEP
    last = entry
    if terms_of(state, header, entry).group_next >= 0:
        last = word(terms_of(state, header, entry).group_next)
    terms.group_next = entry
    terms_of(state, header, last).group_next = slot


@compiled
def _write_terms(state: State, header: Any, slot: int, request: Request) -> None:
    clear_terms(state, header, slot)
    terms = terms_of(state, header, slot)
    terms.display_lots = request.display_lots
    terms.trail_ticks = request.trail_ticks
    terms.stop_loss_ticks = request.stop_loss_ticks
    terms.take_profit_ticks = request.take_profit_ticks
    terms.order_type = request.order_type
    terms.time_in_force = request.time_in_force
    terms.trigger_source = request.trigger_source
    terms.reduce_only = request.reduce_only | request.close_position
    terms.close_position = request.close_position
    if request.expire_ns != 0:
        terms.expire_ns = request.expire_ns
        watch_end(state, header, slot)
    if request.linked_client_id != 0:
        other = find_order(state, header, request.account, request.instrument, ZERO, request.linked_client_id)
        link(state, header, slot, other)


@compiled
def _accept(state: State, header: Any, ts_ns: int, request: Request) -> None:
    """Enter an order that was judged, and let it wait or act."""
    instrument = instrument_at(state.instruments, request.instrument)
    position = position_at(state.positions, request.account * header.instruments + request.instrument)
    waiting = waits(request.order_type)
    quantity_lots = request.quantity_lots
    if request.close_position != 0 and not waiting:
        quantity_lots = reducible(position, request.side)
    price_ticks = request.price_ticks if has_limit(request.order_type) else ZERO
    flags = request.post_only | (WAITING if waiting else FLYING)
    slot = _enter(
        state,
        header,
        ts_ns,
        request,
        request.client_order_id,
        request.side,
        price_ticks,
        quantity_lots,
        flags,
    )
    if _is_special(request):
        _write_terms(state, header, slot, request)
    if waiting:
        source = source_ticks(instrument, request.trigger_source)
        terms_of(state, header, slot).trigger_ticks = first_trigger_ticks(request, source)
        arm(state, header, slot)
        return
    if is_bracket(request):
        terms_of(state, header, slot).role = ENTRY
        _add_exit(state, header, ts_ns, request, slot, codes.STOP_MARKET, request.stop_loss_ticks)
        _add_exit(state, header, ts_ns, request, slot, codes.TAKE_PROFIT_MARKET, request.take_profit_ticks)
    act(state, header, ts_ns, slot, request.order_type, request.time_in_force)


@inlined
def _reject(state: State, header: Any, ts_ns: int, request: Request, reason: int) -> int:
    refuse(
        state, header, ts_ns, codes.REJECTED, reason, request.account, request.instrument, ZERO,
        request.client_order_id, request.price_ticks, request.quantity_lots,
    )  # fmt: skip
    return DONE


@compiled
def _lacks_slots(header: Any, request: Request) -> int:
    """Return 0 where there is room for an order and its exits, NEED_ORDERS, or minus the reason."""
    wanted = _SLOTS_OF_BRACKET if is_bracket(request) else 1
    if header.order_capacity - header.open_orders >= wanted:
        return ZERO
    return NEED_ORDERS if header.order_capacity < ORDERS_MAXIMUM else -codes.TOO_MANY_OPEN_ORDERS


@compiled
def _decide(state: State, header: Any, ts_ns: int, request: Request, reason: int) -> int:
    """Refuse or accept an order that was judged; return a status."""
    if reason != 0:
        return _reject(state, header, ts_ns, request, reason)
    count_message(state, header, ts_ns, request.account)
    _accept(state, header, ts_ns, request)
    return DONE


@compiled
def submit_special(state: State, header: Any, ts_ns: int, request: Request) -> int:
    """Execute SUBMIT of any order; return a status."""
    reason = refuse_target(header, request.account, request.instrument)
    if reason != 0:
        return _reject(state, header, ts_ns, request, reason)
    instrument = instrument_at(state.instruments, request.instrument)
    position = position_at(state.positions, request.account * header.instruments + request.instrument)
    if lacks_room(header, rows_of_unit(header, instrument)):
        return NEED_EVENTS
    reason = judge(state, header, ts_ns, instrument, position, request)
    if reason == 0 and _rests_at_once(request):
        fit = make_price_fit(state, header, request.instrument, instrument, request.price_ticks)
        if fit == NEEDS_GROWTH:
            return NEED_LADDER
        if fit == OUT_OF_RANGE:
            reason = codes.PRICE_OUT_OF_RANGE
    if reason == 0:
        lacking = _lacks_slots(header, request)
        if lacking > 0:
            return lacking
        reason = -lacking
    return _decide(state, header, ts_ns, request, reason)


@compiled
def _fit_ahead(state: State, header: Any, request: Request) -> int:
    """Return whether ladder and order table have room for an order not judged yet, as minus a NEED status.

    0 if they have; else the reason why they never will.
    """
    lacking = _lacks_slots(header, request)
    if lacking > 0:
        return -lacking
    if not _rests_at_once(request) or request.price_ticks <= 0 or request.price_ticks > MAXIMUM_TICKS:
        return ZERO
    instrument = instrument_at(state.instruments, request.instrument)
    fit = make_price_fit(state, header, request.instrument, instrument, request.price_ticks)
    if fit == NEEDS_GROWTH:
        return -NEED_LADDER
    return codes.PRICE_OUT_OF_RANGE if fit == OUT_OF_RANGE else ZERO


@compiled
def _find_replaced(
    state: State, header: Any, ts_ns: int, request: Request, order_id: int, client_order_id: int
) -> int:
    """Return the slot of the order that is to be replaced, or minus the reason why it cannot be."""
    reason = refuse_target(header, request.account, request.instrument)
    if reason == 0:
        reason = refuse_state(instrument_at(state.instruments, request.instrument))
    if reason == 0:
        reason = refuse_rate(state, header, ts_ns, request.account)
    if reason != 0:
        return -reason
    slot = find_order(state, header, request.account, request.instrument, order_id, client_order_id)
    return slot if slot >= 0 else -codes.UNKNOWN_ORDER


@compiled
def replace(
    state: State, header: Any, ts_ns: int, request: Request, order_id: int, old_client_order_id: int
) -> int:
    """Execute REPLACE: the order named by `order_id`, or else by its client id, gives way to a new one.

    All that the new order may lack is looked for before the old one is canceled. Return a status.
    """
    slot = _find_replaced(state, header, ts_ns, request, order_id, old_client_order_id)
    if slot < 0:
        return _reject(state, header, ts_ns, request, -slot)
    instrument = instrument_at(state.instruments, request.instrument)
    position = position_at(state.positions, request.account * header.instruments + request.instrument)
    if lacks_room(header, rows_of_unit(header, instrument)):
        return NEED_EVENTS
    unfit = _fit_ahead(state, header, request)
    if unfit < 0:
        return -unfit
    end_order(state, header, ts_ns, codes.CANCELED, codes.REPLACED, slot)
    reason = judge(state, header, ts_ns, instrument, position, request)
    if reason == 0:
        reason = unfit if unfit != 0 else -_lacks_slots(header, request)
    return _decide(state, header, ts_ns, request, reason)
