"""Checks of the engine's internal tables against each other."""

from __future__ import annotations

import numpy as np

from exchange_sim.engine.exchange import Exchange
from exchange_sim.engine.layout import LADDER_LEVELS
from exchange_sim.engine.memory import Memory
from exchange_sim.engine.special import FLYING, WAITING
from tests.engine.special_tables import check_special, leaves_of


def check_tables(exchange: Exchange) -> None:
    """Fail where queues, bitmap, account lists, client table, free list or sums disagree."""
    memory = exchange._memory
    open_slots = {slot for slot, order_id in enumerate(memory.orders["order_id"].tolist()) if order_id}
    waiting = {slot for slot in open_slots if memory.orders[slot]["flags"] & WAITING}
    queued: list[int] = []
    for index in range(memory.capacity.instruments):
        queued += _check_ladder(memory, index)
    assert sorted([*queued, *waiting]) == sorted(open_slots)
    check_special(memory, open_slots)
    assert int(memory.header["open_orders"]) == len(open_slots)
    _check_free_list(memory, open_slots)
    _check_clients(memory, open_slots)
    for account in range(int(memory.header["accounts"])):
        for index in range(memory.capacity.instruments):
            _check_account_list(memory, account, index, open_slots)


def _check_ladder(memory: Memory, index: int) -> list[int]:
    instrument = memory.instruments[index]
    size, first, base = (
        int(instrument[name]) for name in ("ladder_size", "ladder_offset", "ladder_base_ticks")
    )
    bids, asks = int(instrument["best_bid_ticks"]), int(instrument["best_ask_ticks"])
    assert not (bids and asks) or bids < asks
    bits = _bits(memory, int(instrument["bitmap_offset"]), size // 64)
    summary = _bits(memory, int(instrument["bitmap_offset"]) + size // 64, size // LADDER_LEVELS)
    occupied = set(np.flatnonzero(memory.levels["orders"][first : first + size]).tolist())
    assert bits == occupied
    assert summary == {place // 64 for place in occupied}
    queued, values = [], [0, 0]
    for place in sorted(occupied):
        level, price = memory.levels[first + place], base + place
        slot, previous, lots, orders = int(level["head"]), -1, 0, 0
        while slot >= 0:
            order = memory.orders[slot]
            assert (int(order["price_ticks"]), int(order["previous"])) == (price, previous)
            assert int(order["leaves_lots"]) > 0
            assert order["side"] == (0 if bids and price <= bids else 1)
            assert int(order["flags"]) & FLYING == 0
            values[order["side"]] += price * leaves_of(memory, slot) * int(instrument["atoms_per_tick_lot"])
            lots, orders = lots + int(order["leaves_lots"]), orders + 1
            queued.append(slot)
            previous, slot = slot, int(order["next"])
        assert (int(level["tail"]), int(level["lots"]), int(level["orders"])) == (previous, lots, orders)
    assert int(instrument["open_orders"]) - int(instrument["waiting_orders"]) == len(queued)
    assert [int(instrument["bid_atoms"]), int(instrument["ask_atoms"])] == values
    return queued


def _bits(memory: Memory, first: int, words: int) -> set[int]:
    found = set()
    for number, word in enumerate(memory.bitmap[first : first + words].tolist()):
        found |= {number * 64 + bit for bit in range(64) if word >> bit & 1}
    return found


def _check_free_list(memory: Memory, open_slots: set[int]) -> None:
    free, slot = set(), int(memory.header["free_order"])
    while slot >= 0:
        assert slot not in free
        free.add(slot)
        slot = int(memory.orders[slot]["next"])
    assert free == set(range(memory.capacity.orders)) - open_slots


def _check_clients(memory: Memory, open_slots: set[int]) -> None:
    entries = {(client, account, slot) for client, account, slot in memory.clients.tolist() if client != 0}
    named = set()
    for slot in open_slots:
        order = memory.orders[slot]
        if order["client_order_id"]:
            named.add((int(order["client_order_id"]), int(order["account"]), slot))
    assert entries == named


def _check_account_list(memory: Memory, account: int, index: int, open_slots: set[int]) -> None:
    position, terms = memory.positions[account, index], memory.instruments[index]
    slot, previous, listed = int(position["first_order"]), -1, []
    lots, atoms = [0, 0], [0, 0]
    while slot >= 0:
        order = memory.orders[slot]
        assert int(order["account_previous"]) == previous
        side, leaves = int(order["side"]), 0 if order["flags"] & WAITING else leaves_of(memory, slot)
        lots[side] += leaves
        atoms[side] += leaves * int(order["price_ticks"]) * int(terms["atoms_per_tick_lot"])
        listed.append(slot)
        previous, slot = slot, int(order["account_next"])
    own = {
        each for each in open_slots
        if memory.orders[each]["account"] == account and memory.orders[each]["instrument"] == index
    }  # fmt: skip
    assert set(listed) == own
    assert int(position["open_orders"]) == len(listed)
    assert [int(position["open_buy_lots"]), int(position["open_sell_lots"])] == lots
    assert [int(position["open_buy_atoms"]), int(position["open_sell_atoms"])] == atoms
