"""The leaderboard on a terminal: what fits, the most telling columns first."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from actors.cli.console import loss, number, percent, share

if TYPE_CHECKING:
    from rich.table import Table

    from analytics.leaderboard import Leaderboard, LeaderboardRow

_FULL_WIDTH = 142


class _Column(NamedTuple):
    """A heading, the narrowest terminal that shows it, and a row's text."""

    heading: str
    width: int
    text: Callable[[LeaderboardRow], str]


def leaderboard_table(board: Leaderboard, width: int) -> Table:
    """Return the table for a terminal of `width` columns: complete from 142, the essential at 80."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("Bot", no_wrap=True, overflow="ellipsis", max_width=20 if width >= _FULL_WIDTH else 14)
    columns = [column for column in _columns(board) if width >= column.width]
    for column in columns:
        table.add_column(column.heading, justify="right", no_wrap=True)
    for row in board.rows:
        table.add_row(row.bot, *(column.text(row) for column in columns))
    return table


def _columns(board: Leaderboard) -> list[_Column]:
    interval = f"{board.confidence:.0%}"
    rated = any(math.isfinite(row.rating_low) for row in board.rows)
    never = 10_000
    return [
        _Column("Rating", 0, lambda row: f"{row.rating:.0f}"),
        _Column(interval, 0 if rated else never, lambda row: f"{row.rating_low:.0f}..{row.rating_high:.0f}"),
        _Column("Best", 0 if rated else never, lambda row: share(row.p_best)),
        _Column("Return", 0, lambda row: percent(row.return_mean)),
        _Column(
            interval,
            102 if rated else never,
            lambda row: f"{percent(row.return_low)}..{percent(row.return_high)}",
        ),
        _Column("Sharpe", 0, lambda row: number(row.sharpe, 1)),
        _Column("Sortino", _FULL_WIDTH, lambda row: number(row.sortino, 1)),
        _Column("Calmar", _FULL_WIDTH, lambda row: number(row.calmar, 1)),
        _Column("Max DD", 0, lambda row: loss(row.max_drawdown)),
        _Column("Won", 120, lambda row: share(row.win_rate)),
        _Column("Turn", 102, lambda row: number(row.turnover, 1)),
        _Column("Maker", 120, lambda row: share(row.maker_share)),
        _Column("Fees", 120, lambda row: number(row.fees, 0)),
        _Column("Fills", 0, lambda row: f"{row.fills:,}"),
        _Column("Skill?", 0 if board.null is not None else never, lambda row: skill_text(row, board.null)),
    ]


def skill_text(row: LeaderboardRow, null: str | None) -> str:
    """Return in a word what the test against the null bot says."""
    if row.bot == null:
        return "(null)"
    if row.beats_null is None:
        return "-"
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
