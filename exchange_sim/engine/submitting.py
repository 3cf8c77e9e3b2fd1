"""SUBMIT of a plain order: it is refused, or accepted, matched, and its rest rests or expires.

All other orders, and those in instruments with states, bands or counts, take the way of `placing`, by the
same rules.
"""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import inlined
from exchange_sim.engine import codes
from exchange_sim.engine.book import IN_LADDER, NEEDS_GROWTH, make_price_fit
from exchange_sim.engine.clients import find_client
from exchange_sim.engine.codes import ZERO
from exchange_sim.engine.events import emit, lacks_room, refuse, rows_of_unit
from exchange_sim.engine.layout import ORDERS_MAXIMUM
from exchange_sim.engine.matching import best_opposite, can_fill, match, reaches
from exchange_sim.engine.orders import SLOT_BITS, enter_order
from exchange_sim.engine.pointers import instrument_at, order_at, position_at
from exchange_sim.engine.refusals import (
    refuse_exposure,
    refuse_notional,
    refuse_size,
    refuse_target,
    refuse_terms,
    valuation_ticks,
)
from exchange_sim.engine.settling import fee_ppm_of
from exchange_sim.engine.state import DONE, NEED_EVENTS, NEED_LADDER, NEED_ORDERS, State


@inlined
def _place_to_rest(state: State, header: Any, index: int, instrument: Any, price_ticks: int) -> int:
    """Return 0 if an order could rest at this price, a reason, or minus a NEED status."""
    fit = make_price_fit(state, header, index, instrument, price_ticks)
    if fit == NEEDS_GROWTH:
        return -NEED_LADDER
    if fit != IN_LADDER:
        return codes.PRICE_OUT_OF_RANGE
    if header.free_order >= 0:
        return ZERO
    if header.order_capacity < ORDERS_MAXIMUM:
        return -NEED_ORDERS
    return codes.TOO_MANY_OPEN_ORDERS


@inlined
def _judge(
    state: State,
    header: Any,
    account: int,
    index: int,
    instrument: Any,
    position: Any,
    side: int,
    order_type: int,
    time_in_force: int,
    post_only: int,
    stp: int,
    price_ticks: int,
    quantity_lots: int,
    client_order_id: int,
    takes: int,
) -> int:
    """Return 0 if the order is accepted, the reason why not, or minus a NEED status."""
    reason = refuse_terms(side, order_type, time_in_force, post_only, stp, client_order_id)
    if reason != 0:
        return reason
    reason = refuse_size(instrument, order_type, price_ticks, quantity_lots)
    if reason != 0:
        return reason
    if client_order_id != 0 and find_client(state, header, account, client_order_id) >= 0:
        return codes.DUPLICATE_CLIENT_ORDER_ID
    reason = refuse_notional(instrument, side, order_type, price_ticks, quantity_lots)
    if reason != 0:
        return reason
    if takes and post_only != 0:
        return codes.POST_ONLY_WOULD_TAKE
    valuation = valuation_ticks(state, instrument, side, order_type, price_ticks, quantity_lots)
    reason = refuse_exposure(
        state, header, account, index, instrument, position, side, quantity_lots, valuation, ZERO, ZERO
    )
    if reason != 0:
        return reason
    if time_in_force == codes.FOK:
        limit_ticks = price_ticks if order_type == codes.LIMIT else ZERO
        if not can_fill(state, header, instrument, account, side, limit_ticks, stp, quantity_lots):
            return codes.FOK_NOT_FILLABLE
        return ZERO
    if order_type == codes.LIMIT and time_in_force == codes.GTC:
        return _place_to_rest(state, header, index, instrument, price_ticks)
    return ZERO


@inlined
def submit(
    state: State,
    header: Any,
    ts_ns: int,
    account: int,
    index: int,
    side: int,
    order_type: int,
    time_in_force: int,
    post_only: int,
    stp: int,
    price_ticks: int,
    quantity_lots: int,
    client_order_id: int,
) -> int:
    """Execute SUBMIT of a limit or market order under no rule of `limits`; return a status."""
    reason = refuse_target(header, account, index)
    if reason != 0:
        refuse(
            state, header, ts_ns, codes.REJECTED, reason, account, index, ZERO, client_order_id,
            price_ticks, quantity_lots,
        )  # fmt: skip
        return DONE
    instrument = instrument_at(state.instruments, index)
    if lacks_room(header, rows_of_unit(header, instrument)):
        return NEED_EVENTS
    position = position_at(state.positions, account * header.instruments + index)
    limit_ticks = price_ticks if order_type == codes.LIMIT else ZERO
    takes = reaches(side, limit_ticks, best_opposite(instrument, side))
    verdict = _judge(
        state, header, account, index, instrument, position, side, order_type, time_in_force, post_only,
        stp, price_ticks, quantity_lots, client_order_id, takes,
    )  # fmt: skip
    if verdict < 0:
        return -verdict
    if verdict > 0:
        refuse(
            state, header, ts_ns, codes.REJECTED, verdict, account, index, ZERO, client_order_id,
            price_ticks, quantity_lots,
        )  # fmt: skip
        return DONE
    header.sequence += 1
    slot = max(header.free_order, 0)
    order_id = (header.sequence << SLOT_BITS) | slot
    emit(
        state, header, ts_ns, codes.ACCEPTED, side, account, index, order_id, client_order_id, limit_ticks,
        quantity_lots, quantity_lots, ZERO,
    )  # fmt: skip
    order = order_at(state.orders, slot)
    may_rest = order_type == codes.LIMIT and time_in_force == codes.GTC
    leaves_lots = quantity_lots
    if takes:
        # The id names this slot: it must not be given away while the match frees others.
        if may_rest:
            header.free_order = order.next
        quantity_lots, leaves_lots, stopped = match(
            state, header, ts_ns, account, index, instrument, side, limit_ticks, stp, order_id,
            client_order_id, quantity_lots, quantity_lots,
            fee_ppm_of(state, header, instrument, account, ZERO),
        )  # fmt: skip
        if may_rest:
            order.next = header.free_order
            header.free_order = slot
        if leaves_lots == 0 or stopped:
            return DONE
    if not may_rest:
        code = codes.MARKET_REMAINDER if order_type == codes.MARKET else codes.IOC_REMAINDER
        emit(
            state, header, ts_ns, codes.EXPIRED, code, account, index, order_id, client_order_id,
            limit_ticks, quantity_lots, leaves_lots, ZERO,
        )  # fmt: skip
        return DONE
    header.free_order = order.next
    order.order_id = order_id
    order.client_order_id = client_order_id
    order.price_ticks = price_ticks
    order.leaves_lots = leaves_lots
    order.quantity_lots = quantity_lots
    order.account = account
    order.instrument = index
    order.side = side
    order.flags = post_only | (stp << 1)
    enter_order(state, header, instrument, position, slot, order)
    return DONE
