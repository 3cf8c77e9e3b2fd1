"""The three reports as documents: complete, self-contained, safe, the same every time."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest

import analytics.report as package
from analytics.report import BotOutcome, FormatOutcome, MatchReport, SearchReport, TournamentReport, Trial
from analytics.report.match import match_page
from analytics.report.page import Page, render, write
from analytics.report.search import search_page
from analytics.report.tournament import tournament_page
from tests.analytics.report import samples

PAGES: list[Callable[[], Page]] = [
    lambda: match_page(samples.match_report()),
    lambda: tournament_page(samples.tournament_report()),
    lambda: search_page(samples.search_report()),
]
NAMES = ["match", "tournament", "search"]


class Outline(HTMLParser):
    """Collects what a browser would load, and checks that tags are closed in order."""

    VOID = frozenset({"meta", "br", "hr", "img", "input", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loaded: list[str] = []
        self.figures: list[int] = []
        self.cells: list[str] = []
        self.headings: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.loaded += [values[name] or "" for name in ("src", "href", "srcset", "action") if name in values]
        if "data-figure" in values:
            self.figures.append(int(values["data-figure"] or -1))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in {"td", "button"}:
            self.cells.append(data)
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def outline(html: str) -> Outline:
    parser = Outline()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


def payload(html: str) -> list[dict]:
    found = re.search(r'<script type="application/json" id="figures">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found.group(1))


def strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings(item)]
    return [text for item in value for text in strings(item)] if isinstance(value, list) else []


@pytest.fixture(params=PAGES, ids=NAMES, scope="module")
def html(request: pytest.FixtureRequest) -> str:
    return render(request.param())


def test_a_report_loads_nothing_and_may_load_nothing(html: str) -> None:
    assert outline(html).loaded == []
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert policy.group(1).startswith("default-src 'none';")


def test_a_report_carries_plotly_once_and_its_own_data(html: str) -> None:
    assert html.count("* plotly.js v") == 1
    assert len(html) < 5_500_000
    figures = payload(html)
    assert sorted(outline(html).figures) == list(range(len(figures)))
    assert all(figure["data"] for figure in figures)


def test_the_colours_of_the_figures_are_the_themes_in_light_and_dark(html: str) -> None:
    light, dark = html.split("@media (prefers-color-scheme: dark)", 1)
    for text in strings(payload(html)):
        if text.startswith("@"):
            name = f"--{text[1:].split('/')[0]}: #"
            assert name in light
            assert name in dark


def test_a_report_says_where_it_comes_from_and_what_it_leaves_out(html: str) -> None:
    assert "What is not modelled" in outline(html).headings
    for text in ("9f31c07b", "Credit and settlement risk", "name = &#34;demo&#34;"):
        assert text in html


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_the_same_content_is_the_same_bytes(page: Callable[[], Page]) -> None:
    assert render(page()) == render(page())


def test_the_match_shows_every_bot_market_and_trade() -> None:
    parsed = outline(render(match_page(samples.match_report())))
    assert set(samples.BOTS) <= set(parsed.cells)
    for heading in (
        "Leaderboard",
        "Equity and drawdown",
        "Price, fills and depth, BTC/USDT:USDT",
        "Trades",
    ):
        assert heading in parsed.headings


def test_the_match_shows_what_the_exchange_did_to_accounts() -> None:
    """Whose positions were closed, what that cost, and where; nothing of it where nothing happened."""
    bots = [BotOutcome(name=name, strategy=name) for name in samples.BOTS]
    bots[1] = BotOutcome(name="trend", liquidations=3, insurance=-7.5, deleveraged=2, funding=1.25)
    table = pd.DataFrame(samples.fills(1))
    table["client_order_id"] = np.where(table.index == 5, 0, 1 + table.index)
    html = render(match_page(samples.match_report(bots=bots, fills=table)))
    parsed = outline(html)
    assert "Liquidation and funding" in parsed.headings
    place = parsed.cells.index("Funding paid") + 1
    assert parsed.cells[place : place + 5] == ["trend", "3", "\u22127.50", "2", "1.25"]
    assert html.count("closed by the exchange") == 1
    assert "Liquidation and funding" not in outline(render(match_page(samples.match_report()))).headings


def test_the_tournament_shows_the_verdict_of_every_bot() -> None:
    report = samples.tournament_report()
    parsed = outline(render(tournament_page(report)))
    assert set(samples.BOTS) <= set(parsed.cells)
    assert "the null bot" in parsed.cells
    assert parsed.cells.count("yes") + parsed.cells.count("no") == 2
    assert "What each bot costs or gives the others" in parsed.headings
    for heading in ("equity and drawdown", "price, fills and depth, BTC/USDT:USDT", "trades"):
        assert f"Example match: {heading}" in parsed.headings


def test_a_bot_without_fills_has_no_verdict() -> None:
    report = samples.tournament_report()
    board = report.formats[0].leaderboard
    idle = [msgspec.structs.replace(row, fills=0) for row in board.rows]
    formats = [
        dataclasses.replace(report.formats[0], leaderboard=msgspec.structs.replace(board, rows=tuple(idle)))
    ]
    parsed = outline(render(tournament_page(dataclasses.replace(report, formats=formats))))
    assert parsed.cells.count("no trades") == 2
    assert not {"yes", "no"} & set(parsed.cells)


def test_the_search_puts_the_best_trial_first_and_the_failed_one_last() -> None:
    report = samples.search_report()
    assert report.verdict is not None
    cells = outline(render(search_page(report))).cells
    numbers = [cell for cell in cells if cell.startswith("no. ")]
    assert numbers[0] == f"no. {report.verdict.best}"
    assert numbers[-1] == "no. 5"
    assert "raised ValueError in on_start" in cells


def test_names_cannot_break_out_of_the_page() -> None:
    name = '</script><script>alert(1)</script><b title="x">%{y}'
    bots = [BotOutcome(name=name, disqualified=name), *samples.match_report().bots[1:]]
    html = render(match_page(samples.match_report(title=name, bots=bots)))
    plain = render(match_page(samples.match_report()))
    assert html.count("<script") == plain.count("<script")
    assert "<b title" not in html
    hovers = [text for text in strings(payload(html)) if "<extra>" in text]
    assert hovers
    assert all("alert" not in text or "&lt;script&gt;" in text for text in hovers)


def test_long_matches_are_drawn_short_and_the_page_says_so() -> None:
    n = 30_000
    table = np.tile(samples.fills(2, 50), 40)
    table["ts_ns"] = samples.START_NS + np.arange(len(table)) * 10**9
    report = samples.match_report(
        times_ns=samples.times_ns(n),
        equity=samples.equity(3, n),
        fills=table,
        markets=[package.MarketSeries(instrument="BTC/USDT:USDT", samples=samples.market(3, n))],
    )
    html = render(match_page(report))
    longest = max(len(trace["x"]) for figure in payload(html) for trace in figure["data"])
    assert longest <= 1_200
    assert re.search(r"\d+ of 2,000 fills shown", html)


def test_a_match_in_which_nobody_traded_has_a_report() -> None:
    empty = samples.match_report(fills=samples.fills(1)[:0], markets=[])
    assert "Trades" in outline(render(match_page(empty))).headings


def test_a_tournament_of_one_round_says_that_it_proves_nothing() -> None:
    rows = samples.rows(0, samples.BOTS)
    board = samples.build_leaderboard(rows, null="random", seed=1)
    report = TournamentReport(
        title="one",
        provenance=samples.PROVENANCE,
        formats=[FormatOutcome(name="melee", leaderboard=board, rows=rows)],
    )
    assert "no interval can be given" in render(tournament_page(report))


def test_a_search_without_a_complete_trial_has_a_report() -> None:
    trial = Trial(number=0, parameters={}, scores=[math.nan], objective=math.nan, failure="out of memory")
    report = SearchReport(
        title="x", provenance=samples.PROVENANCE, bot="b", metric="m", trials=[trial], verdict=None
    )
    assert "no trial was complete" in render(search_page(report))


def test_bad_content_is_named() -> None:
    with pytest.raises(ValueError, match="equity: expected the shape"):
        match_page(samples.match_report(times_ns=samples.times_ns(5)))
    with pytest.raises(ValueError, match="formats"):
        tournament_page(TournamentReport(title="x", provenance=samples.PROVENANCE, formats=[]))
    misplaced = msgspec.structs.replace(samples.search_report().verdict, best=99)
    with pytest.raises(ValueError, match=r"verdict\.best"):
        search_page(dataclasses.replace(samples.search_report(), verdict=misplaced))
    with pytest.raises(ValueError, match="trials"):
        search_page(
            SearchReport(
                title="x", provenance=samples.PROVENANCE, bot="b", metric="m", trials=[], verdict=None
            )
        )


def test_the_public_functions_write_files(tmp_path: Path) -> None:
    match: MatchReport = samples.match_report()
    paths = [
        package.write_match(match, tmp_path / "new" / "match.html"),
        package.write_tournament(samples.tournament_report(), tmp_path / "tournament.html"),
        package.write_search(samples.search_report(), tmp_path / "search.html"),
    ]
    assert all(path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>\n") for path in paths)
    assert sorted(path.name for path in tmp_path.rglob("*.html")) == [
        "match.html",
        "search.html",
        "tournament.html",
    ]


def test_a_report_that_cannot_be_finished_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "match.html"
    path.write_text("old")

    def full(self: Path, *_: object, **__: object) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        write(match_page(samples.match_report()), path)
    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.iterdir()] == ["match.html"]
