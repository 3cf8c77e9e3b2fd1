"""A small match, tournament and search to report on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from analytics.interaction import removal_effects
from analytics.leaderboard import build_leaderboard
from analytics.match_table import MatchRow, match_rows
from analytics.report import (
    BotOutcome,
    Curve,
    FormatOutcome,
    MarketSeries,
    MatchReport,
    Provenance,
    SearchReport,
    TournamentReport,
    Trial,
)
from analytics.search import judge_search
from tests.analytics.test_trades import DTYPE

BOTS = ["maker", "trend", "random"]
START_NS = 1_746_057_600 * 10**9
SAMPLES = np.dtype([(n, "<f8") for n in ("bid", "ask", "last", "volume", "bid_depth", "ask_depth")])
PROVENANCE = Provenance(facts={"seed": "7", "digest": "9f31c07b"}, configuration='name = "demo"\n')


def times_ns(n: int = 61) -> np.ndarray:
    return START_NS + np.arange(n) * 10 * 10**9


def equity(seed: int, n: int = 61, bots: int = 3) -> np.ndarray:
    rng = np.random.Generator(np.random.PCG64(seed))
    curve = 100_000 * np.exp(np.cumsum(rng.normal(0, 1e-4, (n, bots)), axis=0))
    curve[0] = 100_000
    return curve


def fills(seed: int, n: int = 40) -> np.ndarray:
    rng = np.random.Generator(np.random.PCG64(seed))
    table = np.zeros(n, DTYPE)
    table["ts_ns"] = START_NS + np.sort(rng.integers(0, 600, n)) * 10**9
    table["bot"] = rng.integers(0, 3, n)
    table["side"] = rng.integers(0, 2, n)
    table["maker"] = table["bot"] == 0
    table["price"] = 100 + rng.normal(size=n)
    table["quantity"] = rng.integers(1, 5, n) / 10
    table["fee"] = 0.01
    return table


def market(seed: int, n: int = 61) -> np.ndarray:
    rng = np.random.Generator(np.random.PCG64(seed))
    names = ["ts_ns", *(SAMPLES.names or ())]
    table = np.zeros(n, np.dtype([(name, "<i8" if name == "ts_ns" else "<f8") for name in names]))
    table["ts_ns"] = times_ns(n)
    table["last"] = 100 + np.cumsum(rng.normal(0, 0.05, n))
    table["bid"], table["ask"] = table["last"] - 0.05, table["last"] + 0.05
    table["volume"], table["bid_depth"], table["ask_depth"] = 2.0, 30.0, 20.0
    table["bid"][3] = table["last"][0] = math.nan
    return table


def match_report(**changes: Any) -> MatchReport:
    values: dict[str, Any] = {
        "title": "demo, round 1",
        "provenance": PROVENANCE,
        "bots": [BotOutcome(name=name, strategy=name, orders=9) for name in BOTS],
        "times_ns": times_ns(),
        "equity": equity(1),
        "fills": fills(1),
        "markets": [MarketSeries(instrument="BTC/USDT:USDT", samples=market(1))],
    }
    return MatchReport(**(values | changes))


def rows(match: int, bots: list[str]) -> list[MatchRow]:
    present = [BOTS.index(bot) for bot in bots]
    table = fills(match)
    return match_rows(
        match_id=f"m{match}-{'-'.join(bots)}",
        contest=f"m{match}-{'-'.join(bots)}",
        block=f"b{match}",
        bots=bots,
        times_ns=times_ns(),
        equity=equity(match)[:, present],
        fills=table[np.isin(table["bot"], range(len(bots)))],
    )


def tournament_report() -> TournamentReport:
    melee = [row for match in range(6) for row in rows(match, BOTS)]
    reduced = [
        row for match in range(6) for bot in BOTS for row in rows(match, [b for b in BOTS if b != bot])
    ]
    curves = {
        bot: [Curve(times_ns=times_ns(), equity=equity(match)[:, k]) for match in range(6)]
        for k, bot in enumerate(BOTS)
    }
    return TournamentReport(
        title="demo",
        provenance=PROVENANCE,
        formats=[
            FormatOutcome(
                name="melee",
                leaderboard=build_leaderboard(melee, null="random", seed=1, draws=100),
                rows=melee,
                curves=curves,
            )
        ],
        effects=removal_effects([*melee, *reduced]),
        example=match_report(title="melee-1"),
    )


def search_report() -> SearchReport:
    rng = np.random.Generator(np.random.PCG64(4))
    trials = []
    for number in range(12):
        scores = rng.normal(0, 0.01, 6)
        failed = number == 5
        trials.append(
            Trial(
                number=number,
                parameters={"spread": 0.001 * 3**number, "mode": ["calm", "<fast>"][number % 2]},
                scores=[math.nan] * 6 if failed else scores.tolist(),
                objective=math.nan if failed else float(scores.mean()),
                failure="raised ValueError in on_start" if failed else "",
            )
        )
    return SearchReport(
        title="demo",
        provenance=PROVENANCE,
        bot="maker",
        metric="mean return",
        trials=trials,
        verdict=judge_search([trial.scores for trial in trials], seed=1),
        best_configuration="[bots.config]\nspread = 0.001\n",
    )
