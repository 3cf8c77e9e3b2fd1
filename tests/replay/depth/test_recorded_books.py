"""Real records: the rebuilt book is the recorded one, at every point of its grid, and so are bars and
trades."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from exchange_sim.model.instrument import Instrument
from exchange_sim.replay.depth.building import recorded_bars
from exchange_sim.replay.depth.market import DepthReplay
from exchange_sim.replay.depth.reading import read_record
from exchange_sim.replay.depth.record import Record

DATA = Path(__file__).parents[4] / "shared" / "data"
MS, SECOND_NS, MINUTE_NS = 10**6, 10**9, 60 * 10**9
USDM_BTC = "binance_usdm_BTCUSDT_20240808"
LEVELS = 10

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"there is no recorded depth at {DATA}")


def _record(name: str, tick_size: str, lot_size: str, *, contiguous: bool = False) -> Record:
    instrument = Instrument.linear("BTC/USDT:USDT", tick_size=tick_size, lot_size=lot_size)
    depth, trades = (
        DATA / folder / f"{name}_{kind}.parquet" for folder, kind in (("lob", "events"), ("trades", "trades"))
    )
    return read_record(depth, trades, instrument, contiguous=contiguous)


def _books(record: Record, step_ns: int) -> np.ndarray:
    """Return the replay's book snapshots, shape (times, sides, levels, 2), by time."""
    market = DepthReplay([record], start_ns=record.start_ns, snapshot_depth=LEVELS)
    market.listen(0, snapshots=(step_ns,))
    while market.now_ns < record.end_ns + 2 * step_ns:
        market.advance(record.end_ns + 2 * step_ns, step_ns * 10**6)
    return market.take("snapshots")


@pytest.mark.parametrize(
    ("name", "tick", "lot", "step_ms", "contiguous"),
    [
        (USDM_BTC, "0.1", "0.001", 100, False),
        ("binance_usdm_ETHUSDT_20240808", "0.01", "0.001", 100, False),
        ("binance_usdm_BTCUSDT_20230405", "0.1", "0.001", 100, False),
        ("binance_spot_NEXOUSDT_20240723", "0.001", "0.01", 1_000, True),
        ("binance_spot_BTCUSDT_20240808", "0.01", "0.000001", 100, True),
    ],
)
def test_the_rebuilt_book_is_the_recorded_one(
    name: str, tick: str, lot: str, step_ms: int, *, contiguous: bool
) -> None:
    record = _record(name, tick, lot, contiguous=contiguous)
    made = _books(record, step_ms * MS)
    table = pq.read_table(DATA / "lob" / f"{name}_book10_{step_ms}ms.parquet")
    times = table["timestamp"].to_numpy() * MS
    places = np.searchsorted(made["ts_ns"], times)
    assert (made["ts_ns"][places] == times).all()
    for side in ("bid", "ask"):
        for level in range(LEVELS):
            got = made[f"{side}s"][places][:, level]
            price, size = (np.nan_to_num(table[f"{side}_{kind}_{level}"].to_numpy()) for kind in ("px", "sz"))
            assert (got[:, 0] == np.rint(price / float(tick))).all()
            assert (got[:, 1] == np.rint(size / float(lot))).all()


def test_best_prices_are_those_of_the_quote_stream() -> None:
    record = _record(USDM_BTC, "0.1", "0.001")
    made = _books(record, 100 * MS)
    quotes = pq.read_table(DATA / "lob" / f"{USDM_BTC}_bbo.parquet")
    times = quotes["timestamp"].to_numpy() * MS
    latest = np.searchsorted(times, made["ts_ns"]) - 1
    inside = (latest >= 0) & (made["ts_ns"] <= times[-1])
    for side in ("bid", "ask"):
        prices = np.rint(quotes[f"{side}_px"].to_numpy()[latest[inside]] / 0.1)
        # the stream is quicker than the depth messages: a best price may be one message ahead
        assert (made[f"{side}s"][inside][:, 0, 0] == prices).mean() > 0.9


def test_trades_and_bars_are_the_recorded_ones() -> None:
    record = _record(USDM_BTC, "0.1", "0.001")
    market = DepthReplay([record], start_ns=record.start_ns)
    market.listen(0, trades=True, bars=(MINUTE_NS,))
    while market.now_ns < record.end_ns:
        market.advance(record.end_ns, 10**15)
    trades = market.take("trades")
    table = pq.read_table(DATA / "trades" / f"{USDM_BTC}_trades.parquet")
    inside = table["timestamp"].to_numpy() * MS >= record.start_ns
    assert (trades["ts_ns"] == table["timestamp"].to_numpy()[inside] * MS).all()
    assert (trades["price_ticks"] == np.rint(table["price"].to_numpy()[inside] / 0.1)).all()
    assert (trades["quantity_lots"] == np.rint(table["qty"].to_numpy()[inside] / 0.001)).all()
    assert ((trades["aggressor"] == 1) == (table["side"].to_numpy()[inside] < 0)).all()
    bars = market.take("bars")
    expected = recorded_bars(record, MINUTE_NS, record.start_ns, record.end_ns)
    fields = ("ts_open_ns", "open_ticks", "high_ticks", "low_ticks", "close_ticks", "volume_lots", "trades")
    # the first minute of the replay began before it
    assert bars[fields[0]].tolist()[1:] == [bar.ts_open_ns for bar in expected]
    for field in fields:
        assert bars[field].tolist()[1:] == [getattr(bar, field) for bar in expected]
