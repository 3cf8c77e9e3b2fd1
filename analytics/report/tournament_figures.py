"""Figures of a tournament: rating intervals, returns per match, fans of equity curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.leaderboard import Leaderboard
from analytics.match_table import MatchRow
from analytics.report.charts import axis, colour, escaped
from analytics.report.content import Curve
from analytics.report.page import Figure
from analytics.report.series import evenly, rounded

POINTS_MAX = 400
"""Matches drawn as single points per bot."""

_FAN_POINTS = 160
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_UNITS = ((86_400e9, "days"), (3_600e9, "hours"), (60e9, "minutes"), (1e9, "seconds"))


def rating_figure(board: Leaderboard, colours: Mapping[str, int]) -> Figure:
    """Return every bot's rating with its interval, strongest on top, and a line at the null bot's."""
    data: list[Mapping[str, Any]] = []
    for row in board.rows:
        low, high = rounded([row.rating_low, row.rating_high], 6)
        above = 0.0 if high is None else max(0.0, high - row.rating)
        below = 0.0 if low is None else max(0.0, row.rating - low)
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": row.bot,
                "x": rounded([row.rating], 6),
                "y": [escaped(row.bot)],
                "marker": {"color": colour(colours[row.bot]), "size": 10},
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [above],
                    "arrayminus": [below],
                    "thickness": 2,
                    "width": 5,
                },
                "hovertemplate": (
                    f"%{{x:.0f}} ({_bound(low)} to {_bound(high)})<extra>{escaped(row.bot)}</extra>"
                ),
            }
        )
    null = next((row.rating for row in board.rows if row.bot == board.null), None)
    line = {"type": "line", "x0": null, "x1": null, "yref": "paper", "y0": 0, "y1": 1}
    layout = {
        "xaxis": axis("rating", zeroline=False),
        "yaxis": {"type": "category", "autorange": "reversed", "tickfont": {"color": "@ink"}},
        "showlegend": False,
        "shapes": [] if null is None else [{**line, "line": {"color": "@c9", "dash": "dot", "width": 1.5}}],
    }
    return Figure("Ratings with their intervals", data, layout, 90 + 34 * len(board.rows))


def returns_figure(
    rows: Sequence[MatchRow], order: Sequence[str], colours: Mapping[str, int]
) -> tuple[Figure, int]:
    """Return the distribution of returns per match of each bot, and how many points the fullest bot lacks."""
    data: list[Mapping[str, Any]] = []
    left_out = 0
    for bot in order:
        values = np.array([100.0 * row.total_return for row in rows if row.bot == bot])
        values = np.sort(values[~np.isnan(values)])
        kept = evenly(len(values), POINTS_MAX)
        left_out = max(left_out, len(values) - len(kept))
        data.append(
            {
                "type": "box",
                "name": escaped(bot),
                "x": rounded(values[kept], 5),
                "orientation": "h",
                "boxpoints": "all",
                "pointpos": 0,
                "jitter": 0.45,
                "marker": {"color": colour(colours[bot], 0.55), "size": 4},
                "line": {"color": colour(colours[bot]), "width": 1.5},
                "fillcolor": colour(colours[bot], 0.14),
                "boxmean": True,
                "hovertemplate": f"%{{x:.3f}} %<extra>{escaped(bot)}</extra>",
            }
        )
    layout = {
        "xaxis": axis("return per match, %", zeroline=True),
        "yaxis": {"type": "category", "autorange": "reversed", "tickfont": {"color": "@ink"}},
        "showlegend": False,
    }
    return Figure("Distribution of returns per match", data, layout, 90 + 48 * len(order)), left_out


def fan(
    curves: Sequence[Curve], points: int = _FAN_POINTS
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return elapsed times (ns) and, per time, the 5, 25, 50, 75 and 95 % quantiles of the return so far.

    Each curve counts with its last sample at or before that time, and no longer once it has ended.
    """
    usable = [curve for curve in curves if len(curve.times_ns) and curve.equity[0] > 0]
    if not usable:
        return np.zeros(0, dtype=np.int64), np.zeros((0, len(_QUANTILES)))
    span = max(int(curve.times_ns[-1] - curve.times_ns[0]) for curve in usable)
    grid = np.unique(np.linspace(0, span, points).astype(np.int64))
    values = np.full((len(usable), len(grid)), np.nan)
    for row, curve in enumerate(usable):
        elapsed = curve.times_ns - curve.times_ns[0]
        at = np.searchsorted(elapsed, grid, side="right") - 1
        relative = curve.equity[at] / curve.equity[0] - 1.0
        values[row] = np.where(grid <= elapsed[-1], relative, np.nan)
    return grid, np.nanquantile(values, _QUANTILES, axis=0).T


def fan_figure(bot: str, curves: Sequence[Curve], index: int) -> Figure:
    """Return the fan of one bot's returns so far: median, middle half and middle nine tenths."""
    grid, quantiles = fan(curves)
    span = int(grid[-1]) if len(grid) else 0
    size, unit = next(((size, unit) for size, unit in _UNITS if span >= 2 * size), _UNITS[-1])
    x = rounded(grid / size, 5)
    edge = {"type": "scatter", "mode": "lines", "x": x, "hoverinfo": "skip", "line": {"width": 0}}
    data: list[Mapping[str, Any]] = []
    for low, high, opacity in ((0, 4, 0.16), (1, 3, 0.3)):
        data += [
            {**edge, "y": rounded(100.0 * quantiles[:, low], 5)},
            {
                **edge,
                "y": rounded(100.0 * quantiles[:, high], 5),
                "fill": "tonexty",
                "fillcolor": colour(index, opacity),
            },
        ]
    data.append(
        {
            "type": "scatter",
            "mode": "lines",
            "x": x,
            "y": rounded(100.0 * quantiles[:, 2], 5),
            "line": {"color": colour(index), "width": 2},
            "hovertemplate": f"median %{{y:.3f}} % after %{{x}} {unit}<extra></extra>",
        }
    )
    layout = {
        "xaxis": axis(unit),
        "yaxis": axis("return, %", zeroline=True),
        "showlegend": False,
        "hovermode": "x",
    }
    return Figure(f"Fan of equity curves of {bot}", data, layout, 220)


def _bound(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.0f}"
