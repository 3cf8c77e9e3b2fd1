"""The price ladder of an instrument: levels, their queues, and the next occupied level.

One dense ladder of levels serves both sides: no bid is at or above an ask. A bitmap with a summary
(one bit for 64 words) finds the next occupied level. Each level is a doubly linked queue of orders.
"""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine.codes import word
from exchange_sim.engine.layout import LADDER_LEVELS_MAXIMUM
from exchange_sim.engine.pointers import highest_bit, level_at, load, lowest_bit, order_at, store
from exchange_sim.engine.state import State

IN_LADDER, NEEDS_GROWTH, OUT_OF_RANGE = word(0), word(1), word(2)


@inlined
def occupied_above(state: State, instrument: Any, index: int) -> int:
    """Return the lowest occupied level at or above `index`, or -1."""
    if index >= instrument.ladder_size:
        return -1
    first = instrument.bitmap_offset
    word = index >> 6
    bits = load(state.bitmap, first + word) & (-1 << (index & 63))
    if bits != 0:
        return (word << 6) + lowest_bit(bits)
    summaries = first + (instrument.ladder_size >> 6)
    summary = word >> 6
    bits = load(state.bitmap, summaries + summary) & (-2 << (word & 63))
    while bits == 0:
        summary += 1
        if summary >= instrument.ladder_size >> 12:
            return -1
        bits = load(state.bitmap, summaries + summary)
    word = (summary << 6) + lowest_bit(bits)
    return (word << 6) + lowest_bit(load(state.bitmap, first + word))


@inlined
def occupied_below(state: State, instrument: Any, index: int) -> int:
    """Return the highest occupied level at or below `index`, or -1."""
    if index < 0:
        return -1
    first = instrument.bitmap_offset
    word = index >> 6
    bits = load(state.bitmap, first + word) & ((2 << (index & 63)) - 1)
    if bits != 0:
        return (word << 6) + highest_bit(bits)
    summaries = first + (instrument.ladder_size >> 6)
    summary = word >> 6
    bits = load(state.bitmap, summaries + summary) & ((1 << (word & 63)) - 1)
    while bits == 0:
        summary -= 1
        if summary < 0:
            return -1
        bits = load(state.bitmap, summaries + summary)
    word = (summary << 6) + highest_bit(bits)
    return (word << 6) + highest_bit(load(state.bitmap, first + word))


@inlined
def _mark_occupied(state: State, instrument: Any, index: int) -> None:
    word = instrument.bitmap_offset + (index >> 6)
    store(state.bitmap, word, load(state.bitmap, word) | (1 << (index & 63)))
    word = instrument.bitmap_offset + (instrument.ladder_size >> 6) + (index >> 12)
    store(state.bitmap, word, load(state.bitmap, word) | (1 << ((index >> 6) & 63)))


@inlined
def _mark_empty(state: State, instrument: Any, index: int) -> None:
    word = instrument.bitmap_offset + (index >> 6)
    bits = load(state.bitmap, word) & ~(1 << (index & 63))
    store(state.bitmap, word, bits)
    if bits == 0:
        word = instrument.bitmap_offset + (instrument.ladder_size >> 6) + (index >> 12)
        store(state.bitmap, word, load(state.bitmap, word) & ~(1 << ((index >> 6) & 63)))


@inlined
def join_queue(state: State, instrument: Any, slot: int, order: Any) -> None:
    """Put an order at the back of the queue of its price, which is inside the ladder."""
    price = order.price_ticks
    index = price - instrument.ladder_base_ticks
    level = level_at(state.levels, instrument.ladder_offset + index)
    order.next = -1
    if level.orders == 0:
        order.previous = -1
        level.head = slot
        _mark_occupied(state, instrument, index)
        if order.side == 0:
            instrument.best_bid_ticks = max(instrument.best_bid_ticks, price)
        elif instrument.best_ask_ticks == 0 or price < instrument.best_ask_ticks:
            instrument.best_ask_ticks = price
    else:
        order.previous = level.tail
        order_at(state.orders, level.tail).next = slot
    level.tail = slot
    level.orders += 1
    level.lots += order.leaves_lots


@inlined
def leave_queue(state: State, instrument: Any, order: Any) -> None:
    """Take an order out of the queue of its price."""
    price = order.price_ticks
    index = price - instrument.ladder_base_ticks
    level = level_at(state.levels, instrument.ladder_offset + index)
    level.lots -= order.leaves_lots
    level.orders -= 1
    if level.orders == 0:
        level.lots = 0
        _mark_empty(state, instrument, index)
        if price == instrument.best_bid_ticks:
            below = occupied_below(state, instrument, index)
            instrument.best_bid_ticks = 0 if below < 0 else instrument.ladder_base_ticks + below
        elif price == instrument.best_ask_ticks:
            above = occupied_above(state, instrument, index)
            instrument.best_ask_ticks = 0 if above < 0 else instrument.ladder_base_ticks + above
        return
    if order.previous >= 0:
        order_at(state.orders, order.previous).next = order.next
    else:
        level.head = order.next
    if order.next >= 0:
        order_at(state.orders, order.next).previous = order.previous
    else:
        level.tail = order.previous


@compiled
def make_price_fit(state: State, header: Any, index: int, instrument: Any, price_ticks: int) -> int:
    """Bring a price inside the ladder: move the ladder, or say how large it has to become.

    Returns `IN_LADDER`, `NEEDS_GROWTH` with the wanted size in the header, or `OUT_OF_RANGE` where
    prices with orders would span more than `LADDER_LEVELS_MAXIMUM` ticks.
    """
    base, size = instrument.ladder_base_ticks, instrument.ladder_size
    if 0 <= price_ticks - base < size:
        return IN_LADDER
    first = occupied_above(state, instrument, 0)
    low = high = price_ticks
    last = -1
    if first >= 0:
        last = occupied_below(state, instrument, size - 1)
        low = min(low, base + first)
        high = max(high, base + last)
    span = high - low + 1
    if span > LADDER_LEVELS_MAXIMUM:
        return OUT_OF_RANGE
    if span > size:
        header.need_instrument = index
        header.need_levels = span
        return NEEDS_GROWTH
    new_base = max(0, low - ((size - span) >> 1))
    if first >= 0:
        _shift_levels(state, instrument, first, last, base - new_base)
    instrument.ladder_base_ticks = new_base
    return IN_LADDER


@compiled
def _shift_levels(state: State, instrument: Any, first: int, last: int, shift: int) -> None:
    """Move the occupied levels from `first` to `last` by `shift`, nearest to the target first."""
    offset = instrument.ladder_offset
    index = last if shift > 0 else first
    while index >= 0:
        level = level_at(state.levels, offset + index)
        target = level_at(state.levels, offset + index + shift)
        target.lots = level.lots
        target.head = level.head
        target.tail = level.tail
        target.orders = level.orders
        level.lots = 0
        level.orders = 0
        _mark_empty(state, instrument, index)
        _mark_occupied(state, instrument, index + shift)
        # A level already moved lies on the far side of the search, except where shift is small:
        # the search goes on from the emptied level, away from the moved ones.
        if shift > 0:
            index = occupied_below(state, instrument, index - 1) if index > first else -1
        else:
            index = occupied_above(state, instrument, index + 1) if index < last else -1
