"""MODIFY, CANCEL and CANCEL_ALL: what an account does to its open orders."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine import codes
from exchange_sim.engine.book import IN_LADDER, NEEDS_GROWTH, join_queue, leave_queue, make_price_fit
from exchange_sim.engine.codes import MISSING, ZERO, word
from exchange_sim.engine.ending import end_order
from exchange_sim.engine.events import SPARE_EVENTS, emit, emit_order, lacks_room, refuse, rows_of_unit
from exchange_sim.engine.limits import is_restricted, refuse_rate, refuse_state
from exchange_sim.engine.matching import best_opposite, match, reaches
from exchange_sim.engine.orders import find_order, forget_order, hold, remove_order
from exchange_sim.engine.pointers import instrument_at, level_at, order_at, position_at
from exchange_sim.engine.refusals import (
    limit_valuation_ticks,
    refuse_exposure,
    refuse_notional,
    refuse_size,
    refuse_target,
)
from exchange_sim.engine.reshaping import change_special
from exchange_sim.engine.settling import fee_ppm_of
from exchange_sim.engine.special import SPECIAL, stp_of
from exchange_sim.engine.state import DONE, NEED_EVENTS, NEED_LADDER, State


@inlined
def _judge_change(
    state: State, header: Any, account: int, index: int, instrument: Any, position: Any, order: Any,
    price_ticks: int, quantity_lots: int, keeps_place: int,
) -> int:  # fmt: skip
    """Return 0 if the change is accepted, the reason why not, or minus a NEED status."""
    side, old_leaves = word(order.side), order.leaves_lots
    leaves_lots = quantity_lots - (order.quantity_lots - old_leaves)
    reason = refuse_size(instrument, codes.LIMIT, price_ticks, quantity_lots)
    if reason != 0:
        return reason
    if leaves_lots <= 0:
        return codes.QUANTITY_BELOW_FILLED
    reason = refuse_notional(instrument, side, codes.LIMIT, price_ticks, quantity_lots)
    if reason != 0:
        return reason
    if order.flags & 1 != 0 and reaches(side, price_ticks, best_opposite(instrument, side)):
        return codes.POST_ONLY_WOULD_TAKE
    if keeps_place:
        return ZERO
    valuation = limit_valuation_ticks(instrument, side, price_ticks)
    reason = refuse_exposure(
        state, header, account, index, instrument, position, side, leaves_lots, valuation, old_leaves,
        order.price_ticks,
    )  # fmt: skip
    if reason != 0:
        return reason
    fit = make_price_fit(state, header, index, instrument, price_ticks)
    if fit == NEEDS_GROWTH:
        return -NEED_LADDER
    return ZERO if fit == IN_LADDER else codes.PRICE_OUT_OF_RANGE


@inlined
def _refuse_change(state: State, header: Any, ts_ns: int, account: int, instrument: Any) -> int:
    """Return why an account may change nothing in an instrument now; 0 if it may."""
    reason = refuse_state(instrument)
    return reason if reason != 0 else refuse_rate(state, header, ts_ns, account)


@compiled
def modify(
    state: State,
    header: Any,
    ts_ns: int,
    account: int,
    index: int,
    price_ticks: int,
    quantity_lots: int,
    client_order_id: int,
    order_id: int,
    trigger_ticks: int,
) -> int:
    """Execute MODIFY; return a status."""
    reason = refuse_target(header, account, index)
    slot = MISSING
    instrument = instrument_at(state.instruments, index if reason == 0 else ZERO)
    restricted = is_restricted(header, instrument) or trigger_ticks != 0
    if reason == 0:
        reason = _refuse_change(state, header, ts_ns, account, instrument)
    if reason == 0:
        slot = find_order(state, header, account, index, order_id, client_order_id)
    if slot < 0:
        refuse(
            state, header, ts_ns, codes.MODIFY_REJECTED, reason if reason != 0 else codes.UNKNOWN_ORDER,
            account, index, order_id, client_order_id, price_ticks, quantity_lots,
        )  # fmt: skip
        return DONE
    if lacks_room(header, rows_of_unit(header, instrument)):
        return NEED_EVENTS
    position = position_at(state.positions, account * header.instruments + index)
    order = order_at(state.orders, slot)
    if restricted or order.flags & SPECIAL != 0:
        return change_special(
            state, header, ts_ns, slot, order, instrument, position, price_ticks, quantity_lots, trigger_ticks
        )
    keeps_place = price_ticks == order.price_ticks and quantity_lots < order.quantity_lots
    verdict = _judge_change(
        state, header, account, index, instrument, position, order, price_ticks, quantity_lots,
        keeps_place,
    )  # fmt: skip
    if verdict < 0:
        return -verdict
    if verdict > 0:
        refuse(
            state, header, ts_ns, codes.MODIFY_REJECTED, verdict, account, index, order.order_id,
            order.client_order_id, price_ticks, quantity_lots,
        )  # fmt: skip
        return DONE
    side, old_leaves = word(order.side), order.leaves_lots
    leaves_lots = quantity_lots - (order.quantity_lots - old_leaves)
    emit(
        state, header, ts_ns, codes.MODIFIED, side, account, index, order.order_id, order.client_order_id,
        price_ticks, quantity_lots, leaves_lots, ZERO,
    )  # fmt: skip
    if keeps_place:
        order.quantity_lots = quantity_lots
        order.leaves_lots = leaves_lots
        place = instrument.ladder_offset + price_ticks - instrument.ladder_base_ticks
        level_at(state.levels, place).lots -= old_leaves - leaves_lots
        hold(state, header, instrument, account, position, side, price_ticks, leaves_lots - old_leaves)
        return DONE
    leave_queue(state, instrument, order)
    hold(state, header, instrument, account, position, side, order.price_ticks, -old_leaves)
    order.price_ticks = price_ticks
    quantity_lots, leaves_lots, stopped = match(
        state, header, ts_ns, account, index, instrument, side, price_ticks, stp_of(order),
        order.order_id, order.client_order_id, quantity_lots, leaves_lots,
        fee_ppm_of(state, header, instrument, account, ZERO),
    )  # fmt: skip
    if leaves_lots == 0 or stopped:
        forget_order(state, header, instrument, position, slot, order)
        return DONE
    order.quantity_lots = quantity_lots
    order.leaves_lots = leaves_lots
    hold(state, header, instrument, account, position, side, price_ticks, leaves_lots)
    join_queue(state, instrument, slot, order)
    return DONE


@inlined
def cancel(
    state: State, header: Any, ts_ns: int, account: int, index: int, client_order_id: int, order_id: int
) -> int:
    """Execute CANCEL; return a status, or -1 where it is for `cancel_special`."""
    reason = refuse_target(header, account, index)
    if reason == 0 and instrument_at(state.instruments, index).state == codes.HALTED:
        reason = codes.INSTRUMENT_HALTED
    slot = MISSING
    if reason == 0:
        slot = find_order(state, header, account, index, order_id, client_order_id)
    if slot < 0:
        refuse(
            state, header, ts_ns, codes.CANCEL_REJECTED, reason if reason != 0 else codes.UNKNOWN_ORDER,
            account, index, order_id, client_order_id, ZERO, ZERO,
        )  # fmt: skip
        return DONE
    order = order_at(state.orders, slot)
    if order.flags & SPECIAL != 0:
        return MISSING
    emit_order(
        state, header, ts_ns, codes.CANCELED, codes.CANCELED_BY_USER, order, order.quantity_lots,
        order.leaves_lots,
    )  # fmt: skip
    instrument = instrument_at(state.instruments, index)
    position = position_at(state.positions, account * header.instruments + index)
    remove_order(state, header, instrument, position, slot, order)
    return DONE


@compiled
def cancel_special(
    state: State, header: Any, ts_ns: int, account: int, index: int, client_order_id: int, order_id: int
) -> int:
    """Execute CANCEL of a special order, which is open; return a status."""
    slot = find_order(state, header, account, index, order_id, client_order_id)
    instrument = instrument_at(state.instruments, order_at(state.orders, slot).instrument)
    if lacks_room(header, instrument.open_orders + SPARE_EVENTS):
        return NEED_EVENTS
    end_order(state, header, ts_ns, codes.CANCELED, codes.CANCELED_BY_USER, slot)
    return DONE


@compiled
def cancel_all(state: State, header: Any, ts_ns: int, account: int, index: int) -> int:
    """Execute CANCEL_ALL, of every instrument that is not halted where `index` is -1; return a status."""
    first, end = index, index + 1
    if index == MISSING:
        first, end = ZERO, header.instruments
    reason = refuse_target(header, account, first)
    if reason == 0 and index >= 0 and instrument_at(state.instruments, index).state == codes.HALTED:
        reason = codes.INSTRUMENT_HALTED
    if reason != 0:
        refuse(state, header, ts_ns, codes.CANCEL_REJECTED, reason, account, index, ZERO, ZERO, ZERO, ZERO)
        return DONE
    rows = SPARE_EVENTS
    for other in range(first, end):
        rows += position_at(state.positions, account * header.instruments + other).open_orders
    if lacks_room(header, rows):
        return NEED_EVENTS
    for other in range(first, end):
        if instrument_at(state.instruments, other).state == codes.HALTED:
            continue
        position = position_at(state.positions, account * header.instruments + other)
        while position.first_order >= 0:
            slot = word(position.first_order)
            end_order(state, header, ts_ns, codes.CANCELED, codes.CANCELED_BY_CANCEL_ALL, slot)
    return DONE
