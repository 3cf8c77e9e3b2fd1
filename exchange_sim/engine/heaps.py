"""Pairing heaps of orders, threaded through their second rows.

One kind of heap holds the orders that wait for a price to rise or to fall, the other those whose time ends.
First is the nearest trigger, or the earliest end; equal ones by order of acceptance, which is that of ids.

Source: Fredman, Sedgewick, Sleator, Tarjan, "The pairing heap: a new form of self-adjusting heap",
Algorithmica 1 (1986). An entry's `previous` is its left neighbour, or its parent where it is the first child.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine.codes import MISSING, word
from exchange_sim.engine.layout import ORDER_TERMS
from exchange_sim.engine.pointers import order_at, rows_of
from exchange_sim.engine.special import terms_of
from exchange_sim.engine.state import State

RISING, FALLING, ENDING = word(0), word(1), word(2)
"""Kinds of heap: lowest trigger first, highest trigger first, earliest end first."""

_LINKS = np.dtype([("child", "<i4"), ("sibling", "<i4"), ("previous", "<i4")])
_FIELDS: Any = ORDER_TERMS.fields
_TRIGGER_LINKS, _EXPIRY_LINKS = word(_FIELDS["trigger_child"][1]), word(_FIELDS["expiry_child"][1])
_ROW_BYTES = word(ORDER_TERMS.itemsize)
_links_at = rows_of(_LINKS)


@inlined
def _links(state: State, header: Any, kind: int, slot: int) -> Any:
    offset = _EXPIRY_LINKS if kind == ENDING else _TRIGGER_LINKS
    return _links_at(state.header + header.terms_offset + slot * _ROW_BYTES + offset, 0)


@inlined
def _key(state: State, header: Any, kind: int, slot: int) -> int:
    terms = terms_of(state, header, slot)
    if kind == ENDING:
        return terms.expire_ns  # type: ignore[no-any-return]
    ticks: int = terms.trigger_ticks
    return ticks if kind == RISING else -ticks


@compiled
def _merge(state: State, header: Any, kind: int, first: int, second: int) -> int:
    """Join two heaps, either may be empty; return the root."""
    if first < 0:
        return second
    if second < 0:
        return first
    mine, other = _key(state, header, kind, first), _key(state, header, kind, second)
    if other < mine or (
        other == mine and order_at(state.orders, second).order_id < order_at(state.orders, first).order_id
    ):
        first, second = second, first
    parent, child = _links(state, header, kind, first), _links(state, header, kind, second)
    child.sibling = parent.child
    child.previous = first
    if parent.child >= 0:
        _links(state, header, kind, parent.child).previous = second
    parent.child = second
    return first


@compiled
def _combine(state: State, header: Any, kind: int, first: int) -> int:
    """Make one heap of a row of siblings; return its root, -1 where there are none."""
    pairs = MISSING
    while first >= 0:
        links = _links(state, header, kind, first)
        second = word(links.sibling)
        links.sibling = links.previous = MISSING
        following = MISSING
        if second >= 0:
            links = _links(state, header, kind, second)
            following = word(links.sibling)
            links.sibling = links.previous = MISSING
        joined = _merge(state, header, kind, first, second)
        _links(state, header, kind, joined).sibling = pairs
        pairs = joined
        first = following
    root = MISSING
    while pairs >= 0:
        links = _links(state, header, kind, pairs)
        following = word(links.sibling)
        links.sibling = MISSING
        root = _merge(state, header, kind, root, pairs)
        pairs = following
    return root


@compiled
def insert(state: State, header: Any, kind: int, root: int, slot: int) -> int:
    """Add an order to a heap; return the new root."""
    links = _links(state, header, kind, slot)
    links.child = links.sibling = links.previous = MISSING
    return _merge(state, header, kind, root, slot)


@compiled
def remove(state: State, header: Any, kind: int, root: int, slot: int) -> int:
    """Take an order out of its heap; return the new root, -1 for none."""
    links = _links(state, header, kind, slot)
    rest = _combine(state, header, kind, word(links.child))
    if slot == root:
        return rest
    before = _links(state, header, kind, links.previous)
    if before.child == slot:
        before.child = links.sibling
    else:
        before.sibling = links.sibling
    if links.sibling >= 0:
        _links(state, header, kind, links.sibling).previous = links.previous
    return _merge(state, header, kind, root, rest)
