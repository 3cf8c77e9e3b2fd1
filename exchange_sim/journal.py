"""The record of a session: what each account sent and heard, framed, checked and named by a digest.

File format, all numbers little-endian. A file is a sequence of frames

    length u32 | crc32 of the length u32 | crc32 of the payload u32 | payload

The first byte of a payload is the frame's kind: `H` header (MessagePack of `JournalHeader`), `R` records (the
stream's number u16, then a MessagePack array of records), `F` footer (MessagePack of `JournalFooter`), the
last frame of a journal that was closed. What an exchange did has frames of its own kinds, see
`exchange_sim.engine_journal`. The digest depends on the records of each stream and on seed and
configuration, not on how records were cut into frames nor on how streams were interleaved: it is the same for
any placement. The chain depends on every byte of the file before the footer.
"""

from __future__ import annotations

import os
import struct
import sys
import zlib
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import NamedTuple, Protocol

import msgspec

from exchange_sim.model.codec import SCHEMA_VERSION
from exchange_sim.model.commands import Command
from exchange_sim.model.events import AccountEvent, OrderEvent
from exchange_sim.model.ids import AccountId

JOURNAL_VERSION = 2
FRAME_BYTES_MAXIMUM = 2**28
"""Longest payload that a reader accepts: a damaged length must not ask for all memory."""

FRAME = struct.Struct("<III")
_LENGTH = struct.Struct("<I")
_STREAM = struct.Struct("<H")
_FLUSH_RECORDS = 512
_STREAMS_MAXIMUM = 2**16


class Sent(msgspec.Struct, frozen=True, array_like=True, tag="sent", gc=False):
    """A command left the account."""

    ts_ns: int
    command: Command


class Started(msgspec.Struct, frozen=True, array_like=True, tag="started", gc=False):
    """An account began to trade; `state` is what its strategy had loaded."""

    account_id: AccountId
    ts_ns: int
    strategy: str
    state: bytes = b""


class Stopped(msgspec.Struct, frozen=True, array_like=True, tag="stopped", gc=False):
    account_id: AccountId
    ts_ns: int


class Disqualified(msgspec.Struct, frozen=True, array_like=True, tag="disqualified", gc=False):
    """An account was taken out. The text of the reason is not recorded: it may name places in files."""

    account_id: AccountId
    ts_ns: int
    kind: str


class Steered(msgspec.Struct, frozen=True, array_like=True, tag="steered", gc=False):
    """Somebody from outside acted on an account; see `exchange_sim.ports.Steering`."""

    account_id: AccountId
    ts_ns: int
    action: str
    values: str


Record = Sent | Started | Stopped | Disqualified | Steered | OrderEvent | AccountEvent


class JournalHeader(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a journal is of.

    Parameters
    ----------
    streams
        The accounts.
    config_digest, configuration
        Digest of the configuration, and itself as JSON where there is one.
    facts
        Numbers about the run that its replay needs.
    layout
        Of an exchange's rows, see `exchange_sim.engine.memory_digest.layout_digest`; empty without one.
    """

    streams: tuple[str, ...]
    seed: int
    config_digest: str
    configuration: str = ""
    facts: dict[str, int] = {}
    layout: str = ""
    journal_version: int = JOURNAL_VERSION
    schema_version: int = SCHEMA_VERSION
    python: str = ".".join(map(str, sys.version_info[:3]))


class JournalFooter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a complete journal holds. `chain` is the digest of all bytes before the footer's frame."""

    records: int
    stream_digests: tuple[str, ...]
    digest: str
    chain: str = ""
    commands: int = 0
    events: int = 0


_encode = msgspec.msgpack.Encoder().encode


def frame(payload: bytes) -> bytes:
    """Return the bytes of one frame."""
    length = _LENGTH.pack(len(payload))
    return FRAME.pack(len(payload), zlib.crc32(length), zlib.crc32(payload)) + payload


def body_start(encoded: bytes | memoryview, at: int = 0) -> int:
    """Return where the elements of the MessagePack array at `at` begin."""
    marker = encoded[at]
    return at + (1 if marker < 0xDC else 3 if marker == 0xDC else 5)


def array_length(encoded: bytes | memoryview) -> int:
    """Return how many elements the MessagePack array at the start has."""
    marker = encoded[0]
    if marker < 0xDC:
        return marker & 0x0F
    return int.from_bytes(encoded[1 : 3 if marker == 0xDC else 5], "big")


def overall_digest(header: JournalHeader, stream_digests: Sequence[str]) -> str:
    """Return the digest that names a run: 32 hex digits."""
    named = (header.seed, header.config_digest, header.schema_version, header.streams, tuple(stream_digests))
    return blake2b(_encode(named), digest_size=16, person=b"arena-journal").hexdigest()


class StreamDigest:
    """The running digest over one stream's records, however they are framed."""

    __slots__ = ("_hash",)

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=16, person=b"arena-stream")

    def update(self, encoded: bytes | memoryview, at: int = 0) -> None:
        """Go on over the records in the MessagePack array at `at`."""
        self._hash.update(memoryview(encoded)[body_start(encoded, at) :])

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


class Chain:
    """The running digest over all frames of a journal."""

    __slots__ = ("_hash",)

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=16, person=b"arena-chain")

    def update(self, framed: bytes | memoryview) -> None:
        self._hash.update(framed)

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


class JournalStream:
    """One account's part of a journal. Its owner appends to `records` and calls `flush` now and then."""

    __slots__ = ("_count", "_digest", "_number", "_write", "records")

    def __init__(self, number: int, write: Callable[[bytes], None] | None) -> None:
        self.records: list[Record] = []
        self._number = number
        self._write = write
        self._digest = StreamDigest()
        self._count = 0

    def flush(self, *, at_least: int = _FLUSH_RECORDS) -> None:
        """Write what has gathered, if it is `at_least` so many records.

        Raises
        ------
        OSError
            The file cannot be written; the journal is torn at the last whole frame.
        """
        records = self.records
        if len(records) < max(at_least, 1):
            return
        encoded = _encode(records)
        self._digest.update(encoded)
        self._count += len(records)
        records.clear()
        if self._write is not None:
            self._write(b"R" + _STREAM.pack(self._number) + encoded)

    def take(self, encoded: bytes | memoryview) -> None:
        """Write records that another stream of the same account has encoded."""
        self.flush(at_least=1)
        self._digest.update(encoded)
        self._count += array_length(encoded)
        if self._write is not None:
            self._write(b"R" + _STREAM.pack(self._number) + encoded)

    @property
    def count(self) -> int:
        """Records so far, those not yet written included."""
        return self._count + len(self.records)

    def hexdigest(self) -> str:
        """Return the digest of all records so far."""
        self.flush(at_least=1)
        return self._digest.hexdigest()


class Resumed(NamedTuple):
    """Where a journal that goes on stands: commands and events of its exchange, digest of its frames."""

    commands: int
    events: int
    chain: Chain


class Sink(Protocol):
    """What a journal writes to: a binary file."""

    def write(self, content: bytes, /) -> int: ...
    def flush(self) -> None: ...
    def fileno(self) -> int: ...


class JournalWriter:
    """A journal in the making.

    Parameters
    ----------
    header
        What it is of; it has a stream per name in `header.streams`.
    sink
        A binary file to write to; None keeps only the digest. The caller closes it.
    resumed
        For a file that has frames already, and no accounts.

    Raises
    ------
    ValueError
        Streams are named twice, or there are more than 65,536.
    """

    def __init__(
        self, header: JournalHeader, sink: Sink | None = None, *, resumed: Resumed | None = None
    ) -> None:
        if len(set(header.streams)) < len(header.streams):
            raise ValueError(f"streams: expected different names, was {header.streams}")
        if len(header.streams) > _STREAMS_MAXIMUM:
            raise ValueError(f"streams: expected at most {_STREAMS_MAXIMUM}, was {len(header.streams)}")
        self.header = header
        self.commands, self.events, self._chain = resumed or Resumed(0, 0, Chain())
        self._sink = sink
        write = None if sink is None else self.write
        self._streams = {name: JournalStream(n, write) for n, name in enumerate(header.streams)}
        if resumed is None:
            self.write(b"H" + _encode(header))

    def stream(self, name: str) -> JournalStream:
        """Return the stream of an account."""
        return self._streams[name]

    def write(self, payload: bytes) -> None:
        """Write a frame.

        Raises
        ------
        OSError
            The file cannot be written; the journal is torn at the last whole frame.
        """
        if self._sink is not None:
            framed = frame(payload)
            self._sink.write(framed)
            self._chain.update(framed)

    def relay(self, payload: bytes | memoryview) -> None:
        """Write a frame whose payload was made elsewhere: records of an account, or of an exchange.

        Raises
        ------
        OSError
            As of `write`.
        """
        if payload[:1] == b"R":
            number = _STREAM.unpack_from(payload, 1)[0]
            self._streams[self.header.streams[number]].take(payload[1 + _STREAM.size :])
        else:
            self.write(bytes(payload))

    def force(self) -> None:
        """Wait until everything written is on the disk."""
        if self._sink is not None:
            self._sink.flush()
            os.fsync(self._sink.fileno())

    def close(self) -> JournalFooter:
        """Write everything that has gathered and the footer, and return it."""
        digests = tuple(stream.hexdigest() for stream in self._streams.values())
        footer = JournalFooter(
            records=sum(stream.count for stream in self._streams.values()),
            stream_digests=digests,
            digest=overall_digest(self.header, digests),
            chain=self._chain.hexdigest(),
            commands=self.commands,
            events=self.events,
        )
        if self._sink is not None:
            self._sink.write(frame(b"F" + _encode(footer)))
            self._sink.flush()
        return footer
