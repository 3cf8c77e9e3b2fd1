"""Interrupted, failed, damaged and repeated runs, in this process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import msgspec
import pytest

from actors.config import TournamentSpec
from actors.contest import MatchesFailedError, RunInterruptedError
from actors.progress import Progress
from actors.run_folder import (
    PACK,
    CodeChangedError,
    RunExistsError,
    RunFolder,
    RunLockedError,
    open_catalogue,
    read_series,
)
from actors.run_options import OpenMode
from actors.schedule import tournament_jobs
from actors.series import SERIES
from actors.tournament import read_tournament, run_tournament, tournament_info
from tests.contests.comparison import kept
from tests.contests.conftest import OptionsMaker
from tests.contests.fake_match import calls, make_panel

STOP_AT = "00001-solo-001"


def test_an_interrupted_run_goes_on_where_it_stopped(
    tournament: TournamentSpec, options: OptionsMaker, tmp_path: Path
) -> None:
    whole = run_tournament(tournament, options(0, root="whole"))
    panel = make_panel(tmp_path / "panel", interrupts=[STOP_AT])
    with pytest.raises(RunInterruptedError, match=r"after 9 of 21 matches; .* --resume") as caught:
        run_tournament(tournament, options(0, panel=panel))
    assert read_tournament(caught.value.folder).matches_done == 9
    make_panel(panel)
    seen: list[Progress] = []
    resumed = run_tournament(tournament, options(0, panel=panel, mode=OpenMode.RESUME), show=seen.append)
    assert kept(resumed.folder) == kept(whole.folder)
    assert resumed.digest == whole.digest
    assert {match_id: count for match_id, count in calls(panel).items() if count != 1} == {STOP_AT: 2}
    assert (seen[0].done, seen[0].resumed, seen[-1].done, seen[-1].total) == (9, 9, 21, 21)
    assert {(progress.running, progress.part) for progress in seen} == {(0, 0.0), (1, 0.0), (1, 0.5)}
    assert all(progress.left_s is not None for progress in seen[3:])


def test_a_killed_driver_is_resumed(
    tournament: TournamentSpec, contest_file: Path, options: OptionsMaker, tmp_path: Path
) -> None:
    whole = run_tournament(tournament, options(0, root="whole"))
    panel = make_panel(tmp_path / "panel", dies_once=[STOP_AT])
    made = options(0, panel=panel)
    code = (
        "from pathlib import Path\n"
        "from actors.config_files import load_tournament\n"
        "from actors.run_options import RunOptions\n"
        "from actors.tournament import run_tournament\n"
        f"options = RunOptions(root=Path({str(made.root)!r}), in_process=True, "
        f"data_folder=Path({str(panel)!r}), run_match={made.run_match!r})\n"
        f"run_tournament(load_tournament(Path({str(contest_file)!r})), options)\n"
    )
    repository = Path(__file__).parents[2]
    killed = subprocess.run([sys.executable, "-c", code], cwd=repository, check=False)  # noqa: S603 - our own code
    assert killed.returncode == -signal.SIGKILL
    resumed = run_tournament(tournament, options(0, panel=panel, mode=OpenMode.RESUME))
    assert kept(resumed.folder) == kept(whole.folder)
    assert {match_id: count for match_id, count in calls(panel).items() if count != 1} == {STOP_AT: 2}


def test_a_finished_run_is_not_played_again(
    tournament: TournamentSpec, options: OptionsMaker, tmp_path: Path
) -> None:
    panel = make_panel(tmp_path / "panel")
    first = run_tournament(tournament, options(0, panel=panel))
    before = kept(first.folder)
    again = run_tournament(tournament, options(0, panel=panel, mode=OpenMode.RESUME))
    assert kept(again.folder) == before
    assert set(calls(panel).values()) == {1}
    with pytest.raises(RunExistsError, match=r"21 finished matches already; use --resume .* or --fresh"):
        run_tournament(tournament, options(0, panel=panel))
    fresh = run_tournament(tournament, options(0, panel=panel, mode=OpenMode.FRESH))
    assert kept(fresh.folder) == before
    assert set(calls(panel).values()) == {2}


def test_a_failed_match_is_recorded_and_tried_again_on_resume(
    tournament: TournamentSpec, options: OptionsMaker, tmp_path: Path
) -> None:
    whole = run_tournament(tournament, options(0, root="whole"))
    panel = make_panel(tmp_path / "panel", fails=["00001-melee", "00002-solo-000"])
    result = run_tournament(tournament, options(0, panel=panel))
    assert (result.matches_done, result.matches_failed) == (19, 2)
    assert result.failures["00001-melee"] == "RuntimeError: planned failure of 00001-melee"
    make_panel(panel)
    mended = run_tournament(tournament, options(0, panel=panel, mode=OpenMode.RESUME))
    assert kept(mended.folder) == kept(whole.folder)
    assert {match_id for match_id, count in calls(panel).items() if count == 2} == set(result.failures)


def test_a_run_where_nothing_works_stops_early(
    tournament: TournamentSpec, options: OptionsMaker, tmp_path: Path
) -> None:
    everything = [f"{number:05d}-melee" for number in range(3)]
    everything += [
        f"{number:05d}-{form}-{bot:03d}"
        for number in range(3)
        for form in ("solo", "leave_one_out")
        for bot in range(3)
    ]
    panel = make_panel(tmp_path / "panel", fails=everything)
    with pytest.raises(
        MatchesFailedError, match="the first 5 matches all failed: RuntimeError: planned failure"
    ):
        run_tournament(tournament, options(0, panel=panel))
    assert sum(calls(panel).values()) == 5


@pytest.mark.parametrize("damage", ["removed", "cut"])
def test_matches_whose_series_are_damaged_are_played_again(
    tournament: TournamentSpec, options: OptionsMaker, tmp_path: Path, damage: str
) -> None:
    panel = make_panel(tmp_path / "panel")
    first = run_tournament(tournament, options(0, panel=panel))
    before = kept(first.folder)
    pack = first.folder / PACK
    jobs = tournament_jobs(tournament)
    if damage == "removed":
        pack.unlink()
        lost = {job.match_id for job in jobs}
    else:
        last = jobs[-1].match_id
        with open_catalogue(first.folder) as catalogue:
            os.truncate(pack, max(file.at + file.size for file in catalogue.series(last).values()) - 1)
        lost = {last}
    again = run_tournament(tournament, options(0, panel=panel, mode=OpenMode.RESUME))
    assert kept(again.folder) == before
    assert {match_id for match_id, count in calls(panel).items() if count > 1} == lost


def test_the_pack_is_an_archive_of_parquet_files(tournament: TournamentSpec, options: OptionsMaker) -> None:
    result = run_tournament(tournament, options(0))
    with open_catalogue(result.folder) as catalogue, tarfile.open(result.folder / PACK) as archive:
        file = catalogue.series("00002-melee")["fills"]
        assert archive.getnames()[:3] == [f"{kind}/00000-melee.parquet" for kind in SERIES]
        assert {member.mode for member in archive} == {0o644}
        member = archive.extractfile("fills/00002-melee.parquet")
        assert member is not None
        assert member.read() == read_series(result.folder, file)


def test_two_processes_do_not_work_on_one_run(tournament: TournamentSpec, options: OptionsMaker) -> None:
    made = options(0)
    info = tournament_info(tournament)
    with RunFolder(made.root, info), pytest.raises(RunLockedError, match="another process"):
        run_tournament(tournament, made)
    assert run_tournament(tournament, made).matches_done == 21


def test_a_run_is_not_continued_by_other_code(tournament: TournamentSpec, options: OptionsMaker) -> None:
    made = options(0)
    run_tournament(tournament, made)
    changed = msgspec.structs.replace(tournament_info(tournament), code="other")
    with (
        pytest.raises(CodeChangedError, match="other code"),
        RunFolder(made.root, changed, mode=OpenMode.RESUME),
    ):
        pass


def test_journals_are_kept_when_asked_for(tournament: TournamentSpec, options: OptionsMaker) -> None:
    settings = msgspec.structs.replace(tournament.tournament, journals=True, rounds=1)
    result = run_tournament(msgspec.structs.replace(tournament, tournament=settings), options(0))
    assert (result.folder / "series/journal/00000-melee.journal").read_bytes() == b"journal of 00000-melee"
