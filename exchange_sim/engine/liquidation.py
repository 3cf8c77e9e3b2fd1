"""Liquidation of accounts below maintenance, one step at a time.

A step cancels the account's orders, or closes a position or a part of it: through the book down to its
bankruptcy price, at worse prices while the insurance fund pays the difference, then against the positions of
others at the bankruptcy price. The rules are in docs/exchange.md.

Bounds: a position's lots x unit is at most its cost, 2**60, and its bankruptcy price is cut so that its value
there is at most 2**61; a fund pays no more than it has; the score of a counterparty is divided out digit
by digit (`profit_ratio`).
"""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine import codes
from exchange_sim.engine.clearing import share_up
from exchange_sim.engine.codes import MISSING, ZERO, word
from exchange_sim.engine.ending import end_order
from exchange_sim.engine.events import SPARE_EVENTS, emit, lacks_room
from exchange_sim.engine.layout import TIERS_MAXIMUM
from exchange_sim.engine.margin import bounded, maintenance_of, tier_of, unrealized
from exchange_sim.engine.marks import check_account, cross_standing, value_at_mark
from exchange_sim.engine.matching import best_opposite, match
from exchange_sim.engine.orders import SLOT_BITS
from exchange_sim.engine.pointers import instrument_at, level_at, load, position_at, store, tier_at
from exchange_sim.engine.reducing import cut_reduce_only
from exchange_sim.engine.settling import change_holding
from exchange_sim.engine.state import NEED_EVENTS, State
from exchange_sim.model.instrument import MAXIMUM_TICKS

_LARGEST_VALUE = 2**61
_NO_LIMIT = word(2**62)
_NEVER = word(2**63 - 1)


@compiled
def liquidate_next(state: State, header: Any, ts_ns: int) -> int:
    """Take one step of liquidation.

    Returns 0 where nobody is below maintenance (the alarm is off), 1 after a step, or minus a NEED status:
    then nothing was changed.
    """
    for index in range(header.instruments):
        instrument = instrument_at(state.instruments, index)
        instrument.watch_low_ticks = ZERO
        instrument.watch_high_ticks = _NEVER
    for account in range(header.accounts):
        found = check_account(state, header, account)
        if found != 0:
            return _step(state, header, ts_ns, account, found)
    header.alarm = 0
    return ZERO


@compiled
def _step(state: State, header: Any, ts_ns: int, account: int, found: int) -> int:
    """Cancel the orders behind what `check_account` found; if there are none, reduce a position."""
    first, end = ZERO, header.instruments
    asset = found - 1
    if found < 0:
        first, end = -1 - found, -found
        asset = word(instrument_at(state.instruments, first).settle)
    orders = ZERO
    for index in range(first, end):
        if instrument_at(state.instruments, index).settle == asset:
            orders += position_at(state.positions, account * header.instruments + index).open_orders
    if orders == 0:
        index = first if found < 0 else _largest(state, header, account, asset)
        return _reduce(state, header, ts_ns, account, index)
    if lacks_room(header, orders + SPARE_EVENTS):
        return -NEED_EVENTS
    for index in range(first, end):
        position = position_at(state.positions, account * header.instruments + index)
        while instrument_at(state.instruments, index).settle == asset and position.first_order >= 0:
            slot = word(position.first_order)
            end_order(state, header, ts_ns, codes.CANCELED, codes.LIQUIDATION, slot)
    return word(1)


@inlined
def _largest(state: State, header: Any, account: int, asset: int) -> int:
    """Return the instrument of the cross position with the largest maintenance."""
    largest, most = MISSING, MISSING
    for index in range(header.instruments):
        instrument = instrument_at(state.instruments, index)
        position = position_at(state.positions, account * header.instruments + index)
        if position.lots == 0 or position.isolated != 0 or instrument.settle != asset:
            continue
        if instrument.tiers == 0 or instrument.state != codes.TRADING:
            continue
        maintenance = maintenance_of(state, header, index, instrument, value_at_mark(instrument, position))
        if maintenance > most:
            largest, most = index, maintenance
    return largest


@inlined
def _lots_to_close(state: State, header: Any, index: int, instrument: Any, position: Any) -> int:
    """Return how much of a position goes at once: down to the tier below, or all of it."""
    held = abs(position.lots)
    tier = tier_of(state, header, index, instrument, value_at_mark(instrument, position))
    if tier == 0:
        return held  # type: ignore[no-any-return]
    below = tier_at(state.header + header.tiers_offset, index * TIERS_MAXIMUM + tier - 1)
    unit = instrument.mark_ticks * instrument.atoms_per_tick_lot
    return held - min(below.up_to_atoms // unit, held - 1)  # type: ignore[no-any-return]


@inlined
def _equity_behind(state: State, header: Any, account: int, instrument: Any, position: Any) -> int:
    """Return the equity that backs a position."""
    if position.isolated != 0:
        return bounded(position.margin_atoms + unrealized(instrument, position))
    equity, _, _, _ = cross_standing(state, header, account, word(instrument.settle))
    return equity


@inlined
def _bankruptcy_ticks(instrument: Any, position: Any, equity_atoms: int) -> int:
    """Return the price at which closing the whole position leaves nothing."""
    per_tick = abs(position.lots) * instrument.atoms_per_tick_lot
    ticks = equity_atoms // per_tick
    price = instrument.mark_ticks - ticks if position.lots > 0 else instrument.mark_ticks + ticks
    highest = min(word(MAXIMUM_TICKS), _LARGEST_VALUE // per_tick)
    return max(word(1), min(highest, price))  # type: ignore[no-any-return]


@compiled
def _reduce(state: State, header: Any, ts_ns: int, account: int, index: int) -> int:
    """Close a position of an account without orders, or the part of it that its tier demands."""
    instrument = instrument_at(state.instruments, index)
    position = position_at(state.positions, account * header.instruments + index)
    rows = 5 * (instrument.open_orders + instrument.hidden_slices) + 2 * header.accounts + SPARE_EVENTS
    if lacks_room(header, rows):
        return -NEED_EVENTS
    place = account * header.assets + word(instrument.settle)
    balance, volume = load(state.balances, place), position.volume_atoms
    quantity = _lots_to_close(state, header, index, instrument, position)
    equity = _equity_behind(state, header, account, instrument, position)
    bankruptcy = _bankruptcy_ticks(instrument, position, equity)
    side = codes.SELL if position.lots > 0 else codes.BUY
    header.sequence += 1
    order_id = (header.sequence << SLOT_BITS) | max(header.free_order, ZERO)
    emit(
        state, header, ts_ns, codes.LIQUIDATED, side, account, index, order_id, ZERO, bankruptcy, quantity,
        position.lots, ZERO,
    )  # fmt: skip
    _, leaves, _ = match(
        state, header, ts_ns, account, index, instrument, side, bankruptcy, codes.STP_NONE, order_id, ZERO,
        quantity, quantity, ZERO,
    )  # fmt: skip
    closed, notional = quantity - leaves, position.volume_atoms - volume
    leaves = _trade_insured(
        state, header, ts_ns, account, index, instrument, side, bankruptcy, order_id, leaves
    )
    _deleverage(state, header, ts_ns, account, index, instrument, side, bankruptcy, order_id, leaves)
    fee = share_up(notional, instrument.liquidation_fee_ppm)
    if position.isolated != 0 and position.lots == 0:
        fee = min(fee, load(state.balances, place) - balance)
    else:
        fee = min(fee, _equity_behind(state, header, account, instrument, position))
    if fee > 0:
        if position.isolated != 0 and position.lots != 0:
            position.margin_atoms -= fee
        else:
            store(state.balances, place, load(state.balances, place) - fee)
        _feed(state, header, instrument, fee)
        emit(
            state, header, ts_ns, codes.INSURANCE, ZERO, account, index, order_id, ZERO, bankruptcy, closed,
            ZERO, fee,
        )  # fmt: skip
    return word(1)


@inlined
def _feed(state: State, header: Any, instrument: Any, atoms: int) -> None:
    """Add to the insurance fund of an instrument's settlement asset; negative to take."""
    insurance, asset = state.header + header.insurance_offset, word(instrument.settle)
    store(insurance, asset, load(insurance, asset) + atoms)


@compiled
def _trade_insured(
    state: State,
    header: Any,
    ts_ns: int,
    account: int,
    index: int,
    instrument: Any,
    side: int,
    bankruptcy_ticks: int,
    order_id: int,
    leaves: int,
) -> int:
    """Trade at prices worse than bankruptcy as long as the fund can pay for it; return what is left."""
    asset = word(instrument.settle)
    place = account * header.assets + asset
    while leaves > 0:
        price = best_opposite(instrument, side)
        if price == 0:
            break
        gap = abs(price - bankruptcy_ticks) * instrument.atoms_per_tick_lot
        shown = level_at(state.levels, instrument.ladder_offset + price - instrument.ladder_base_ticks).lots
        fund = load(state.header + header.insurance_offset, asset)
        lots = min(leaves, shown, fund // gap)
        if lots <= 0:
            break
        _, rest, _ = match(
            state, header, ts_ns, account, index, instrument, side, price, codes.STP_NONE, order_id, ZERO,
            lots, lots, ZERO,
        )  # fmt: skip
        traded = lots - rest
        leaves -= traded
        paid = traded * gap
        _feed(state, header, instrument, -paid)
        store(state.balances, place, load(state.balances, place) + paid)
        emit(
            state, header, ts_ns, codes.INSURANCE, ZERO, account, index, order_id, ZERO, price, traded, ZERO,
            -paid,
        )  # fmt: skip
    return leaves


@compiled
def profit_ratio(profit_atoms: int, cost_atoms: int) -> int:
    """Return `profit * 10**6 // cost`, digit by digit: a remainder is below the cost, 2**60, and is
    multiplied by at most 5."""
    ratio = profit_atoms // cost_atoms
    rest = profit_atoms - ratio * cost_atoms
    for step in range(12):
        base = 5 if step < 6 else 2
        digit = rest * base // cost_atoms
        ratio = ratio * base + digit
        rest = rest * base - digit * cost_atoms
    return ratio


@inlined
def _first_counterparty(state: State, header: Any, index: int, instrument: Any, side: int) -> int:
    """Return the account on the other side that profits most for its cost, the lowest if equal."""
    chosen, best = MISSING, -_NO_LIMIT
    for other in range(header.accounts):
        held = position_at(state.positions, other * header.instruments + index)
        if (held.lots < 0 and side == 1) or (held.lots > 0 and side == 0):
            ratio = profit_ratio(unrealized(instrument, held), abs(held.cost_atoms))
            if ratio > best:
                chosen, best = other, ratio
    return chosen


@compiled
def _deleverage(
    state: State,
    header: Any,
    ts_ns: int,
    account: int,
    index: int,
    instrument: Any,
    side: int,
    price_ticks: int,
    order_id: int,
    leaves: int,
) -> None:
    """Close what is left against the positions of others: lots of one side are owed by the other."""
    position = position_at(state.positions, account * header.instruments + index)
    while leaves > 0:
        other = _first_counterparty(state, header, index, instrument, side)
        held = position_at(state.positions, other * header.instruments + index)
        lots = min(leaves, abs(held.lots))
        leaves -= lots
        change_holding(state, header, instrument, index, account, position, side, price_ticks, lots)
        emit(
            state, header, ts_ns, codes.DELEVERAGED, side, account, index, order_id, ZERO, price_ticks, lots,
            ZERO, ZERO,
        )  # fmt: skip
        change_holding(state, header, instrument, index, other, held, 1 - side, price_ticks, lots)
        emit(
            state, header, ts_ns, codes.DELEVERAGED, 1 - side, other, index, order_id, ZERO, price_ticks,
            lots, ZERO, ZERO,
        )  # fmt: skip
        if held.reduce_only_lots != 0:
            cut_reduce_only(state, header, ts_ns, other, index)
