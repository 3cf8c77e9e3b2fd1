"""Pieces that the figures of all reports share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.report.page import Figure
from analytics.report.series import extremes, milliseconds, rounded
from analytics.returns import drawdowns

PALETTE = 10
"""Colours of the theme; further bots repeat them with another line style."""

POINTS = 1_200
"""Points drawn per line: more than a laptop's screen has columns for."""

_DASHES = ("solid", "dash", "dot", "dashdot")
_SHOWN = 12  # lines that start visible; the rest wait in the legend


def colour(index: int, opacity: float | None = None) -> str:
    """Return the theme colour of the bot at `index`."""
    token = f"@c{index % PALETTE}"
    return token if opacity is None else f"{token}/{opacity}"


def line_style(index: int, width: float = 1.6) -> dict[str, Any]:
    return {"color": colour(index), "width": width, "dash": _DASHES[index // PALETTE % len(_DASHES)]}


def axis(title: str, domain: tuple[float, float] | None = None, **more: object) -> dict[str, Any]:
    """Return an axis with its title and its share of the figure's height or width."""
    place = {} if domain is None else {"domain": list(domain)}
    return {"title": {"text": title, "standoff": 6}, **place, **more}


def equity_figure(
    names: Sequence[str], times_ns: npt.NDArray[np.int64], equity: npt.NDArray[np.float64]
) -> Figure:
    """Return the returns since the start, and below them the falls from the peak, one line per bot."""
    data: list[Mapping[str, Any]] = []
    final = [_change(equity[:, index])[-1] for index in range(len(names))]
    ranked = sorted(range(len(names)), key=lambda index: (-np.nan_to_num(final[index], nan=-1e9), index))
    hidden = set(ranked[_SHOWN:])
    for index in ranked:
        for values, axis_name, legend in (
            (100.0 * _change(equity[:, index]), "y", True),
            (-100.0 * drawdowns(equity[:, index]), "y2", False),
        ):
            kept = extremes(values, POINTS)
            data.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "name": names[index],
                    "legendgroup": names[index],
                    "showlegend": legend,
                    "visible": "legendonly" if index in hidden else True,
                    "x": milliseconds(times_ns[kept]),
                    "y": rounded(values[kept], 5),
                    "yaxis": axis_name,
                    "line": line_style(index),
                    "hovertemplate": f"%{{y:.3f}} %<extra>{escaped(names[index])}</extra>",
                }
            )
    layout = {
        "xaxis": axis("", type="date", anchor="y2"),
        "yaxis": axis("return, %", (0.36, 1.0), zeroline=True),
        "yaxis2": axis("drawdown, %", (0.0, 0.31)),
        "hovermode": "x",
    }
    return Figure("Return and drawdown of every bot over time", data, layout, 480)


def thinned(total: int, shown: int, what: str) -> str:
    """Return a sentence that says how much of something is drawn; empty where all of it is."""
    return "" if shown >= total else f"{shown:,} of {total:,} {what} shown, evenly picked."


def escaped(name: str) -> str:
    """Return a name as plotly's text takes it, which reads some HTML tags and its own templates."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("%{", "%&#123;")):
        name = name.replace(character, entity)
    return name


def _change(equity: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    known = equity[~np.isnan(equity)]
    start = known[0] if len(known) else np.nan
    result: npt.NDArray[np.float64] = equity / start - 1.0
    return result
