"""Why an order is refused: every check on a new or changed order, in the order in which it is made."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled
from exchange_sim.engine.clearing import exposure, lacks_margin, share_up
from exchange_sim.engine.matching import best_opposite
from exchange_sim.engine.state import State
from exchange_sim.model.enums import OrderType, Reason, SelfTradePrevention, Side, TimeInForce
from exchange_sim.model.instrument import MAXIMUM_LOTS, MAXIMUM_NOTIONAL_ATOMS, MAXIMUM_TICKS

_NONE = int(Reason.NONE)
_UNKNOWN_INSTRUMENT, _UNKNOWN_ACCOUNT = int(Reason.UNKNOWN_INSTRUMENT), int(Reason.UNKNOWN_ACCOUNT)
_INVALID_COMMAND, _INVALID_SIDE = int(Reason.INVALID_COMMAND), int(Reason.INVALID_SIDE)
_INVALID_ORDER_TYPE = int(Reason.INVALID_ORDER_TYPE)
_INVALID_TIME_IN_FORCE = int(Reason.INVALID_TIME_IN_FORCE)
_INVALID_QUANTITY, _INVALID_PRICE = int(Reason.INVALID_QUANTITY), int(Reason.INVALID_PRICE)
_QUANTITY_ABOVE_MAXIMUM = int(Reason.QUANTITY_ABOVE_MAXIMUM)
_BELOW_MINIMUM_NOTIONAL = int(Reason.BELOW_MINIMUM_NOTIONAL)
_INSUFFICIENT_MARGIN = int(Reason.INSUFFICIENT_MARGIN)
_POSITION_LIMIT = int(Reason.POSITION_LIMIT)
_BUY, _SELL = int(Side.BUY), int(Side.SELL)
_LIMIT, _MARKET = int(OrderType.LIMIT), int(OrderType.MARKET)
_GTC, _FOK = int(TimeInForce.GTC), int(TimeInForce.FOK)
_LAST_STP = int(SelfTradePrevention.NONE)


@compiled
def refuse_target(header: Any, account: int, index: int) -> int:
    """Return why a command cannot be addressed to this account and instrument; 0 if it can."""
    if index < 0 or index >= header.instruments:
        return _UNKNOWN_INSTRUMENT
    if account < 0 or account >= header.accounts:
        return _UNKNOWN_ACCOUNT
    return _NONE


@compiled
def refuse_terms(
    side: int, order_type: int, time_in_force: int, post_only: int, stp: int, client_order_id: int
) -> int:
    """Return why these terms do not make an order; 0 if they do."""
    if side != _BUY and side != _SELL:
        return _INVALID_SIDE
    if order_type != _LIMIT and order_type != _MARKET:
        return _INVALID_ORDER_TYPE
    if time_in_force < _GTC or time_in_force > _FOK:
        return _INVALID_TIME_IN_FORCE
    if post_only != 0 and (order_type != _LIMIT or time_in_force != _GTC):
        return _INVALID_TIME_IN_FORCE
    if post_only < 0 or post_only > 1 or stp < 0 or stp > _LAST_STP or client_order_id < 0:
        return _INVALID_COMMAND
    return _NONE


@compiled
def refuse_size(instrument: Any, order_type: int, price_ticks: int, quantity_lots: int) -> int:
    """Return why price or quantity is out of bounds; 0 if they are inside."""
    if quantity_lots <= 0:
        return _INVALID_QUANTITY
    if quantity_lots > instrument.maximum_order_lots:
        return _QUANTITY_ABOVE_MAXIMUM
    if order_type == _LIMIT:
        if price_ticks <= 0 or price_ticks > MAXIMUM_TICKS:
            return _INVALID_PRICE
        if price_ticks * quantity_lots > MAXIMUM_NOTIONAL_ATOMS // instrument.atoms_per_tick_lot:
            return _QUANTITY_ABOVE_MAXIMUM
    return _NONE


@compiled
def valuation_ticks(instrument: Any, side: int, order_type: int, price_ticks: int) -> int:
    """Return the price at which an order counts for margin.

    A buy counts at its limit. A sell counts at its limit or the best bid, whichever is higher, since
    that is where it trades. A market order counts at the best opposite price, else at the mark.
    """
    best = best_opposite(instrument, side)
    if order_type == _LIMIT:
        return price_ticks if side == _BUY else max(price_ticks, best)
    return best if best != 0 else instrument.mark_ticks


@compiled
def refuse_notional(instrument: Any, side: int, order_type: int, price_ticks: int, quantity_lots: int) -> int:
    """Return whether an order is too small; a market order is valued at the best price, if any."""
    price = price_ticks if order_type == _LIMIT else best_opposite(instrument, side)
    if price == 0 or instrument.minimum_notional_atoms == 0:
        return _NONE
    # Divided, not multiplied: a market order's price times its quantity may not fit 64 bits.
    least = -(-instrument.minimum_notional_atoms // (price * instrument.atoms_per_tick_lot))
    return _BELOW_MINIMUM_NOTIONAL if quantity_lots < least else _NONE


@compiled
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
    if add_ticks != 0 and add_lots > MAXIMUM_NOTIONAL_ATOMS // (add_ticks * unit):
        return _POSITION_LIMIT
    change_lots = add_lots - drop_lots
    change_atoms = (add_lots * add_ticks - drop_lots * drop_ticks) * unit
    buy_lots, sell_lots = position.open_buy_lots, position.open_sell_lots
    buy_atoms, sell_atoms = position.open_buy_atoms, position.open_sell_atoms
    before = exposure(position.cost_atoms, buy_atoms, sell_atoms)
    lots_before = exposure(position.lots, buy_lots, sell_lots)
    if side == _BUY:
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
        return _POSITION_LIMIT
    if change_atoms > 0 and resting_atoms + change_atoms > MAXIMUM_NOTIONAL_ATOMS:
        return _POSITION_LIMIT
    if after <= before:
        return _NONE
    if after > MAXIMUM_NOTIONAL_ATOMS:
        return _POSITION_LIMIT
    required = share_up(after, instrument.initial_margin_ppm)
    if required <= share_up(before, instrument.initial_margin_ppm):
        return _NONE
    if lacks_margin(state, header, account, index, instrument, required):
        return _INSUFFICIENT_MARGIN
    return _NONE
