"""Every example with a bot of its own is played from the command line, cut short."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from actors.cli.errors import ExitCode
from tests.cli.conftest import Arena

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_series_reach_the_bot_of_the_example(arena: Arena) -> None:
    answer = arena("match", str(EXAMPLES / "factors.toml"), "--data", str(EXAMPLES / "data"))
    assert answer.code == ExitCode.DONE, answer.err
    assert "contrarian" in answer.out


def test_leverage_ends_in_liquidation_and_is_shown(arena: Arena) -> None:
    """Only the account with 45 times its money is closed; table, lines, document and page say so."""
    contest = str(EXAMPLES / "liquidation.toml")
    answer = arena("match", contest)
    assert answer.code == ExitCode.DONE, answer.err
    assert "Liquidated" in answer.out
    assert "45 times was liquidated" in answer.out
    page = Path(re.search(r"Report: (\S+)", answer.out)[1]).read_text()  # type: ignore[index] # fails the test if absent
    assert "Liquidation and funding" in page
    document = arena("match", contest, "--json").document
    liquidated = {bot["name"]: bot["liquidations"] for bot in document["bots"]}
    assert liquidated["45 times"] > 0
    assert liquidated["twice"] == 0
    words = ("tournament", "run", contest, "--workers", "0", "--rounds", "2", "--json")
    board = arena(*words).document["leaderboard"]
    assert board[-1]["bot"] == "45 times"


def test_without_the_data_the_example_says_what_it_needs(arena: Arena) -> None:
    answer = arena("match", str(EXAMPLES / "factors.toml"))
    assert answer.code == ExitCode.INPUT
    assert answer.err.splitlines() == [
        "arena: market.series: recorded series need a folder of data (--data FOLDER)"
    ]


def test_on_a_day_when_nothing_works_the_match_is_played_to_its_end(arena: Arena) -> None:
    answer = arena("match", str(EXAMPLES / "faults.toml"), "--json")
    assert answer.code == ExitCode.DONE, answer.err
    rows = {row["bot"]: row for row in answer.document["leaderboard"]}
    assert set(rows) == {"good line", "bad line", "random"}
    assert all(row["fills"] > 0 for row in rows.values())


@pytest.mark.parametrize("bot", ["factors.py:Contrarian"])
def test_the_bots_of_the_examples_pass_every_card(arena: Arena, bot: str) -> None:
    answer = arena("check-strategy", str(EXAMPLES / bot), "--duration", "2m")
    assert answer.code == ExitCode.DONE, answer.err
    assert "failed" not in answer.out
