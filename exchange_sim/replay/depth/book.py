"""The recorded book: one ladder for both sides, and the next occupied level."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine.pointers import highest_bit, load, lowest_bit, store
from exchange_sim.replay.depth.layout import recorded_level_at


@inlined
def occupied_above(r: Any, index: int) -> int:
    """Return the lowest occupied level at or above `index`, or -1; the caller checks whose it is."""
    word = index >> 6
    bits = load(r.bitmap, word) & (-1 << (index & 63))
    if bits != 0:
        return (word << 6) + lowest_bit(bits)
    group = word >> 6
    bits = load(r.summary, group) & (-2 << (word & 63))
    while bits == 0:
        group += 1
        if group >= r.summary_words:
            return -1
        bits = load(r.summary, group)
    word = (group << 6) + lowest_bit(bits)
    return (word << 6) + lowest_bit(load(r.bitmap, word))


@inlined
def occupied_below(r: Any, index: int) -> int:
    """Return the highest occupied level at or below `index`, or -1; the caller checks whose it is."""
    if index < 0:
        return -1
    word = index >> 6
    bits = load(r.bitmap, word) & ((2 << (index & 63)) - 1)
    if bits != 0:
        return (word << 6) + highest_bit(bits)
    group = word >> 6
    bits = load(r.summary, group) & ((1 << (word & 63)) - 1)
    while bits == 0:
        group -= 1
        if group < 0:
            return -1
        bits = load(r.summary, group)
    word = (group << 6) + highest_bit(bits)
    return (word << 6) + highest_bit(load(r.bitmap, word))


@inlined
def next_level(r: Any, b: Any, side: int, index: int) -> int:
    """Return the next worse level of a side behind `index`, -1 for none."""
    if side == 0:
        found = occupied_below(r, index - 1)
        return found if found >= b.first_level else -1
    found = occupied_above(r, index + 1)
    return found if found < b.first_level + b.levels else -1


@inlined
def set_level(r: Any, b: Any, side: int, index: int, lots: int) -> int:
    """Give a level its new total, keep the best prices, and return the total before."""
    level = recorded_level_at(r.levels, index)
    before: int = level.lots
    level.lots = lots
    if level.taken_lots != 0:
        level.taken_lots = 0
        b.taken_levels -= 1
    if lots == 0:
        if before != 0:
            _vacate(r, b, index)
    elif before == 0:
        _occupy(r, b, side, index)
    return before


@inlined
def _occupy(r: Any, b: Any, side: int, index: int) -> None:
    word = index >> 6
    store(r.bitmap, word, load(r.bitmap, word) | (1 << (index & 63)))
    group = index >> 12
    store(r.summary, group, load(r.summary, group) | (1 << (word & 63)))
    if side == 0:
        b.bid = max(b.bid, index)
    elif b.ask < 0 or index < b.ask:
        b.ask = index


@inlined
def _vacate(r: Any, b: Any, index: int) -> None:
    word = index >> 6
    bits = load(r.bitmap, word) & ~(1 << (index & 63))
    store(r.bitmap, word, bits)
    if bits == 0:
        group = index >> 12
        store(r.summary, group, load(r.summary, group) & ~(1 << (word & 63)))
    if index == b.bid:
        b.bid = next_level(r, b, 0, index)
    elif index == b.ask:
        b.ask = next_level(r, b, 1, index)


@compiled
def clear_book(r: Any, b: Any) -> None:
    """Empty the book."""
    while b.bid >= 0:
        set_level(r, b, 0, b.bid, 0)
    while b.ask >= 0:
        set_level(r, b, 1, b.ask, 0)


@inlined
def free_lots(r: Any, index: int) -> int:
    """Return the recorded lots of a level that no bot has taken."""
    level = recorded_level_at(r.levels, index)
    return level.lots - level.taken_lots  # type: ignore[no-any-return]


@compiled
def first_free(r: Any, b: Any, side: int) -> int:
    """Return the best level of a side that bots have not emptied, -1 for none."""
    index: int = b.bid if side == 0 else b.ask
    if b.taken_levels == 0:
        return index
    while index >= 0 and free_lots(r, index) <= 0:
        index = next_level(r, b, side, index)
    return index


@compiled
def take_lots(r: Any, b: Any, index: int, lots: int) -> None:
    """Note that bots took so many lots of a level."""
    level = recorded_level_at(r.levels, index)
    if lots > 0:
        if level.taken_lots == 0:
            b.taken_levels += 1
        level.taken_lots += lots


@compiled
def find_level(r: Any, b: Any, price_ticks: int) -> int:
    """Return the level of a price, or -1 where the record never has it."""
    if b.bid >= 0 and recorded_level_at(r.levels, b.bid).price_ticks == price_ticks:
        return b.bid  # type: ignore[no-any-return]
    if b.ask >= 0 and recorded_level_at(r.levels, b.ask).price_ticks == price_ticks:
        return b.ask  # type: ignore[no-any-return]
    low = b.first_level
    high = low + b.levels
    while low < high:
        middle = (low + high) >> 1
        if recorded_level_at(r.levels, middle).price_ticks < price_ticks:
            low = middle + 1
        else:
            high = middle
    if low < b.first_level + b.levels and recorded_level_at(r.levels, low).price_ticks == price_ticks:
        return low  # type: ignore[no-any-return]
    return -1


@compiled
def lots_on_side(r: Any, b: Any, side: int, price_ticks: int) -> int:
    """Return the recorded lots at a price on one side, 0 where there are none."""
    index = find_level(r, b, price_ticks)
    if index < 0 or (index > b.bid if side == 0 else (b.ask < 0 or index < b.ask)):
        return 0
    return recorded_level_at(r.levels, index).lots  # type: ignore[no-any-return]
