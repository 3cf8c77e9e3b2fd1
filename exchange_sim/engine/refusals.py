"""Why an order is refused: every check on a new or changed order, in the order in which it is made."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import inlined
from exchange_sim.engine import codes
from exchange_sim.engine.book import occupied_above
from exchange_sim.engine.clearing import exposure
from exchange_sim.engine.codes import ZERO
from exchange_sim.engine.margin import lacks_margin, margin_of, required_for, tier_initial_ppm
from exchange_sim.engine.matching import best_opposite
from exchange_sim.engine.pointers import level_at
from exchange_sim.engine.spot import refuse_spot
from exchange_sim.engine.state import State
from exchange_sim.model.instrument import MAXIMUM_LOTS, MAXIMUM_NOTIONAL_ATOMS, MAXIMUM_TICKS


@inlined
def refuse_target(header: Any, account: int, index: int) -> int:
    """Return why a command cannot be addressed to this account and instrument; 0 if it can."""
    if index < 0 or index >= header.instruments:
        return codes.UNKNOWN_INSTRUMENT
    if account < 0 or account >= header.accounts:
        return codes.UNKNOWN_ACCOUNT
    return ZERO


@inlined
def refuse_terms(
    side: int, order_type: int, time_in_force: int, post_only: int, stp: int, client_order_id: int
) -> int:
    """Return why these terms do not make an order; 0 if they do."""
    if side not in (codes.BUY, codes.SELL):
        return codes.INVALID_SIDE
    if order_type not in (codes.LIMIT, codes.MARKET):
        return codes.INVALID_ORDER_TYPE
    if time_in_force < codes.GTC or time_in_force > codes.FOK:
        return codes.INVALID_TIME_IN_FORCE
    if post_only != 0 and (order_type != codes.LIMIT or time_in_force != codes.GTC):
        return codes.INVALID_TIME_IN_FORCE
    if post_only < 0 or post_only > 1 or stp < 0 or stp > codes.STP_NONE or client_order_id < 0:
        return codes.INVALID_COMMAND
    return ZERO


@inlined
def refuse_size(instrument: Any, order_type: int, price_ticks: int, quantity_lots: int) -> int:
    """Return why price or quantity is out of bounds; 0 if they are inside."""
    if quantity_lots <= 0:
        return codes.INVALID_QUANTITY
    if quantity_lots > instrument.maximum_order_lots:
        return codes.QUANTITY_ABOVE_MAXIMUM
    if order_type == codes.LIMIT:
        if price_ticks <= 0 or price_ticks > MAXIMUM_TICKS:
            return codes.INVALID_PRICE
        if price_ticks * quantity_lots > instrument.maximum_tick_lots:
            return codes.QUANTITY_ABOVE_MAXIMUM
    return ZERO


@inlined
def limit_valuation_ticks(instrument: Any, side: int, price_ticks: int) -> int:
    """Return the price at which a limit order counts for margin.

    A buy counts at its limit. A sell counts at its limit or the best bid, whichever is higher, since
    that is where it trades.
    """
    return price_ticks if side == codes.BUY else max(price_ticks, best_opposite(instrument, side))


@inlined
def market_valuation_ticks(state: State, instrument: Any, side: int, quantity_lots: int) -> int:
    """Return the price at which a market order counts for margin: the dearest it can trade at.

    A buy counts at the last ask it reaches, a sell at the best bid; on an empty side at the mark.
    """
    price = best_opposite(instrument, side)
    if price == 0:
        price = instrument.mark_ticks
    elif side == codes.BUY:
        index = price - instrument.ladder_base_ticks
        while index >= 0:
            price = instrument.ladder_base_ticks + index
            quantity_lots -= level_at(state.levels, instrument.ladder_offset + index).lots
            if quantity_lots <= 0:
                break
            index = occupied_above(state, instrument, index + 1)
    return price


@inlined
def valuation_ticks(
    state: State, instrument: Any, side: int, order_type: int, price_ticks: int, quantity_lots: int
) -> int:
    """Return the price at which a new order counts for margin."""
    if order_type == codes.LIMIT:
        return limit_valuation_ticks(instrument, side, price_ticks)
    return market_valuation_ticks(state, instrument, side, quantity_lots)


@inlined
def refuse_notional(instrument: Any, side: int, order_type: int, price_ticks: int, quantity_lots: int) -> int:
    """Return whether an order is too small; a market order is valued at the best price, if any."""
    price = price_ticks if order_type == codes.LIMIT else best_opposite(instrument, side)
    if price == 0 or instrument.minimum_notional_atoms == 0:
        return ZERO
    tick_lots = price * quantity_lots
    if tick_lots > instrument.maximum_tick_lots:
        return ZERO  # a market order whose value may not fit 64 bits
    small = tick_lots * instrument.atoms_per_tick_lot < instrument.minimum_notional_atoms
    return codes.BELOW_MINIMUM_NOTIONAL if small else ZERO


@inlined
def _refuse_margin(
    state: State,
    header: Any,
    account: int,
    index: int,
    instrument: Any,
    position: Any,
    before: int,
    after: int,
) -> int:
    """Return why an account's exposure may not grow; 0 if it may."""
    if position.initial_ppm != 0 and position.initial_ppm < tier_initial_ppm(
        state, header, index, instrument, after
    ):
        return codes.LEVERAGE_ABOVE_TIER
    required = required_for(state, header, index, instrument, position, after)
    if required <= required_for(state, header, index, instrument, position, before):
        # An isolated position with margin to spare takes nothing of the equity, but its growth takes balance.
        if position.isolated == 0:
            return ZERO
        grown = margin_of(state, header, index, instrument, position, after)
        if grown <= margin_of(state, header, index, instrument, position, before):
            return ZERO
    if lacks_margin(state, header, account, index, instrument, required):
        return codes.INSUFFICIENT_MARGIN
    return ZERO


@inlined
def refuse_exposure(
    state: State,
    header: Any,
    account: int,
    index: int,
    instrument: Any,
    position: Any,
    side: int,
    add_lots: int,
    add_ticks: int,
    drop_lots: int,
    drop_ticks: int,
) -> int:
    """Return why an order may not add `add_lots` at `add_ticks` to its side; 0 if it may.

    `drop_lots` at `drop_ticks` is what the change of a resting order takes away. What does not make
    the exposure grow is never refused.
    """
    unit = instrument.atoms_per_tick_lot
    if add_lots * add_ticks > instrument.maximum_tick_lots:
        return codes.POSITION_LIMIT
    change_lots = add_lots - drop_lots
    change_atoms = (add_lots * add_ticks - drop_lots * drop_ticks) * unit
    buy_lots, sell_lots = position.open_buy_lots, position.open_sell_lots
    buy_atoms, sell_atoms = position.open_buy_atoms, position.open_sell_atoms
    before = exposure(position.cost_atoms, buy_atoms, sell_atoms)
    lots_before = exposure(position.lots, buy_lots, sell_lots)
    if side == codes.BUY:
        buy_lots += change_lots
        buy_atoms += change_atoms
        resting_atoms = instrument.bid_atoms
    else:
        sell_lots += change_lots
        sell_atoms += change_atoms
        resting_atoms = instrument.ask_atoms
    after = exposure(position.cost_atoms, buy_atoms, sell_atoms)
    lots_after = exposure(position.lots, buy_lots, sell_lots)
    if lots_after > lots_before and lots_after > MAXIMUM_LOTS:
        return codes.POSITION_LIMIT
    if change_atoms > 0 and resting_atoms + change_atoms > MAXIMUM_NOTIONAL_ATOMS:
        return codes.POSITION_LIMIT
    if after > before and after > MAXIMUM_NOTIONAL_ATOMS:
        return codes.POSITION_LIMIT
    if instrument.is_spot != 0:
        return refuse_spot(
            state, header, account, instrument, side, add_lots, add_ticks, drop_lots, drop_ticks
        )
    if after <= before:
        return ZERO
    return _refuse_margin(state, header, account, index, instrument, position, before, after)
