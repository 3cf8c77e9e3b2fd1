"""Spot pairs: what resting orders hold, and the exchange of two assets.

Bounds: the value of an order is at most 2**60 atoms and a fee a tenth of it, so what a buy holds fits; the
base amount of a sell is refused where it is above 2**62 atoms, more than anybody can have.
"""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine import codes
from exchange_sim.engine.clearing import charge, share_up
from exchange_sim.engine.codes import ZERO, word
from exchange_sim.engine.margin import MOST, available_atoms
from exchange_sim.engine.pointers import load, store
from exchange_sim.engine.state import State


@inlined
def _quote_atoms(instrument: Any, price_ticks: int, lots: int) -> int:
    """Return what a buy at this price costs at most, with the fee where it is taken in the quote asset."""
    unit: int = price_ticks * instrument.atoms_per_tick_lot
    if instrument.fee_in_quote != 0:
        unit += share_up(unit, max(instrument.taker_fee_ppm, instrument.maker_fee_ppm))
    return lots * unit


@compiled
def hold_assets(
    state: State, header: Any, instrument: Any, account: int, side: int, price_ticks: int, lots: int
) -> None:
    """Hold for `lots` more (negative: fewer) resting on one side."""
    if side == 0:
        asset, atoms = word(instrument.settle), _quote_atoms(instrument, price_ticks, lots)
    else:
        asset, atoms = word(instrument.base), lots * instrument.base_atoms_per_lot
    held, place = state.header + header.held_offset, account * header.assets + asset
    store(held, place, load(held, place) + atoms)


@compiled
def refuse_spot(
    state: State,
    header: Any,
    account: int,
    instrument: Any,
    side: int,
    add_lots: int,
    add_ticks: int,
    drop_lots: int,
    drop_ticks: int,
) -> int:
    """Return why an order may not hold this much more; 0 if it may, or if it holds less."""
    if side == 0:
        asset = word(instrument.settle)
        grown = _quote_atoms(instrument, add_ticks, add_lots) - _quote_atoms(
            instrument, drop_ticks, drop_lots
        )
    else:
        asset = word(instrument.base)
        if add_lots > MOST // instrument.base_atoms_per_lot:
            return codes.INSUFFICIENT_BALANCE
        grown = (add_lots - drop_lots) * instrument.base_atoms_per_lot
    if grown <= 0:
        return ZERO
    if grown > available_atoms(state, header, account, asset):
        return codes.INSUFFICIENT_BALANCE
    return ZERO


@inlined
def _move(state: State, header: Any, account: int, asset: int, atoms: int) -> None:
    place = account * header.assets + asset
    store(state.balances, place, load(state.balances, place) + atoms)


@inlined
def exchange_assets(
    state: State,
    header: Any,
    instrument: Any,
    account: int,
    position: Any,
    side: int,
    lots: int,
    value_atoms: int,
    fee_ppm: int,
) -> int:
    """Book one side of a spot trade; return its fee, in the asset in which it is taken."""
    quote, base = word(instrument.settle), word(instrument.base)
    amount = lots * instrument.base_atoms_per_lot
    signed = 1 - 2 * side
    _move(state, header, account, base, signed * amount)
    _move(state, header, account, quote, -signed * value_atoms)
    if side == 0 and instrument.fee_in_quote == 0:
        fee = share_up(amount, fee_ppm)
        charge(state, header, base, account, fee)
        return fee
    fee = share_up(value_atoms, fee_ppm)
    charge(state, header, quote, account, fee)
    position.fees_atoms += fee
    return fee
