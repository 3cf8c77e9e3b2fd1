"""The folder of a run: its specification, its catalogue, its series, and who may write to it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import msgspec

from actors.catalogue import Catalogue, RunInfo, SeriesFile
from actors.config import digest_of
from actors.record import MatchFailure, MatchJob, MatchRecord
from actors.run_options import OpenMode
from actors.storage import StorageError, storage_errors, write_whole

CATALOGUE = "catalogue.sqlite"
SPECIFICATION = "spec.json"
_LOCK = ".lock"


class RunExistsError(RuntimeError):
    """A run with this specification has results already, and nobody said what to do with them."""


class RunLockedError(RuntimeError):
    """Another process is working on the run."""


class CodeChangedError(RuntimeError):
    """The run was started by other code: going on would mix results that do not compare."""


class RunFolder:
    """An opened run. Use it as a context manager: it holds the run's lock and its catalogue.

    Parameters
    ----------
    root
        Folder of all runs.
    info
        What the run is. The folder is called after its name and digest.
    mode
        See `OpenMode`.

    Raises
    ------
    RunExistsError, RunLockedError, CodeChangedError
        See there.
    StorageError
        The folder or its catalogue cannot be written.
    """

    def __init__(self, root: Path, info: RunInfo, *, mode: OpenMode = OpenMode.NEW) -> None:
        self.info = info
        self.path = run_path(root, info)
        if mode is OpenMode.FRESH and self.path.exists():
            with _locked(self.path):
                shutil.rmtree(self.path)
        with storage_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
        self._exits = contextlib.ExitStack()
        with contextlib.ExitStack() as opened:
            opened.enter_context(_locked(self.path))
            self.catalogue = opened.enter_context(Catalogue(self.path / CATALOGUE))
            self._check(mode)
            self._exits = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    def finished(self) -> dict[str, str]:
        """Return the matches that need not be played again: catalogued, and their files are whole.

        The values are the digests of their specifications. A match whose files were removed or cut is
        forgotten.
        """
        finished = self.catalogue.finished()
        damaged = {match_id for match_id, entry in self.catalogue.all_series() if not self._is_whole(entry)}
        self.catalogue.forget(damaged)
        for match_id in damaged:
            del finished[match_id]
        return finished

    def store(self, job: MatchJob, outcome: MatchRecord | MatchFailure) -> None:
        """Keep the outcome of a match: its files first, then its entry in the catalogue.

        Raises
        ------
        StorageError
            The disk is full or the folder cannot be written. The match counts as not played.
        """
        if isinstance(outcome, MatchFailure):
            self.catalogue.record_failure(job, match_digest(job), outcome)
            return
        series = [
            self._write_series(kind, job.match_id, payload)
            for kind, payload in sorted(outcome.series.items())
        ]
        self.catalogue.record(job, match_digest(job), outcome, series)

    def write(self, name: str, content: bytes) -> Path:
        """Write a file of the run, whole or not at all, and return its path."""
        target = self.path / name
        write_whole(target, content)
        return target

    def series_path(self, match_id: str, kind: str) -> Path:
        """Return the file of one series of a finished match.

        Raises
        ------
        KeyError
            The match is not finished, or keeps no such series.
        """
        return self.path / self.catalogue.series(match_id)[kind].path

    def _check(self, mode: OpenMode) -> None:
        known = self.catalogue.info
        done, failed = self.catalogue.counts()
        if mode is OpenMode.NEW and done + failed:
            raise RunExistsError(
                f"{self.path}: this run has {done} finished matches already; "
                f"use --resume to go on with it, or --fresh to start again"
            )
        if known is not None and done and known.code != self.info.code:
            raise CodeChangedError(
                f"{self.path}: this run was started by other code ({known.code}, now {self.info.code}), "
                f"so its matches do not compare with new ones; use --fresh to start again"
            )
        if known != self.info:
            self.write(SPECIFICATION, self.info.spec.encode() + b"\n")
            self.catalogue.begin(self.info)

    def _write_series(self, kind: str, match_id: str, payload: bytes) -> SeriesFile:
        suffix = "journal" if kind == "journal" else "parquet"
        relative = f"series/{kind}/{match_id}.{suffix}"
        write_whole(self.path / relative, payload)
        return SeriesFile(kind, relative, len(payload), hashlib.blake2b(payload, digest_size=16).hexdigest())

    def _is_whole(self, entry: SeriesFile) -> bool:
        try:
            return (self.path / entry.path).stat().st_size == entry.size
        except FileNotFoundError:
            return False


def run_path(root: Path, info: RunInfo) -> Path:
    """Return the folder of a run below the folder of all runs."""
    return root / f"{info.name.replace(' ', '_')}-{info.digest}"


def match_digest(job: MatchJob) -> str:
    """Return the digest of what a match's outcome depends on, its name apart."""
    return digest_of(msgspec.structs.replace(job.match, match_id=""))


def open_catalogue(folder: Path) -> Catalogue:
    """Return the catalogue of the run in `folder`, for reading.

    Raises
    ------
    StorageError
        There is no run in `folder`.
    """
    path = folder / CATALOGUE
    if not path.is_file():
        raise StorageError(f"{folder}: expected the folder of a run, was none ({CATALOGUE} is missing)")
    return Catalogue(path)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the run's lock; it goes with the process that holds it, however that ends."""
    with storage_errors(folder):
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunLockedError(f"{folder}: another process is working on this run") from None
        yield
    finally:
        os.close(handle)
