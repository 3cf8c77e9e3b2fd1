"""An exchange rebuilt from its journal, compared with it event by event and checkpoint by checkpoint.

A replay of recorded depth, which keeps an exchange to itself, is rebuilt and compared in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from exchange_sim.engine.exchange import Exchange
from exchange_sim.engine.layout import EVENT
from exchange_sim.engine.memory_digest import layout_digest
from exchange_sim.engine.packing import first_difference_at, unpack_commands, unpack_events
from exchange_sim.engine_journal import (
    Batch,
    Checkpoint,
    State,
    inflate,
)
from exchange_sim.journal_reader import EngineFrame, Journal, JournalError
from exchange_sim.replay.depth.recording import RecordedDepth
from exchange_sim.replay.depth.replay_snapshot import unpacked_record

_T = TypeVar("_T")
_EVENT_WORDS = EVENT.itemsize // 8


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a replay and its journal part.

    Parameters
    ----------
    frame, at
        Number of the frame in the file and the byte at which it begins.
    command
        Number of the command, counted from 0 at the journal's start; at a checkpoint the commands so far.
    field
        What differs: a field of an event row, `events` for their number, `state` for the hash of the memory.
    expected, was
        In the journal, and in the replay.
    """

    frame: int
    at: int
    command: int
    field: str
    expected: str
    was: str

    def __str__(self) -> str:
        return (
            f"frame {self.frame} (byte {self.at}), command {self.command}, {self.field}: expected "
            f"{self.expected}, was {self.was}"
        )


@dataclass(frozen=True, slots=True)
class EngineReplay:
    """What a replay of an exchange found: what it went through, and the first difference if there is one.

    `now_ns` is how far it came.
    """

    exchange: Exchange
    now_ns: int
    commands: int
    events: int
    checkpoints: int
    difference: Difference | None


@dataclass(frozen=True, slots=True)
class Rows:
    """A batch with its rows unpacked."""

    frame: EngineFrame
    batch: Batch
    commands: npt.NDArray[Any]
    events: npt.NDArray[Any]


def decoded(journal: Journal, frame: EngineFrame, kind: type[_T]) -> _T:
    """Return what a frame holds.

    Raises
    ------
    JournalError
        It holds something else.
    """
    try:
        return msgspec.msgpack.decode(frame.payload, type=kind)
    except msgspec.DecodeError as error:
        raise JournalError(f"{journal.name}, byte {frame.at}: {error}") from error


def unpacked(journal: Journal, frame: EngineFrame) -> Rows:
    """Return a batch with its rows; raises as `decoded`."""
    batch = decoded(journal, frame, Batch)
    try:
        commands = unpack_commands(batch.commands, batch.command_count)
        events = unpack_events(batch.events, batch.event_count)
    except ValueError as error:
        raise JournalError(f"{journal.name}, byte {frame.at}: {error}") from error
    return Rows(frame, batch, commands, events)


def first_state(journal: Journal, *, latest: bool = False) -> tuple[int, State]:
    """Return the place among the journal's engine frames and the content of its first or latest state.

    Raises
    ------
    JournalError
        The journal holds no exchange, or one whose rows have other formats here.
    """
    places = [place for place, frame in enumerate(journal.engine) if frame.kind == b"S"]
    if not places:
        raise JournalError(f"{journal.name}: expected the record of an exchange, was one of accounts only")
    if journal.header.layout != layout_digest():
        raise JournalError(
            f"{journal.name}: expected row formats {layout_digest()}, was {journal.header.layout}: only "
            f"the bot-arena that wrote it can replay it"
        )
    place = places[-1 if latest else 0]
    return place, decoded(journal, journal.engine[place], State)


def restored(journal: Journal, state: State) -> Exchange | RecordedDepth:
    """Return what a journal's state is of; raise JournalError where it cannot be used."""
    pieces = [bytes(frame.payload) for frame in journal.engine if frame.kind == b"D"]
    try:
        if pieces:
            return RecordedDepth.restore(inflate(state.snapshot), unpacked_record(pieces))
        exchange = Exchange.restore(inflate(state.snapshot))
    except ValueError as error:
        raise JournalError(f"{journal.name}: {error}") from error
    exchange.take_events()  # recorded before
    return exchange


def replay_engine(journal: Journal, *, latest: bool = False) -> EngineReplay:
    """Execute every command of a journal again, and compare events and states with what it says.

    `latest` starts at its latest state. The replay ends at the first difference.

    Raises
    ------
    JournalError
        The journal holds no exchange of this version, or frames are missing or of no known form.
    """
    place, state = first_state(journal, latest=latest)
    market = restored(journal, state)
    run = _Run(journal, market, state, place)
    for frame in journal.engine[place:]:
        run.step(frame)
        if run.difference is not None:
            break
    footer = journal.footer
    if footer is not None and run.difference is None and (run.commands, run.events) != (
        footer.commands, footer.events,
    ):  # fmt: skip
        raise JournalError(f"{journal.name}: expected {footer.commands} commands, was {run.commands}")
    exchange = market.exchange if isinstance(market, RecordedDepth) else market
    return EngineReplay(exchange, market.now_ns, run.commands, run.events, run.checkpoints, run.difference)


class _Run:
    """An exchange, or a depth replay, on its way through a journal's frames."""

    def __init__(self, journal: Journal, market: Exchange | RecordedDepth, state: State, place: int) -> None:
        self.journal = journal
        self.market = market
        self.start = state
        self.place = place
        self.commands, self.events = state.commands, state.events
        self.checkpoints = 0
        self.difference: Difference | None = None

    def step(self, frame: EngineFrame) -> None:
        if frame.kind == b"B":
            self._execute(unpacked(self.journal, frame))
        elif frame.kind == b"A":
            self._open_account(frame)
        elif frame.kind == b"C":
            self._compare(frame, decoded(self.journal, frame, Checkpoint))
        elif frame.kind == b"S":
            self._compare(frame, decoded(self.journal, frame, State))

    def _open_account(self, frame: EngineFrame) -> None:
        name = decoded(self.journal, frame, str)
        if isinstance(self.market, RecordedDepth):
            raise JournalError(f"{self.journal.name}, byte {frame.at}: expected no account, was {name!r}")
        try:
            self.market.open_account(name)
        except ValueError as error:
            raise JournalError(f"{self.journal.name}, byte {frame.at}: {error}") from error

    def _applied(self, frame: EngineFrame, commands: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the events of commands; a depth replay may find that they cannot have been sent then."""
        try:
            return self.market.apply(commands)
        except ValueError as error:
            raise JournalError(f"{self.journal.name}, byte {frame.at}: {error}") from error

    def _follows(self, frame: EngineFrame, commands: int, events: int) -> None:
        if (commands, events) != (self.commands, self.events):
            raise JournalError(
                f"{self.journal.name}, byte {frame.at}: expected command {self.commands} and event "
                f"{self.events} next, was {commands} and {events}: frames are missing"
            )

    def _execute(self, rows: Rows) -> None:
        batch = rows.batch
        self._follows(rows.frame, batch.first_command, batch.first_event)
        written = self._applied(rows.frame, rows.commands)
        differs = _first_difference(rows.events, written)
        if differs >= 0:
            self.difference = self._locate(rows, differs)
            return
        self.commands += batch.command_count
        self.events += batch.event_count

    def _compare(self, frame: EngineFrame, point: Checkpoint | State) -> None:
        self._follows(frame, point.commands, point.events)
        self.checkpoints += 1
        was = self.market.memory_digest()
        if was != point.digest:
            self.difference = Difference(frame.number, frame.at, self.commands, "state", point.digest, was)

    def _locate(self, rows: Rows, differs: int) -> Difference:
        """Return the difference at word `differs` of a batch's events, found by going there again slowly."""
        again = _Run(self.journal, restored(self.journal, self.start), self.start, self.place)
        for frame in self.journal.engine[self.place :]:
            if frame.number == rows.frame.number:
                break
            if frame.kind in {b"A", b"B"}:
                again.step(frame)
        number, expected = 0, rows.events
        for command in range(len(rows.commands)):
            written = again.market.apply(rows.commands[command : command + 1])
            part = expected[number : number + len(written)]
            number += len(written)
            if _first_difference(part, written) >= 0 or (
                number > differs // _EVENT_WORDS or command == len(rows.commands) - 1
            ):
                return _describe(rows, self.commands + command, part, written)
        raise AssertionError("a batch without commands differs")


def _first_difference(expected: npt.NDArray[Any], was: npt.NDArray[Any]) -> int:
    """Return the number of the first word in which event rows differ, -1 where they are equal."""
    left, right = np.ascontiguousarray(expected), np.ascontiguousarray(was)
    common = min(len(left), len(right)) * _EVENT_WORDS
    found = first_difference_at(left.ctypes.data, right.ctypes.data, common)
    return common if found < 0 and len(left) != len(right) else found


def _describe(rows: Rows, command: int, expected: npt.NDArray[Any], was: npt.NDArray[Any]) -> Difference:
    place = (rows.frame.number, rows.frame.at, command)
    for left, right in zip(expected, was, strict=False):
        for field in EVENT.names or ():
            if left[field] != right[field]:
                return Difference(*place, field, str(left[field]), str(right[field]))
    return Difference(*place, "events", str(len(expected)), str(len(was)))


def batches(journal: Journal) -> Iterator[Rows]:
    """Yield the batches of a journal in order, unpacked."""
    for frame in journal.engine:
        if frame.kind == b"B":
            yield unpacked(journal, frame)
