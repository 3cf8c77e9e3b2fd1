"""Where compiled code finds the tables of an exchange."""

from __future__ import annotations

from typing import NamedTuple

from exchange_sim.compiled import compiled
from exchange_sim.engine.codes import word
from exchange_sim.engine.pointers import header_at

DONE = word(0)
NEED_EVENTS, NEED_ORDERS, NEED_LADDER = word(1), word(2), word(3)
"""Statuses of a command. All but DONE mean: nothing was changed, this table is too small."""

NEED_CODE = word(4)
"""As these: the machine code for what is rare is not there yet."""


class State(NamedTuple):
    """Addresses of the tables, for the functions of `exchange_sim.engine.pointers`."""

    header: int
    instruments: int
    orders: int
    levels: int
    bitmap: int
    positions: int
    balances: int
    fees: int
    deposits: int
    clients: int
    events: int


@compiled
def open_state(address: int) -> State:
    """Return the tables of the block at `address` (`Memory.address`)."""
    header = header_at(address, 0)
    return State(
        address,
        address + header.instruments_offset,
        address + header.orders_offset,
        address + header.levels_offset,
        address + header.bitmap_offset,
        address + header.positions_offset,
        address + header.balances_offset,
        address + header.fees_offset,
        address + header.deposits_offset,
        address + header.clients_offset,
        address + header.events_offset,
    )
