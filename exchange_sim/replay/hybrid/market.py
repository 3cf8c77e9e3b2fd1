"""Builds the market whose background is recorded depth."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from exchange_sim.kernel.path import MarketPath
from exchange_sim.markets.bars import Floats
from exchange_sim.markets.crowd import resolve_population
from exchange_sim.markets.duration import MINUTE_NS, SECOND_NS, format_duration, parse_duration_ns
from exchange_sim.markets.history import LONG_INTERVALS_NS, SHORT_INTERVALS_NS
from exchange_sim.markets.hybrid_spec import HybridMarket
from exchange_sim.markets.inputs import MarketInputs
from exchange_sim.markets.spec import format_instant, instant_ns
from exchange_sim.replay.depth.building import recorded_bars
from exchange_sim.replay.depth.finding import find_depth, find_trades
from exchange_sim.replay.depth.reading import read_record
from exchange_sim.replay.depth.record import DepthError, Record
from exchange_sim.replay.hybrid.depth import grid_depth
from exchange_sim.replay.hybrid.feed import HistoryFeed
from exchange_sim.replay.hybrid.impact import Impact, volatility_per_second

_REFERENCE_TURNOVER = 3_200.0
"""Settlement asset a second at which the crowd's order sizes are those of its definition."""


def build_hybrid(market: HybridMarket, duration_ns: int, data_folder: Path) -> MarketInputs:
    """Return the market for a run of `duration_ns`; see `build_market`."""
    asked_ns = None if market.start is None else instant_ns(market.start)
    spec = market.specs()[0]
    depth = (
        data_folder / spec.file if spec.file is not None else find_depth(data_folder, spec.symbol, asked_ns)
    )
    trades = (
        data_folder / spec.trades_file if spec.trades_file is not None else find_trades(data_folder, depth)
    )
    record = read_record(depth, trades, spec.instrument(), contiguous=spec.update_ids == "contiguous")
    return hybrid_inputs(market, record, duration_ns)


def hybrid_inputs(market: HybridMarket, record: Record, duration_ns: int) -> MarketInputs:
    """Return the market of a record that has been read.

    Raises
    ------
    DepthError
        The record does not cover the run.
    """
    step_ns = parse_duration_ns(market.step)
    start_ns = record.start_ns if market.start is None else instant_ns(market.start)
    start_ns = -(-start_ns // step_ns) * step_ns
    if start_ns < record.start_ns or start_ns + duration_ns > record.end_ns:
        raise DepthError(
            f"market.start: the record of {record.instrument.instrument_id} has "
            f"{format_instant(record.start_ns)} to {format_instant(record.end_ns)} UTC, expected "
            f"{format_instant(start_ns)} UTC and {format_duration(duration_ns)} more"
        )
    end_ns = start_ns + -(-(duration_ns + MINUTE_NS) // step_ns) * step_ns
    depth = grid_depth(record, start_ns, end_ns, step_ns, market.levels)
    mids = depth.mids()
    population = resolve_population(market.population)
    covered_ns = min(end_ns, record.end_ns) - start_ns
    volume_lots = float(depth.takers["lots"].sum()) / (covered_ns / SECOND_NS)
    impact = _impact(market, depth.mids()[: covered_ns // step_ns + 1], volume_lots)
    turnover = volume_lots * float(mids[0]) * record.instrument.atoms_per_tick_lot / 1e8
    history = {
        (record.instrument.instrument_id, interval_ns): recorded_bars(
            record, interval_ns, start_ns - market.history_ns, start_ns
        )
        for interval_ns in (*SHORT_INTERVALS_NS, *LONG_INTERVALS_NS)
    }
    return MarketInputs(
        instruments=(record.instrument,),
        path=MarketPath(start_ns, step_ns, mids[None, :], np.ones((1, len(mids)))),
        population=population,
        size_scales=(max(turnover / _REFERENCE_TURNOVER, 1e-6),),
        start_ns=start_ns,
        history=history,
        feeds=(HistoryFeed(depth, record.instrument, impact),),
    )


def _impact(market: HybridMarket, mids: Floats, volume_lots: float) -> Impact:
    return Impact(
        strength=market.impact,
        exponent=market.impact_exponent,
        half_life_ns=parse_duration_ns(market.impact_half_life),
        volatility=volatility_per_second(mids, parse_duration_ns(market.step)),
        volume_lots=volume_lots,
    )
