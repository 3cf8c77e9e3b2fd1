"""Keeps what a world has done: its tape, and the journal that is its result.

The tape is a file of frames (`exchange_sim.journal.frame`): first `W` and the digest of the configuration,
then for each step `T`, the journal's length after it (u64) and the step. A step counts when its frame is
whole; the journal is cut back to the length it names. So a killed keeper, or a killed world, goes on from the
last whole step, and what came after is done again and gives the same bytes.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from actors.world.steps import Advanced, Begun, Ended, Recorded, Step, decode_step, join_steps
from exchange_sim.journal import FRAME, JournalFooter, JournalHeader, JournalWriter, frame
from exchange_sim.journal_reader import whole_frames

TAPE_FILE = "world.tape"
CHUNK_BYTES = 4_000_000
"""About so much of the tape travels at once when a part catches up."""

_PLACE = struct.Struct("<cQ")


class TapeError(RuntimeError):
    """A tape that is of something else, or lacks steps that nobody has any more."""


def has_begun(folder: Path, config_digest: str) -> bool:
    """Return whether the folder has a tape with steps of a world on it."""
    path = folder / TAPE_FILE
    return path.exists() and path.stat().st_size > len(frame(_identity(config_digest)))


def _identity(config_digest: str) -> bytes:
    return b"W" + config_digest.encode()


class Standing(msgspec.Struct, frozen=True):
    """Where a world stands: its participants' start, the market's time, and records made.

    `ended` is whether participants were stopped, `closed` whether the last record was made after that.
    """

    start_ns: int
    now_ns: int
    recorded: int = 0
    ended: bool = False
    closed: bool = False

    def after(self, step: Step) -> Standing:
        """Return where it stands after one step more."""
        change = msgspec.structs.replace
        if isinstance(step, Advanced):
            return change(self, now_ns=step.until_ns)
        if isinstance(step, Recorded):
            return change(self, recorded=self.recorded + 1, closed=self.ended)
        return change(self, ended=True) if isinstance(step, Ended) else self


class _Sink:
    """The journal's file; as long as there is none, what is written is there already."""

    def __init__(self) -> None:
        self.file: BinaryIO | None = None
        self.length = 0

    def write(self, content: bytes) -> int:
        if self.file is not None:
            self.file.write(content)
        self.length += len(content)
        return len(content)

    def flush(self) -> None:
        if self.file is not None:
            self.file.flush()

    def fileno(self) -> int:
        if self.file is None:
            raise OSError("expected a file that is open")
        return self.file.fileno()


class Keeper:
    """The tape and the journal of one world.

    Parameters
    ----------
    folder
        Where they are; made if it is not there.
    config_digest
        Of the match.
    journal_file
        Name of the journal in the folder.

    Raises
    ------
    TapeError
        The folder has the tape of another match.
    OSError
        The folder cannot be read or written.
    """

    def __init__(self, folder: str, config_digest: str, journal_file: str) -> None:
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._journal_path = self._folder / journal_file
        self._sink = _Sink()
        self._journal: JournalWriter | None = None
        self._places: list[tuple[int, int]] = []
        """Where each step begins and ends in the tape."""
        self._journal_length = 0
        path = self._folder / TAPE_FILE
        identity = _identity(config_digest)
        found = path.read_bytes() if path.exists() else b""
        end = self._find_steps(found, identity, path)
        self._tape = path.open("r+b" if found else "w+b")
        if not end:
            self._tape.write(frame(identity))
            end = self._tape.tell()
        self._tape.truncate(end)
        self._tape.seek(end)
        self._tape.flush()

    @property
    def steps(self) -> int:
        """How many steps are kept."""
        return len(self._places)

    def open_journal(self, header: bytes) -> int:
        """Begin the journal with this header, or go on with what there is; return `steps`.

        Raises
        ------
        TapeError
            The journal is shorter than the tape says.
        """
        if self._journal is not None:
            return self.steps
        path, length = self._journal_path, self._journal_length
        kept = path.read_bytes()[:length] if length and path.exists() else b""
        if len(kept) < length:
            raise TapeError(f"{path}: expected {length} bytes, of which the tape speaks, was {len(kept)}")
        payloads = [payload for _, payload in whole_frames(kept, path.name)]
        if not payloads:
            self._sink.file = path.open("wb")
        encoded = payloads[0][1:] if payloads else header
        self._journal = JournalWriter(msgspec.msgpack.decode(encoded, type=JournalHeader), self._sink)
        for payload in payloads[1:]:
            self._journal.relay(payload)
        if payloads:
            file = path.open("r+b")
            file.truncate(length)
            file.seek(length)
            self._sink.file = file
        return self.steps

    def append(self, first: int, steps: Sequence[tuple[bytes, Sequence[bytes]]]) -> int:
        """Keep encoded steps, each with its frames for the journal, and return how many are kept now.

        `first` is the number of the first, from 0 on; those kept already are passed over.

        Raises
        ------
        TapeError
            Steps are missing in between.
        OSError
            The disk is full, for instance.
        """
        if first > self.steps:
            raise TapeError(f"steps: expected number {self.steps} to follow, was {first}")
        journal = self._opened()
        new = steps[self.steps - first :]
        for _, payloads in new:
            for payload in payloads:
                journal.relay(payload)
        self._sink.flush()
        at = self._tape.tell()
        for number, (step, _) in enumerate(new):
            # a step before the last of a batch names a shorter journal: what is lost with it is written again
            behind = sum(len(each) + FRAME.size for _, later in new[number + 1 :] for each in later)
            framed = frame(_PLACE.pack(b"T", self._sink.length - behind) + step)
            self._tape.write(framed)
            self._places.append((at, at + len(framed)))
            at += len(framed)
        self._tape.flush()
        return self.steps

    def chunk_end(self, first: int) -> int:
        """Return the number after the last step of the chunk that begins with number `first`."""
        end, size = first, 0
        while end < self.steps and size < CHUNK_BYTES:
            at, stop = self._places[end]
            size += stop - at
            end += 1
        return end

    def chunk(self, first: int, end: int) -> bytes:
        """Return the steps from number `first` to before `end` as one message."""
        return join_steps([self._read(number) for number in range(first, end)])

    def standing(self) -> Standing | None:
        """Return where the world stands; None before it has begun."""
        found: Standing | None = None
        for number in range(self.steps):
            step = decode_step(self._read(number))
            if isinstance(step, Begun):
                found = Standing(step.start_ns, step.start_ns)
            elif found is not None:
                found = found.after(step)
        return found

    def finish(self, payloads: Sequence[bytes], commands: int, events: int) -> JournalFooter:
        """Write the last frames and close the journal. The tape stays."""
        journal = self._opened()
        for payload in payloads:
            journal.relay(payload)
        journal.commands, journal.events = commands, events
        footer = journal.close()
        if self._sink.file is not None:
            self._sink.file.close()
        return footer

    def _find_steps(self, content: bytes, identity: bytes, path: Path) -> int:
        """Fill in the places of whole steps and return where the last one ends."""
        end = 0
        for number, (at, payload) in enumerate(whole_frames(content, path.name)):
            end = at + FRAME.size + len(payload)
            if number:
                self._journal_length = _PLACE.unpack_from(payload)[1]
                self._places.append((at, end))
            elif payload != identity:
                raise TapeError(f"{path}: expected the tape of this match, was of another")
        return end

    def _read(self, number: int) -> bytes:
        at, stop = self._places[number]
        return os.pread(self._tape.fileno(), stop - at, at)[FRAME.size + _PLACE.size :]

    def _opened(self) -> JournalWriter:
        if self._journal is None:
            raise TapeError("expected a journal that is open")
        return self._journal
