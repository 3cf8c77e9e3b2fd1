"""The report of a tournament."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from analytics.interaction import EVERYONE
from analytics.leaderboard import Leaderboard, LeaderboardRow
from analytics.match_table import MatchRow
from analytics.report import numbers
from analytics.report.content import FormatOutcome, MatchReport, TournamentReport
from analytics.report.match import match_sections
from analytics.report.numbers import plain, toned
from analytics.report.page import Block, Cell, Column, Gallery, Page, Section, Table, Text, Tile, write
from analytics.report.tournament_figures import POINTS_MAX, fan_figure, rating_figure, returns_figure

MATCHES_MAX = 300
"""Matches listed one by one."""


def tournament_page(report: TournamentReport) -> Page:
    """Return the page of a tournament.

    Raises
    ------
    ValueError
        There is no format, or a format has no bots.
    """
    if not report.formats or not all(part.leaderboard.rows for part in report.formats):
        raise ValueError("formats: expected at least one, each with bots in its leaderboard, was none")
    bots = sorted({row.bot for part in report.formats for row in part.leaderboard.rows})
    colours = {bot: index for index, bot in enumerate(bots)}
    sections: list[Section] = []
    for part in report.formats:
        sections += _format_sections(part, colours, report.currency)
    if report.effects is not None and len(report.effects):
        sections.append(_effects_section(report.effects))
    if report.example is not None:
        sections += _example_sections(report.example)
    matches = sum(part.leaderboard.matches for part in report.formats)
    return Page(
        kind="Tournament",
        title=report.title,
        subtitle=f"{len(bots)} bots, {matches:,} matches, {', '.join(part.name for part in report.formats)}",
        tiles=_tiles(report.formats[0].leaderboard, matches),
        sections=sections,
        provenance=report.provenance,
        remarks=list(dict.fromkeys(note for part in report.formats for note in part.leaderboard.notes)),
    )


def write_tournament(report: TournamentReport, path: Path) -> Path:
    """Write the report of a tournament as one HTML file and return its path."""
    return write(tournament_page(report), path)


def _tiles(board: Leaderboard, matches: int) -> list[Tile]:
    first = board.rows[0]
    note = "" if math.isnan(first.p_best) else f"strongest with probability {first.p_best:.0%}"
    tiles = [Tile("Leader", first.bot, note)]
    if board.null is not None:
        winners = [row.bot for row in board.rows if row.beats_null and row.fills]
        named = ", ".join(winners[:3]) + (" …" if len(winners) > 3 else "")
        tiles.append(
            Tile(
                f"Better than luck ({board.null})",
                f"{len(winners)} of {len(board.rows) - 1}",
                named or f"none, at {board.alpha:.0%} for all together",
            )
        )
    return [
        *tiles,
        Tile("Matches", numbers.count(matches)),
        Tile("Independent markets", numbers.count(board.blocks), "what the intervals rest on"),
    ]


def _format_sections(part: FormatOutcome, colours: Mapping[str, int], currency: str) -> list[Section]:
    board = part.leaderboard
    order = [row.bot for row in board.rows]
    figure, left_out = returns_figure(part.rows, order, colours)
    distribution = (
        "One point per match; the box holds the middle half, the dashed line is the mean."
        f"{f' At most {POINTS_MAX} points per bot are drawn, evenly picked by size.' if left_out else ''}"
    )
    confidence = f"{board.confidence:.0%}"
    sections = [
        Section(f"Leaderboard, {part.name}", [_leaderboard_table(board)], _explanation(board, currency)),
        Section(
            f"Rating intervals, {part.name}",
            [rating_figure(board, colours)],
            "Plackett-Luce strength on Elo's scale: 400 points are odds of ten to one to finish ahead."
            f" {confidence} intervals from resampled markets"
            f"{'; dotted: the null bot' if board.null else ''}.",
        ),
        Section(f"Returns per match, {part.name}", [figure], distribution),
    ]
    fans = [(bot, fan_figure(bot, part.curves[bot], colours[bot])) for bot in order if part.curves.get(bot)]
    if fans:
        used = max(len(curves) for curves in part.curves.values())
        blocks: list[Block] = [Gallery(fans)]
        caption = (
            f"Return so far over up to {used:,} matches: the line is the median, the bands the middle half"
            " and the middle nine tenths. Each plot has its own scale."
        )
        sections.append(Section(f"Equity fans, {part.name}", blocks, caption))
    sections.append(_matches_section(part, order))
    return sections


_LEADERBOARD_COLUMNS = (
    Column("Bot", number=False),
    Column("Rating", "Plackett-Luce; 1500 is the average of the field"),
    Column("Return", "mean per match"),
    Column("Best", "probability of being the strongest of the field"),
    Column("Beats null", "after correction for the number of bots", number=False),
    Column("p", "probability that luck alone looks as good in any bot"),
    Column("Rating interval"),
    Column("Return interval"),
    Column("Sharpe", "annualised over 365 days, all matches pooled"),
    Column("Sortino", "as Sharpe, against losses only"),
    Column("Calmar", "annual return over the worst drawdown"),
    Column("Drawdown", "worst of all matches"),
    Column("Won", "share of round trips that earned more than their fees"),
    Column("Turnover", "value traded in a match over start equity"),
    Column("Maker", "share of value traded that rested in the book first"),
    Column("Fees", "total"),
    Column("Fills", "total"),
    Column("Matches"),
)


def _leaderboard_table(board: Leaderboard) -> Table:
    return Table(_LEADERBOARD_COLUMNS, [_leaderboard_row(row, board.null) for row in board.rows])


def _leaderboard_row(row: LeaderboardRow, null: str | None) -> list[Cell]:
    out = f" (out in {row.disqualified})" if row.disqualified else ""
    verdict = Cell("the null bot", tone="quiet") if row.bot == null else Cell(numbers.MISSING, tone="quiet")
    p_value = row.p_value if row.fills else math.nan
    if row.beats_null is not None and not row.fills:
        verdict = Cell("no trades", tone="quiet")
    elif row.beats_null is not None:
        verdict = Cell("yes", tone="good") if row.beats_null else Cell("no", tone="quiet")
    return [
        Cell(row.bot + out),
        plain(numbers.whole(row.rating), row.rating),
        toned(numbers.percent(row.return_mean, 3, signed=True), row.return_mean),
        plain(numbers.percent(row.p_best, 0), row.p_best),
        verdict,
        plain(numbers.ratio(p_value, 3), p_value),
        plain(_between(numbers.whole(row.rating_low), numbers.whole(row.rating_high)), row.rating_low),
        plain(
            _between(
                numbers.percent(row.return_low, 3, signed=True),
                numbers.percent(row.return_high, 3, signed=True),
            ),
            row.return_low,
        ),
        plain(numbers.ratio(row.sharpe), row.sharpe),
        plain(numbers.ratio(row.sortino), row.sortino),
        plain(numbers.ratio(row.calmar), row.calmar),
        plain(numbers.percent(row.max_drawdown, 3), row.max_drawdown),
        plain(numbers.percent(row.win_rate, 0), row.win_rate),
        plain(numbers.ratio(row.turnover), row.turnover),
        plain(numbers.percent(row.maker_share, 0), row.maker_share),
        plain(numbers.money(row.fees), row.fees),
        plain(numbers.count(row.fills), row.fills),
        plain(numbers.count(row.matches), row.matches),
    ]


def _explanation(board: Leaderboard, currency: str) -> str:
    text = (
        f"{board.matches:,} matches in {board.blocks:,} independent markets; intervals hold with"
        f" {board.confidence:.0%}. Fees in {currency}."
    )
    if board.null is not None:
        text += (
            f" A bot beats the null when its advantage over {board.null} in the same markets is too large for"
            f" luck; the chance of even one wrong yes among all bots is {board.alpha:.0%}. The null bot pays"
            " costs, so not trading beats it and is no verdict."
        )
    return text


def _matches_section(part: FormatOutcome, order: Sequence[str]) -> Section:
    by_match: dict[str, dict[str, MatchRow]] = {}
    for row in sorted(part.rows, key=lambda row: (row.block, row.contest, row.match_id)):
        by_match.setdefault(row.match_id, {})[row.bot] = row
    listed = list(by_match.items())[:MATCHES_MAX]
    rows = []
    for match_id, played in listed:
        some = next(iter(played.values()))
        cells = [Cell(match_id), Cell(some.block, tone="quiet")]
        for bot in order:
            if bot not in played:
                cells.append(plain("", math.nan))
                continue
            value = played[bot].total_return
            text = numbers.percent(value, 3, signed=True)
            cells.append(toned(f"{text} (out)" if played[bot].disqualified else text, value))
        rows.append(cells)
    caption = "Return of every bot in every match."
    if len(listed) < len(by_match):
        caption = f"Return of every bot in the first {len(listed)} of {len(by_match):,} matches."
    columns = [Column("Match", number=False), Column("Market", number=False), *(Column(bot) for bot in order)]
    return Section(f"Matches, {part.name}", [Table(columns, rows)], caption, folded=True)


def _example_sections(example: MatchReport) -> list[Section]:
    """Return the course of one match, under headings that say that it is one of many."""
    start, end = int(example.times_ns[0]), int(example.times_ns[-1])
    which = (
        f"One match of many, {example.title}: {numbers.moment(start)} to {numbers.moment(end)} UTC,"
        f" {numbers.duration(end - start)}."
    )
    first, *others = match_sections(example)
    first = dataclasses.replace(first, caption=f"{which} {first.caption}")
    return [
        dataclasses.replace(part, title=f"Example match: {part.title[0].lower()}{part.title[1:]}")
        for part in (first, *others)
    ]


def _effects_section(effects: pd.DataFrame) -> Section:
    bots = sorted(effects["bot"].unique())
    others = sorted(set(effects["other"]) - {EVERYONE})
    cell_of = {(row["bot"], row["other"]): row for row in effects.to_dict("records")}
    rows = []
    for bot in bots:
        cells = [Cell(bot)]
        for other in (EVERYONE, *others):
            row = cell_of.get((bot, other))
            if row is None:
                cells.append(plain("", math.nan))
                continue
            text = numbers.percent(row["effect"], 3, signed=True)
            clear = row["low"] > 0 or row["high"] < 0
            cells.append(toned(text, row["effect"]) if clear else plain(text, row["effect"]))
        rows.append(cells)
    columns = [
        Column("Presence of", number=False),
        Column("all others", "mean over the other bots"),
        *(Column(f"on {other}") for other in others),
    ]
    note = (
        "Coloured effects have an interval without zero; with so many pairs some do by luck alone."
        if len(bots) > 1
        else "Coloured effects have an interval without zero."
    )
    return Section(
        "What each bot costs or gives the others",
        [Table(columns, rows), Text([note])],
        "How much the other bot's return changes when this bot takes part, in the same markets.",
    )


def _between(low: str, high: str) -> str:
    return numbers.MISSING if numbers.MISSING in (low, high) else f"{low} to {high}"
