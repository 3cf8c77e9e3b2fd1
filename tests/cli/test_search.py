"""`arena search` from file to best configuration."""

from __future__ import annotations

from pathlib import Path

from actors.cli.errors import ExitCode
from tests.cli.conftest import CONTEST, Arena


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


def test_a_space_names_fields_of_the_configuration(arena: Arena, contest: Path) -> None:
    contest.write_text(CONTEST.replace("trade_notional = {", "trade_notionel = {"))
    answer = arena("search", str(contest), "--workers", "0")
    assert answer.code == ExitCode.INPUT
    assert "search.space.trade_notionel" in answer.err
