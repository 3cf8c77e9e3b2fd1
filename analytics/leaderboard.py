"""The table that a tournament ends in: from one row per match and bot to one row per bot."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.ratings import rate
from analytics.returns import ReturnMoments, annualisation_note, equity_metrics
from analytics.selection import NullTest, beats_null, mean_interval
from analytics.trades import TradeTotals, trade_totals


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


def build_leaderboard(
    rows: Iterable[MatchRow],
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
    ordered = sorted(rows, key=lambda row: (row.contest, row.match_id, row.bot))
    bots = sorted({row.bot for row in ordered})
    if null is not None and null not in bots:
        raise ValueError(f"null: expected one of {', '.join(bots) or 'no bots'}, was {null!r}")
    contests, blocks, scores = _contest_scores(ordered, bots)
    ratings = rate(scores, bots, blocks, seed=seed, confidence=confidence, draws=draws)
    labels = list(dict.fromkeys(blocks))
    returns = _block_returns(ordered, bots, labels)
    tests = _tests(returns, bots, null, seed=seed, alpha=alpha)
    per_bot: dict[str, list[MatchRow]] = defaultdict(list)
    for row in ordered:
        per_bot[row.bot].append(row)
    table = []
    for index, rating in enumerate(ratings):
        played = per_bot[rating.bot]
        moments = ReturnMoments.pooled(row.moments for row in played)
        trades = sum((row.trades for row in played), TradeTotals())
        interval = mean_interval(returns[:, index], confidence)
        drawdown = max(
            (row.max_drawdown for row in played if not math.isnan(row.max_drawdown)), default=math.nan
        )
        test = tests.get(rating.bot)
        out = sum(bool(row.disqualified) for row in played)
        table.append(
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
                turnover=_turnover(played),
                maker_share=trades.maker_share,
                fees=trades.fees,
                fills=trades.fills,
                matches=len(played),
                disqualified=out,
                beats_null=test.better and not out if test else None,
                p_value=test.p_value if test else math.nan,
            )
        )
    table.sort(key=lambda row: (-row.rating, -_last(row.return_mean), row.bot))
    return Leaderboard(
        rows=tuple(table),
        null=null,
        matches=len({row.match_id for row in ordered}),
        contests=len(contests),
        blocks=len(labels),
        confidence=confidence,
        alpha=alpha,
        notes=(*_notes(len(labels), null, alpha, table), *_annualisation(per_bot.values())),
    )


def _contest_scores(
    rows: Sequence[MatchRow], bots: Sequence[str]
) -> tuple[list[str], list[str], npt.NDArray[np.float64]]:
    """Return contests, the block of each, and scores[contests, bots]: the return, below all if taken out."""
    block_of: dict[str, str] = {}
    for row in rows:
        if block_of.setdefault(row.contest, row.block) != row.block:
            raise ValueError(
                f"block: expected one per contest, was {block_of[row.contest]!r} and {row.block!r} "
                f"in contest {row.contest!r}"
            )
    contests = list(block_of)
    at = {contest: index for index, contest in enumerate(contests)}
    column = {bot: index for index, bot in enumerate(bots)}
    scores = np.full((len(contests), len(bots)), np.nan)
    seen: set[tuple[str, str]] = set()
    behind_all = -1e9
    for row in rows:
        if (row.contest, row.bot) in seen:
            raise ValueError(f"bot: expected one row per contest, was two of {row.bot!r} in {row.contest!r}")
        seen.add((row.contest, row.bot))
        scores[at[row.contest], column[row.bot]] = behind_all if row.disqualified else row.total_return
    return contests, [block_of[contest] for contest in contests], scores


def _block_returns(
    rows: Sequence[MatchRow], bots: Sequence[str], labels: Sequence[str]
) -> npt.NDArray[np.float64]:
    """Return mean returns[blocks, bots]; NaN where a bot did not play in a block."""
    at = {label: index for index, label in enumerate(labels)}
    column = {bot: index for index, bot in enumerate(bots)}
    total = np.zeros((len(labels), len(bots)))
    count = np.zeros_like(total)
    for row in rows:
        if not math.isnan(row.total_return):
            total[at[row.block], column[row.bot]] += row.total_return
            count[at[row.block], column[row.bot]] += 1
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def _tests(
    returns: npt.NDArray[np.float64], bots: Sequence[str], null: str | None, *, seed: int, alpha: float
) -> dict[str, NullTest]:
    if null is None:
        return {}
    reference = bots.index(null)
    others = [index for index in range(len(bots)) if index != reference]
    results = beats_null(returns[:, others] - returns[:, [reference]], seed=seed, alpha=alpha)
    return {bots[index]: result for index, result in zip(others, results, strict=True)}


def _turnover(rows: Sequence[MatchRow]) -> float:
    shares = [row.trades.volume / row.start_equity for row in rows if row.start_equity > 0]
    return sum(shares) / len(shares) if shares else math.nan


def _last(value: float) -> float:
    return -math.inf if math.isnan(value) else value


def _annualisation(played: Iterable[Sequence[MatchRow]]) -> list[str]:
    """Return the warning that fits the bot with the least play."""
    spans = [sum(row.moments.span_ns for row in rows) for rows in played]
    note = annualisation_note(min(spans, default=0))
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
