"""Orders that act: one in the tables but in no queue is matched, then rests or ends; waiting ones fire."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine import codes
from exchange_sim.engine.book import IN_LADDER, NEEDS_GROWTH, make_price_fit
from exchange_sim.engine.codes import ZERO, word
from exchange_sim.engine.ending import drop_order, end_order
from exchange_sim.engine.events import emit, lacks_room, rows_of_unit
from exchange_sim.engine.judging import matching_limit_ticks, refuse_price, refuse_value
from exchange_sim.engine.linking import ON_FILL, ON_FIRING, leave_group, stop_waiting
from exchange_sim.engine.liquidation import liquidate_next
from exchange_sim.engine.matching import match
from exchange_sim.engine.pointers import instrument_at, order_at, position_at
from exchange_sim.engine.settling import fee_ppm_of
from exchange_sim.engine.special import (
    FLYING,
    SPECIAL,
    has_limit,
    let_rest,
    reducible,
    stp_of,
    terms_of,
)
from exchange_sim.engine.state import DONE, NEED_EVENTS, NEED_LADDER, State
from exchange_sim.engine.terms import may_rest
from exchange_sim.engine.triggers import next_to_fire


@compiled
def act(state: State, header: Any, ts_ns: int, slot: int, order_type: int, time_in_force: int) -> None:
    """Match the flying order in `slot`, whose `leaves_lots` is all that is left of it; then it rests or ends.

    Type and time in force are those of the moment: a stop order that has fired is a limit or market order.
    """
    order = order_at(state.orders, slot)
    account, index, side = word(order.account), word(order.instrument), word(order.side)
    instrument = instrument_at(state.instruments, index)
    filled_before = order.quantity_lots - order.leaves_lots
    limit_ticks = matching_limit_ticks(
        state, instrument, side, order_type, order.price_ticks, order.leaves_lots
    )
    quantity_lots, leaves_lots, stopped = match(
        state, header, ts_ns, account, index, instrument, side, limit_ticks, stp_of(order), order.order_id,
        order.client_order_id, order.quantity_lots, order.leaves_lots,
        fee_ppm_of(state, header, instrument, account, ZERO),
    )  # fmt: skip
    order.quantity_lots = quantity_lots
    order.leaves_lots = leaves_lots
    if order.flags & SPECIAL != 0 and quantity_lots - leaves_lots > filled_before:
        leave_group(state, header, ts_ns, slot, ON_FILL)
    if leaves_lots == 0 or stopped:
        drop_order(state, header, ts_ns, slot)
    elif may_rest(order_type, time_in_force):
        let_rest(state, header, slot, leaves_lots)
    else:
        reason = codes.MARKET_REMAINDER if order_type == codes.MARKET else codes.IOC_REMAINDER
        end_order(state, header, ts_ns, codes.EXPIRED, reason, slot)


@inlined
def _refuse_fired(
    state: State, header: Any, instrument: Any, position: Any, order: Any, terms: Any, order_type: int
) -> int:
    """Settle the quantity of an order that fires; return why it may not act, 0 if it may."""
    side = word(order.side)
    if terms.reduce_only != 0:
        most = reducible(position, side)
        if order_type == codes.LIMIT:
            most = max(ZERO, most - position.reduce_only_lots)
        if most == 0:
            return codes.REDUCED
        if terms.close_position != 0:
            order.quantity_lots = most
        else:
            order.quantity_lots = min(order.quantity_lots, most)
        order.leaves_lots = order.quantity_lots
    reason = refuse_price(instrument, side, order_type, order.price_ticks, word(order.flags) & 1)
    if reason != 0:
        return reason
    return refuse_value(
        state,
        header,
        word(order.account),
        word(order.instrument),
        instrument,
        position,
        side,
        order_type,
        order.price_ticks,
        order.quantity_lots,
    )


@compiled
def _fire(state: State, header: Any, ts_ns: int, slot: int) -> int:
    """Let a waiting order whose trigger is reached act; return a status."""
    order, terms = order_at(state.orders, slot), terms_of(state, header, slot)
    account, index = word(order.account), word(order.instrument)
    instrument = instrument_at(state.instruments, index)
    position = position_at(state.positions, account * header.instruments + index)
    if lacks_room(header, rows_of_unit(header, instrument)):
        return NEED_EVENTS
    order_type = codes.LIMIT if has_limit(word(terms.order_type)) else codes.MARKET
    in_force = word(terms.time_in_force)
    fit = IN_LADDER
    if may_rest(order_type, in_force):
        fit = make_price_fit(state, header, index, instrument, order.price_ticks)
        if fit == NEEDS_GROWTH:
            return NEED_LADDER
    stop_waiting(state, header, slot)
    terms.order_type = order_type
    order.flags = order.flags | FLYING
    emit(
        state, header, ts_ns, codes.TRIGGERED, ZERO, account, index, order.order_id, order.client_order_id,
        terms.trigger_ticks, order.quantity_lots, order.leaves_lots, ZERO,
    )  # fmt: skip
    leave_group(state, header, ts_ns, slot, ON_FIRING)
    reason = _refuse_fired(state, header, instrument, position, order, terms, order_type)
    if reason == 0 and fit != IN_LADDER:
        reason = codes.PRICE_OUT_OF_RANGE
    if reason != 0:
        end_order(state, header, ts_ns, codes.EXPIRED, reason, slot)
        return DONE
    act(state, header, ts_ns, slot, order_type, in_force)
    return DONE


@compiled
def _fire_all(state: State, header: Any, ts_ns: int) -> int:
    """Let orders fire until no trigger is reached any more; return a status."""
    for index in range(header.instruments):
        instrument = instrument_at(state.instruments, index)
        while instrument.waiting_orders != 0 and instrument.state == codes.TRADING:
            slot = next_to_fire(state, header, index)
            if slot < 0:
                break
            status = _fire(state, header, ts_ns, slot)
            if status != DONE:
                return status
    return DONE


@compiled
def come_to_rest(state: State, header: Any, ts_ns: int) -> int:
    """Let everything happen that follows from a command; return a status."""
    while True:
        if header.waiting_orders != 0:
            status = _fire_all(state, header, ts_ns)
            if status != DONE:
                return status
        if header.alarm == 0:
            return DONE
        step = liquidate_next(state, header, ts_ns)
        if step < 0:
            return -step
