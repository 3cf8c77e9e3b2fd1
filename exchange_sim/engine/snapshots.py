"""An exchange as bytes."""

from __future__ import annotations

from typing import cast

import msgspec

from exchange_sim.engine.memory import Capacity, Memory
from exchange_sim.engine.memory_digest import layout_digest
from exchange_sim.model.ids import AccountId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.rules import ExchangeRules

SNAPSHOT_VERSION = 3


class SnapshotError(ValueError):
    """Bytes that are no snapshot, or one that cannot be used here; the text says why."""


class Snapshot(msgspec.Struct, frozen=True, array_like=True):
    """What a snapshot of an exchange holds."""

    version: int
    layout: str
    instruments: tuple[Instrument, ...]
    rules: ExchangeRules
    accounts: tuple[AccountId, ...]
    now_ns: int
    capacity: Capacity
    block: bytes


def encode_snapshot(
    memory: Memory,
    instruments: tuple[Instrument, ...],
    rules: ExchangeRules,
    accounts: tuple[AccountId, ...],
    now_ns: int,
) -> bytes:
    """Return an exchange's parts as bytes."""
    memory.forget_read_events()
    block = cast("bytes", memory.block.data)  # the encoder copies it once; another copy would cost as much
    saved = Snapshot(
        SNAPSHOT_VERSION, layout_digest(), instruments, rules, accounts, now_ns, memory.capacity, block
    )
    return msgspec.msgpack.encode(saved)


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
