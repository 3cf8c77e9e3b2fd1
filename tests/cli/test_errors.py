"""Wrong input is one line that names field, value and what was expected; nobody sees a traceback."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from actors.cli.errors import KNOWN_ERRORS, ExitCode
from tests.cli.conftest import CONTEST, Arena

WRONG = {
    "misspelt field": (
        'duration = "1m"',
        'durration = "1m"',
        ["match.durration", "duration", "did you mean"],
    ),
    "misspelt table": ("[tournament]", "[turnament]", ["turnament", "tournament"]),
    "number as text": ("rounds = 2", 'rounds = "two"', ["tournament.rounds", "'two'", "expected"]),
    "duration": ('duration = "1m"', 'duration = "1 min"', ["match.duration", "'1 min'", "10m"]),
    "negative tick": (
        'instruments = ["BTC/USDT:USDT"]',
        'instruments = [{ symbol = "BTC/USDT:USDT", tick_size = "-0.1" }]',
        ["tick_size", "-0.1", "expected"],
    ),
    "two bots of a name": ('name = "holder"', 'name = "luck"', ["bots[1].name", "'luck'"]),
    "unknown strategy": ('"buy_and_hold"', '"buy_and_hodl"', ["bots[1].strategy", "buy_and_hold"]),
    "unknown setting": ("mean_gap", "meen_gap", ["bots[0].config.meen_gap", "mean_gap"]),
    "unknown symbol": ('["BTC/USDT:USDT"]', '["XYZ/USDT:USDT"]', ["market", "XYZ/USDT:USDT", "BTC, ETH"]),
    "no toml": ("[market]", "[market", ["tiny.toml", "line"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_contest_file_is_one_line(arena: Arena, contest: Path, case: str) -> None:
    old, new, words = WRONG[case]
    assert old in CONTEST
    contest.write_text(CONTEST.replace(old, new))
    answer = arena("tournament", "run", str(contest), "--workers", "0")
    assert answer.code == ExitCode.INPUT
    assert answer.out == ""
    assert len(answer.err.splitlines()) == 1
    assert answer.err.startswith("arena: ")
    for word in words:
        assert word in answer.err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["tournament", "run", "missing.toml"], "missing.toml"),
        (["match", "."], "was a folder"),
        (["match", "--seed", "x"], "--seed"),
        (["match", "--sed", "1"], "--seed"),
        (["mach"], "mach"),
        (["tournament", "run", "--resume", "--fresh"], "--resume, --fresh"),
        (["tournament", "run", "--workers", "0", "--cluster", "auto"], "--workers"),
        (["match", "--data", "nowhere"], "--data: expected a folder"),
        (["tournament", "show", "nothing"], "expected a tournament"),
        (["example", "cake"], "expected one of match, search, tournament"),
        (["strategies", "alfa"], "did you mean 'alpha'"),
        (["strategies", "missing.py:Bot"], "missing.py"),
        (["bars", "check", "missing.csv"], "missing.csv"),
        (["bench", "nothing"], "engine"),
    ],
    ids=" ".join,
)
def test_wrong_words_are_one_line(arena: Arena, words: list[str], expected: str) -> None:
    answer = arena(*words)
    assert answer.code == ExitCode.INPUT
    assert len(answer.err.splitlines()) == 1
    assert expected in answer.err


def test_an_anchored_market_asks_for_its_data_before_anything_is_played(arena: Arena, contest: Path) -> None:
    contest.write_text(CONTEST.replace('"synthetic"', '"anchored"'))
    answer = arena("tournament", "run", str(contest), "--workers", "0")
    assert answer.code == ExitCode.INPUT
    assert "--data FOLDER" in answer.err
    answer = arena("match", str(contest), "--data", ".")
    assert answer.code == ExitCode.INPUT
    assert "BTC/USDT:USDT: no file under" in answer.err
    Path("BTCUSDT.parquet").write_bytes(b"PAR1 cut off")
    answer = arena("match", str(contest), "--data", ".")
    assert answer.code == ExitCode.INPUT
    assert "BTCUSDT.parquet" in answer.err
    assert "truncated" in answer.err
    assert not Path("runs").exists()


def test_a_defect_is_one_line_and_debug_shows_its_place(
    arena: Arena, contest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("made up")

    monkeypatch.setattr("actors.match.run_match", broken)
    answer = arena("match", str(contest))
    assert answer.code == ExitCode.DEFECT
    *before, last = answer.err.splitlines()
    assert all("compiling" in line for line in before)  # the first match of a machine says so
    assert last.startswith("arena: ZeroDivisionError: made up; this is a defect: run it again with --debug")
    answer = arena("--debug", "match", str(contest))
    assert answer.code == ExitCode.DEFECT
    assert "Traceback" in answer.err
    assert "in broken" in answer.err


@pytest.mark.parametrize("known", KNOWN_ERRORS, ids=lambda known: known.name)
def test_errors_meant_for_users_exist(known: tuple[str, str, ExitCode]) -> None:
    module, name, _ = known
    assert issubclass(getattr(importlib.import_module(module), name), Exception)
