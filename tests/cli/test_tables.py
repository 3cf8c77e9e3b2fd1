"""Tables fit the terminal, whatever is in them."""

from __future__ import annotations

import io
import math

import msgspec
import pytest
from rich.console import Console

from actors.cli.console import loss, number, percent, share, span
from actors.cli.leaderboard import leaderboard_table, legend, skill_text
from actors.cli.match import margin_lines
from actors.result import BotResult
from analytics.leaderboard import Leaderboard, LeaderboardRow


def _row(bot: str, *, beats_null: bool | None = True, rating: float = 1523.4) -> LeaderboardRow:
    return LeaderboardRow(
        bot=bot,
        rating=rating,
        rating_low=rating - 250.0,
        rating_high=rating + 310.0,
        p_best=0.55,
        return_mean=-0.1234,
        return_low=-0.2345,
        return_high=0.1111,
        sharpe=-1234.5,
        sortino=-2345.6,
        calmar=-34567.8,
        max_drawdown=0.4567,
        win_rate=0.5,
        turnover=123.4,
        maker_share=1.0,
        fees=123456.7,
        fills=12345,
        matches=99,
        disqualified=0,
        beats_null=beats_null,
        p_value=0.01,
    )


def _board(*rows: LeaderboardRow, null: str | None = "random") -> Leaderboard:
    return Leaderboard(rows=rows, null=null, matches=99, contests=99, blocks=99, confidence=0.9, alpha=0.05)


def _rendered(board: Leaderboard, width: int) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width).print(leaderboard_table(board, width))
    return stream.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100, 120, 142, 200])
def test_a_leaderboard_fits_without_cutting_numbers(width: int) -> None:
    board = _board(_row("a bot with a very long name", beats_null=False), _row("random", beats_null=None))
    text = _rendered(board, width)
    lines = [line.rstrip() for line in text.splitlines()]
    assert all(len(line) <= width for line in lines)
    heading, _, long, null = [line for line in lines if line]
    assert heading.split()[-1] == "Skill?"
    assert long.startswith("a bot with")
    assert long.endswith("not shown")
    assert null.endswith("(null)")
    assert "…" not in heading + null
    assert "…" not in long[len("a bot with a very long name") :]


@pytest.mark.parametrize("width", range(60, 200))
def test_every_width_shows_as_much_as_fits(width: int) -> None:
    text = _rendered(_board(_row("random", beats_null=None)), width)
    heading, _, row = [line.rstrip() for line in text.splitlines() if line.strip()]
    assert len(heading) <= width
    assert row.endswith("(null)")
    assert "…" not in row


def test_wider_terminals_show_more() -> None:
    board = _board(_row("random"))
    narrow, wide = _rendered(board, 80), _rendered(board, 160)
    for heading in ("Rating", "Return", "Sharpe", "Max DD", "Fills", "Skill?"):
        assert heading in narrow
    for heading in ("Sortino", "Calmar", "Fees", "Maker"):
        assert heading not in narrow
        assert heading in wide


def test_what_rests_on_one_match_has_no_interval_column() -> None:
    nan = math.nan
    row = _row("a")
    alone = LeaderboardRow(
        **{name: getattr(row, name) for name in row.__struct_fields__}
        | {"rating_low": nan, "rating_high": nan, "p_best": nan}
    )
    assert "90%" not in _rendered(_board(alone, null=None), 80)


def test_a_bot_that_did_not_trade_has_shown_nothing() -> None:
    idle = msgspec.structs.replace(_row("idle"), fills=0)
    assert [skill_text(row, "random") for row in (idle, _row("a"), _row("random", beats_null=None))] == [
        "no trades",
        "shown",
        "(null)",
    ]


def test_the_legend_says_what_skill_means() -> None:
    assert "'random'" in legend(_board(_row("a")))[0]
    assert legend(_board(_row("a"), null=None)) == []


def test_numbers_as_text() -> None:
    assert [percent(value) for value in (0.01, -0.01, 0.0, -0.0, -0.00001, math.nan)] == [
        "+1.00%",
        "-1.00%",
        "0.00%",
        "0.00%",
        "0.00%",
        "-",
    ]
    assert (loss(0.5), loss(math.nan)) == ("50.00%", "-")
    assert (share(0.333), share(math.nan)) == ("33%", "-")
    assert (number(1234.567), number(math.nan)) == ("1,234.57", "-")
    assert (span(59.6), span(3_661)) == ("1:00", "1:01:01")


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({}, []),
        (
            {"liquidations": 1, "insurance": 12.5},
            ["bot was liquidated once, paid 12.50 to the insurance fund"],
        ),
        (
            {"liquidations": 3, "insurance": -7.0},
            ["bot was liquidated 3 times, got 7.00 from the insurance fund"],
        ),
        ({"deleveraged": 2}, ["bot was deleveraged 2 times: closed against a bankrupt position"]),
        ({"funding": -3.25}, ["bot received 3.25 of funding"]),
    ],
)
def test_what_the_exchange_did_to_an_account_is_said(changes: dict[str, float], lines: list[str]) -> None:
    quiet = BotResult(
        name="bot", strategy="cash", start_equity=1.0, final_equity=1.0, total_return=0.0, fees=0.0,
        volume=0.0, maker_volume=0.0, fills=0, orders=0, denied=0, rejected=0, canceled=0,
    )  # fmt: skip
    assert margin_lines(msgspec.structs.replace(quiet, **changes)) == lines
