"""What will happen next: a four-way heap of (time, key, slot) in the kernel's memory.

Keys are unique and made of rank, source and the source's own sequence, so equal times have one order,
whoever pushed first.
"""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled
from exchange_sim.kernel.tables import RANK_SHIFT, SEQUENCE_MASK, SOURCE_SHIFT, entry_at


@compiled
def key_of(rank: int, source: int, sequence: int) -> int:
    """Return the heap key of a source's `sequence`-th entry; a source is below 2**24."""
    return (rank << RANK_SHIFT) | (source << SOURCE_SHIFT) | (sequence & SEQUENCE_MASK)


@compiled
def _rise(k: Any, hole: int, ts_ns: int, key: int, slot: int) -> None:
    """Fill `hole`, or one of its ancestors, with the entry."""
    heap = k.heap
    while hole > 0:
        parent = (hole - 1) >> 2
        above = entry_at(heap, parent)
        if above.ts_ns < ts_ns or (above.ts_ns == ts_ns and above.key < key):
            break
        below = entry_at(heap, hole)
        below.ts_ns, below.key, below.slot = above.ts_ns, above.key, above.slot
        hole = parent
    entry = entry_at(heap, hole)
    entry.ts_ns, entry.key, entry.slot = ts_ns, key, slot


@compiled
def push(k: Any, ts_ns: int, key: int, slot: int) -> None:
    """Add an entry; the caller has made sure of a free row."""
    hole = k.heap_size
    k.heap_size = hole + 1
    _rise(k, hole, ts_ns, key, slot)


@compiled
def replace_first(k: Any, ts_ns: int, key: int, slot: int) -> None:
    """Put an entry in the place of the first one."""
    heap, size = k.heap, k.heap_size
    hole = 0
    while True:
        child = 4 * hole + 1
        if child >= size:
            break
        best = entry_at(heap, child)
        best_ts, best_key, best_child = best.ts_ns, best.key, child
        for other in range(child + 1, min(child + 4, size)):
            candidate = entry_at(heap, other)
            candidate_ts = candidate.ts_ns
            if candidate_ts < best_ts or (candidate_ts == best_ts and candidate.key < best_key):
                best_ts, best_key, best_child = candidate_ts, candidate.key, other
        if ts_ns < best_ts or (ts_ns == best_ts and key < best_key):
            break
        entry = entry_at(heap, hole)
        entry.ts_ns, entry.key, entry.slot = best_ts, best_key, entry_at(heap, best_child).slot
        hole = best_child
    entry = entry_at(heap, hole)
    entry.ts_ns, entry.key, entry.slot = ts_ns, key, slot


@compiled
def drop_first(k: Any) -> None:
    """Remove the first entry."""
    size = k.heap_size - 1
    k.heap_size = size
    if size > 0:
        last = entry_at(k.heap, size)
        replace_first(k, last.ts_ns, last.key, last.slot)
