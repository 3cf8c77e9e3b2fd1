"""`arena match` from file to report."""

from __future__ import annotations

import re
from pathlib import Path

from actors.cli.errors import ExitCode
from tests.cli.conftest import CONTEST, Arena

ROW_KEYS = {
    "bot",
    "rating",
    "rating_low",
    "rating_high",
    "return_mean",
    "sharpe",
    "max_drawdown",
    "fills",
}


def test_a_match_prints_tables_and_writes_its_files(arena: Arena, contest: Path) -> None:
    answer = arena("match", str(contest))
    assert answer.code == ExitCode.DONE, answer.err
    assert all(len(line) <= 80 for line in answer.out.splitlines() if not line.startswith("Report"))
    for word in ("luck", "holder", "idle", "BTC/USDT:USDT", "Digest:"):
        assert word in answer.out
    report = Path(re.search(r"Report: (\S+)", answer.out)[1])  # type: ignore[index] # fails the test if absent
    page = report.read_text()
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert "luck" in page
    assert (report.parent / "match.journal").stat().st_size > 0


def test_a_match_for_machines_is_the_same_twice(arena: Arena, contest: Path) -> None:
    first = arena("match", str(contest), "--json").document
    again = arena("match", str(contest), "--json").document
    other = arena("match", str(contest), "--json", "--seed", "6").document
    assert first["digest"] == again["digest"]
    assert first["market_digest"] == again["market_digest"]
    assert first["digest"] != other["digest"]
    assert first["matches_done"] == 1
    assert first["cpu_s"] > 0
    assert first["wall_s"] > 0
    assert {row["bot"] for row in first["leaderboard"]} == {"luck", "holder", "idle"}
    assert all(set(row) >= ROW_KEYS for row in first["leaderboard"])
    assert Path(first["journal"]).is_file()


def test_a_bot_that_raises_is_named_and_the_others_play_on(arena: Arena, contest: Path) -> None:
    Path("own.py").write_text(
        "from strategies.api import Strategy, StrategyConfig\n"
        "class Config(StrategyConfig, frozen=True, kw_only=True): ...\n"
        "class Broken(Strategy[Config]):\n"
        "    def subscriptions(self, instruments): return ()\n"
        "    def on_start(self, ctx): raise KeyError('oh no')\n"
    )
    contest.write_text(CONTEST.replace('"buy_and_hold"', '"own.py:Broken"'))
    answer = arena("match", str(contest))
    assert answer.code == ExitCode.DONE, answer.err
    assert "holder was disqualified" in answer.out
    assert "oh no" in answer.out
