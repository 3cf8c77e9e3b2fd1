"""`arena search` from file to best configuration."""

from __future__ import annotations

import math
from pathlib import Path

from actors.catalogue import TrialEntry
from actors.cli.errors import ExitCode
from actors.cli.search import failure_lines
from actors.search import SearchResult
from tests.cli.conftest import CONTEST, Arena
from tests.seeing.test_bot_output import TALKERS


def test_a_search_writes_a_contest_file_that_match_reads(arena: Arena, contest: Path) -> None:
    answer = arena("search", str(contest), "--workers", "0", "--json")
    assert answer.code == ExitCode.DONE, answer.err
    found = answer.document
    assert found["matches_done"] == 4
    assert len(found["trials"]) == 2
    assert Path(found["report"]).read_text().count("trade_notional") > 0
    best = found["best"]["params"]["trade_notional"]
    assert str(best) in Path(found["best_file"]).read_text()
    assert arena("match", found["best_file"]).code == ExitCode.DONE


def test_a_search_prints_trials_and_doubts(arena: Arena, contest: Path) -> None:
    answer = arena("search", str(contest), "--workers", "0")
    assert answer.code == ExitCode.DONE, answer.err
    assert "trade_notional=" in answer.out
    assert "worthless trials" in answer.out


def test_what_bots_print_and_raise_is_told_once(arena: Arena, contest: Path) -> None:
    contest.write_text(CONTEST + f'[[bots]]\nname = "eve"\nstrategy = "{TALKERS}:Shouts"\n')
    answer = arena("search", str(contest), "--workers", "0")
    assert answer.code == ExitCode.DONE, answer.err
    assert answer.err.count("[eve] before the fall\n") == 1
    told = " ".join(answer.out.split())
    assert told.count("eve was disqualified in 4 of its matches; the first time: ZeroDivisionError") == 1


def test_a_space_names_fields_of_the_configuration(arena: Arena, contest: Path) -> None:
    contest.write_text(CONTEST.replace("trade_notional = {", "trade_notionel = {"))
    answer = arena("search", str(contest), "--workers", "0")
    assert answer.code == ExitCode.INPUT
    assert "search.space.trade_notionel" in answer.err


def test_why_trials_have_no_value_is_told_once() -> None:
    trials = [
        TrialEntry(number=number, params={}, value=math.nan if error else 1.0, values=(), error=error)
        for number, error in enumerate(
            ("", "disqualified: ZeroDivisionError: no price in on_book", "another")
        )
    ]
    result = SearchResult(
        folder=Path(),
        name="tiny",
        digest="",
        trials=tuple(trials),
        best=trials[0],
        best_file=None,
        verdict=None,
        matches_done=3,
        matches_failed=0,
        cpu_s=0.0,
        wall_s=0.0,
        memory_mb=0.0,
    )
    (line,) = failure_lines(result)
    assert line == (
        "2 trials have no value; the first, trial 1: disqualified: ZeroDivisionError: no price in on_book"
    )
