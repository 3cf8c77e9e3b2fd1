"""One instrument in a match: price with the bots' fills, volume and depth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.report.charts import POINTS, axis, colour, escaped, thinned
from analytics.report.page import Figure
from analytics.report.series import bucket_edges, evenly, extremes, milliseconds, rounded

MARKERS_MAX = 300
"""Fills drawn per bot and instrument."""

_VISIBLE_MARKERS = 160  # a bot that fills more often starts hidden: its marks would cover the price
_BARS = 240


def market_figure(
    instrument: str, samples: pd.DataFrame, fills: pd.DataFrame, bots: Sequence[str]
) -> tuple[Figure, str]:
    """Return the figure of one instrument and a sentence on what it leaves out.

    Parameters
    ----------
    samples
        Columns of `MarketSeries.samples`, in order of time.
    fills
        Fills in this instrument, with `bot` an index into `bots`.
    """
    data: list[Mapping[str, Any]] = [*_prices(samples), *_volume(samples), *_depth(samples)]
    shown = 0
    for index, name in enumerate(bots):
        own = fills[fills["bot"] == index]
        kept = own.iloc[evenly(len(own), MARKERS_MAX)]
        shown += len(kept)
        if len(own):
            data.append(_marks(kept, index, name, hidden=len(own) > _VISIBLE_MARKERS))
    layout = {
        "xaxis": axis("", type="date", anchor="y3", range=_span(samples)),
        "yaxis": axis("price", (0.42, 1.0), tickformat=",~f"),
        "yaxis2": axis("volume", (0.24, 0.37), tickformat="~s"),
        "yaxis3": axis("depth", (0.0, 0.19), tickformat="~s", zeroline=True),
        "hovermode": "closest",
        "barmode": "overlay",
        "bargap": 0.05,
    }
    figure = Figure(f"Price, fills, volume and depth of {instrument}", data, layout, 560)
    return figure, thinned(len(fills), shown, "fills")


def _span(samples: pd.DataFrame) -> list[int] | None:
    """Return the samples' first and last time: marks of fills would otherwise widen the axis."""
    times = samples["ts_ns"].to_numpy(dtype=np.int64)
    return milliseconds(times[[0, -1]]) if len(times) else None


def _prices(samples: pd.DataFrame) -> list[Mapping[str, Any]]:
    bid, ask, last = (samples[name].to_numpy(dtype=np.float64) for name in ("bid", "ask", "last"))
    times = samples["ts_ns"].to_numpy(dtype=np.int64)
    mid = (bid + ask) / 2.0
    kept = extremes(mid, POINTS)
    x = milliseconds(times[kept])
    edge = {"type": "scatter", "mode": "lines", "x": x, "hoverinfo": "skip", "legendgroup": "spread"}
    traded = extremes(last, POINTS)
    return [
        {**edge, "y": rounded(bid[kept]), "line": {"width": 0, "color": "@c9/0"}, "showlegend": False},
        {
            **edge,
            "name": "bid to ask",
            "y": rounded(ask[kept]),
            "line": {"width": 0, "color": "@c9/0"},
            "fill": "tonexty",
            "fillcolor": "@c9/0.35",
        },
        {
            "type": "scatter",
            "mode": "lines",
            "name": "last trade",
            "x": milliseconds(times[traded]),
            "y": rounded(last[traded]),
            "line": {"width": 1.2, "color": "@ink"},
            "hovertemplate": "%{y:,}<extra>last trade</extra>",
        },
    ]


def _volume(samples: pd.DataFrame) -> list[Mapping[str, Any]]:
    volume = samples["volume"].to_numpy(dtype=np.float64)
    if not len(volume):
        return []
    edges = bucket_edges(len(volume), _BARS)
    return [
        {
            "type": "bar",
            "name": "volume",
            "showlegend": False,
            "x": milliseconds(samples["ts_ns"].to_numpy(dtype=np.int64)[edges]),
            "y": rounded(np.add.reduceat(np.nan_to_num(volume), edges), 5),
            "yaxis": "y2",
            "marker": {"color": "@c9/0.7"},
            "hovertemplate": "%{y:,}<extra>volume</extra>",
        }
    ]


def _depth(samples: pd.DataFrame) -> list[Mapping[str, Any]]:
    if not len(samples):
        return []
    times = samples["ts_ns"].to_numpy(dtype=np.int64)
    edges = bucket_edges(len(times), POINTS // 2)
    x = milliseconds(times[edges])
    traces: list[Mapping[str, Any]] = []
    for column, name, sign, token in (
        ("bid_depth", "depth, bids", 1.0, "@c2"),
        ("ask_depth", "depth, asks", -1.0, "@c5"),
    ):
        mean = _bucket_means(samples[column].to_numpy(dtype=np.float64), edges)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "showlegend": False,
                "x": x,
                "y": rounded(sign * mean, 5),
                "customdata": rounded(mean, 5),
                "yaxis": "y3",
                "line": {"width": 1, "color": token, "shape": "hv"},
                "fill": "tozeroy",
                "fillcolor": f"{token}/0.3",
                "hovertemplate": f"%{{customdata:,}}<extra>{name}</extra>",
            }
        )
    return traces


def _bucket_means(values: npt.NDArray[np.float64], edges: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    known = ~np.isnan(values)
    total = np.add.reduceat(np.where(known, values, 0.0), edges)
    count = np.add.reduceat(known.astype(np.float64), edges)
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def _marks(fills: pd.DataFrame, index: int, name: str, *, hidden: bool) -> Mapping[str, Any]:
    sides = fills["side"].to_numpy() == 0
    resting = fills["maker"].to_numpy() != 0
    own = (
        fills["client_order_id"].to_numpy() != 0 if "client_order_id" in fills else np.ones(len(fills), bool)
    )
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "visible": "legendonly" if hidden else True,
        "x": milliseconds(fills["ts_ns"].to_numpy(dtype=np.int64)),
        "y": rounded(fills["price"].to_numpy(dtype=np.float64)),
        "customdata": [
            f"{'buy' if buy else 'sell'} {quantity:g}, "
            f"{('maker' if maker else 'taker') if chosen else 'closed by the exchange'}"
            for buy, quantity, maker, chosen in zip(sides, fills["quantity"], resting, own, strict=True)
        ],
        "marker": {
            "symbol": [
                ("triangle-up" if buy else "triangle-down") if chosen else "x"
                for buy, chosen in zip(sides, own, strict=True)
            ],
            "size": 8,
            "color": colour(index),
            "line": {"width": 0.6, "color": "@card"},
        },
        "hovertemplate": f"%{{customdata}} at %{{y:,}}<extra>{escaped(name)}</extra>",
    }
