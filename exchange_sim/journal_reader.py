"""Reading journals back: whole ones, torn ones, and telling damaged ones from both."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from exchange_sim.journal import (
    FRAME,
    FRAME_BYTES_MAXIMUM,
    JOURNAL_VERSION,
    Chain,
    JournalFooter,
    JournalHeader,
    Record,
    StreamDigest,
    overall_digest,
)
from exchange_sim.model.codec import SCHEMA_VERSION

_records = msgspec.msgpack.Decoder(list[Record])


class _Versions(msgspec.Struct):
    """The part of a header that every version has."""

    journal_version: int
    schema_version: int


_versions = msgspec.msgpack.Decoder(_Versions)
_header = msgspec.msgpack.Decoder(JournalHeader)
_footer = msgspec.msgpack.Decoder(JournalFooter)
_T = TypeVar("_T")
_LENGTH_BYTES = 4
ENGINE_KINDS = frozenset({b"S", b"A", b"B", b"C", b"Y", b"D"})
_STREAM_BYTES = 3  # the kind and the stream's number


class JournalError(ValueError):
    """A journal that is damaged or of another version; the text names the place."""


class EngineFrame(NamedTuple):
    """A frame of what an exchange did, see `exchange_sim.engine_journal`: its number in the file, the byte at
    which it begins, its kind and the payload behind that."""

    number: int
    at: int
    kind: bytes
    payload: memoryview


@dataclass(frozen=True, slots=True)
class Journal:
    """A journal that was read.

    `torn_bytes` is the length of a last frame that was not written completely and has been left out;
    `footer` is None if the journal was never closed. A journal with a footer has been checked against its
    digests. `end` is the length of all whole frames, `chain` their digest so far.
    """

    name: str
    header: JournalHeader
    streams: dict[str, list[Record]] = field(default_factory=dict)
    footer: JournalFooter | None = None
    torn_bytes: int = 0
    engine: tuple[EngineFrame, ...] = ()
    end: int = 0
    chain: Chain = field(default_factory=Chain)

    @property
    def complete(self) -> bool:
        return self.footer is not None


def read_journal(path: Path) -> Journal:
    """Return what a journal's file holds.

    Raises
    ------
    JournalError
        A byte has changed, frames are missing, or the file is no journal of this version.
    OSError
        The file cannot be read.
    """
    return parse_journal(path.read_bytes(), path.name)


def parse_journal(content: bytes, name: str = "journal") -> Journal:
    """Return what a journal's bytes hold; see `read_journal`."""
    payloads = _Frames(content, name)
    header: JournalHeader | None = None
    footer: JournalFooter | None = None
    numbered: list[list[Record]] = []
    digests: list[StreamDigest] = []
    engine: list[EngineFrame] = []
    chain = Chain()
    for number, (at, payload) in enumerate(payloads):
        kind = bytes(payload[:1])
        if footer is not None:
            raise JournalError(f"{name}, byte {at}: expected the end after the footer, was another frame")
        if header is None:
            header = _read_header(kind, payload, name)
            numbered = [[] for _ in header.streams]
            digests = [StreamDigest() for _ in header.streams]
        elif kind == b"R":
            _take_records(payload, numbered, digests, name, at)
        elif kind in ENGINE_KINDS:
            engine.append(EngineFrame(number, at, kind, payload[1:]))
        elif kind == b"F":
            footer = _decode(_footer, payload[1:], name, at)
        else:
            raise JournalError(f"{name}, byte {at}: expected a frame of a known kind, was {kind!r}")
        if footer is None:
            chain.update(payloads.framed)
    if header is None:
        raise JournalError(f"{name}: expected a journal, was {len(content)} bytes without a whole header")
    if footer is not None:
        _check(header, footer, digests, chain, name)
    streams = dict(zip(header.streams, numbered, strict=True))
    end = len(content) - payloads.torn_bytes
    return Journal(name, header, streams, footer, payloads.torn_bytes, tuple(engine), end, chain)


def parse_frames(content: bytes, name: str) -> list[bytes]:
    """Return the payloads of whole frames, of whatever kind.

    Raises
    ------
    JournalError
        A byte has changed, or the last frame is torn.
    """
    frames = _Frames(content, name)
    payloads = [bytes(payload) for _, payload in frames]
    if frames.torn_bytes:
        raise JournalError(f"{name}: expected a whole frame at the end, was {frames.torn_bytes} bytes of one")
    return payloads


def whole_frames(content: bytes, name: str) -> Iterator[tuple[int, memoryview]]:
    """Yield place and payload of each whole frame; a torn last one is left out.

    Raises
    ------
    JournalError
        A byte has changed.
    """
    yield from _Frames(content, name)


class _Frames:
    """Iterates over (place, payload) of whole frames; afterwards `torn_bytes` is what was left over.

    `framed` are the bytes of the frame that was yielded last.
    """

    def __init__(self, content: bytes, name: str) -> None:
        self._content = memoryview(content)
        self._name = name
        self.framed = self._content[:0]
        self.torn_bytes = 0

    def __iter__(self) -> Iterator[tuple[int, memoryview]]:
        content, at = self._content, 0
        while at < len(content):
            left = len(content) - at
            if left < FRAME.size:
                self.torn_bytes = left
                return
            length, length_crc, payload_crc = FRAME.unpack_from(content, at)
            if zlib.crc32(content[at : at + _LENGTH_BYTES]) != length_crc or length > FRAME_BYTES_MAXIMUM:
                raise JournalError(f"{self._name}, byte {at}: damaged length of a frame")
            if left < FRAME.size + length:
                self.torn_bytes = left
                return
            self.framed = content[at : at + FRAME.size + length]
            payload = self.framed[FRAME.size :]
            if zlib.crc32(payload) != payload_crc:
                raise JournalError(f"{self._name}, byte {at}: damaged frame of {length} bytes")
            yield at, payload
            at += FRAME.size + length


def _read_header(kind: bytes, payload: memoryview, name: str) -> JournalHeader:
    if kind != b"H":
        raise JournalError(f"{name}, byte 0: expected the header, was a frame of kind {kind!r}")
    # Versions first: a header of another version may have other fields.
    found = _decode(_versions, payload[1:], name, 0)
    if (found.journal_version, found.schema_version) != (JOURNAL_VERSION, SCHEMA_VERSION):
        newer = found.journal_version > JOURNAL_VERSION or found.schema_version > SCHEMA_VERSION
        raise JournalError(
            f"{name}: expected journal version {JOURNAL_VERSION} and schema version {SCHEMA_VERSION}, was "
            f"{found.journal_version} and {found.schema_version}, of {'a newer' if newer else 'an older'} "
            f"bot-arena"
        )
    return _decode(_header, payload[1:], name, 0)


def _take_records(
    payload: memoryview, numbered: list[list[Record]], digests: list[StreamDigest], name: str, at: int
) -> None:
    stream = int.from_bytes(payload[1:_STREAM_BYTES], "little")
    if stream >= len(numbered):
        raise JournalError(f"{name}, byte {at}: expected a stream below {len(numbered)}, was {stream}")
    found = _decode(_records, payload[_STREAM_BYTES:], name, at)
    numbered[stream].extend(found)
    digests[stream].update(payload, _STREAM_BYTES)


def _decode(decoder: msgspec.msgpack.Decoder[_T], payload: memoryview, name: str, at: int) -> _T:
    try:
        return decoder.decode(payload)
    except msgspec.DecodeError as error:
        raise JournalError(f"{name}, byte {at}: {error}") from error


def _check(
    header: JournalHeader, footer: JournalFooter, digests: list[StreamDigest], chain: Chain, name: str
) -> None:
    found = tuple(digest.hexdigest() for digest in digests)
    for stream, expected, was in zip(header.streams, footer.stream_digests, found, strict=True):
        if expected != was:
            raise JournalError(
                f"{name}: expected digest {expected} of {stream!r}, was {was}: frames are missing"
            )
    if overall_digest(header, found) != footer.digest:
        raise JournalError(f"{name}: expected digest {footer.digest}, was {overall_digest(header, found)}")
    if chain.hexdigest() != footer.chain:
        raise JournalError(f"{name}: expected chain {footer.chain}, was {chain.hexdigest()}")
