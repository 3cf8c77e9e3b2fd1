"""What a trial of a search is worth: one number from one bot's matches over several seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence

from actors.search_config import ObjectiveSpec
from analytics.leaderboard import MatchRow

_METRICS: dict[str, Callable[[MatchRow], float]] = {
    "return": lambda row: row.total_return,
    "sharpe": lambda row: row.moments.sharpe,
    "sortino": lambda row: row.moments.sortino,
    "calmar": lambda row: row.moments.annual_return / row.max_drawdown if row.max_drawdown > 0 else math.nan,
}
_AGGREGATES: dict[str, Callable[[Sequence[float]], float]] = {
    "mean": statistics.fmean,
    "median": statistics.median,
    "min": min,
}


def seed_values(spec: ObjectiveSpec, rows: Sequence[MatchRow]) -> tuple[float, ...]:
    """Return the metric of every match.

    A ratio that is not defined, because the bot took no risk, counts as 0; a return that is not defined
    is NaN.
    """
    values = [_METRICS[spec.metric](row) for row in rows]
    if spec.metric == "return":
        return tuple(values)
    return tuple(0.0 if math.isnan(value) else value for value in values)


def objective_value(spec: ObjectiveSpec, rows: Sequence[MatchRow]) -> float:
    """Return what the search maximises; see `actors.search_config.ObjectiveSpec`.

    NaN where there are no matches or one has no return.
    """
    values = seed_values(spec, rows)
    if not values or any(math.isnan(value) for value in values):
        return math.nan
    value = _AGGREGATES[spec.aggregate](values)
    drawdown = statistics.fmean(row.max_drawdown for row in rows)
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return value - spec.drawdown_penalty * drawdown - spec.spread_penalty * spread


def penalised_values(spec: ObjectiveSpec, rows: Sequence[MatchRow]) -> tuple[float, ...]:
    """Return the metric of every match less the penalties; their mean is the objective of `mean`."""
    values = seed_values(spec, rows)
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return tuple(
        value - spec.drawdown_penalty * row.max_drawdown - spec.spread_penalty * spread
        for value, row in zip(values, rows, strict=True)
    )
