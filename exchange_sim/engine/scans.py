"""Walks over the book for queries: levels from the best on, and every queue in order."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine.book import occupied_above, occupied_below
from exchange_sim.engine.codes import word
from exchange_sim.engine.pointers import header_at, instrument_at, level_at, order_at, queue_row_at, store
from exchange_sim.engine.special import rests, total_leaves
from exchange_sim.engine.state import open_state


@compiled
def scan_levels(address: int, index: int, side: int, most: int, target: int) -> int:
    """Write (price in ticks, lots) of the best `most` levels at address `target`; return how many."""
    state = open_state(address)
    instrument = instrument_at(state.instruments, index)
    base = instrument.ladder_base_ticks
    best = instrument.best_bid_ticks if side == 0 else instrument.best_ask_ticks
    place = best - base if best != 0 else -1
    count = 0
    while place >= 0 and count < most:
        store(target, 2 * count, base + place)
        store(target, 2 * count + 1, level_at(state.levels, instrument.ladder_offset + place).lots)
        count += 1
        if side == 0:
            place = occupied_below(state, instrument, place - 1)
        else:
            place = occupied_above(state, instrument, place + 1)
    return count


@inlined
def _write_row(row: Any, order: Any, leaves_lots: int) -> None:
    row.order_id = order.order_id
    row.client_order_id = order.client_order_id
    row.price_ticks = order.price_ticks
    row.leaves_lots = leaves_lots
    row.quantity_lots = order.quantity_lots
    row.account = order.account
    row.instrument = order.instrument
    row.side = order.side
    row.flags = order.flags


@compiled
def scan_queue(address: int, index: int, side: int, target: int) -> int:
    """Write a QUEUE_ROW for each resting order of a side, best price and oldest first; return how many."""
    state = open_state(address)
    header = header_at(state.header, 0)
    instrument = instrument_at(state.instruments, index)
    base = instrument.ladder_base_ticks
    best = instrument.best_bid_ticks if side == 0 else instrument.best_ask_ticks
    place = best - base if best != 0 else -1
    count = 0
    while place >= 0:
        slot = word(level_at(state.levels, instrument.ladder_offset + place).head)
        while slot >= 0:
            order = order_at(state.orders, slot)
            row = queue_row_at(target, count)
            _write_row(row, order, total_leaves(state, header, slot, order))
            row.shown_lots = order.leaves_lots
            count += 1
            slot = word(order.next)
        if side == 0:
            place = occupied_below(state, instrument, place - 1)
        else:
            place = occupied_above(state, instrument, place + 1)
    return count


@compiled
def scan_order(address: int, slot: int, target: int) -> None:
    """Write the QUEUE_ROW of an open order; a waiting one shows nothing."""
    state = open_state(address)
    order, row = order_at(state.orders, slot), queue_row_at(target, 0)
    _write_row(row, order, total_leaves(state, header_at(state.header, 0), slot, order))
    row.shown_lots = order.leaves_lots if rests(order) else 0
