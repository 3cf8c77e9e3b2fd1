"""An exchange that goes on where its journal broke off, and goes on writing it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from exchange_sim.engine.exchange import Exchange
from exchange_sim.engine_journal import CHECKPOINT_COMMANDS, EngineRecorder, Sync
from exchange_sim.engine_replay import replay_engine
from exchange_sim.journal import JournalWriter, Resumed
from exchange_sim.journal_reader import JournalError, read_journal


@dataclass(frozen=True, slots=True)
class Recovery:
    """An exchange that stands where its journal ended, and goes on writing it.

    `cut_bytes` were a frame that was not written whole.
    """

    exchange: Exchange
    journal: JournalWriter
    recorder: EngineRecorder
    cut_bytes: int


def recover(
    path: Path,
    sink: BinaryIO,
    *,
    sync: Sync = Sync.COMMAND,
    checkpoint_commands: int = CHECKPOINT_COMMANDS,
    config_digest: str | None = None,
) -> Recovery:
    """Return the exchange of a journal that was not closed: its latest state and every command behind it.

    Parameters
    ----------
    path
        The journal, without accounts' streams.
    sink
        The same file, opened for reading and writing (`r+b`); a torn frame is cut off. The caller closes it.
    sync, checkpoint_commands
        As of `EngineRecorder`.
    config_digest
        What the journal must be of; None: anything.

    Raises
    ------
    JournalError
        The journal is damaged, closed, of another configuration or version, or its replay differs from it.
    OSError
        The file cannot be read or written.
    """
    journal = read_journal(path)
    header = journal.header
    if config_digest is not None and header.config_digest != config_digest:
        raise JournalError(
            f"{journal.name}: expected configuration {config_digest}, was {header.config_digest}"
        )
    if any(frame.kind == b"D" for frame in journal.engine):
        raise JournalError(f"{journal.name}: expected the journal of an exchange, was one of replayed depth")
    if journal.complete or header.streams:
        raise JournalError(f"{journal.name}: expected an open journal of an exchange, was a closed one")
    replay = replay_engine(journal, latest=True)
    if replay.difference is not None:
        raise JournalError(f"{journal.name}: {replay.difference}")
    sink.truncate(journal.end)
    sink.seek(journal.end)
    writer = JournalWriter(header, sink, resumed=Resumed(replay.commands, replay.events, journal.chain))
    recorder = EngineRecorder(
        writer, replay.exchange, sync=sync, checkpoint_commands=checkpoint_commands, resumed=True
    )
    return Recovery(replay.exchange, writer, recorder, journal.torn_bytes)
