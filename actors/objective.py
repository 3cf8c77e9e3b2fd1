"""What a trial of a search is worth: one number from one bot's matches over several seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence

from actors.search_config import ObjectiveSpec
from analytics.match_table import MatchRow
from analytics.returns import YEAR_NS, ReturnMoments

RISK_FLOOR = 1e-4
"""Least risk that a ratio divides by: one period's loss, or a drawdown, of a basis point of the equity."""


def _annual_per_risk(moments: ReturnMoments, squares: float) -> float:
    """Return the annual return per annualised root of a sum of squared returns, at least the floor's."""
    if moments.count < 2 or moments.span_ns <= 0:
        return math.nan
    return moments.annual_return / math.sqrt(max(squares, RISK_FLOOR**2) * YEAR_NS / moments.span_ns)


_METRICS: dict[str, Callable[[MatchRow], float]] = {
    "return": lambda row: row.total_return,
    "sharpe": lambda row: row.moments.sharpe,
    "sortino": lambda row: _annual_per_risk(row.moments, row.moments.downside),
    "calmar": lambda row: row.moments.annual_return / max(row.max_drawdown, RISK_FLOOR),
}
_AGGREGATES: dict[str, Callable[[Sequence[float]], float]] = {
    "mean": statistics.fmean,
    "median": statistics.median,
    "min": min,
}


def seed_values(spec: ObjectiveSpec, rows: Sequence[MatchRow]) -> tuple[float, ...]:
    """Return the metric of every match.

    Sortino and Calmar divide by a risk of at least `RISK_FLOOR`, so a match without any loss scores above
    all that gained as much with losses, and one that never traded scores 0. A ratio that is not defined all
    the same (a Sharpe ratio of a straight line, a match of one sample) counts as 0; a return that is not
    defined is NaN.
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
