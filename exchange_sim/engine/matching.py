"""Price-time priority matching and self-trade prevention."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine import codes
from exchange_sim.engine.book import occupied_above, occupied_below
from exchange_sim.engine.codes import ZERO, word
from exchange_sim.engine.events import emit, emit_order
from exchange_sim.engine.marks import mark_moved
from exchange_sim.engine.orders import hold, remove_order
from exchange_sim.engine.pointers import level_at, order_at, position_at
from exchange_sim.engine.settling import fee_ppm_of, settle_fill
from exchange_sim.engine.state import State

_MAKER_BIT = 2
_MAKER = word(1)


@inlined
def best_opposite(instrument: Any, side: int) -> int:
    """Return the price an order of `side` would take first; 0 where nothing rests there."""
    best: int = instrument.best_ask_ticks if side == 0 else instrument.best_bid_ticks
    return best


@inlined
def reaches(side: int, limit_ticks: int, price_ticks: int) -> bool:
    """Return whether an order with this limit (0: none) trades at an occupied opposite price."""
    if price_ticks == 0:
        return False
    if limit_ticks == 0:
        return True
    return price_ticks <= limit_ticks if side == 0 else price_ticks >= limit_ticks


@compiled
def match(
    state: State,
    header: Any,
    ts_ns: int,
    account: int,
    index: int,
    instrument: Any,
    side: int,
    limit_ticks: int,
    stp: int,
    order_id: int,
    client_order_id: int,
    quantity_lots: int,
    leaves_lots: int,
    taker_fee_ppm: int,
) -> tuple[int, int, bool]:
    """Trade an incoming order against the book, best price and oldest order first.

    Parameters
    ----------
    limit_ticks
        0 for none.
    leaves_lots
        What is still to be traded of `quantity_lots`.
    taker_fee_ppm
        The incoming order's fee rate, see `settling.fee_ppm_of`.

    Returns
    -------
    quantity_lots, leaves_lots, stopped
        Total (self-trade prevention may have lowered it), what is left, and whether self-trade
        prevention canceled the rest (that event is written).
    """
    while leaves_lots > 0:
        price = best_opposite(instrument, side)
        if not reaches(side, limit_ticks, price):
            break
        level = level_at(state.levels, instrument.ladder_offset + price - instrument.ladder_base_ticks)
        slot = word(level.head)
        maker = order_at(state.orders, slot)
        owner = word(maker.account)
        held = position_at(state.positions, owner * header.instruments + index)
        if owner == account and stp != codes.STP_NONE:
            quantity_lots, leaves_lots, stopped = _prevent_self_trade(
                state, header, ts_ns, account, index, instrument, held, slot, maker, level, stp,
                order_id, client_order_id, limit_ticks, side, quantity_lots, leaves_lots,
            )  # fmt: skip
            if stopped:
                return quantity_lots, leaves_lots, True
            continue
        lots = min(leaves_lots, maker.leaves_lots)
        leaves_lots -= lots
        maker.leaves_lots -= lots
        level.lots -= lots
        hold(state, header, instrument, owner, held, 1 - side, price, -lots)
        position = position_at(state.positions, account * header.instruments + index)
        fee = settle_fill(
            state, header, instrument, index, account, position, side, price, lots, taker_fee_ppm, ZERO
        )
        emit(
            state, header, ts_ns, codes.FILLED, side, account, index, order_id, client_order_id,
            price, lots, leaves_lots, fee,
        )  # fmt: skip
        maker_fee_ppm = fee_ppm_of(state, header, instrument, owner, _MAKER)
        fee = settle_fill(
            state, header, instrument, index, owner, held, 1 - side, price, lots, maker_fee_ppm, _MAKER
        )
        emit(
            state, header, ts_ns, codes.FILLED, (1 - side) | _MAKER_BIT, owner, index, maker.order_id,
            maker.client_order_id, price, lots, maker.leaves_lots, fee,
        )  # fmt: skip
        instrument.last_ticks = price
        if instrument.mark_is_set == 0:
            instrument.mark_ticks = price
            mark_moved(header, instrument)
        instrument.volume_lots += lots
        instrument.trades += 1
        if maker.leaves_lots == 0:
            remove_order(state, header, instrument, held, slot, maker)
    return quantity_lots, leaves_lots, False


@compiled
def _prevent_self_trade(
    state: State,
    header: Any,
    ts_ns: int,
    account: int,
    index: int,
    instrument: Any,
    position: Any,
    slot: int,
    resting: Any,
    level: Any,
    stp: int,
    order_id: int,
    client_order_id: int,
    limit_ticks: int,
    side: int,
    quantity_lots: int,
    leaves_lots: int,
) -> tuple[int, int, bool]:
    """Treat an incoming order that meets `resting` of its own account; same returns as `match`.

    DECREMENT cancels the smaller of the two and lowers the other's total by as much.
    """
    cut = min(leaves_lots, resting.leaves_lots)
    cancel_resting = stp in (codes.STP_CANCEL_OLDEST, codes.STP_CANCEL_BOTH)
    cancel_incoming = stp in (codes.STP_CANCEL_NEWEST, codes.STP_CANCEL_BOTH)
    if stp == codes.STP_DECREMENT:
        cancel_resting = resting.leaves_lots == cut
        cancel_incoming = leaves_lots == cut
    if cancel_resting:
        emit_order(
            state, header, ts_ns, codes.CANCELED, codes.SELF_TRADE, resting, resting.quantity_lots,
            resting.leaves_lots,
        )  # fmt: skip
        remove_order(state, header, instrument, position, slot, resting)
    elif stp == codes.STP_DECREMENT:
        resting.leaves_lots -= cut
        resting.quantity_lots -= cut
        level.lots -= cut
        hold(state, header, instrument, account, position, word(resting.side), resting.price_ticks, -cut)
        emit_order(
            state, header, ts_ns, codes.MODIFIED, word(resting.side), resting, resting.quantity_lots,
            resting.leaves_lots,
        )  # fmt: skip
    if cancel_incoming:
        emit(
            state, header, ts_ns, codes.CANCELED, codes.SELF_TRADE, account, index, order_id, client_order_id,
            limit_ticks, quantity_lots, leaves_lots, ZERO,
        )  # fmt: skip
    elif stp == codes.STP_DECREMENT:
        leaves_lots -= cut
        quantity_lots -= cut
        emit(
            state, header, ts_ns, codes.MODIFIED, side, account, index, order_id, client_order_id,
            limit_ticks, quantity_lots, leaves_lots, ZERO,
        )  # fmt: skip
    return quantity_lots, leaves_lots, cancel_incoming


@compiled
def can_fill(
    state: State, instrument: Any, account: int, side: int, limit_ticks: int, stp: int, quantity_lots: int
) -> bool:
    """Return whether an order would fill completely at once, own resting orders treated by `stp`.

    CANCEL_OLDEST passes over own orders, NONE trades with them; the others end at the first one.
    """
    price = best_opposite(instrument, side)
    while reaches(side, limit_ticks, price):
        index = price - instrument.ladder_base_ticks
        slot = level_at(state.levels, instrument.ladder_offset + index).head
        while slot >= 0:
            order = order_at(state.orders, slot)
            if order.account != account or stp == codes.STP_NONE:
                quantity_lots -= order.leaves_lots
                if quantity_lots <= 0:
                    return True
            elif stp != codes.STP_CANCEL_OLDEST:
                return False
            slot = order.next
        if side == 0:
            index = occupied_above(state, instrument, index + 1)
        else:
            index = occupied_below(state, instrument, index - 1)
        price = 0 if index < 0 else instrument.ladder_base_ticks + index
    return False
