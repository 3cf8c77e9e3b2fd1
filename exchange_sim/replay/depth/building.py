"""From a `replay_l2` market in configuration to its records and the bars before its start."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from exchange_sim.kernel.path import MarketPath
from exchange_sim.markets.depth_spec import DepthInstrument, ReplayL2Market
from exchange_sim.markets.duration import MINUTE_NS, format_duration
from exchange_sim.markets.history import LONG_INTERVALS_NS, SHORT_INTERVALS_NS
from exchange_sim.markets.inputs import MarketInputs
from exchange_sim.markets.spec import format_instant, instant_ns
from exchange_sim.model.ids import InstrumentId
from exchange_sim.model.market import Bar
from exchange_sim.population.species import Population
from exchange_sim.replay.depth.finding import find_depth, find_trades
from exchange_sim.replay.depth.layout import TRADE_FLAG
from exchange_sim.replay.depth.reading import read_record
from exchange_sim.replay.depth.record import DepthError, DepthInputs, Record

_MS_NS = 1_000_000


def build_replay_l2(market: ReplayL2Market, duration_ns: int, data_folder: Path) -> MarketInputs:
    """Return the market for a run of `duration_ns`.

    Raises
    ------
    DepthError
        Records are missing, ambiguous, too short or unusable.
    """
    asked_ns = None if market.start is None else instant_ns(market.start)
    records = [_read(spec, asked_ns, data_folder) for spec in market.specs()]
    first_ns = max(record.start_ns for record in records)
    start_ns = first_ns if asked_ns is None else asked_ns
    shortest = min(records, key=lambda record: record.end_ns)
    if start_ns < first_ns:
        raise DepthError(
            f"market.start: expected {format_instant(first_ns)} UTC or later (the first snapshot), "
            f"was {format_instant(start_ns)}"
        )
    if start_ns + duration_ns > shortest.end_ns:
        most = max(0, (shortest.end_ns - start_ns) // _MS_NS * _MS_NS)
        raise DepthError(
            f"match.duration: expected at most {most / 1e9:g}s from {format_instant(start_ns)} UTC, because "
            f"the record of {shortest.instrument.instrument_id} ends then, was {format_duration(duration_ns)}"
        )
    history: dict[tuple[InstrumentId, int], tuple[Bar, ...]] = {}
    for record in records:
        for interval_ns in (*SHORT_INTERVALS_NS, *LONG_INTERVALS_NS):
            bars = recorded_bars(record, interval_ns, start_ns - market.history_ns, start_ns)
            history[record.instrument.instrument_id, interval_ns] = bars
    records = [record.until(start_ns + duration_ns + MINUTE_NS) for record in records]
    instruments = tuple(record.instrument for record in records)
    return MarketInputs(
        instruments=instruments,
        path=MarketPath.constant(start_ns, duration_ns + MINUTE_NS, [1.0] * len(instruments)),
        population=Population(groups=()),
        size_scales=(1.0,) * len(instruments),
        start_ns=start_ns,
        history=history,
        depth=DepthInputs(tuple(records), market.queue),
    )


def _read(spec: DepthInstrument, start_ns: int | None, folder: Path) -> Record:
    depth = folder / spec.file if spec.file is not None else find_depth(folder, spec.symbol, start_ns)
    if not depth.is_file():
        raise DepthError(f"{depth}: expected a file of recorded depth, found none")
    trades = folder / spec.trades_file if spec.trades_file is not None else find_trades(folder, depth)
    return read_record(depth, trades, spec.instrument(), contiguous=spec.update_ids == "contiguous")


def recorded_bars(record: Record, interval_ns: int, begin_ns: int, end_ns: int) -> tuple[Bar, ...]:
    """Return bars of the recorded trades, whole ones in `[begin_ns, end_ns]`, silent ones between them
    too."""
    first, last = -(-begin_ns // interval_ns), end_ns // interval_ns
    rows = record.rows[(record.rows["flags"] & TRADE_FLAG) != 0]
    rows = rows[(rows["ts_ns"] >= first * interval_ns) & (rows["ts_ns"] < last * interval_ns)]
    if not len(rows):
        return ()
    places = rows["ts_ns"] // interval_ns
    edges = np.flatnonzero(np.diff(places)) + 1
    prices, lots = record.prices[rows["level"]], rows["lots"]
    groups = {
        int(place): (prices_of, lots_of)
        for place, prices_of, lots_of in zip(
            places[np.concatenate(([0], edges))], np.split(prices, edges), np.split(lots, edges), strict=True
        )
    }
    bars, close = [], 0
    for place in range(int(places[0]), last):
        traded, volumes = groups.get(place, (np.array([close]), np.zeros(0, np.int64)))
        close = int(traded[-1])
        opened = place * interval_ns
        bar = Bar(
            record.instrument.instrument_id, opened + interval_ns, opened + interval_ns, interval_ns, opened,
            int(traded[0]), int(traded.max()), int(traded.min()), close, int(volumes.sum()), len(volumes),
        )  # fmt: skip
        bars.append(bar)
    return tuple(bars)
