"""A depth replay as bytes, and its record as pieces that are small enough for frames of a journal.

A snapshot holds everything but the record: that is long, never changes, and is given again.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from functools import cache

import msgspec
import numpy as np

from exchange_sim.engine.memory_digest import digest_words
from exchange_sim.engine.snapshots import SnapshotError
from exchange_sim.kernel.kernel_snapshot import decode_rows, encode_rows
from exchange_sim.replay.depth import layout
from exchange_sim.replay.depth.layout import HEADER, ROW
from exchange_sim.replay.depth.tables import ReplayTables

DEPTH_SNAPSHOT_VERSION = 1
_PIECE_ROWS = 1 << 20
_ZLIB_LEVEL = 1
_STATE_TABLES = ("books", "levels", "places")


class DepthSnapshot(msgspec.Struct, frozen=True, array_like=True):
    """What a snapshot of a depth replay holds: `market` is that of its exchange, clock and outputs
    (`exchange_sim.kernel.kernel_snapshot`), the rest are its own tables. `record` names the rows."""

    version: int
    layout: str
    market: bytes
    header: bytes
    tables: dict[str, bytes]
    record: str


@cache
def depth_layout() -> str:
    """Return 16 hex digits that name the formats of a depth replay's tables."""
    names = ("ROW", "LEVEL", "BOOK", "PLACE", "INJECTED", "HEADER")
    formats = [(name, getattr(layout, name).descr) for name in names]
    return hashlib.blake2b(repr(formats).encode(), digest_size=8).hexdigest()


def record_digest(rows: np.ndarray) -> bytes:
    """Return 8 bytes that name the rows of a record."""
    return hashlib.blake2b(np.ascontiguousarray(rows).view(np.uint8).data, digest_size=8).digest()


def encode_replay(tables: ReplayTables, market: bytes) -> bytes:
    """Return a depth replay as bytes; `market` are its exchange, clock and outputs."""
    header, rows = tables.saved()
    saved = DepthSnapshot(
        DEPTH_SNAPSHOT_VERSION, depth_layout(), market, header.tobytes(), encode_rows(rows),
        record_digest(tables.rows).hex(),
    )  # fmt: skip
    return msgspec.msgpack.encode(saved)


def decode_replay(payload: bytes, rows: np.ndarray) -> tuple[bytes, ReplayTables]:
    """Return the market's part of a snapshot, and its tables on the record's `rows`.

    Raises
    ------
    SnapshotError
        The bytes are no snapshot of a depth replay, one of another version, or one of another record.
    """
    try:
        head = msgspec.msgpack.decode(payload, type=list[msgspec.Raw])
        found = (msgspec.msgpack.decode(head[0], type=int), msgspec.msgpack.decode(head[1], type=str))
    except (msgspec.DecodeError, IndexError) as error:
        raise SnapshotError(f"expected a snapshot of replayed depth, was something else: {error}") from None
    if found != (DEPTH_SNAPSHOT_VERSION, depth_layout()):
        raise SnapshotError(
            f"expected a snapshot of version {DEPTH_SNAPSHOT_VERSION} with tables {depth_layout()}, was "
            f"version {found[0]} with {found[1]}"
        )
    try:
        saved = msgspec.msgpack.decode(payload, type=DepthSnapshot)
        header, tables = np.frombuffer(saved.header, HEADER), decode_rows(saved.tables)
    except (msgspec.DecodeError, ValueError) as error:
        raise SnapshotError(f"expected a whole snapshot of replayed depth: {error}") from None
    if record_digest(rows).hex() != saved.record:
        raise SnapshotError(f"expected the record {saved.record}, was {record_digest(rows).hex()}")
    return saved.market, ReplayTables.load(header, tables, rows)


def replay_digest(tables: ReplayTables, *words: int) -> str:
    """Return 16 hex digits over the recorded books, the places of own orders and further words.

    Equal after the same commands and the same part of the record, however these were cut into calls.
    """
    header, found = tables.saved()
    digest = 0
    for table in (header, *(found[name] for name in _STATE_TABLES), np.array(words, np.int64)):
        whole = np.ascontiguousarray(table)
        digest = digest_words(whole.ctypes.data, whole.nbytes // 8, digest)
    return f"{digest & 0xFFFFFFFFFFFFFFFF:016x}"


def packed_record(rows: np.ndarray) -> Iterator[bytes]:
    """Yield a record's rows in pieces: column by column, times as differences, compressed."""
    for first in range(0, len(rows), _PIECE_ROWS):
        piece = rows[first : first + _PIECE_ROWS]
        columns = [np.diff(piece["ts_ns"], prepend=0)]
        columns += [piece[name] for name in ROW.names or () if name != "ts_ns"]
        yield zlib.compress(b"".join(column.tobytes() for column in columns), _ZLIB_LEVEL)


def unpacked_record(pieces: Iterable[bytes]) -> np.ndarray:
    """Return the rows of a record from its pieces.

    Raises
    ------
    ValueError
        A piece is none.
    """
    made = [np.empty(0, ROW)]
    for piece in pieces:
        try:
            content = zlib.decompress(piece)
        except zlib.error as error:
            raise ValueError(f"expected a piece of a record: {error}") from None
        count, left = divmod(len(content), ROW.itemsize)
        if left:
            raise ValueError(f"expected whole rows of a record, was {len(content)} bytes")
        rows, place = np.empty(count, ROW), 0
        for name in ROW.names or ():
            kind = ROW[name]
            rows[name] = np.frombuffer(content, kind, count, place)
            place += count * kind.itemsize
        rows["ts_ns"] = np.cumsum(rows["ts_ns"])
        made.append(rows)
    return np.concatenate(made)
