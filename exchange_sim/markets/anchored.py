"""Builds a market whose fundamental values and activity follow recorded bars."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from exchange_sim.kernel.path import MarketPath
from exchange_sim.markets.anchored_path import anchored_activity, anchored_path
from exchange_sim.markets.bars import Bars, BarsError, Floats
from exchange_sim.markets.contracts import fundamental_name
from exchange_sim.markets.crowd import resolve_population, size_scale
from exchange_sim.markets.duration import MINUTE_NS, SECOND_NS, format_duration, parse_duration_ns
from exchange_sim.markets.find_bars import find_bars
from exchange_sim.markets.history import (
    LONG_INTERVALS_NS,
    SHORT_INTERVALS_NS,
    SHORT_SPAN_NS,
    bars_of_path,
    market_bars,
)
from exchange_sim.markets.inputs import MarketInputs
from exchange_sim.markets.read_bars import read_bars
from exchange_sim.markets.spec import AnchoredInstrument, AnchoredMarket, format_instant, instant_ns
from exchange_sim.model.ids import InstrumentId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import Bar
from exchange_sim.rng import derive


def build_anchored(market: AnchoredMarket, duration_ns: int, seed: int, data_folder: Path) -> MarketInputs:
    """Return the market for a run of `duration_ns`; see `build_market`."""
    specs, contracts = market.specs(), market.contracts()
    asked_ns = None if market.start is None else instant_ns(market.start)
    recorded = [_recorded(spec, market, asked_ns, duration_ns, data_folder) for spec in specs]
    start_ns = _earliest_start(recorded, market.history_ns) if asked_ns is None else asked_ns
    end_ns = -(-(start_ns + duration_ns) // MINUTE_NS) * MINUTE_NS
    if market.end is not None and start_ns + duration_ns > instant_ns(market.end):
        raise ValueError(
            f"market.end: expected {format_instant(start_ns + duration_ns)} UTC or later for a run of "
            f"{duration_ns / 1e9:g} s from {format_instant(start_ns)} UTC, was {market.end.isoformat()}"
        )
    step_ns = parse_duration_ns(market.path_step)
    population = resolve_population(market.population)
    prices: list[Floats] = []
    activity: list[Floats] = []
    scales: list[float] = []
    history: dict[tuple[InstrumentId, int], tuple[Bar, ...]] = {}
    for spec, contract, bars in zip(specs, contracts, recorded, strict=True):
        inside = bars.between(start_ns, end_ns)
        if len(inside) * MINUTE_NS < end_ns - start_ns:
            raise BarsError(
                f"{spec.symbol}: {bars.source} has {format_instant(bars.first_ns)} to "
                f"{format_instant(bars.end_ns)} UTC, expected {format_instant(start_ns)} to "
                f"{format_instant(end_ns)} UTC"
            )
        before = bars.between(start_ns - market.history_ns, start_ns)
        key = derive(seed, "fundamental", fundamental_name(spec.symbol), "minute")
        path, busy = _path(key, inside, before, step_ns)
        prices.append(np.maximum(path / float(contract.tick_size), 1.0))
        activity.append(busy)
        turnover = math.fsum(inside.volume * inside.close) / ((end_ns - start_ns) / SECOND_NS)
        scales.append(size_scale(population, turnover * market.volume_scale))
        history.update(_history(key, contract, before, market.volume_scale))
    return MarketInputs(
        instruments=contracts,
        path=MarketPath(start_ns, step_ns, np.array(prices), np.array(activity)),
        population=population,
        size_scales=tuple(scales),
        start_ns=start_ns,
        history=history,
    )


def _recorded(
    spec: AnchoredInstrument, market: AnchoredMarket, start_ns: int | None, duration_ns: int, folder: Path
) -> Bars:
    """Return the one-minute bars of a symbol, on whole minutes."""
    if spec.file is not None:
        path = folder / spec.file
    else:
        end_ns = None if start_ns is None else start_ns + duration_ns
        path = find_bars(folder, spec.symbol, start_ns=start_ns, end_ns=end_ns)
    bars = read_bars(path, fill_gaps=market.fill_gaps)
    if bars.interval_ns != MINUTE_NS:
        raise BarsError(f"{path}: expected bars of 1m, was {format_duration(bars.interval_ns)}")
    if bars.first_ns % MINUTE_NS:
        raise BarsError(
            f"{path}: row 1, column timestamp: expected a whole minute, was {format_instant(bars.first_ns)}"
        )
    return bars


def _earliest_start(recorded: list[Bars], history_ns: int) -> int:
    """Return the first whole minute at which every symbol has bars and the history behind it."""
    history = -(-history_ns // MINUTE_NS) * MINUTE_NS
    return max(bars.first_ns for bars in recorded) + history


def _path(key: int, inside: Bars, before: Bars, step_ns: int) -> tuple[Floats, Floats]:
    """Return prices and activity over the bars and one quiet minute more, so that a run can close."""
    steps = MINUTE_NS // step_ns
    opening = float(before.close[-1]) if len(before) else float(inside.open[0])
    prices = anchored_path(
        key, inside.first_ns // MINUTE_NS, opening, inside.high, inside.low, inside.close, steps
    )
    activity = anchored_activity(inside.volume, steps)
    return (
        np.concatenate((prices, np.full(steps, prices[-1]))),
        np.concatenate((activity, np.full(steps + 1, activity[-1]))),
    )


def _history(
    key: int, contract: Instrument, before: Bars, volume_scale: float
) -> dict[tuple[InstrumentId, int], tuple[Bar, ...]]:
    """Return the recorded bars before the start, and shorter ones of a path through the last of them."""
    history: dict[tuple[InstrumentId, int], tuple[Bar, ...]] = {}
    if len(before) == 0:
        return history
    for interval_ns in LONG_INTERVALS_NS:
        bars = market_bars(contract, before.resample(interval_ns), volume_scale)
        history[contract.instrument_id, interval_ns] = bars
    recent = before.between(before.end_ns - SHORT_SPAN_NS, before.end_ns)
    steps = MINUTE_NS // SECOND_NS
    prices = anchored_path(
        key,
        recent.first_ns // MINUTE_NS,
        float(recent.open[0]),
        recent.high,
        recent.low,
        recent.close,
        steps,
    )
    volume = np.repeat(recent.volume / steps, steps)
    for interval_ns in SHORT_INTERVALS_NS:
        bars_short = bars_of_path(before.source, prices, volume, recent.first_ns, SECOND_NS, interval_ns)
        history[contract.instrument_id, interval_ns] = market_bars(contract, bars_short, volume_scale)
    return history
