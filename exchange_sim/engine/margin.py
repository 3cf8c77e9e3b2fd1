"""Margin: tiers, leverage, isolated positions, and what of a balance is free.

Bounds: a balance counts as at most 2**62 atoms either way, a position's value at mark as at most 2**61
(`clearing.value_of`), its cost is at most 2**60; sums are cut to 2**62 after each summand, so no sum of two
passes 63 bits. Shares in millionths are split at a million (`clearing.share_up`).
"""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine.clearing import exposure, share_up, value_of
from exchange_sim.engine.codes import ZERO, word
from exchange_sim.engine.layout import TIERS_MAXIMUM
from exchange_sim.engine.pointers import instrument_at, load, position_at, tier_at
from exchange_sim.engine.state import State

MOST = 2**62

WATCHED, HELD_BY_SPOT = 1, 2
"""Bits of an instrument's `links`: margin tiers exist in one of its assets; spot orders may hold its
settlement asset."""


@inlined
def bounded(atoms: int) -> int:
    """Return an amount cut to what sums may hold."""
    return max(-MOST, min(MOST, atoms))


@inlined
def tier_of(state: State, header: Any, index: int, instrument: Any, value_atoms: int) -> int:
    """Return the number of the margin tier that a value lies in; the instrument has tiers."""
    tiers = state.header + header.tiers_offset
    tier = ZERO
    while (
        tier < instrument.tiers - 1 and value_atoms > tier_at(tiers, index * TIERS_MAXIMUM + tier).up_to_atoms
    ):
        tier += 1
    return tier


@compiled
def maintenance_of(state: State, header: Any, index: int, instrument: Any, value_atoms: int) -> int:
    """Return the equity that a position of a value must be covered by at all times."""
    if instrument.tiers == 0:
        return ZERO
    tier = tier_of(state, header, index, instrument, value_atoms)
    row = tier_at(state.header + header.tiers_offset, index * TIERS_MAXIMUM + tier)
    return share_up(value_atoms, row.maintenance_ppm) - row.amount_atoms  # type: ignore[no-any-return]


@inlined
def tier_initial_ppm(state: State, header: Any, index: int, instrument: Any, value_atoms: int) -> int:
    """Return the least initial margin of a value; 0 without tiers."""
    if instrument.tiers == 0:
        return ZERO
    tier = tier_of(state, header, index, instrument, value_atoms)
    rate: int = tier_at(state.header + header.tiers_offset, index * TIERS_MAXIMUM + tier).initial_ppm
    return rate


@compiled
def initial_ppm_of(
    state: State, header: Any, index: int, instrument: Any, position: Any, value_atoms: int
) -> int:
    """Return the initial margin rate of an account's exposure of this value."""
    own = word(position.initial_ppm)
    if own == 0:
        own = instrument.initial_margin_ppm
    return max(own, tier_initial_ppm(state, header, index, instrument, value_atoms))


@compiled
def margin_of(state: State, header: Any, index: int, instrument: Any, position: Any, value_atoms: int) -> int:
    """Return the initial margin of an exposure of this value, a position's own margin not deducted."""
    return share_up(value_atoms, initial_ppm_of(state, header, index, instrument, position, value_atoms))


@compiled
def _required_by_terms(
    state: State, header: Any, index: int, instrument: Any, position: Any, value_atoms: int
) -> int:
    required = margin_of(state, header, index, instrument, position, value_atoms)
    if position.isolated != 0:
        required = max(ZERO, required - position.margin_atoms)
    return required


@inlined
def required_for(
    state: State, header: Any, index: int, instrument: Any, position: Any, value_atoms: int
) -> int:
    """Return what an exposure of this value takes of the account's equity."""
    if (instrument.tiers | word(position.initial_ppm) | word(position.isolated)) == 0:
        return share_up(value_atoms, instrument.initial_margin_ppm)
    return _required_by_terms(state, header, index, instrument, position, value_atoms)


@inlined
def unrealized(instrument: Any, position: Any) -> int:
    """Return a position's profit at the mark."""
    gain: int = (
        value_of(position.lots, instrument.mark_ticks, instrument.atoms_per_tick_lot) - position.cost_atoms
    )
    return gain


@inlined
def standing(state: State, header: Any, account: int, asset: int, skipped: int) -> tuple[int, int]:
    """Return an account's equity in an asset and what all instruments but `skipped` require of it."""
    equity = bounded(load(state.balances, account * header.assets + asset))
    required = ZERO
    first = account * header.instruments
    for other in range(header.instruments):
        row = instrument_at(state.instruments, other)
        held = position_at(state.positions, first + other)
        if row.settle != asset or row.is_spot != 0:
            continue
        if held.lots != 0 and held.isolated == 0:
            equity = bounded(equity + unrealized(row, held))
        if other != skipped:
            value = exposure(held.cost_atoms, held.open_buy_atoms, held.open_sell_atoms)
            required = bounded(required + required_for(state, header, other, row, held, value))
    return equity, required


@inlined
def held_atoms(state: State, header: Any, account: int, asset: int) -> int:
    """Return what the account's spot orders hold of an asset."""
    return load(state.header + header.held_offset, account * header.assets + asset)


@inlined
def lacks_margin(
    state: State, header: Any, account: int, index: int, instrument: Any, required_atoms: int
) -> bool:
    """Return whether equity is below what all instruments of one settlement asset require.

    `required_atoms` stands for instrument `index`, the others are counted as they are.
    """
    asset = word(instrument.settle)
    equity, required = standing(state, header, account, asset, index)
    if instrument.links & HELD_BY_SPOT != 0:
        equity = bounded(equity - held_atoms(state, header, account, asset))
    return required + required_atoms > equity


@compiled
def available_atoms(state: State, header: Any, account: int, asset: int) -> int:
    """Return what an account may withdraw or spend on spot: neither unrealized profit nor holds."""
    equity, required = standing(state, header, account, asset, word(-1))
    balance = load(state.balances, account * header.assets + asset)
    return bounded(min(balance, equity) - required) - held_atoms(state, header, account, asset)
