"""A disk that fills up: a clear error, nothing half-written that counts, and the run can be resumed."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from actors.catalogue import Catalogue
from actors.config import TournamentSpec
from actors.pack import end_of
from actors.run_folder import PACK, open_catalogue
from actors.run_options import OpenMode
from actors.storage import StorageError, storage_errors
from actors.tournament import run_tournament
from tests.contests.comparison import kept
from tests.contests.conftest import OptionsMaker
from tests.contests.fake_match import calls, make_panel

ROOM = 5
"""Matches whose series fit before the disk is full; of the sixth a part does."""


def test_a_full_disk_stops_the_run_and_loses_nothing(
    tournament: TournamentSpec, options: OptionsMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run_tournament(tournament, options(0, root="whole"))
    panel = make_panel(tmp_path / "panel")
    written: list[int] = []
    real = os.pwrite

    def scarce(file: int, data: bytes, at: int) -> int:
        written.append(at)
        if len(written) > ROOM + 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, data[:1000] if len(written) > ROOM else data, at)

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", scarce)
        with pytest.raises(StorageError, match=r"series.tar: the disk is full; .* use --resume"):
            run_tournament(tournament, options(0, panel=panel))
    folder = next((tmp_path / "runs").iterdir())
    with open_catalogue(folder) as catalogue:
        assert catalogue.counts() == (ROOM, 0)
        assert (folder / PACK).stat().st_size == max(
            end_of(file.at, file.size) for _, file in catalogue.all_series()
        )
    resumed = run_tournament(tournament, options(0, panel=panel, mode=OpenMode.RESUME))
    assert kept(resumed.folder) == kept(whole.folder)
    assert sum(calls(panel).values()) == 21 + 1


def test_a_catalogue_that_cannot_grow_says_so(
    tournament: TournamentSpec, options: OptionsMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Catalogue.__init__

    def bounded(self: Catalogue, path: Path) -> None:
        opened(self, path)
        pages = self._db.execute("PRAGMA page_count").fetchone()[0]
        self._db.execute(f"PRAGMA max_page_count = {pages + 3}")

    with monkeypatch.context() as patched:
        patched.setattr(Catalogue, "__init__", bounded)
        with pytest.raises(StorageError, match="the disk is full"):
            run_tournament(tournament, options(0))
    resumed = run_tournament(tournament, options(0, mode=OpenMode.RESUME))
    assert (resumed.matches_done, resumed.matches_failed) == (21, 0)


def test_other_errors_of_the_disk_are_told_apart() -> None:
    with (
        pytest.raises(StorageError, match="cannot be written: Read-only file system"),
        storage_errors(Path("x")),
    ):
        raise OSError(errno.EROFS, "Read-only file system")
    with pytest.raises(StorageError, match="cannot be used: malformed"), storage_errors(Path("x")):
        raise sqlite3.DatabaseError("malformed")


def test_a_file_that_is_no_catalogue_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StorageError, match="cannot be used"):
        Catalogue(path)
