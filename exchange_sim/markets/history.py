"""Bars from before a market's start, from which strategies warm up."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from exchange_sim.markets.bars import Bars, Floats
from exchange_sim.markets.duration import HOUR_NS, MINUTE_NS, SECOND_NS
from exchange_sim.model.ids import InstrumentId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import Bar

LONG_INTERVALS_NS = (MINUTE_NS, 5 * MINUTE_NS, HOUR_NS)
"""Intervals whose bars cover the whole history."""

SHORT_INTERVALS_NS = (SECOND_NS, 5 * SECOND_NS)
"""Intervals whose bars cover only the last `SHORT_SPAN_NS` of it."""

SHORT_SPAN_NS = HOUR_NS

History = Mapping[tuple[InstrumentId, int], tuple[Bar, ...]]
"""Closed bars by instrument and interval (ns), oldest first; the last one ends at the start at the latest."""

EMPTY_HISTORY: History = MappingProxyType({})


def bars_of_path(
    source: str, prices: Floats, volume: Floats, first_ns: int, step_ns: int, interval_ns: int
) -> Bars:
    """Return bars whose prices are those of a path.

    `prices` has a point at `first_ns` and every `step_ns`, `volume` (base units) belongs to the step that
    begins at a point. `first_ns` is a multiple of `interval_ns`, that one of `step_ns`; an incomplete last
    bar is left out.
    """
    count = interval_ns // step_ns
    groups = (len(prices) - 1) // count
    inner = prices[: groups * count].reshape(groups, count)
    last = prices[count : groups * count + 1 : count]
    return Bars(
        source,
        interval_ns,
        first_ns + interval_ns * np.arange(groups, dtype=np.int64),
        inner[:, 0].copy(),
        np.maximum(inner.max(axis=1), last),
        np.minimum(inner.min(axis=1), last),
        last.copy(),
        volume[: groups * count].reshape(groups, count).sum(axis=1),
    )


def market_bars(instrument: Instrument, bars: Bars, volume_scale: float) -> tuple[Bar, ...]:
    """Return recorded bars as the exchange would have published them, volume times `volume_scale`.

    Prices go to the nearest tick and are at least one. How many trades a bar had is not on record: 0.
    """
    tick, lot = float(instrument.tick_size), float(instrument.lot_size)
    columns = [
        np.maximum(np.rint(column / tick), 1.0).astype(np.int64).tolist()
        for column in (bars.open, bars.high, bars.low, bars.close)
    ]
    lots = np.rint(bars.volume * volume_scale / lot).astype(np.int64).tolist()
    return tuple(
        Bar(
            instrument_id=instrument.instrument_id,
            ts_exchange_ns=opened + bars.interval_ns,
            ts_received_ns=opened + bars.interval_ns,
            interval_ns=bars.interval_ns,
            ts_open_ns=opened,
            open_ticks=first,
            high_ticks=high,
            low_ticks=low,
            close_ticks=close,
            volume_lots=volume,
            trades=0,
        )
        for opened, first, high, low, close, volume in zip(
            bars.ts_open_ns.tolist(), *columns, lots, strict=True
        )
    )
