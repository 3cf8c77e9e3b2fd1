"""`arena tournament`: run, resume, list, show, report."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from actors.cli.errors import ExitCode
from tests.cli.conftest import CONTEST, Arena
from tests.cli.test_match import ROW_KEYS


def test_a_tournament_is_played_listed_shown_and_reported(arena: Arena, contest: Path) -> None:
    answer = arena("tournament", "run", str(contest), "--workers", "0")
    assert answer.code == ExitCode.DONE, answer.err
    assert "melee: 2 matches" in answer.out
    assert "solo: 6 matches" in answer.out
    assert all(len(line) <= 80 for line in answer.out.splitlines() if not line.startswith("Report"))
    assert "8/8 matches" in answer.err

    again = arena("tournament", "run", str(contest), "--workers", "0")
    assert again.code == ExitCode.INPUT
    assert "--resume" in again.err

    runs = arena("tournament", "list", "--json").document["runs"]
    assert [(run["name"], run["matches_done"]) for run in runs] == [("tiny", 8)]
    assert "tiny-" in arena("tournament", "list").out

    shown = arena("tournament", "show", "tiny", "--json").document
    assert shown["matches_done"] == 8
    assert shown["matches_failed"] == 0
    assert set(shown["leaderboards"]) == {"melee", "solo"}
    assert all(set(row) >= ROW_KEYS for row in shown["leaderboard"])

    report = Path(arena("tournament", "report", "tiny").out.strip())
    assert "tiny" in report.read_text()
    _check_questions(arena, shown["leaderboards"])


def _check_questions(arena: Arena, boards: dict[str, Any]) -> None:
    """Ask for matches of the run, and for the table of it alone and with a second."""
    found = arena("matches", "tiny", "--bot", "luck", "--top", "3", "--json").document["matches"]
    assert [line["bot"] for line in found] == ["luck"] * 3
    returns = [line["total_return"] for line in found]
    assert returns == sorted(returns, reverse=True)
    solo = arena("matches", "tiny", "--format", "solo", "--market", "synthetic", "--status", "done").out
    assert solo.count("solo") == 6
    assert "no match is like that" in arena("matches", "tiny", "--status", "failed").out
    wrong = arena("matches", "tiny", "--bot", "lukc")
    assert (wrong.code, wrong.out) == (ExitCode.INPUT, "")
    assert "--bot: expected one of holder, idle, luck, was 'lukc'" in wrong.err
    assert arena("leaderboard", "tiny", "--json").document["leaderboards"] == boards
    assert "2 matches" in arena("leaderboard", "tiny").out
    twice = arena("leaderboard", "tiny", "tiny")
    assert twice.code == ExitCode.INPUT
    assert "expected another seed than tiny-" in twice.err


def test_an_interrupted_tournament_goes_on_with_resume(
    arena: Arena, contest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = arena("tournament", "run", str(contest), "--workers", "0", "--out", "whole", "--json").document
    with monkeypatch.context() as patch:
        _interrupt_after(3, patch)
        stopped = arena("tournament", "run", str(contest), "--workers", "0", "--out", "cut")
    assert stopped.code == ExitCode.INTERRUPTED
    assert "stopped after 3 of 8 matches" in stopped.err
    assert "--resume" in stopped.err
    played = _interrupt_after(100, monkeypatch)
    rest = arena("tournament", "run", str(contest), "--workers", "0", "--out", "cut", "--resume", "--json")
    assert rest.code == ExitCode.DONE, rest.err
    assert len(played) == 5
    assert rest.document["digest"] == whole["digest"]
    assert rest.document["leaderboard"] == whole["leaderboard"]


def test_failed_matches_make_the_command_fail(
    arena: Arena, contest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from actors import match  # noqa: PLC0415 - patched here

    real = match.run_match

    def sometimes(spec: Any, **options: Any) -> Any:
        if spec.match_id.startswith("00001"):
            raise RuntimeError("the second round is jinxed")
        return real(spec, **options)

    monkeypatch.setattr("actors.match.run_match", sometimes)
    answer = arena("tournament", "run", str(contest), "--workers", "0", "--json")
    assert answer.code == ExitCode.FAILED
    assert "4 of 8 matches failed" in answer.err
    assert "jinxed" in answer.err
    assert answer.document["matches_done"] == 4
    assert len(answer.document["failures"]) == 4


def test_rounds_and_seed_replace_those_of_the_file(arena: Arena, contest: Path) -> None:
    contest.write_text(CONTEST.replace('["melee", "solo"]', '["melee"]'))
    words = ("tournament", "run", str(contest), "--workers", "0", "--json", "--rounds", "1")
    one = arena(*words).document
    other = arena(*words, "--seed", "9").document
    assert one["matches_done"] == other["matches_done"] == 1
    assert one["digest"] != other["digest"]
    assert one["leaderboard"][0]["rating_low"] is None


def test_disqualified_bots_are_named_with_the_reason(arena: Arena, contest: Path) -> None:
    Path("own.py").write_text(
        "from exchange_sim.model.enums import Side\n"
        "from strategies.api import Strategy, StrategyConfig\n"
        "class Config(StrategyConfig, frozen=True, kw_only=True): ...\n"
        "class Flood(Strategy[Config]):\n"
        "    def subscriptions(self, instruments): return ()\n"
        "    def on_start(self, ctx):\n"
        "        for _ in range(10_000): ctx.submit_limit(next(iter(ctx.instruments)), Side.BUY, 1, 1)\n"
    )
    contest.write_text(CONTEST.replace('"buy_and_hold"', '"own.py:Flood"'))
    words = ("tournament", "run", str(contest), "--workers", "0", "--rounds", "1")
    answer = arena(*words)
    assert answer.code == ExitCode.DONE, answer.err
    assert "holder was disqualified in 2 of its matches" in answer.out
    (entry,) = arena(*words, "--fresh", "--json").document["disqualified"]
    assert (entry["bot"], entry["matches"]) == ("holder", 2)
    assert "1000 commands" in entry["reason"]


def test_a_full_disk_while_the_report_is_written_is_one_line(
    arena: Arena, contest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("actors.reports.tournament.write_tournament", full)
    answer = arena("tournament", "run", str(contest), "--workers", "0", "--rounds", "1")
    assert answer.code == ExitCode.ENVIRONMENT
    assert "report.html: the disk is full" in answer.err.splitlines()[-1]


def _interrupt_after(matches: int, patch: pytest.MonkeyPatch) -> list[str]:
    """Let Ctrl-C arrive when `matches` have been played; return the list that fills with those played."""
    from actors import match  # noqa: PLC0415 - patched here

    real = match.run_match
    played: list[str] = []

    def counted(spec: Any, **options: Any) -> Any:
        if len(played) == matches:
            raise KeyboardInterrupt
        played.append(spec.match_id)
        return real(spec, **options)

    patch.setattr("actors.match.run_match", counted)
    return played
