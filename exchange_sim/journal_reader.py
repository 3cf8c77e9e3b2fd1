"""Reading journals back: whole ones, torn ones, and telling damaged ones from both."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from exchange_sim.journal import (
    FRAME,
    FRAME_BYTES_MAXIMUM,
    JOURNAL_VERSION,
    JournalFooter,
    JournalHeader,
    Record,
    StreamDigest,
    overall_digest,
)
from exchange_sim.model.codec import SCHEMA_VERSION

_records = msgspec.msgpack.Decoder(list[Record])
_header = msgspec.msgpack.Decoder(JournalHeader)
_footer = msgspec.msgpack.Decoder(JournalFooter)
_T = TypeVar("_T")
_LENGTH_BYTES = 4
_STREAM_BYTES = 3  # the kind and the stream's number


class JournalError(ValueError):
    """A journal that is damaged or of another version; the text names the place."""


@dataclass(frozen=True, slots=True)
class Journal:
    """A journal that was read.

    `torn_bytes` is the length of a last frame that was not written completely and has been left out;
    `footer` is None if the journal was never closed. A journal with a footer has been checked against its
    digest.
    """

    header: JournalHeader
    streams: dict[str, list[Record]] = field(default_factory=dict)
    footer: JournalFooter | None = None
    torn_bytes: int = 0

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
    for at, payload in payloads:
        kind = payload[:1]
        if footer is not None:
            raise JournalError(f"{name}, byte {at}: expected the end after the footer, was another frame")
        if header is None:
            header = _read_header(kind, payload, name)
            numbered = [[] for _ in header.streams]
            digests = [StreamDigest() for _ in header.streams]
        elif kind == b"R":
            stream = int.from_bytes(payload[1:_STREAM_BYTES], "little")
            if stream >= len(numbered):
                raise JournalError(
                    f"{name}, byte {at}: expected a stream below {len(numbered)}, was {stream}"
                )
            found = _decode(_records, payload[_STREAM_BYTES:], name, at)
            numbered[stream].extend(found)
            digests[stream].update(payload, _STREAM_BYTES)
        elif kind == b"F":
            footer = _decode(_footer, payload[1:], name, at)
        else:
            raise JournalError(f"{name}, byte {at}: expected a frame of records or the footer, was {kind!r}")
    if header is None:
        raise JournalError(f"{name}: expected a journal, was {len(content)} bytes without a whole header")
    if footer is not None:
        _check(header, footer, digests, name)
    streams = dict(zip(header.streams, numbered, strict=True))
    return Journal(header, streams, footer, payloads.torn_bytes)


class _Frames:
    """Iterates over (place, payload) of whole frames; afterwards `torn_bytes` is what was left over."""

    def __init__(self, content: bytes, name: str) -> None:
        self._content = content
        self._name = name
        self.torn_bytes = 0

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
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
            payload = content[at + FRAME.size : at + FRAME.size + length]
            if zlib.crc32(payload) != payload_crc:
                raise JournalError(f"{self._name}, byte {at}: damaged frame of {length} bytes")
            yield at, payload
            at += FRAME.size + length


def _read_header(kind: bytes, payload: bytes, name: str) -> JournalHeader:
    if kind != b"H":
        raise JournalError(f"{name}, byte 0: expected the header, was a frame of kind {kind!r}")
    header = _decode(_header, payload[1:], name, 0)
    versions = (header.journal_version, header.schema_version)
    if versions != (JOURNAL_VERSION, SCHEMA_VERSION):
        raise JournalError(
            f"{name}: expected journal version {JOURNAL_VERSION} and schema version {SCHEMA_VERSION}, "
            f"was {versions[0]} and {versions[1]}"
        )
    return header


def _decode(decoder: msgspec.msgpack.Decoder[_T], payload: bytes, name: str, at: int) -> _T:
    try:
        return decoder.decode(payload)
    except msgspec.DecodeError as error:
        raise JournalError(f"{name}, byte {at}: {error}") from error


def _check(header: JournalHeader, footer: JournalFooter, digests: list[StreamDigest], name: str) -> None:
    found = tuple(digest.hexdigest() for digest in digests)
    for stream, expected, was in zip(header.streams, footer.stream_digests, found, strict=True):
        if expected != was:
            raise JournalError(
                f"{name}: expected digest {expected} of {stream!r}, was {was}: frames are missing"
            )
    if overall_digest(header, found) != footer.digest:
        raise JournalError(f"{name}: expected digest {footer.digest}, was {overall_digest(header, found)}")
