"""Builds a market whose fundamental values are drawn."""

from __future__ import annotations

import numpy as np

from exchange_sim.kernel.path import MarketPath
from exchange_sim.markets.bars import Floats
from exchange_sim.markets.contracts import fundamental_name
from exchange_sim.markets.crowd import resolve_population, size_scale
from exchange_sim.markets.duration import MINUTE_NS, parse_duration_ns
from exchange_sim.markets.history import (
    LONG_INTERVALS_NS,
    SHORT_INTERVALS_NS,
    SHORT_SPAN_NS,
    bars_of_path,
    market_bars,
)
from exchange_sim.markets.inputs import MarketInputs
from exchange_sim.markets.spec import SyntheticMarket
from exchange_sim.markets.synthetic_path import synthetic_path
from exchange_sim.model.ids import InstrumentId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import Bar


def build_synthetic(market: SyntheticMarket, duration_ns: int, seed: int) -> MarketInputs:
    """Return the market for a run of `duration_ns`; see `build_market`."""
    step_ns = parse_duration_ns(market.path_step)
    before = -(-market.history_ns // MINUTE_NS) * MINUTE_NS // step_ns
    points = before + -(-(duration_ns + MINUTE_NS) // step_ns) + 1
    specs, contracts = market.specs(), market.contracts()
    prices, activity = synthetic_path(
        seed,
        [fundamental_name(spec.symbol) for spec in specs],
        [spec.scale("start_price") for spec in specs],
        [spec.scale("volatility") for spec in specs],
        market.dynamics,
        step_ns=step_ns,
        points=points,
        origin=before,
    )
    population = resolve_population(market.population)
    turnovers = [spec.scale("turnover") * market.volume_scale for spec in specs]
    history: dict[tuple[InstrumentId, int], tuple[Bar, ...]] = {}
    for row, contract in enumerate(contracts):
        volume = turnovers[row] * step_ns / 1e9 * activity[row] / prices[row]
        history.update(
            _history(contract, prices[row, : before + 1], volume[:before], market.start_ns, step_ns)
        )
    ticks = np.array([float(contract.tick_size) for contract in contracts])[:, None]
    return MarketInputs(
        instruments=contracts,
        path=MarketPath(
            start_ns=market.start_ns,
            step_ns=step_ns,
            fundamental_ticks=np.maximum(prices[:, before:] / ticks, 1.0),
            activity=np.ascontiguousarray(activity[:, before:]),
        ),
        population=population,
        size_scales=tuple(size_scale(population, turnover) for turnover in turnovers),
        start_ns=market.start_ns,
        history=history,
    )


def _history(
    contract: Instrument, prices: Floats, volume: Floats, end_ns: int, step_ns: int
) -> dict[tuple[InstrumentId, int], tuple[Bar, ...]]:
    """Return the bars of a path that ends at `end_ns`; none shorter than the path's step."""
    history: dict[tuple[InstrumentId, int], tuple[Bar, ...]] = {}
    first_ns = end_ns - (len(prices) - 1) * step_ns
    minutes = bars_of_path("history", prices, volume, first_ns, step_ns, MINUTE_NS)
    for interval_ns in LONG_INTERVALS_NS:
        bars = minutes.resample(interval_ns)
        history[contract.instrument_id, interval_ns] = market_bars(contract, bars, 1.0)
    steps = min(SHORT_SPAN_NS // step_ns, len(prices) - 1)
    recent, traded = prices[len(prices) - 1 - steps :], volume[len(volume) - steps :]
    for interval_ns in SHORT_INTERVALS_NS:
        if interval_ns % step_ns == 0:
            bars = bars_of_path("history", recent, traded, end_ns - steps * step_ns, step_ns, interval_ns)
            history[contract.instrument_id, interval_ns] = market_bars(contract, bars, 1.0)
    return history
