"""Open orders by (account, client order id): a hash table with linear probing.

Deleting shifts the entries behind it back instead of leaving a tombstone, so a table that sees a
million orders a second never has to be cleaned. At most a quarter of its places is taken, so searches
are short.
"""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine.codes import word
from exchange_sim.engine.pointers import client_at, header_at, order_at
from exchange_sim.engine.state import State, open_state


@inlined
def _home(account: int, client_order_id: int, mask: int) -> int:
    """Return the place where the search for a key starts.

    Four consecutive ids share a cache line, the lines are spread by Fibonacci hashing: accounts that
    count up stay in the cache, and no pattern of ids makes long searches.
    """
    mixed = ((client_order_id >> 2) ^ (account << 40)) * 0x1E3779B97F4A7C15
    return (((mixed >> 32) << 2) | (client_order_id & 3)) & mask


@inlined
def find_client(state: State, header: Any, account: int, client_order_id: int) -> int:
    """Return the slot of the open order, or -1."""
    mask = header.client_mask
    place = _home(account, client_order_id, mask)
    while True:
        entry = client_at(state.clients, place)
        if entry.client_order_id == 0:
            return -1
        if entry.client_order_id == client_order_id and entry.account == account:
            return word(entry.slot)
        place = (place + 1) & mask


@inlined
def add_client(state: State, header: Any, account: int, client_order_id: int, slot: int) -> None:
    """Enter an open order whose key is not in the table."""
    mask = header.client_mask
    place = _home(account, client_order_id, mask)
    while client_at(state.clients, place).client_order_id != 0:
        place = (place + 1) & mask
    entry = client_at(state.clients, place)
    entry.client_order_id = client_order_id
    entry.account = account
    entry.slot = slot


@inlined
def remove_client(state: State, header: Any, account: int, client_order_id: int) -> None:
    """Take out an order whose key is in the table."""
    mask = header.client_mask
    hole = _home(account, client_order_id, mask)
    while True:
        entry = client_at(state.clients, hole)
        if entry.client_order_id == client_order_id and entry.account == account:
            break
        hole = (hole + 1) & mask
    place = hole
    while True:
        place = (place + 1) & mask
        entry = client_at(state.clients, place)
        if entry.client_order_id == 0:
            break
        # An entry may move back into the hole unless its search starts behind the hole.
        home = _home(word(entry.account), entry.client_order_id, mask)
        if ((place - home) & mask) >= ((place - hole) & mask):
            target = client_at(state.clients, hole)
            target.client_order_id = entry.client_order_id
            target.account = entry.account
            target.slot = entry.slot
            hole = place
    client_at(state.clients, hole).client_order_id = 0


@compiled
def index_clients(address: int) -> None:
    """Fill the empty table of the block at `address` from its open orders."""
    state = open_state(address)
    header = header_at(state.header, 0)
    for slot in range(header.order_capacity):
        order = order_at(state.orders, slot)
        if order.order_id != 0 and order.client_order_id != 0:
            add_client(state, header, word(order.account), order.client_order_id, slot)
