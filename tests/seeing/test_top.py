"""`arena top` shows a run while somebody else writes it, and does not get in its way."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from actors.app import run
from actors.catalogue import Catalogue
from actors.config_files import load_search, load_tournament
from actors.contest import RunInterruptedError
from actors.dashboard import TOKEN_FILE, opened_dashboard
from actors.progress import Progress
from actors.run_folder import CATALOGUE
from actors.run_options import RunOptions
from actors.run_watch import watched_run
from actors.search import run_search
from actors.status import STATUS, WorkerStatus
from actors.top import SILENCE_S, TopReader
from actors.tournament import run_tournament
from tests.contests.conftest import FILE
from tests.contests.fake_match import RUN_MATCH, make_panel

BOTS = ["ann", "bob", "cash"]


def looks_at(root: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return what `arena top` prints."""
    assert run(["top", "--out", str(root), *words]) == 0
    return capsys.readouterr().out


def test_a_run_is_shown_while_it_is_played_and_after(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("actors.run_watch._EVERY_S", 0.0)  # these matches take no time
    file, root = tmp_path / "contest.toml", tmp_path / "runs"
    file.write_text(FILE)
    panel = make_panel(tmp_path / "panel", fails=["00001-solo-001"])
    documents, texts = [], []

    def show(progress: Progress) -> None:
        if progress.done == 12 and progress.running and not documents:
            documents.append(json.loads(looks_at(root, capsys, "--json")))
            texts.append(looks_at(root, capsys, "fake", "--once"))

    options = RunOptions(root=root, in_process=True, data_folder=panel, run_match=RUN_MATCH)
    result = run_tournament(load_tournament(file), options, show=show)
    (document,), (text,) = documents, texts
    assert document["state"] == "playing"
    assert document["status"]["pid"] == os.getpid()
    assert document["standings"]["done"] == 12
    assert document["standings"]["failed"] == 1
    assert sorted(row["bot"] for row in document["standings"]["bots"]) == BOTS
    assert document["status"]["workers"][0]["name"] == "this process"
    assert "fake tournament, playing" in text
    assert "/21 matches" in text
    assert "00001-solo-001 failed: RuntimeError: planned failure of 00001-solo-001" in text

    after = json.loads(looks_at(root, capsys, str(result.folder), "--json"))
    assert after["state"] == "not running"
    assert (after["status"], after["standings"]["done"]) == (None, 20)
    assert not (result.folder / STATUS).exists()
    board = result.leaderboards["melee"]
    means = {row.bot: row.return_mean for row in board.rows}
    assert {row["bot"]: row["return_mean"] for row in after["standings"]["bots"]} == pytest.approx(means)


def test_of_a_search_the_best_trials_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "contest.toml"
    file.write_text(FILE)
    options = RunOptions(root=tmp_path / "runs", in_process=True, run_match=RUN_MATCH)
    result = run_search(load_search(file), options)
    assert result.best is not None
    standings = TopReader(result.folder).look().standings
    assert [trial.number for trial in standings.trials][:1] == [result.best.number]
    assert [trial.value for trial in standings.trials] == sorted(
        (t.value for t in result.trials), reverse=True
    )
    text = looks_at(tmp_path / "runs", capsys, "--once")
    assert "Best trials so far" in text
    assert f"{result.best.number}: fast=" in text
    assert "So far" not in text  # bots of many configurations under one name


def test_a_run_that_is_stopped_leaves_no_status(tmp_path: Path) -> None:
    file = tmp_path / "contest.toml"
    file.write_text(FILE)
    seen: list[bool] = []

    def stop(progress: Progress) -> None:
        seen.append(any(tmp_path.rglob(STATUS)))
        if progress.done >= 3:
            raise KeyboardInterrupt

    options = RunOptions(root=tmp_path / "runs", in_process=True, run_match=RUN_MATCH)
    with pytest.raises(RunInterruptedError):
        run_tournament(load_tournament(file), options, show=stop)
    assert seen[-1]
    assert not any(tmp_path.rglob(f"{STATUS}*"))


def test_the_dashboards_token_is_for_the_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "secret")
    url = "http://127.0.0.1:8265"
    with opened_dashboard(url, tmp_path) as line:
        token = tmp_path / TOKEN_FILE
        assert line == f"Ray's dashboard: {url} (its token is in {token})"
        assert token.read_text() == "secret\n"
        assert token.stat().st_mode & 0o777 == 0o600
    assert not token.exists()
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with opened_dashboard(url, tmp_path) as line:
        assert line == f"Ray's dashboard: {url}"
        assert not token.exists()


def test_a_world_is_shown_by_what_its_conductor_reports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "world"
    folder.mkdir()
    for left in (TOKEN_FILE, STATUS, f"{STATUS}.part"):  # by a process that was killed
        (folder / left).write_text("{")

    class Conductor:
        def roster(self) -> tuple[WorkerStatus, ...]:
            return (WorkerStatus(name="mm-3 MarketMaker sim", doing="window 17"),)

    with watched_run(folder, "world", lambda _: None) as watch:
        watch.roster = Conductor()
        watch.metrics.report_world("world", 250.0, 9_000.0, 0.125)
        watch.metrics.report_account("world", "mm-3", 100_250.5, -4_000.0, 7, 2, 0.015)
        watch(Progress(total=1, done=0, failed=0, running=1, resumed=0, elapsed_s=3.0, left_s=9.0, part=0.25))
        text = looks_at(tmp_path, capsys, "--once")
        assert "25%" in text
        assert "0:09 left" in text
        assert "250 windows/s" in text
        assert "0.125 s behind" in text
        assert "100,250.50" in text
        assert re.search(r"mm-3 MarketMaker sim +window 17", text)
        assert TopReader(folder).look().state == "playing"
        written_s = (folder / STATUS).stat().st_mtime
        os.utime(folder / STATUS, (written_s - SILENCE_S, written_s - SILENCE_S))
        assert "no sign of process" in looks_at(tmp_path, capsys, "--once")
    assert not list(folder.iterdir())


def test_looking_neither_waits_for_the_writer_nor_holds_it_up(tmp_path: Path) -> None:
    with Catalogue(tmp_path / CATALOGUE) as catalogue:
        reader = TopReader(tmp_path)
        with catalogue._transaction():
            catalogue._db.execute("DELETE FROM matches")
            assert reader.look().standings.done == 0
        catalogue.forget(["gone"])


def test_a_run_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["top", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"arena: RUN: expected a run under {tmp_path}, was none yet\n"
    assert run(["top", "cup", "--out", str(tmp_path)]) == 2
    assert "was 'cup'" in capsys.readouterr().err
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / STATUS).write_text('{"run": 3}')
    assert run(["top", "other", "--out", str(tmp_path)]) == 4
    assert "status.json: expected the status of a run of this version" in capsys.readouterr().err
