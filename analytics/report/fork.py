"""The report of two futures of one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.report import numbers
from analytics.report.charts import POINTS, axis, colour, escaped, line_style
from analytics.report.content import Provenance
from analytics.report.numbers import plain, toned
from analytics.report.page import Cell, Column, Figure, Page, Section, Table, Tile, write
from analytics.report.series import extremes, milliseconds, rounded

NOTHING_MOVED = "The change moved nothing: no account and no price differs between the futures."

_Floats = npt.NDArray[np.float64]
_Times = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FutureHolder:
    """Whose money: at the fork, at the end unchanged, and at the end of the changed future."""

    name: str
    before: float
    base: float
    other: float


@dataclass(frozen=True, slots=True)
class FuturePrices:
    """Mid prices of an instrument in both futures at the same times, NaN where a side was empty."""

    instrument: str
    times_ns: _Times
    base: _Floats
    other: _Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkReport:
    """What the report of a fork shows.

    `times_ns` and `equity` are pairs: unchanged and changed, equity of shape (n, bots) on the same times.
    `is_same` says that the change moved nothing.
    """

    title: str
    change: str
    is_same: bool
    at_ns: int
    holders: Sequence[FutureHolder]
    prices: Sequence[FuturePrices]
    bots: Sequence[str]
    times_ns: tuple[_Times, _Times]
    equity: tuple[_Floats, _Floats]
    currency: str
    provenance: Provenance


def fork_page(report: ForkReport) -> Page:
    """Return the page of a fork.

    Raises
    ------
    ValueError
        The futures have other times or bots.
    """
    shape = (len(report.times_ns[0]), len(report.bots))
    if report.equity[0].shape != shape or report.equity[1].shape != shape:
        raise ValueError(
            f"equity: expected the shape {shape} twice, was {report.equity[0].shape} and "
            f"{report.equity[1].shape}"
        )
    sections = [
        Section(
            "Who gained, who paid",
            [_money_table(report)],
            f"Profit since the fork, in {report.currency}. What one gains by the change others lose: the "
            f"differences add up to 0.",
        ),
        Section(
            "Accounts",
            [_equity_figure(report)],
            "Equity in the changed future less equity in the unchanged one, at the mark price. A bot without "
            "a difference waits in the legend. The dashed line marks the fork.",
        ),
    ]
    sections += [
        Section(
            f"Price, {prices.instrument}",
            [_price_figure(report, prices)],
            "Mid prices of both futures, and below them the changed one less the unchanged one.",
        )
        for prices in report.prices
    ]
    start, end = int(report.times_ns[0][0]), int(report.times_ns[0][-1])
    return Page(
        kind="Fork",
        title=report.title,
        remarks=[NOTHING_MOVED] if report.is_same else [],
        subtitle=f"{report.change}, from {numbers.duration(report.at_ns - start)} after the start on; "
        f"{numbers.moment(start)} to {numbers.moment(end)} UTC",
        tiles=_tiles(report),
        sections=sections,
        provenance=report.provenance,
    )


def write_fork(report: ForkReport, path: Path) -> Path:
    """Write the report of a fork as one HTML file and return its path."""
    return write(fork_page(report), path)


def _tiles(report: ForkReport) -> list[Tile]:
    ranked = sorted(report.holders, key=lambda each: each.other - each.base)
    least, most = ranked[0], ranked[-1]
    tiles = []
    if most.other > most.base:
        gain = _amount(most.other - most.base, report.currency)
        tiles.append(Tile("Gains most by the change", most.name, gain))
    if least.other < least.base:
        loss = _amount(least.other - least.base, report.currency)
        tiles.append(Tile("Loses most by the change", least.name, loss))
    for prices in report.prices[:2]:
        gap = prices.other - prices.base
        known = gap[~np.isnan(gap)]
        largest = float(known[np.abs(known).argmax()]) if len(known) else np.nan
        note = f"{report.currency}, changed less unchanged"
        tiles.append(Tile(f"Largest gap, {prices.instrument}", numbers.significant(largest, 5), note))
    return tiles


def _amount(value: float, currency: str) -> str:
    return f"{numbers.money(value, signed=True)} {currency}"


def _gain(value: float) -> Cell:
    """Return a cell with a signed amount; what is shown as nought is neither gain nor loss."""
    cell = toned(numbers.money(value, signed=True), value)
    return cell if abs(value) >= 0.005 else Cell(numbers.money(0.0), cell.order)


def _money_table(report: ForkReport) -> Table:
    columns = (
        Column("Account", number=False),
        Column("At the fork", report.currency),
        Column("Profit unchanged", "since the fork"),
        Column("Profit changed", "since the fork"),
        Column("Difference", "changed less unchanged"),
    )
    rows = [
        [
            Cell(each.name),
            plain(numbers.money(each.before), each.before),
            *map(_gain, (each.base - each.before, each.other - each.before, each.other - each.base)),
        ]
        for each in report.holders
    ]
    return Table(columns, rows)


def _equity_figure(report: ForkReport) -> Figure:
    gaps = report.equity[1] - report.equity[0]
    moved = [bool(np.nan_to_num(column).any()) for column in gaps.T]
    data: list[Mapping[str, Any]] = []
    for index, name in enumerate(report.bots):
        kept = extremes(gaps[:, index], POINTS)
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "visible": True if moved[index] or not any(moved) else "legendonly",
                "x": milliseconds(report.times_ns[0][kept]),
                "y": rounded(gaps[kept, index]),
                "line": line_style(index),
                "hovertemplate": f"%{{y:,.2f}}<extra>{escaped(name)}</extra>",
            }
        )
    layout = {
        "xaxis": axis("", type="date"),
        "yaxis": axis(f"difference, {report.currency}", zeroline=True),
        "hovermode": "x",
        "shapes": [_fork_line(report)],
    }
    return Figure("Difference of every bot's equity between the futures over time", data, layout, 360)


def _price_figure(report: ForkReport, prices: FuturePrices) -> Figure:
    gap = prices.other - prices.base
    lines = (
        ("unchanged", prices.base, colour(0), "y", "solid"),
        ("changed", prices.other, colour(1), "y", "dot"),
        ("changed less unchanged", gap, colour(2), "y2", "solid"),
    )
    data: list[Mapping[str, Any]] = []
    for name, values, shade, axis_name, dash in lines:
        kept = extremes(values, POINTS)
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "x": milliseconds(prices.times_ns[kept]),
                "y": rounded(values[kept]),
                "yaxis": axis_name,
                "line": {"color": shade, "width": 1.6, "dash": dash},
                "hovertemplate": f"%{{y:,.6g}}<extra>{name}</extra>",
            }
        )
    layout = {
        "xaxis": axis("", type="date", anchor="y2"),
        "yaxis": axis("mid price", (0.36, 1.0), tickformat=",~f"),
        "yaxis2": axis("gap", (0.0, 0.31), zeroline=True),
        "hovermode": "x",
        "shapes": [_fork_line(report)],
    }
    return Figure(f"Price of {prices.instrument} in both futures", data, layout, 480)


def _fork_line(report: ForkReport) -> dict[str, Any]:
    at = report.at_ns // 1_000_000
    line = {"color": "@muted", "width": 1, "dash": "dash"}
    return {"type": "line", "xref": "x", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1, "line": line}
