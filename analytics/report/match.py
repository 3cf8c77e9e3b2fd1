"""The report of one match."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd

from analytics.report import numbers
from analytics.report.charts import equity_figure
from analytics.report.content import MatchReport
from analytics.report.market_figure import market_figure
from analytics.report.numbers import plain, toned
from analytics.report.page import Cell, Column, Page, Section, Table, Tile, write
from analytics.returns import EquityMetrics, annualisation_note, equity_metrics
from analytics.trades import TradeTotals, round_trips, trade_totals

TRIPS_MAX = 60
"""Round trips listed, the largest gains and losses."""

_OPEN_MARKETS = 3  # further instruments are folded

_MARGIN_COLUMNS = (
    Column("Bot", number=False),
    Column("Liquidated", "times the exchange closed a position or a part of it for lack of margin"),
    Column("To the insurance fund", "liquidation fees, less what the fund paid for the account"),
    Column("Deleveraged", "times a position was closed against a bankrupt one"),
    Column("Funding paid", "below zero: received"),
)
_COLUMNS = (
    Column("Bot", number=False),
    Column("Return", "over the match, not annualised"),
    Column("Drawdown", "largest fall from a peak"),
    Column("Sharpe", "annualised over 365 days, from the sampled equity"),
    Column("Sortino", "as Sharpe, against losses only"),
    Column("Calmar", "annual return over the drawdown"),
    Column("Round trips", "from a flat position to the next flat or flip"),
    Column("Won", "share of round trips that earned more than their fees"),
    Column("Turnover", "value traded over start equity"),
    Column("Maker", "share of value traded that rested in the book first"),
    Column("Fees"),
    Column("Fills"),
    Column("Orders"),
    Column("Denied", "refused by the bot's own risk limits; never sent"),
    Column("Rejected", "refused by the exchange"),
    Column("Canceled"),
    Column("Equity", "account value at the end, at the mark price"),
    Column("Strategy", number=False),
)


def match_page(report: MatchReport) -> Page:
    """Return the page of a match.

    Raises
    ------
    ValueError
        Shapes do not fit, or the match has no equity samples.
    """
    expected = (len(report.times_ns), len(report.bots))
    if report.equity.shape != expected or not len(report.times_ns):
        raise ValueError(f"equity: expected the shape {expected} with samples, was {report.equity.shape}")
    names = [bot.name for bot in report.bots]
    fills = pd.DataFrame(report.fills)
    totals = trade_totals(fills, len(names))
    metrics = [equity_metrics(report.times_ns, report.equity[:, k]) for k in range(len(names))]
    sections = [
        Section(
            "Leaderboard",
            [_result_table(report, metrics, totals)],
            f"By return. Money in {report.currency}.",
        ),
        *match_sections(report),
    ]
    start, end = int(report.times_ns[0]), int(report.times_ns[-1])
    return Page(
        kind="Match",
        title=report.title,
        subtitle=f"{numbers.moment(start)} to {numbers.moment(end)} UTC, {numbers.duration(end - start)}",
        tiles=_tiles(names, metrics, fills, len(report.markets)),
        sections=sections,
        provenance=report.provenance,
        remarks=[
            *(f"{bot.name} was disqualified: {bot.disqualified}" for bot in report.bots if bot.disqualified),
            *filter(None, [annualisation_note(end - start)]),
        ],
    )


def match_sections(report: MatchReport) -> list[Section]:
    """Return what happened over the match.

    What the exchange did to accounts, if anything, equity and drawdown, every market with fills and depth,
    trades.
    """
    names = [bot.name for bot in report.bots]
    fills = pd.DataFrame(report.fills)
    return [
        *_margin_section(report),
        Section(
            "Equity and drawdown",
            [equity_figure(names, report.times_ns, report.equity)],
            "Return since the start and fall from the peak, valued at the mark price."
            " Long curves are drawn by their extremes.",
        ),
        *_market_sections(report, fills, names),
        _trades_section(report, fills, names),
    ]


def write_match(report: MatchReport, path: Path) -> Path:
    """Write the report of a match as one HTML file and return its path."""
    return write(match_page(report), path)


def _tiles(names: list[str], metrics: list[EquityMetrics], fills: pd.DataFrame, markets: int) -> list[Tile]:
    tiles = []
    ranked = [index for index in range(len(names)) if not math.isnan(metrics[index].total_return)]
    if ranked:
        best = max(ranked, key=lambda index: metrics[index].total_return)
        note = numbers.percent(metrics[best].total_return, 3, signed=True)
        tiles.append(Tile("Highest return", names[best], note))
    traded = float((fills["price"] * fills["quantity"]).sum())
    return [
        *tiles,
        Tile("Bots", str(len(names))),
        Tile("Instruments", str(markets)),
        Tile("Fills of the bots", numbers.count(len(fills)), f"{numbers.money(traded)} traded"),
    ]


def _result_table(report: MatchReport, metrics: list[EquityMetrics], totals: list[TradeTotals]) -> Table:
    order = sorted(
        range(len(report.bots)),
        key=lambda k: (-np.nan_to_num(metrics[k].total_return, nan=-1e9), report.bots[k].name),
    )
    rows = []
    for index in order:
        bot, metric, total = report.bots[index], metrics[index], totals[index]
        start, final = report.equity[0, index], report.equity[-1, index]
        turnover = total.volume / start if start > 0 else math.nan
        rows.append(
            [
                Cell(f"{bot.name} (out)" if bot.disqualified else bot.name),
                toned(numbers.percent(metric.total_return, 3, signed=True), metric.total_return),
                plain(numbers.percent(metric.max_drawdown, 3), metric.max_drawdown),
                plain(numbers.ratio(metric.sharpe), metric.sharpe),
                plain(numbers.ratio(metric.sortino), metric.sortino),
                plain(numbers.ratio(metric.calmar), metric.calmar),
                plain(numbers.count(total.round_trips), total.round_trips),
                plain(numbers.percent(total.win_rate, 0), total.win_rate),
                plain(numbers.ratio(turnover), turnover),
                plain(numbers.percent(total.maker_share, 0), total.maker_share),
                plain(numbers.money(total.fees), total.fees),
                *(
                    plain(numbers.count(value), value)
                    for value in (total.fills, bot.orders, bot.denied, bot.rejected, bot.canceled)
                ),
                plain(numbers.money(final), final),
                Cell(bot.strategy, tone="quiet"),
            ]
        )
    return Table(_COLUMNS, rows)


def _margin_section(report: MatchReport) -> list[Section]:
    """Return what the exchange did to accounts besides their trades; nothing where it did nothing."""
    touched = [
        bot for bot in report.bots if any((bot.liquidations, bot.insurance, bot.deleveraged, bot.funding))
    ]
    if not touched:
        return []
    rows = [
        [
            Cell(bot.name),
            Cell(numbers.count(bot.liquidations), bot.liquidations, "bad" if bot.liquidations else ""),
            plain(numbers.money(bot.insurance), bot.insurance),
            plain(numbers.count(bot.deleveraged), bot.deleveraged),
            plain(numbers.money(bot.funding), bot.funding),
        ]
        for bot in touched
    ]
    caption = f"Bots with any of it. Money in {report.currency}."
    return [Section("Liquidation and funding", [Table(_MARGIN_COLUMNS, rows)], caption)]


def _market_sections(report: MatchReport, fills: pd.DataFrame, names: list[str]) -> list[Section]:
    sections = []
    for index, market in enumerate(report.markets):
        own = fills[fills["instrument"] == index]
        figure, left_out = market_figure(market.instrument, pd.DataFrame(market.samples), own, names)
        caption = (
            "Fills: triangles up are buys, down are sells, crosses what the exchange closed; a bot with very"
            " many waits in the legend."
            " Volume in base units; depth of bids above zero, of asks below."
        )
        sections.append(
            Section(
                f"Price, fills and depth, {market.instrument}",
                [figure],
                f"{caption} {left_out}".rstrip(),
                folded=index >= _OPEN_MARKETS,
            )
        )
    return sections


def _trades_section(report: MatchReport, fills: pd.DataFrame, names: list[str]) -> Section:
    trips = round_trips(fills)
    largest = trips.reindex(trips["profit"].abs().sort_values(ascending=False, kind="stable").index)
    listed = largest.head(TRIPS_MAX)
    columns = (
        Column("Bot", number=False),
        Column("Instrument", number=False),
        Column("Side", number=False),
        Column("Opened", "UTC"),
        Column("Held"),
        Column("Quantity", "base units entered"),
        Column("Profit", f"{report.currency}, after fees"),
        Column("Fees", report.currency),
    )
    rows = [
        [
            Cell(names[trip["bot"]]),
            Cell(report.markets[trip["instrument"]].instrument),
            Cell("long" if trip["direction"] > 0 else "short", tone="quiet"),
            plain(numbers.moment(trip["opened_ns"]), trip["opened_ns"]),
            plain(
                numbers.duration(trip["closed_ns"] - trip["opened_ns"]), trip["closed_ns"] - trip["opened_ns"]
            ),
            plain(numbers.significant(trip["quantity"]), trip["quantity"]),
            toned(numbers.money(trip["profit"]), trip["profit"]),
            plain(numbers.money(trip["fees"]), trip["fees"]),
        ]
        for trip in listed.to_dict("records")
    ]
    caption = "Closed round trips, from a flat position to the next flat or flip, by size of gain or loss."
    if len(listed) < len(trips):
        caption += f" The {len(listed)} largest of {len(trips):,}."
    return Section("Trades", [Table(columns, rows)], caption, folded=True)
