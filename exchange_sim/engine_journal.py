"""The record of an exchange: every command and every event, in order, with checkpoints.

Frames of these kinds stand in a journal (`exchange_sim.journal`) between those of accounts:

`S` state: MessagePack of (commands so far, events so far, digest of the memory, zlib of `Exchange.snapshot`)
`A` an account was opened: MessagePack of its name
`B` a batch: MessagePack of `Batch`
`C` checkpoint: MessagePack of (commands so far, events so far, digest of the memory)
`Y` history that participants were warmed up with: MessagePack of (instrument, interval in ns, bars) triples
`D` a piece of recorded depth: where a journal has some, the states and commands are those of a depth replay,
    see `exchange_sim.replay.depth.recording`

The first of an exchange's frames is a state, so a journal rebuilds the exchange with nothing else; a later
state saves the way to it.
"""

from __future__ import annotations

import zlib
from enum import StrEnum
from typing import Any, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from exchange_sim.engine.layout import COMMAND, EVENT
from exchange_sim.engine.memory_digest import layout_digest
from exchange_sim.engine.packing import pack_commands, pack_events
from exchange_sim.engine.recorder import Recorder
from exchange_sim.engine.snapshots import SnapshotError
from exchange_sim.journal import JournalHeader

CHECKPOINT_COMMANDS = 100_000
_FRAME_COMMANDS = 4_096
_ZLIB_LEVEL = 1

_encode = msgspec.msgpack.Encoder().encode


class Sync(StrEnum):
    """When a journal waits for the disk.

    NONE: never; what a power cut leaves is for the operating system to decide, and a killed process loses
    what had not gathered to a frame. BATCH: whenever a frame is written; `Exchange.apply` returns after its
    commands are on the disk. COMMAND: single commands too are on the disk before their call returns.
    """

    NONE = "none"
    BATCH = "batch"
    COMMAND = "command"


class State(msgspec.Struct, frozen=True, array_like=True):
    """An exchange's whole state. `commands` and `events` count those recorded before it."""

    commands: int
    events: int
    digest: str
    snapshot: bytes


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """Consecutive commands and the events they caused, packed (`exchange_sim.engine.packing`).

    `first_command` and `first_event` count those recorded before it.
    """

    first_command: int
    first_event: int
    command_count: int
    event_count: int
    commands: bytes
    events: bytes


class Checkpoint(msgspec.Struct, frozen=True, array_like=True):
    """What the exchange was after so many commands."""

    commands: int
    events: int
    digest: str


def engine_header(
    *, seed: int = 0, config_digest: str = "", configuration: str = "", streams: tuple[str, ...] = ()
) -> JournalHeader:
    """Return the header of a journal that will hold an exchange."""
    return JournalHeader(
        streams=streams, seed=seed, config_digest=config_digest, configuration=configuration,
        layout=layout_digest(),
    )  # fmt: skip


def deflate(snapshot: bytes) -> bytes:
    """Return a snapshot as it stands in a journal. Most of one is zeros."""
    return zlib.compress(snapshot, _ZLIB_LEVEL)


def inflate(saved: bytes) -> bytes:
    """Return the snapshot that was deflated.

    Raises
    ------
    SnapshotError
        The bytes are nothing of the kind.
    """
    try:
        return zlib.decompress(saved)
    except zlib.error as error:
        raise SnapshotError(f"expected a compressed snapshot: {error}") from None


class FrameSink(Protocol):
    """What takes an exchange's frames: `JournalWriter`, or something that hands them on to one."""

    commands: int
    events: int

    def write(self, payload: bytes) -> None: ...
    def force(self) -> None: ...


class Recordable(Protocol):
    """What can be written down: an exchange, or a market that keeps one to itself."""

    recorder: Recorder | None

    def snapshot(self) -> bytes:
        """Return the whole state."""

    def memory_digest(self) -> str:
        """Return 16 hex digits that name the state."""


class EngineRecorder:
    """Writes down what an exchange does, from now until `close`.

    Parameters
    ----------
    journal
        Where to.
    exchange
        Whose commands. It calls the recorder itself.
    sync
        When to wait for the disk.
    checkpoint_commands
        Commands between checkpoints.
    resumed
        The journal has the exchange's state already.

    Raises
    ------
    OSError
        From the constructor and every method: the journal cannot be written. The exchange may then be a
        command ahead of its journal, and takes no further one.
    """

    def __init__(
        self,
        journal: FrameSink,
        exchange: Recordable,
        *,
        sync: Sync = Sync.NONE,
        checkpoint_commands: int = CHECKPOINT_COMMANDS,
        resumed: bool = False,
    ) -> None:
        if checkpoint_commands < 1:
            raise ValueError(f"checkpoint_commands: expected 1 or more, was {checkpoint_commands}")
        self._journal = journal
        self._exchange = exchange
        self._sync = sync
        self._checkpoint_commands = checkpoint_commands
        self._frame_commands = min(_FRAME_COMMANDS, checkpoint_commands)
        self._checked = journal.commands
        self._commands: list[bytes] = []
        self._events: list[bytes] = []
        self._gathered = 0
        self._broken = ""
        if not resumed:
            self.save_state()
        exchange.recorder = self

    @property
    def commands(self) -> int:
        """Commands recorded, those not yet written included."""
        return self._journal.commands + self._gathered

    def check(self) -> None:
        """Raise OSError if the journal has failed before."""
        if self._broken:
            raise OSError(f"expected a journal that can be written, was one that failed: {self._broken}")

    def record(self, commands: npt.NDArray[Any], events: npt.NDArray[Any]) -> None:
        """Take the COMMAND rows that have been executed and the EVENT rows they wrote."""
        if self._sync is Sync.NONE and len(commands) < self._frame_commands:
            self._gather(commands.tobytes(), events.tobytes(), len(commands))
            return
        self._write_gathered()
        self._write(commands, events)
        self._checkpoint_if_due()

    def record_one(self, command: bytes, events: bytes) -> None:
        """Take one executed command and its events as bytes of rows."""
        self._gather(command, events, 1)
        if self._sync is Sync.COMMAND:
            self.flush()

    def opened(self, account_id: str) -> None:
        """Take note of an account that is about to be opened."""
        self.flush()
        self._put(b"A" + _encode(account_id))

    def flush(self) -> None:
        """Write what has gathered; wait for the disk unless `sync` is NONE."""
        self._write_gathered()
        self._checkpoint_if_due()

    def save_state(self) -> None:
        """Write the whole state of the exchange, from where a restart can go on."""
        self._write_gathered()
        exchange, journal = self._exchange, self._journal
        saved = deflate(exchange.snapshot())
        state = State(journal.commands, journal.events, exchange.memory_digest(), saved)
        self._checked = journal.commands
        self._put(b"S" + _encode(state))

    def checkpoint(self) -> None:
        """Write what has gathered and the digest of the state after it."""
        self._write_gathered()
        journal = self._journal
        self._checked = journal.commands
        now = Checkpoint(journal.commands, journal.events, self._exchange.memory_digest())
        self._put(b"C" + _encode(now))

    def close(self) -> None:
        """Write a last checkpoint and record no more. The journal itself stays open."""
        self.checkpoint()
        self._exchange.recorder = None

    def _gather(self, commands: bytes, events: bytes, count: int) -> None:
        self._keep(commands, events, count)
        if self._gathered >= self._frame_commands:
            self.flush()

    def _keep(self, commands: bytes, events: bytes, count: int) -> None:
        self._commands.append(commands)
        self._events.append(events)
        self._gathered += count

    def _write_gathered(self) -> None:
        if self._gathered:
            commands = np.frombuffer(b"".join(self._commands), COMMAND)
            events = np.frombuffer(b"".join(self._events), EVENT)
            self._commands.clear()
            self._events.clear()
            self._gathered = 0
            self._write(commands, events)

    def _write(self, commands: npt.NDArray[Any], events: npt.NDArray[Any]) -> None:
        journal = self._journal
        batch = Batch(
            journal.commands, journal.events, len(commands), len(events),
            pack_commands(commands), pack_events(events),
        )  # fmt: skip
        self._put(b"B" + _encode(batch))
        journal.commands += len(commands)
        journal.events += len(events)

    def _checkpoint_if_due(self) -> None:
        """Write a checkpoint where one is due; everything that the exchange has executed must be written."""
        if self._journal.commands - self._checked >= self._checkpoint_commands:
            self.checkpoint()

    def _put(self, payload: bytes) -> None:
        self.check()
        try:
            self._journal.write(payload)
            if self._sync is not Sync.NONE:
                self._journal.force()
        except OSError as error:
            self._broken = str(error)
            raise
