"""Orders that end at a time: their heap, and the time of the first."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine.codes import word
from exchange_sim.engine.heaps import ENDING, insert, remove
from exchange_sim.engine.special import terms_of
from exchange_sim.engine.state import State

NEVER_NS = word(2**63 - 1)


@inlined
def _set_root(state: State, header: Any, root: int) -> None:
    header.expiry_root = root
    header.next_due_ns = terms_of(state, header, root).expire_ns if root >= 0 else NEVER_NS


@compiled
def watch_end(state: State, header: Any, slot: int) -> None:
    """Have an order end at its `expire_ns`."""
    _set_root(state, header, insert(state, header, ENDING, word(header.expiry_root), slot))


@compiled
def forget_end(state: State, header: Any, slot: int) -> None:
    """Take an order that is gone before its end from the heap."""
    _set_root(state, header, remove(state, header, ENDING, word(header.expiry_root), slot))
