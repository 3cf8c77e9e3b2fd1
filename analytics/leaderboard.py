"""The table that a tournament ends in: from one row per match and bot to one row per bot."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from analytics.match_table import MatchRow, MatchTable, bot_totals, table_of, turnovers, worst_drawdowns
from analytics.ratings import rate
from analytics.returns import ReturnMoments, annualisation_note
from analytics.selection import NullTest, beats_null, mean_interval
from analytics.trades import TradeTotals


class LeaderboardRow(msgspec.Struct, frozen=True, kw_only=True):
    """One bot over a tournament. Ratios are fractions of one; what is not defined is NaN (JSON: null).

    `return_mean` averages blocks (first the matches within a block), with Student's interval. `sharpe`,
    `sortino` and `calmar` are annualised figures of the matches' pooled period returns, Calmar per the
    worst drawdown of any match, which is `max_drawdown`. `turnover` is the value traded in a match over
    its start equity. `fees` and `fills` are totals. `beats_null` is None for the null bot, and for all
    where there is none; a bot that was disqualified in any match never beats it. One that did not trade
    may, for the null bot pays costs: see `fills`.
    """

    bot: str
    rating: float
    rating_low: float
    rating_high: float
    p_best: float
    return_mean: float
    return_low: float
    return_high: float
    sharpe: float
    sortino: float
    calmar: float
    max_drawdown: float
    win_rate: float
    turnover: float
    maker_share: float
    fees: float
    fills: int
    matches: int
    disqualified: int
    beats_null: bool | None
    p_value: float


class Leaderboard(msgspec.Struct, frozen=True, kw_only=True):
    """Rows, strongest first, and what the figures rest on.

    `confidence` is that of the intervals; `alpha` the chance of any false claim in `beats_null`.
    """

    rows: tuple[LeaderboardRow, ...]
    null: str | None
    matches: int
    contests: int
    blocks: int
    confidence: float
    alpha: float
    notes: tuple[str, ...] = ()


def build_leaderboard(
    rows: Iterable[MatchRow] | MatchTable,
    *,
    null: str | None,
    seed: int,
    confidence: float = 0.9,
    alpha: float = 0.05,
    draws: int = 1_000,
) -> Leaderboard:
    """Return the leaderboard of a tournament; the same for any order of `rows`.

    Parameters
    ----------
    null
        Name of the bot that every other is tested against (usually the random one); None for no test.
    seed
        Of the resampling; one seed gives one table.

    Raises
    ------
    ValueError
        A bot appears twice in a contest, a contest spans two blocks, or `null` never played.
    """
    table = rows if isinstance(rows, MatchTable) else table_of(rows)
    bots = table.bots
    if null is not None and null not in bots:
        raise ValueError(f"null: expected one of {', '.join(bots) or 'no bots'}, was {null!r}")
    blocks, scores = _contest_scores(table)
    ratings = rate(scores, bots, blocks, seed=seed, confidence=confidence, draws=draws)
    labels = list(dict.fromkeys(blocks))
    returns = _block_returns(table, labels)
    tests = _tests(returns, bots, null, seed=seed, alpha=alpha)
    totals = bot_totals(table)
    drawdowns, turned = worst_drawdowns(table), turnovers(table)
    played = np.bincount(table.bot, minlength=len(bots)).tolist()
    taken_out = np.bincount(table.bot[table.figures["out"] != 0], minlength=len(bots)).tolist()
    lines = []
    for index, rating in enumerate(ratings):
        moments, trades = totals[index]
        interval = mean_interval(returns[:, index], confidence)
        drawdown = drawdowns[index]
        test = tests.get(rating.bot)
        out = taken_out[index]
        lines.append(
            LeaderboardRow(
                bot=rating.bot,
                rating=rating.rating,
                rating_low=rating.low,
                rating_high=rating.high,
                p_best=rating.best,
                return_mean=interval.mean,
                return_low=interval.low,
                return_high=interval.high,
                sharpe=moments.sharpe,
                sortino=moments.sortino,
                calmar=moments.annual_return / drawdown if drawdown > 0 else math.nan,
                max_drawdown=drawdown,
                win_rate=trades.win_rate,
                turnover=turned[index],
                maker_share=trades.maker_share,
                fees=trades.fees,
                fills=trades.fills,
                matches=played[index],
                disqualified=out,
                beats_null=test.better and not out if test else None,
                p_value=test.p_value if test else math.nan,
            )
        )
    lines.sort(key=lambda row: (-row.rating, -_last(row.return_mean), row.bot))
    return Leaderboard(
        rows=tuple(lines),
        null=null,
        matches=len(set(table.match_ids)),
        contests=len(blocks),
        blocks=len(labels),
        confidence=confidence,
        alpha=alpha,
        notes=(*_notes(len(labels), null, alpha, lines), *_annualisation(totals)),
    )


def _contest_scores(table: MatchTable) -> tuple[list[str], npt.NDArray[np.float64]]:
    """Return the block of each contest, and scores[contests, bots]: the return, below all if taken out."""
    contests: dict[str, int] = {}
    blocks: list[str] = []
    for contest, block in zip(table.contests, table.blocks, strict=True):
        if contests.setdefault(contest, len(contests)) == len(blocks):
            blocks.append(block)
        elif blocks[-1] != block:
            raise ValueError(
                f"block: expected one per contest, was {blocks[-1]!r} and {block!r} in contest {contest!r}"
            )
    size = len(table.bots)
    at = np.array([contests[contest] for contest in table.contests], np.int64)[table.match]
    place = at * size + table.bot
    distinct, first, times = np.unique(place, return_index=True, return_counts=True)
    if len(distinct) < len(place):
        row = int(first[times > 1].min())
        bot, contest = table.bots[table.bot[row]], table.contests[table.match[row]]
        raise ValueError(f"bot: expected one row per contest, was two of {bot!r} in {contest!r}")
    behind_all = -1e9
    scores = np.full(len(contests) * size, np.nan)
    scores[place] = np.where(table.figures["out"] != 0, behind_all, table.figures["total_return"])
    return blocks, scores.reshape(len(contests), size)


def _block_returns(table: MatchTable, labels: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return mean returns[blocks, bots]; NaN where a bot did not play in a block."""
    at = {label: index for index, label in enumerate(labels)}
    block = np.array([at[label] for label in table.blocks], np.int64)
    defined = ~np.isnan(table.figures["total_return"])
    place = (block[table.match] * len(table.bots) + table.bot)[defined]
    shape = (len(labels), len(table.bots))
    size = shape[0] * shape[1]
    total = np.bincount(place, table.figures["total_return"][defined], minlength=size).reshape(shape)
    count = np.bincount(place, minlength=size).reshape(shape)
    mean: npt.NDArray[np.float64] = np.divide(total, count, out=np.full(shape, np.nan), where=count > 0)
    return mean


def _tests(
    returns: npt.NDArray[np.float64], bots: Sequence[str], null: str | None, *, seed: int, alpha: float
) -> dict[str, NullTest]:
    if null is None:
        return {}
    reference = bots.index(null)
    others = [index for index in range(len(bots)) if index != reference]
    results = beats_null(returns[:, others] - returns[:, [reference]], seed=seed, alpha=alpha)
    return {bots[index]: result for index, result in zip(others, results, strict=True)}


def _last(value: float) -> float:
    return -math.inf if math.isnan(value) else value


def _annualisation(totals: Iterable[tuple[ReturnMoments, TradeTotals]]) -> list[str]:
    """Return the warning that fits the bot with the least play."""
    note = annualisation_note(min((moments.span_ns for moments, _ in totals), default=0))
    return [note] if note else []


def _notes(blocks: int, null: str | None, alpha: float, table: Sequence[LeaderboardRow]) -> list[str]:
    notes = []
    if blocks < 2:
        notes.append("One block of matches only: no interval can be given and nothing can be tested.")
    elif null is not None and 2.0**-blocks > alpha:
        needed = math.ceil(-math.log2(alpha))
        notes.append(
            f"{blocks} independent blocks cannot show at {alpha:.0%} that any bot beats {null!r}: "
            f"at least {needed} are needed."
        )
    out = [row.bot for row in table if row.disqualified]
    if out:
        notes.append(f"Disqualified in at least one match: {', '.join(out)}.")
    return notes
