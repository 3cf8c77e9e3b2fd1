"""One number for everything that an exchange is: a hash of its memory."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import numpy as np

from exchange_sim.compiled import compiled
from exchange_sim.engine.layout import COMMAND, EVENT, HEADER
from exchange_sim.engine.memory import Capacity, Memory
from exchange_sim.engine.pointers import load

_OWN_FIELDS = (
    *(name for name in HEADER.names or () if name.endswith("_offset")),
    *("event_tail", "event_mask", "event_capacity", "size_bytes"),
    *("status", "need_instrument", "need_levels"),
)
"""Header fields that follow from where tables lie, from who has read events, or from a repeated command."""

_FACTORS = np.array(
    [
        0x452821E638D01377, 0x3F84D5B5B5470917, 0x13198A2E03707345, 0x243F6A8885A308D3,
        0x3E5466CF34E90C6D, 0x082EFA98EC4E6C89, 0x40AC29B7C97C50DD, 0x24093822299F31D1,
    ],
    dtype=np.int64,
)  # fmt: skip
_STIR = np.int64(0x1E3779B97F4A7C15)
_LANES = 8


@compiled
def digest_words(table: int, words: int, digest: int) -> int:
    """Return the running digest after `words` words more: eight at a time a multilinear hash, then stirred.

    A change of one word always changes the digest: every step is a bijection of what it replaces.
    """
    mixed: Any = digest
    whole = words - words % _LANES
    for first in range(0, whole, _LANES):
        for lane in range(_LANES):
            mixed += (load(table, first + lane) + lane) * _FACTORS[lane]
        mixed = (mixed ^ ((mixed >> 32) & 0xFFFFFFFF)) * _STIR
        mixed ^= (mixed >> 29) & 0x7FFFFFFFF
    for number in range(whole, words):
        mixed = (mixed + load(table, number) + 1) * _STIR
        mixed ^= (mixed >> 29) & 0x7FFFFFFFF
    return mixed  # type: ignore[no-any-return]


def memory_digest(memory: Memory) -> str:
    """Return 16 hex digits over all tables but the event ring, byte for byte.

    Equal after the same commands, however they were cut into calls and whoever read the events.
    """
    header = np.array([memory.header], HEADER)
    for field in _OWN_FIELDS:
        header[field] = 0
    digest = digest_words(header.ctypes.data, HEADER.itemsize // 8, 0)
    for name, dtype, rows in memory.capacity.tables():
        if name != "events":
            offset = int(memory.header[f"{name}_offset"])
            digest = digest_words(memory.address + offset, dtype.itemsize * rows // 8, digest)
    return f"{digest & 0xFFFFFFFFFFFFFFFF:016x}"


@cache
def layout_digest() -> str:
    """Return 16 hex digits that name the formats of all rows: equal where memory and rows can be read."""
    smallest = Capacity(1, 1, 1, 1, 1, (64,))
    formats: list[tuple[str, object]] = [("command", COMMAND.descr), ("event", EVENT.descr)]
    formats += [("header", HEADER.descr), *((name, dtype.descr) for name, dtype, _ in smallest.tables())]
    return hashlib.blake2b(repr(formats).encode(), digest_size=8).hexdigest()
