"""An exchange as bytes."""

from __future__ import annotations

from typing import cast

import msgspec
import numpy as np
import numpy.typing as npt

from exchange_sim.engine.memory import Capacity, Memory
from exchange_sim.engine.memory_digest import layout_digest
from exchange_sim.engine.packing import first_difference_at
from exchange_sim.model.ids import AccountId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.rules import ExchangeRules

SNAPSHOT_VERSION = 3

_PART_BYTES = 1 << 16


class SnapshotError(ValueError):
    """Bytes that are no snapshot, or one that cannot be used here; the text says why."""


class Snapshot(msgspec.Struct, frozen=True, array_like=True):
    """What a snapshot of an exchange holds.

    `parts` are (offset, bytes) of the memory block; what lies between them is zeros.
    """

    version: int
    layout: str
    instruments: tuple[Instrument, ...]
    rules: ExchangeRules
    accounts: tuple[AccountId, ...]
    now_ns: int
    capacity: Capacity
    parts: tuple[tuple[int, bytes], ...]


def encode_snapshot(
    memory: Memory,
    instruments: tuple[Instrument, ...],
    rules: ExchangeRules,
    accounts: tuple[AccountId, ...],
    now_ns: int,
) -> bytes:
    """Return an exchange's parts as bytes."""
    memory.forget_read_events()
    saved = Snapshot(
        SNAPSHOT_VERSION, layout_digest(), instruments, rules, accounts, now_ns, memory.capacity,
        _parts(memory.block),
    )  # fmt: skip
    return msgspec.msgpack.encode(saved)


def _parts(block: npt.NDArray[np.uint8]) -> tuple[tuple[int, bytes], ...]:
    """Return the runs of a block that are not zeros, in steps of `_PART_BYTES`.

    They are views, which the encoder copies once: another copy would cost as much.
    """
    zeros = np.zeros(_PART_BYTES, np.uint8)
    address, nothing = block.ctypes.data, zeros.ctypes.data
    parts: list[tuple[int, bytes]] = []
    start = -1
    for offset in range(0, len(block) + _PART_BYTES, _PART_BYTES):
        words = max(0, min(_PART_BYTES, len(block) - offset)) // 8
        if words and first_difference_at(address + offset, nothing, words) >= 0:
            start = offset if start < 0 else start
        elif start >= 0:
            parts.append((start, cast("bytes", block[start : min(offset, len(block))].data)))
            start = -1
    return tuple(parts)


def decode_snapshot(payload: bytes) -> Snapshot:
    """Return what `encode_snapshot` wrote.

    Raises
    ------
    SnapshotError
        The bytes are no snapshot, or one of another version or with other row formats.
    """
    try:
        head = msgspec.msgpack.decode(payload, type=list[msgspec.Raw])
        found = (msgspec.msgpack.decode(head[0], type=int), msgspec.msgpack.decode(head[1], type=str))
    except (msgspec.DecodeError, IndexError) as error:
        raise SnapshotError(f"expected a snapshot of an exchange, was something else: {error}") from None
    if found != (SNAPSHOT_VERSION, layout_digest()):
        raise SnapshotError(
            f"expected a snapshot of version {SNAPSHOT_VERSION} with row formats {layout_digest()}, was "
            f"version {found[0]} with {found[1]}"
        )
    try:
        return msgspec.msgpack.decode(payload, type=Snapshot)
    except msgspec.DecodeError as error:
        raise SnapshotError(f"expected a whole snapshot of an exchange: {error}") from None
