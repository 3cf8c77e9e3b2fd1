"""Builds the market in which an order recording plays again."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from exchange_sim.kernel.path import MarketPath
from exchange_sim.markets.duration import MINUTE_NS, SECOND_NS
from exchange_sim.markets.history import LONG_INTERVALS_NS, SHORT_INTERVALS_NS
from exchange_sim.markets.inputs import MarketInputs
from exchange_sim.markets.replay_spec import ReplayL3Market
from exchange_sim.markets.spec import format_instant, instant_ns
from exchange_sim.model.ids import InstrumentId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import Bar
from exchange_sim.population.species import Population
from exchange_sim.replay.orders.bitstamp import EVENT_COLUMNS, read_bitstamp
from exchange_sim.replay.orders.feed import OrderFeed
from exchange_sim.replay.orders.lobster import MESSAGE_COLUMNS, read_lobster
from exchange_sim.replay.orders.recording import OrderRecording, Rows
from exchange_sim.replay.orders.table import RecordingError

NOBODY = Population(groups=())
"""A crowd without anybody in it."""


def read_orders(path: Path, *, tick_size: Decimal, lot_size: Decimal) -> OrderRecording:
    """Return an order recording, of whichever known form the file is.

    Raises
    ------
    RecordingError
        The file is missing, of no known form, or cannot be replayed.
    """
    if path.suffix == ".csv":
        return _lobster(path, tick_size, lot_size)
    try:
        names = set(pq.read_schema(path).names)
    except FileNotFoundError as error:
        raise RecordingError(f"{path}: no such file") from error
    except (OSError, ValueError) as error:
        raise RecordingError(f"{path}: expected a Parquet or CSV file: {error}") from error
    if "action" in names:
        return read_bitstamp(path, tick_size=tick_size, lot_size=lot_size)
    if "event_type" in names:
        return _lobster(path, tick_size, lot_size)
    raise RecordingError(
        f"{path}: expected the columns of Bitstamp ({', '.join(EVENT_COLUMNS)}) or of LOBSTER "
        f"({', '.join(MESSAGE_COLUMNS)}), has {', '.join(sorted(names))}"
    )


def _lobster(path: Path, tick_size: Decimal, lot_size: Decimal) -> OrderRecording:
    if lot_size != 1:
        raise RecordingError(f"market.lot_size: expected 1 (a share) for {path.name}, was {lot_size}")
    return read_lobster(path, tick_size=tick_size)


def build_replay_l3(market: ReplayL3Market, duration_ns: int, data_folder: Path) -> MarketInputs:
    """Return the market for a run of `duration_ns`; see `build_market`.

    The path is the last recorded trade, a second late; nobody trades on it.
    """
    instrument = market.contracts()[0]
    path = data_folder / market.file
    whole = read_orders(path, tick_size=instrument.tick_size, lot_size=instrument.lot_size)
    start_ns = whole.first_ns if market.start is None else instant_ns(market.start)
    if not whole.first_ns <= start_ns < whole.end_ns or start_ns + duration_ns > whole.end_ns:
        raise RecordingError(
            f"{path}: has {format_instant(whole.first_ns)} to {format_instant(whole.end_ns)} UTC, expected "
            f"{format_instant(start_ns)} to {format_instant(start_ns + duration_ns)} UTC (start and duration "
            f"of the run)"
        )
    recording = whole.since(start_ns)
    seconds = -(-(duration_ns + MINUTE_NS) // SECOND_NS)
    end_ns = start_ns + seconds * SECOND_NS
    return MarketInputs(
        instruments=(instrument,),
        path=MarketPath(start_ns, SECOND_NS, *_last_trades(whole, recording, start_ns, seconds)),
        population=NOBODY,
        size_scales=(1.0,),
        start_ns=start_ns,
        history=_history(instrument, whole.executions, start_ns, market.history_ns),
        feeds=(OrderFeed(recording, instrument, end_ns),),
    )


def _last_trades(
    whole: OrderRecording, recording: OrderRecording, start_ns: int, seconds: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the last trade's price a second before each whole second of the run, and an even activity."""
    times = start_ns + SECOND_NS * np.arange(-1, seconds, dtype=np.int64)
    trades = whole.executions
    place = np.searchsorted(trades["ts_ns"], times, side="right") - 1
    resting = recording.resting
    # Before the first trade: half way between the best orders, or whatever there is.
    bids, asks = (resting["price_ticks"][resting["side"] == side] for side in (0, 1))
    middle = (bids.max(initial=1) + asks.min(initial=2**31)) / 2 if len(bids) and len(asks) else 1.0
    prices = np.where(place >= 0, trades["price_ticks"][np.maximum(place, 0)] if len(trades) else 1, middle)
    prices = prices.astype(np.float64)[None, :]
    return prices, np.ones_like(prices)


def _history(
    instrument: Instrument, trades: Rows, start_ns: int, history_ns: int
) -> dict[tuple[InstrumentId, int], tuple[Bar, ...]]:
    """Return the bars of the recorded trades before the start."""
    before = trades[(trades["ts_ns"] < start_ns) & (trades["ts_ns"] >= start_ns - history_ns)]
    return {
        (instrument.instrument_id, interval_ns): _bars(instrument, before, start_ns, interval_ns)
        for interval_ns in (*SHORT_INTERVALS_NS, *LONG_INTERVALS_NS)
        if len(before)
    }


def _bars(instrument: Instrument, trades: Rows, end_ns: int, interval_ns: int) -> tuple[Bar, ...]:
    """Return the bars that closed by `end_ns`, the first with the first trade in it."""
    bars: list[Bar] = []
    opened = int(trades["ts_ns"][0]) // interval_ns * interval_ns
    close = 0
    while opened + interval_ns <= end_ns:
        first, last = np.searchsorted(trades["ts_ns"], (opened, opened + interval_ns))
        own = trades[first:last]
        prices = own["price_ticks"].tolist() or [close]
        close = prices[-1]
        bars.append(
            Bar(
                instrument.instrument_id, opened + interval_ns, opened + interval_ns, interval_ns, opened,
                prices[0], max(prices), min(prices), close, int(own["lots"].sum()), len(own),
            )
        )  # fmt: skip
        opened += interval_ns
    return tuple(bars)
