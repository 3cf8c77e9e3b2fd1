"""The life of a resting order in the tables: entered, reduced, taken out."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import inlined
from exchange_sim.engine.book import join_queue, leave_queue
from exchange_sim.engine.clients import add_client, find_client, remove_client
from exchange_sim.engine.codes import word
from exchange_sim.engine.pointers import order_at
from exchange_sim.engine.spot import hold_assets
from exchange_sim.engine.state import State

SLOT_BITS = 24
"""An order id is `sequence << SLOT_BITS | slot`: increasing, and found without a search."""
_SLOT_MASK = (1 << SLOT_BITS) - 1


@inlined
def find_order(
    state: State, header: Any, account: int, index: int, order_id: int, client_order_id: int
) -> int:
    """Return the slot of an account's open order in instrument `index`, or -1.

    The order id names it; where that is 0, the client order id.
    """
    if order_id != 0:
        slot = order_id & _SLOT_MASK
        if slot >= header.order_capacity:
            return -1
    elif client_order_id == 0:
        return -1
    else:
        slot = find_client(state, header, account, client_order_id)
        if slot < 0:
            return -1
    order = order_at(state.orders, slot)
    if order_id not in (0, order.order_id):
        return -1
    if order.account != account or order.instrument != index:
        return -1
    return slot


@inlined
def hold(
    state: State,
    header: Any,
    instrument: Any,
    account: int,
    position: Any,
    side: int,
    price_ticks: int,
    lots: int,
) -> None:
    """Count `lots` more (negative: fewer) as resting on one side."""
    atoms = lots * price_ticks * instrument.atoms_per_tick_lot
    if side == 0:
        position.open_buy_lots += lots
        position.open_buy_atoms += atoms
        instrument.bid_atoms += atoms
    else:
        position.open_sell_lots += lots
        position.open_sell_atoms += atoms
        instrument.ask_atoms += atoms
    if instrument.is_spot != 0:
        hold_assets(state, header, instrument, account, side, price_ticks, lots)


@inlined
def list_order(state: State, header: Any, instrument: Any, position: Any, slot: int, order: Any) -> None:
    """Put a filled-in order into its account's list and the client id table, and count it."""
    if order.client_order_id != 0:
        add_client(state, header, word(order.account), order.client_order_id, slot)
    order.account_previous = -1
    order.account_next = position.first_order
    if position.first_order >= 0:
        order_at(state.orders, position.first_order).account_previous = slot
    position.first_order = slot
    position.open_orders += 1
    instrument.open_orders += 1
    header.open_orders += 1


@inlined
def enter_order(state: State, header: Any, instrument: Any, position: Any, slot: int, order: Any) -> None:
    """Put a filled-in order into all tables and the queue of its price."""
    list_order(state, header, instrument, position, slot, order)
    hold(
        state, header, instrument, word(order.account), position, word(order.side), order.price_ticks,
        order.leaves_lots,
    )  # fmt: skip
    join_queue(state, instrument, slot, order)


@inlined
def forget_order(state: State, header: Any, instrument: Any, position: Any, slot: int, order: Any) -> None:
    """Take an order that is in no queue out of all other tables and free its slot."""
    if order.client_order_id != 0:
        remove_client(state, header, word(order.account), order.client_order_id)
    if order.account_previous >= 0:
        order_at(state.orders, order.account_previous).account_next = order.account_next
    else:
        position.first_order = order.account_next
    if order.account_next >= 0:
        order_at(state.orders, order.account_next).account_previous = order.account_previous
    position.open_orders -= 1
    instrument.open_orders -= 1
    header.open_orders -= 1
    order.order_id = 0
    order.next = header.free_order
    header.free_order = slot


@inlined
def remove_order(state: State, header: Any, instrument: Any, position: Any, slot: int, order: Any) -> None:
    """Take a resting order out of the book."""
    leave_queue(state, instrument, order)
    hold(
        state, header, instrument, word(order.account), position, word(order.side), order.price_ticks,
        -order.leaves_lots,
    )  # fmt: skip
    forget_order(state, header, instrument, position, slot, order)
