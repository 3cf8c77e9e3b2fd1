"""A stand-in for a match: as much processor time as it says to simulate, and a small result."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from actors.config import digest_of
from actors.match_config import MatchSpec
from actors.result import FILL, MARKET_SAMPLE, BotResult, MarketFigures, MatchResult
from exchange_sim.rng import derive, generator

RUN_MATCH = "actors.bench.busy_match:run_match"
_SAMPLES = 20
_STEP_NS = 10**10
_FILLS = 10


def run_match(
    spec: MatchSpec,
    *,
    journal_path: Path | None = None,
    progress: Callable[[float], None] | None = None,
    **_unused: object,
) -> MatchResult:
    """Compute in Python for the match's duration, in processor time, and return a result drawn from its seed.

    There is no market and nothing to watch, and the journal is empty.
    """
    begin = time.process_time()
    wall = time.perf_counter()
    end = begin + spec.settings.duration_ns / 1e9
    total, turn = 0, 0
    while time.process_time() < end:
        for number in range(2_000):
            total += number & turn
        turn += 1
        if progress is not None:
            progress(min(1.0, (time.process_time() - begin) / (end - begin)))
    if journal_path is not None:
        journal_path.touch()
    return replace(drawn_result(spec), cpu_s=time.process_time() - begin, wall_s=time.perf_counter() - wall)


def drawn_result(spec: MatchSpec) -> MatchResult:
    """Return a result of the usual shapes, drawn from the match's seeds."""
    instruments = tuple(str(contract.instrument_id) for contract in spec.market.contracts())
    times = np.arange(_SAMPLES, dtype=np.int64) * _STEP_NS
    draws = [generator(spec.bot_seed, bot.name).normal(size=_SAMPLES) * 1e-4 for bot in spec.bots]
    equity = 100_000.0 * np.exp(np.cumsum(np.column_stack(draws), axis=0))
    fills = np.zeros(_FILLS * len(spec.bots), FILL)
    fills["ts_ns"] = np.arange(len(fills)) * 10**9
    fills["trade_id"] = fills["client_order_id"] = np.arange(len(fills)) + 1
    fills["price"], fills["quantity"], fills["fee"] = 100.0, 0.5, 0.01
    fills["bot"], fills["side"] = np.arange(len(fills)) % len(spec.bots), np.arange(len(fills)) % 2
    samples = np.zeros(_SAMPLES, MARKET_SAMPLE)
    samples["ts_ns"], samples["bid"], samples["ask"], samples["last"] = times, 99.5, 100.5, 100.0
    return MatchResult(
        match_id=spec.match_id,
        seed=spec.seed,
        digest=digest_of(spec),
        market_digest=f"{derive(spec.seed, 'digest'):016x}",
        instruments=instruments,
        start_ns=0,
        end_ns=int(times[-1]),
        bots=tuple(
            BotResult(
                name=bot.name,
                strategy=bot.strategy,
                start_equity=float(equity[0, seat]),
                final_equity=float(equity[-1, seat]),
                total_return=float(equity[-1, seat] / equity[0, seat] - 1),
                fees=0.01 * _FILLS,
                volume=50.0 * _FILLS,
                maker_volume=0.0,
                fills=_FILLS,
                orders=_FILLS,
                denied=0,
                rejected=0,
                canceled=0,
            )
            for seat, bot in enumerate(spec.bots)
        ),
        figures=tuple(
            MarketFigures(
                instrument=name, first=100.0, last=100.0, volume=1.0, trades=1, mean_spread_bps=100.0
            )
            for name in instruments
        ),
        times_ns=times,
        equity=equity,
        fills=fills,
        market=tuple(samples for _ in instruments),
        requests=len(fills),
        cpu_s=0.0,
        wall_s=0.0,
    )
