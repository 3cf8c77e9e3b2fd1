"""Price-time priority matching and self-trade prevention."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine import codes
from exchange_sim.engine.book import occupied_above, occupied_below
from exchange_sim.engine.codes import ZERO, word
from exchange_sim.engine.detour import DO_CONCLUDE, DO_CUT, DO_YIELD, ask_rare
from exchange_sim.engine.events import emit, emit_order
from exchange_sim.engine.marks import mark_moved
from exchange_sim.engine.orders import hold, remove_order
from exchange_sim.engine.pointers import instrument_at, level_at, order_at, position_at
from exchange_sim.engine.settling import fee_ppm_of, settle_fill
from exchange_sim.engine.special import (
    ALTERNATIVE,
    SPECIAL,
    terms_of,
    total_leaves,
)
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
    """Return whether an order with this limit trades at an occupied opposite price.

    0 is no limit; a negative limit is minus the edge of the price band, which bounds market orders.
    """
    if price_ticks == 0:
        return False
    if limit_ticks == 0:
        return True
    return price_ticks <= abs(limit_ticks) if side == 0 else price_ticks >= abs(limit_ticks)


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
        0 for none; minus the edge of the price band for a market order.
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
                state, header, ts_ns, account, index, slot, maker, stp, order_id,
                client_order_id, limit_ticks, side, quantity_lots, leaves_lots,
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
        special = word(maker.flags) & SPECIAL
        maker_leaves = maker.leaves_lots
        if special != 0:
            maker_leaves += terms_of(state, header, slot).hidden_lots
        maker_fee_ppm = fee_ppm_of(state, header, instrument, owner, _MAKER)
        fee = settle_fill(
            state, header, instrument, index, owner, held, 1 - side, price, lots, maker_fee_ppm, _MAKER
        )
        emit(
            state, header, ts_ns, codes.FILLED, (1 - side) | _MAKER_BIT, owner, index, maker.order_id,
            maker.client_order_id, price, lots, maker_leaves, fee,
        )  # fmt: skip
        instrument.last_ticks = price
        if instrument.mark_is_set == 0:
            instrument.mark_ticks = price
            mark_moved(header, instrument)
        instrument.volume_lots += lots
        instrument.trades += 1
        if special != 0:
            ask_rare(state, DO_CONCLUDE, ts_ns, owner, account, index, slot, lots)
        elif maker.leaves_lots == 0:
            remove_order(state, header, instrument, held, slot, maker)
        if position.reduce_only_lots | held.reduce_only_lots != 0:
            ask_rare(state, DO_CUT, ts_ns, account, owner, index, slot, ZERO)
    return quantity_lots, leaves_lots, False


@inlined
def _yield_plain(state: State, header: Any, ts_ns: int, slot: int, lots: int, stp: int) -> None:
    """Cancel a plain order that an order of its own account has met, or (DECREMENT) lower it by `lots`."""
    order = order_at(state.orders, slot)
    instrument = instrument_at(state.instruments, order.instrument)
    account = word(order.account)
    position = position_at(state.positions, account * header.instruments + order.instrument)
    if lots == 0:
        emit_order(
            state, header, ts_ns, codes.CANCELED, codes.SELF_TRADE, order, order.quantity_lots,
            order.leaves_lots,
        )  # fmt: skip
        remove_order(state, header, instrument, position, slot, order)
    elif stp == codes.STP_DECREMENT:
        place = instrument.ladder_offset + order.price_ticks - instrument.ladder_base_ticks
        order.leaves_lots -= lots
        order.quantity_lots -= lots
        level_at(state.levels, place).lots -= lots
        hold(state, header, instrument, account, position, word(order.side), order.price_ticks, -lots)
        emit_order(
            state, header, ts_ns, codes.MODIFIED, word(order.side), order, order.quantity_lots,
            order.leaves_lots,
        )  # fmt: skip


@compiled
def _prevent_self_trade(
    state: State,
    header: Any,
    ts_ns: int,
    account: int,
    index: int,
    slot: int,
    resting: Any,
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
    resting_leaves = total_leaves(state, header, slot, resting)
    cut = min(leaves_lots, resting_leaves)
    cancel_resting = stp in (codes.STP_CANCEL_OLDEST, codes.STP_CANCEL_BOTH)
    cancel_incoming = stp in (codes.STP_CANCEL_NEWEST, codes.STP_CANCEL_BOTH)
    if stp == codes.STP_DECREMENT:
        cancel_resting = resting_leaves == cut
        cancel_incoming = leaves_lots == cut
    if resting.flags & SPECIAL == 0:
        _yield_plain(state, header, ts_ns, slot, ZERO if cancel_resting else cut, stp)
    elif cancel_resting:
        ask_rare(state, DO_YIELD, ts_ns, account, account, index, slot, ZERO)
    elif stp == codes.STP_DECREMENT:
        ask_rare(state, DO_YIELD, ts_ns, account, account, index, slot, cut)
    shown_ticks = max(limit_ticks, ZERO)
    if cancel_incoming:
        emit(
            state, header, ts_ns, codes.CANCELED, codes.SELF_TRADE, account, index, order_id, client_order_id,
            shown_ticks, quantity_lots, leaves_lots, ZERO,
        )  # fmt: skip
    elif stp == codes.STP_DECREMENT:
        leaves_lots -= cut
        quantity_lots -= cut
        emit(
            state, header, ts_ns, codes.MODIFIED, side, account, index, order_id, client_order_id,
            shown_ticks, quantity_lots, leaves_lots, ZERO,
        )  # fmt: skip
    return quantity_lots, leaves_lots, cancel_incoming


@inlined
def _countable(state: State, header: Any, account: int, slot: int, order: Any) -> tuple[int, int]:
    """Return the shown and hidden lots of a resting order that are sure to be there for a fill-or-kill."""
    if order.flags & SPECIAL == 0:
        return order.leaves_lots, ZERO
    terms = terms_of(state, header, slot)
    may_vanish = (terms.role == ALTERNATIVE and terms.group_next >= 0) or (
        terms.reduce_only != 0 and order.account != account
    )
    if may_vanish:
        return ZERO, ZERO
    return order.leaves_lots, terms.hidden_lots


@compiled
def can_fill(
    state: State,
    header: Any,
    instrument: Any,
    account: int,
    side: int,
    limit_ticks: int,
    stp: int,
    quantity_lots: int,
) -> bool:
    """Return whether an order would fill completely at once, own resting orders treated by `stp`.

    CANCEL_OLDEST passes over own orders, NONE trades with them; the others end at the first one. Hidden lots
    trade after all that is shown at their price. Orders that a trade may cancel count as nothing.
    """
    price = best_opposite(instrument, side)
    while reaches(side, limit_ticks, price):
        index = price - instrument.ladder_base_ticks
        slot = word(level_at(state.levels, instrument.ladder_offset + index).head)
        later_lots = ZERO
        while slot >= 0:
            order = order_at(state.orders, slot)
            if order.account != account or stp == codes.STP_NONE:
                shown, hidden = _countable(state, header, account, slot, order)
                quantity_lots -= shown
                later_lots += hidden
                if quantity_lots <= 0:
                    return True
            elif stp != codes.STP_CANCEL_OLDEST:
                return False
            slot = word(order.next)
        quantity_lots -= later_lots
        if quantity_lots <= 0:
            return True
        if side == 0:
            index = occupied_above(state, instrument, index + 1)
        else:
            index = occupied_below(state, instrument, index - 1)
        price = 0 if index < 0 else instrument.ladder_base_ticks + index
    return False
