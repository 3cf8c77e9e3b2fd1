"""Money: fees, positions and their values, in exact integers.

A position is carried at cost. Opening adds to its cost and leaves the balance alone; closing moves the
difference between the value closed and its share of the cost into the balance. Hence per asset, always:
balances + isolated margins - costs of positions + fee account + insurance fund = deposits - withdrawals.

Bounds keep 64 bits from overflowing (`refusals` enforces them): the value of an order, of all resting
orders on one side of a book, and of a position with its open orders is at most 2**60 atoms, a position
with its open orders at most 2**31 - 1 lots, and all deposits of an asset at most 2**62 atoms.
"""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import inlined
from exchange_sim.engine.pointers import load, store
from exchange_sim.engine.state import State

_PPM = 1_000_000
_HUGE = 2**61


@inlined
def share_up(atoms: int, ppm: int) -> int:
    """Return `atoms * ppm / 1e6`, rounded up (so a fee is against the payer, a rebate too)."""
    whole = atoms // _PPM
    return whole * ppm - (-(atoms - whole * _PPM) * ppm) // _PPM


@inlined
def share_of(atoms: int, closed: int, held: int) -> int:
    """Return `atoms * closed / held`, rounded down, of a position of `held` lots."""
    per_lot = atoms // held
    return per_lot * closed + (atoms - per_lot * held) * closed // held


@inlined
def charge(state: State, header: Any, settle: int, account: int, atoms: int) -> None:
    """Move a fee from an account to the fee account; negative for a rebate."""
    word = account * header.assets + settle
    store(state.balances, word, load(state.balances, word) - atoms)
    store(state.fees, settle, load(state.fees, settle) + atoms)


@inlined
def change_position(
    state: State, header: Any, settle: int, account: int, position: Any, change_lots: int, unit_atoms: int
) -> None:
    """Apply a fill of `change_lots` (signed) at `unit_atoms` a lot to a position and its owner's balance.

    Closing a part of a position takes the part's share of the cost, rounded down.
    """
    lots = position.lots
    if (lots >= 0) == (change_lots >= 0) or lots == 0:
        position.lots = lots + change_lots
        position.cost_atoms += change_lots * unit_atoms
        return
    held = abs(lots)
    closed = min(held, abs(change_lots))
    signed = closed if change_lots > 0 else -closed
    cost = position.cost_atoms
    share = cost if closed == held else share_of(cost, closed, held)
    realized = -signed * unit_atoms - share
    opened = change_lots - signed
    position.lots = lots + change_lots
    position.cost_atoms = cost - share + opened * unit_atoms
    position.realized_atoms += realized
    word = account * header.assets + settle
    store(state.balances, word, load(state.balances, word) + realized)


@inlined
def exposure(cost_atoms: int, buy_atoms: int, sell_atoms: int) -> int:
    """Return the larger value that the position can reach if one side's open orders fill."""
    return max(abs(cost_atoms + buy_atoms), abs(cost_atoms - sell_atoms))


@inlined
def value_of(lots: int, price_ticks: int, atoms_per_tick_lot: int) -> int:
    """Return the value of a position, at most 2**61 atoms either way."""
    unit = price_ticks * atoms_per_tick_lot
    if abs(lots) > _HUGE // max(unit, 1):
        return _HUGE if lots > 0 else -_HUGE
    return lots * unit
