"""The leaderboard on a terminal: what fits, the most telling columns first."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from actors.cli.console import loss, number, percent, share

if TYPE_CHECKING:
    from rich.table import Table

    from analytics.leaderboard import Leaderboard, LeaderboardRow

NO_TRADES = "no trades"
"""In place of a verdict: a bot that does not trade shows none, though the null bot's costs put it ahead."""

_NAME_MIN, _NAME_MAX = 10, 40


class _Column(NamedTuple):
    """A heading, its rank (0 is shown first where there is little room), and a row's text."""

    heading: str
    rank: int
    text: Callable[[LeaderboardRow], str]


def leaderboard_table(board: Leaderboard, width: int) -> Table:
    """Return the table with the columns that fit a terminal of `width`, none of them cut."""
    from rich import box
    from rich.table import Table

    cells = [
        (column, [column.heading, *(column.text(row) for row in board.rows)]) for column in _columns(board)
    ]
    longest = max(len(row.bot) for row in board.rows)
    left = width - min(longest, _NAME_MIN)
    shown: set[str] = set()
    for column, texts in sorted(cells, key=lambda entry: entry[0].rank):
        needed = max(map(len, texts)) + 1
        if needed > left:
            break
        left -= needed
        shown.add(column.heading)
    table = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    names = min(longest, _NAME_MAX, min(longest, _NAME_MIN) + left)
    table.add_column("Bot", no_wrap=True, overflow="ellipsis", width=names)
    fitting = [(column, texts) for column, texts in cells if column.heading in shown]
    for column, _ in fitting:
        table.add_column(column.heading, justify="right", no_wrap=True)
    for index, row in enumerate(board.rows, start=1):
        table.add_row(row.bot, *(texts[index] for _, texts in fitting))
    return table


def _columns(board: Leaderboard) -> list[_Column]:
    columns = [
        _Column("Rating", 0, lambda row: f"{row.rating:.0f}"),
        _Column("Return", 1, lambda row: percent(row.return_mean)),
        _Column("Sharpe", 5, lambda row: number(row.sharpe, 1)),
        _Column("Sortino", 13, lambda row: number(row.sortino, 1)),
        _Column("Calmar", 14, lambda row: number(row.calmar, 1)),
        _Column("Max DD", 3, lambda row: loss(row.max_drawdown)),
        _Column("Won", 10, lambda row: share(row.win_rate)),
        _Column("Turn", 9, lambda row: number(row.turnover, 1)),
        _Column("Maker", 11, lambda row: share(row.maker_share)),
        _Column("Fees", 12, lambda row: number(row.fees, 0)),
        _Column("Fills", 6, lambda row: f"{row.fills:,}"),
    ]
    if board.null is not None:
        columns.append(_Column("Skill?", 2, lambda row: skill_text(row, board.null)))
    if any(math.isfinite(row.rating_low) for row in board.rows):
        interval = f"{board.confidence:.0%}"
        columns.insert(
            2,
            _Column(
                f"Return {interval}", 8, lambda row: f"{percent(row.return_low)}..{percent(row.return_high)}"
            ),
        )
        columns[1:1] = [
            _Column(interval, 4, lambda row: f"{row.rating_low:.0f}..{row.rating_high:.0f}"),
            _Column("Best", 7, lambda row: share(row.p_best)),
        ]
    return columns


def skill_text(row: LeaderboardRow, null: str | None) -> str:
    """Return in a word what the test against the null bot says."""
    if row.bot == null:
        return "(null)"
    if row.beats_null is None:
        return "-"
    if not row.fills:
        return NO_TRADES
    return "shown" if row.beats_null else "not shown"


def legend(board: Leaderboard) -> list[str]:
    """Return the sentences below the table."""
    lines = []
    if board.null is not None:
        lines.append(
            f"Skill: shown where the return beats that of {board.null!r}, the bot that stands for luck; the "
            f"chance that any of the bots is wrongly said to is at most {board.alpha:.0%}."
        )
    return [*lines, *board.notes]
