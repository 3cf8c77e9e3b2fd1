"""The booking of one side of a fill: position, balance, fee, volume."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine.clearing import change_position, charge, share_of, share_up
from exchange_sim.engine.codes import ZERO, word
from exchange_sim.engine.margin import WATCHED, initial_ppm_of
from exchange_sim.engine.marks import watch
from exchange_sim.engine.pointers import load, store
from exchange_sim.engine.spot import exchange_assets
from exchange_sim.engine.state import State
from exchange_sim.engine.volumes import count_volume, tiered_fee_ppm


@inlined
def fee_ppm_of(state: State, header: Any, instrument: Any, account: int, maker: int) -> int:
    """Return the fee rate of an account in an instrument as taker (0) or maker (1)."""
    if header.fee_tiers != 0:
        return tiered_fee_ppm(state, header, instrument, account, maker)
    rate: int = instrument.maker_fee_ppm if maker != 0 else instrument.taker_fee_ppm
    return rate


@compiled
def change_holding(
    state: State,
    header: Any,
    instrument: Any,
    index: int,
    account: int,
    position: Any,
    side: int,
    price_ticks: int,
    lots: int,
) -> None:
    """Apply a fill to a perpetual position, cross or isolated, without fee."""
    settle = word(instrument.settle)
    unit = price_ticks * instrument.atoms_per_tick_lot
    change, before = (lots if side == 0 else -lots), position.lots
    change_position(state, header, settle, account, position, change, unit)
    if position.isolated == 0:
        return
    closed = min(lots, abs(before)) if (before > 0) != (change > 0) else ZERO
    moved = ZERO
    if closed > 0:
        moved = -share_of(position.margin_atoms, closed, abs(before))
    if lots > closed:
        ppm = initial_ppm_of(state, header, index, instrument, position, abs(position.cost_atoms))
        moved += share_up((lots - closed) * unit, ppm)
    position.margin_atoms += moved
    place = account * header.assets + settle
    store(state.balances, place, load(state.balances, place) - moved)


@compiled
def _settle_special(
    state: State,
    header: Any,
    instrument: Any,
    index: int,
    account: int,
    position: Any,
    side: int,
    price_ticks: int,
    lots: int,
    fee_ppm: int,
) -> int:
    """Book a fill in a spot pair, of an isolated position, or where tiers have to be heeded."""
    notional = lots * price_ticks * instrument.atoms_per_tick_lot
    if header.fee_tiers != 0:
        count_volume(state, header, account, notional)
    if instrument.is_spot != 0:
        fee = exchange_assets(state, header, instrument, account, position, side, lots, notional, fee_ppm)
    else:
        fee = share_up(notional, fee_ppm)
        change_holding(state, header, instrument, index, account, position, side, price_ticks, lots)
        charge(state, header, word(instrument.settle), account, fee)
        position.fees_atoms += fee
    if instrument.links & WATCHED != 0:
        watch(state, header, account)
    return fee


@inlined
def settle_fill(
    state: State,
    header: Any,
    instrument: Any,
    index: int,
    account: int,
    position: Any,
    side: int,
    price_ticks: int,
    lots: int,
    fee_ppm: int,
    maker: int,
) -> int:
    """Book one side of a fill; return its fee.

    Raises the alarm where the account may now be below maintenance.
    """
    unit = price_ticks * instrument.atoms_per_tick_lot
    notional = lots * unit
    if (instrument.is_spot | (instrument.links & WATCHED) | header.fee_tiers | word(position.isolated)) == 0:
        settle = word(instrument.settle)
        fee = share_up(notional, fee_ppm)
        change_position(state, header, settle, account, position, lots if side == 0 else -lots, unit)
        charge(state, header, settle, account, fee)
        position.fees_atoms += fee
    else:
        fee = _settle_special(
            state, header, instrument, index, account, position, side, price_ticks, lots, fee_ppm
        )
    position.volume_atoms += notional
    if maker != 0:
        position.maker_atoms += notional
    position.fills += 1
    return fee
