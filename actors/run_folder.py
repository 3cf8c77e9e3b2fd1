"""The folder of a run: its specification, its catalogue, its series, and who may write to it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from actors.catalogue import Catalogue, RunInfo, SeriesFile
from actors.filing import Filing, Payload
from actors.pack import Pack, end_of
from actors.run_options import OpenMode
from actors.series import JOURNAL
from actors.storage import StorageError, storage_errors, write_whole

CATALOGUE = "catalogue.sqlite"
SPECIFICATION = "spec.json"
PACK = "series.tar"
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
    packed
        Keep the series of all matches in one archive, `series.tar`; else a file each, for a run of one match.

    Raises
    ------
    RunExistsError, RunLockedError, CodeChangedError
        See there.
    StorageError
        The folder or its catalogue cannot be written.
    """

    def __init__(
        self, root: Path, info: RunInfo, *, mode: OpenMode = OpenMode.NEW, packed: bool = True
    ) -> None:
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
            self._pack = opened.enter_context(self._open_pack()) if packed else None
            self._exits = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    def store(self, filings: Sequence[Filing]) -> None:
        """Keep the outcomes of matches: their files first, then their entries in the catalogue.

        Raises
        ------
        StorageError
            The disk is full or the folder cannot be written. The matches count as not played.
        """
        files: list[list[SeriesFile]] = [[] for _ in filings]
        packed = []
        for number, filing in enumerate(filings):
            for series in filing.series:
                if self._pack is None or series.kind == JOURNAL:
                    files[number].append(self._write_series(filing.match_id, series))
                else:
                    packed.append((number, filing.match_id, series))
        if self._pack is not None and packed:
            places = self._pack.append(
                (f"{series.kind}/{match_id}.parquet", series.content) for _, match_id, series in packed
            )
            for (number, _, series), at in zip(packed, places, strict=True):
                files[number].append(SeriesFile(series.kind, PACK, at, len(series.content), series.digest))
        self.catalogue.record(list(zip(filings, files, strict=True)))

    def write(self, name: str, content: bytes) -> Path:
        """Write a file of the run, whole or not at all, and return its path."""
        target = self.path / name
        write_whole(target, content)
        return target

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

    def _open_pack(self) -> Pack:
        """Forget the matches whose files were removed or cut, and open the pack behind the last whole one."""
        sizes: dict[str, int] = {}
        end, damaged = 0, set()
        for match_id, file in self.catalogue.all_series():
            if file.path not in sizes:
                sizes[file.path] = _size(self.path / file.path)
            if file.at + file.size > sizes[file.path]:
                damaged.add(match_id)
            elif file.path == PACK:
                end = max(end, end_of(file.at, file.size))
        self.catalogue.forget(damaged)
        return Pack(self.path / PACK, end=end)

    def _write_series(self, match_id: str, series: Payload) -> SeriesFile:
        suffix = "journal" if series.kind == JOURNAL else "parquet"
        relative = f"series/{series.kind}/{match_id}.{suffix}"
        write_whole(self.path / relative, series.content)
        return SeriesFile(series.kind, relative, 0, len(series.content), series.digest)


def read_series(folder: Path, file: SeriesFile) -> bytes:
    """Return the bytes of one series of a match.

    Raises
    ------
    StorageError
        The file was removed or cut.
    """
    path = folder / file.path
    with storage_errors(path), path.open("rb") as source:
        source.seek(file.at)
        content = source.read(file.size)
    if len(content) < file.size:
        raise StorageError(
            f"{path}: expected {file.size} bytes of {file.kind} at {file.at}, was {len(content)}: "
            "play the match again with --resume"
        )
    return content


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def run_path(root: Path, info: RunInfo) -> Path:
    """Return the folder of a run below the folder of all runs."""
    return root / f"{info.name.replace(' ', '_')}-{info.digest}"


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


def is_worked_on(folder: Path) -> bool:
    """Return whether a process is working on the run in `folder`."""
    try:
        with _locked(folder):
            return False
    except RunLockedError:
        return True


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
