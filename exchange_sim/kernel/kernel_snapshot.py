"""A kernel as bytes: its exchange and all its tables."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from functools import cache

import msgspec
import numpy as np

from exchange_sim.engine.exchange import Exchange
from exchange_sim.engine.snapshots import SnapshotError
from exchange_sim.kernel import tables
from exchange_sim.kernel.storage import Storage

KERNEL_SNAPSHOT_VERSION = 1


class KernelSnapshot(msgspec.Struct, frozen=True, array_like=True):
    """What a snapshot of a kernel holds; tables are in numpy's own format, without pickle."""

    version: int
    layout: str
    now_ns: int
    path_step_ns: int
    crowd_accounts: int
    accounts: dict[str, int]
    timers: tuple[tuple[int, int, int], ...]
    timers_set: bool
    snapshot_depth: int
    feed_accounts: int
    feeds_taken_ns: int
    feed_states: tuple[bytes, ...]
    header: bytes
    tables: dict[str, bytes]
    exchange: bytes


@cache
def kernel_layout() -> str:
    """Return 16 hex digits that name the formats of a kernel's tables."""
    names = ("HEADER", "HEAP_ENTRY", "GROUP", "AGENT", "CLOCK", "MARKET", "TIMER", "OPERATION")
    formats = [(name, getattr(tables, name).descr) for name in names]
    return hashlib.blake2b(repr(formats).encode(), digest_size=8).hexdigest()


def encode_rows(tables: Mapping[str, np.ndarray]) -> dict[str, bytes]:
    """Return tables by name in numpy's own format."""
    encoded = {}
    for name, table in tables.items():
        sink = io.BytesIO()
        np.lib.format.write_array(sink, table, allow_pickle=False)
        encoded[name] = sink.getvalue()
    return encoded


def decode_rows(encoded: Mapping[str, bytes]) -> dict[str, np.ndarray]:
    """Return the tables that `encode_rows` wrote; raise ValueError where the bytes are none."""
    return {
        name: np.lib.format.read_array(io.BytesIO(table), allow_pickle=False)
        for name, table in encoded.items()
    }


def encode_tables(storage: Storage) -> tuple[bytes, dict[str, bytes]]:
    """Return the header without its addresses, and the tables by name."""
    header = np.array([storage.header])
    for name in storage.tables:
        header[name] = 0
    return header.tobytes(), encode_rows(storage.tables)


def encode_kernel(storage: Storage, exchange: Exchange, *facts: object) -> bytes:
    """Return a kernel as bytes; `facts` are the fields of `KernelSnapshot` from `now_ns` on."""
    header, encoded = encode_tables(storage)
    head = (KERNEL_SNAPSHOT_VERSION, kernel_layout())
    return msgspec.msgpack.encode((*head, *facts, header, encoded, exchange.snapshot()))


def decode_tables(saved: KernelSnapshot) -> Storage:
    """Return the storage of a snapshot."""
    storage = Storage(saved.snapshot_depth)
    storage.load(np.frombuffer(saved.header, np.int64), decode_rows(saved.tables))
    return storage


def decode_kernel(payload: bytes) -> tuple[KernelSnapshot, Exchange, Storage]:
    """Return what a snapshot of a kernel holds.

    Raises
    ------
    SnapshotError
        The bytes are no snapshot of a kernel, or of one whose tables have other formats.
    """
    try:
        head = msgspec.msgpack.decode(payload, type=list[msgspec.Raw])
        found = (msgspec.msgpack.decode(head[0], type=int), msgspec.msgpack.decode(head[1], type=str))
    except (msgspec.DecodeError, IndexError) as error:
        raise SnapshotError(f"expected a snapshot of a market, was something else: {error}") from None
    if found != (KERNEL_SNAPSHOT_VERSION, kernel_layout()):
        raise SnapshotError(
            f"expected a snapshot of version {KERNEL_SNAPSHOT_VERSION} with tables {kernel_layout()}, was "
            f"version {found[0]} with {found[1]}"
        )
    try:
        saved = msgspec.msgpack.decode(payload, type=KernelSnapshot)
        storage = decode_tables(saved)
    except (msgspec.DecodeError, ValueError, KeyError) as error:
        raise SnapshotError(f"expected a whole snapshot of a market: {error}") from None
    return saved, Exchange.restore(saved.exchange), storage
