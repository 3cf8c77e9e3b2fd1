"""Play matches in this process: what a worker is, with or without Ray around it."""

from __future__ import annotations

import errno
import importlib
import os
import resource
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TextIO, cast

import msgspec

from actors.bot_output import BotLine, heard
from actors.filing import Filing, failed_filing, filing_of, with_journal
from actors.metrics.match_watch import MatchWatch
from actors.metrics.report import Metrics
from actors.record import MatchJob, MatchRecord, record_of
from actors.result import MatchResult
from actors.storage import StorageError, free_text

RunMatch = Callable[..., MatchResult]
"""`actors.match.run_match`, or a function with its parameters."""

Report = Callable[[float], None]

REAL_MATCH = "actors.match:run_match"


class PlayerSetup(msgspec.Struct, frozen=True, kw_only=True):
    """What a player needs besides the match.

    Parameters
    ----------
    run_match
        `module:function` with the parameters of `actors.match.run_match`.
    data_folder
        Folder of recorded bars, the same path on every node; None where no market needs one.
    working_folder, search_path
        Where a user's own strategies are found: the driver's folder and module search path.
    journals
        Keep the journals of the matches.
    run
        Name of the run, for logs and metrics.
    """

    run_match: str = REAL_MATCH
    data_folder: str | None = None
    working_folder: str | None = None
    search_path: tuple[str, ...] = ()
    journals: bool = False
    run: str = ""


encode_setup = msgspec.msgpack.Encoder().encode
_setup_decoder = msgspec.msgpack.Decoder(PlayerSetup)


def decode_setup(payload: bytes) -> PlayerSetup:
    """Return what `encode_setup` was given."""
    return _setup_decoder.decode(payload)


class MatchPlayer:
    """Plays one match after another and turns whatever goes wrong in one into its outcome.

    Parameters
    ----------
    setup
        What every player of the run needs.
    metrics
        Where figures of matches under way go, if anywhere.
    log
        Takes what bots print besides the outcome, with the names of run and account.
    """

    def __init__(self, setup: PlayerSetup, metrics: Metrics | None = None, log: TextIO | None = None) -> None:
        self.setup = setup
        self._run_match = _load(setup.run_match)
        self._watch = MatchWatch(metrics, setup.run) if metrics is not None else None
        self._log = log

    def play(self, job: MatchJob, report: Report | None = None) -> Filing:
        """Return what is kept of the match, or why it could not be played.

        `report` is called now and then with the share of the match that is played.

        Raises
        ------
        StorageError
            The disk of this machine is full: no fault of the match.
        """
        lines: list[BotLine] = []

        def say(line: BotLine) -> None:
            lines.append(line)
            if self._log is not None:
                self._log.write(f"[{self.setup.run} {line.account}] {line.text}\n")

        with heard(say):
            filing = self._play(job, report)
        if self._log is not None:
            self._log.flush()
        return msgspec.structs.replace(filing, said=tuple(lines)) if lines else filing

    def _play(self, job: MatchJob, report: Report | None) -> Filing:
        try:
            if not self.setup.journals:
                return filing_of(job, self._record(job, None, report))
            with tempfile.TemporaryFile() as nameless:  # gone with this process, however that ends
                journal = Path(f"/proc/self/fd/{nameless.fileno()}")
                return with_journal(filing_of(job, self._record(job, journal, report)), journal.read_bytes())
        except Exception as error:
            if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
                place = error.filename or tempfile.gettempdir()
                raise StorageError(f"{place}: the disk is full, {free_text(place)}") from error
            return failed_filing(job, _one_line(error), traceback.format_exc())

    def _record(self, job: MatchJob, journal: Path | None, report: Report | None) -> MatchRecord:
        folder = self.setup.data_folder
        result = self._run_match(
            job.match,
            data_folder=Path(folder) if folder is not None else None,
            journal_path=journal,
            progress=report,
            watch=self._watch,
        )
        return record_of(job, result, memory_mb=resident_mb())


def resident_mb() -> float:
    """Return the largest resident memory this process has had, in MB (1e6 bytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


class Folders(Protocol):
    """Where a user's own strategies are found: the driver's folder and module search path."""

    @property
    def working_folder(self) -> str | None: ...
    @property
    def search_path(self) -> tuple[str, ...]: ...


def enter_folder(setup: Folders) -> None:
    """Make a worker process look for modules where its driver does. Folders this node lacks are left out."""
    if setup.working_folder is not None and Path(setup.working_folder).is_dir():
        os.chdir(setup.working_folder)
    for folder in setup.search_path:
        if folder not in sys.path and (not folder or Path(folder).exists()):
            sys.path.append(folder)


def _load(reference: str) -> RunMatch:
    module, _, name = reference.partition(":")
    return cast("RunMatch", getattr(importlib.import_module(module), name))


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
