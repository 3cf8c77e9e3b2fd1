"""What a leaderboard is made from: one row per bot and match, as structs or as columns.

Columns are for many matches: a hundred thousand are summed up in a second, structs of them would take ten and
half a gigabyte.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.returns import ReturnMoments, equity_metrics
from analytics.trades import TradeTotals, trade_totals

_MOMENTS = ReturnMoments.__struct_fields__
_TRADES = TradeTotals.__struct_fields__
_WHOLE = ("count", "span_ns", "fills", "round_trips", "wins", "out")

FIGURES = np.dtype(
    [
        (name, "<i8" if name in _WHOLE else "<f8")
        for name in ("start_equity", "total_return", "max_drawdown", *_MOMENTS, *_TRADES, "out")
    ]
)
"""The numbers of a `MatchRow`, fields by the same names; `out` is 1 where the bot was disqualified."""


class MatchRow(msgspec.Struct, frozen=True, kw_only=True):
    """One bot in one match, small enough for a catalogue and enough for every leaderboard figure.

    Parameters
    ----------
    match_id
        Unique within the run.
    contest
        Bots are ranked against those of the same contest: the match itself in a melee, all matches
        against one background where bots play alone.
    block
        Rows of one block share the market's randomness and are never treated as independent evidence.
    start_equity, total_return, max_drawdown
        Settlement asset, and fractions of one. A return that is not defined (NaN) leaves the bot out of
        its contest.
    disqualified
        Empty, or why the bot was taken out. Such a bot finishes behind all who were not, whatever it
        had earned by then; its return counts as it was.
    """

    match_id: str
    contest: str
    block: str
    bot: str
    start_equity: float
    total_return: float
    max_drawdown: float
    moments: ReturnMoments
    trades: TradeTotals
    disqualified: str = ""


@dataclass(frozen=True, slots=True)
class MatchTable:
    """Rows of many matches as columns, in order of contest, match and bot.

    `match_ids`, `contests` and `blocks` have an entry per match. Row `k` is bot `bots[bot[k]]` in match
    number `match[k]`, with the numbers `figures[k]` (`FIGURES`). `bots` are sorted.
    """

    match_ids: Sequence[str]
    contests: Sequence[str]
    blocks: Sequence[str]
    bots: Sequence[str]
    match: npt.NDArray[np.int64]
    bot: npt.NDArray[np.int64]
    figures: npt.NDArray[np.void]

    def __len__(self) -> int:
        return len(self.match)


def match_table(
    matches: Sequence[tuple[str, str, str]],
    bots: Sequence[str],
    match: npt.NDArray[np.int64],
    bot: npt.NDArray[np.int64],
    figures: npt.NDArray[np.void],
) -> MatchTable:
    """Return the table of rows in any order.

    Parameters
    ----------
    matches
        Contest, match id and block of every match.
    bots
        Distinct names.
    match, bot, figures
        Per row the index of its match, the index of its bot, and its numbers.
    """
    order = sorted(range(len(matches)), key=matches.__getitem__)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    names = sorted(bots)
    place = {name: index for index, name in enumerate(names)}
    code = np.array([place[name] for name in bots], np.int64)
    rows = np.lexsort((code[bot], rank[match]))
    ordered = [matches[index] for index in order]
    return MatchTable(
        match_ids=[match_id for _, match_id, _ in ordered],
        contests=[contest for contest, _, _ in ordered],
        blocks=[block for _, _, block in ordered],
        bots=names,
        match=rank[match][rows],
        bot=code[bot][rows],
        figures=figures[rows],
    )


def table_of(rows: Iterable[MatchRow]) -> MatchTable:
    """Return the columns of `rows`."""
    matches: dict[tuple[str, str, str], int] = {}
    bots: dict[str, int] = {}
    match, bot, figures = [], [], []
    for row in rows:
        match.append(matches.setdefault((row.contest, row.match_id, row.block), len(matches)))
        bot.append(bots.setdefault(row.bot, len(bots)))
        figures.append(row_figures(row))
    return match_table(
        list(matches),
        list(bots),
        np.array(match, np.int64),
        np.array(bot, np.int64),
        np.array(figures, FIGURES),
    )


def row_figures(row: MatchRow) -> tuple[float, ...]:
    """Return the numbers of a row in the order of `FIGURES`."""
    return (
        row.start_equity,
        row.total_return,
        row.max_drawdown,
        *msgspec.structs.astuple(row.moments),
        *msgspec.structs.astuple(row.trades),
        int(bool(row.disqualified)),
    )


def rows_of(
    *,
    match_id: str,
    contest: str,
    block: str,
    bots: Sequence[str],
    figures: npt.NDArray[np.void],
    disqualified: Sequence[str],
) -> Iterator[MatchRow]:
    """Yield the rows of one match from their numbers; the inverse of `row_figures`."""
    for name, values, reason in zip(bots, figures.tolist(), disqualified, strict=True):
        fields = dict(zip(FIGURES.names or (), values, strict=True))
        yield MatchRow(
            match_id=match_id,
            contest=contest,
            block=block,
            bot=name,
            start_equity=fields["start_equity"],
            total_return=fields["total_return"],
            max_drawdown=fields["max_drawdown"],
            moments=ReturnMoments(**{field: fields[field] for field in _MOMENTS}),
            trades=TradeTotals(**{field: fields[field] for field in _TRADES}),
            disqualified=reason,
        )


def match_rows(
    *,
    match_id: str,
    contest: str,
    block: str,
    bots: Sequence[str],
    times_ns: npt.NDArray[np.int64],
    equity: npt.NDArray[np.float64],
    fills: npt.NDArray[np.void] | pd.DataFrame,
    disqualified: Sequence[str] = (),
) -> list[MatchRow]:
    """Return one row per bot of a match, in the order of `bots`.

    Parameters
    ----------
    times_ns, equity
        int64[n] and float64[n, bots], as in `analytics.returns.equity_metrics`.
    fills
        As in `analytics.trades`; its `bot` is an index into `bots`.
    disqualified
        Per bot why it was taken out, empty where it was not; or nothing at all.

    Raises
    ------
    ValueError
        Shapes do not fit, or the match has no equity samples.
    """
    if equity.shape != (len(times_ns), len(bots)) or not len(times_ns):
        expected = (max(1, len(times_ns)), len(bots))
        raise ValueError(f"equity: expected the shape {expected} (times, bots), was {equity.shape}")
    if disqualified and len(disqualified) != len(bots):
        raise ValueError(f"disqualified: expected {len(bots)} entries, was {len(disqualified)}")
    totals = trade_totals(fills, len(bots))
    rows = []
    for index, bot in enumerate(bots):
        metrics = equity_metrics(times_ns, equity[:, index])
        rows.append(
            MatchRow(
                match_id=match_id,
                contest=contest,
                block=block,
                bot=bot,
                start_equity=float(equity[0, index]),
                total_return=metrics.total_return,
                max_drawdown=metrics.max_drawdown,
                moments=metrics.moments,
                trades=totals[index],
                disqualified=disqualified[index] if disqualified else "",
            )
        )
    return rows


def bot_totals(table: MatchTable) -> list[tuple[ReturnMoments, TradeTotals]]:
    """Return, per bot, the moments and trades of all its rows together.

    Summed in the order of the table, one after another: the same bits whoever finished first.
    """
    sums: dict[str, list[Any]] = {
        name: _sum(table, name) for name in (*_MOMENTS, *_TRADES) if name != "largest"
    }
    largest = np.zeros(len(table.bots))
    np.maximum.at(largest, table.bot, table.figures["largest"])
    sums["largest"] = largest.tolist()
    return [
        (
            ReturnMoments(**{name: sums[name][bot] for name in _MOMENTS}),
            TradeTotals(**{name: sums[name][bot] for name in _TRADES}),
        )
        for bot in range(len(table.bots))
    ]


def worst_drawdowns(table: MatchTable) -> list[float]:
    """Return, per bot, the largest drawdown of any match; NaN where none is defined."""
    worst = np.full(len(table.bots), np.nan)
    np.fmax.at(worst, table.bot, table.figures["max_drawdown"])
    found: list[float] = worst.tolist()
    return found


def turnovers(table: MatchTable) -> list[float]:
    """Return, per bot, the mean value traded in a match over its start equity; NaN where there is none."""
    used = table.figures["start_equity"] > 0
    bot, figures = table.bot[used], table.figures[used]
    total = np.bincount(bot, figures["volume"] / figures["start_equity"], minlength=len(table.bots))
    count = np.bincount(bot, minlength=len(table.bots))
    return [float(total[k] / count[k]) if count[k] else math.nan for k in range(len(table.bots))]


def _sum(table: MatchTable, name: str) -> list[Any]:
    values = table.figures[name]
    if values.dtype.kind == "f":
        total: list[Any] = np.bincount(table.bot, values, minlength=len(table.bots)).tolist()
        return total
    whole = np.zeros(len(table.bots), np.int64)  # spans in ns are beyond what a float counts exactly
    np.add.at(whole, table.bot, values)
    return whole.tolist()
