"""Anchored markets without bots follow real history: May 2025 on Binance, where the data pack is at hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from exchange_sim.kernel.kernel import Kernel
from exchange_sim.markets.build import build_market
from exchange_sim.markets.duration import HOUR_NS, MINUTE_NS
from exchange_sim.markets.find_bars import find_bars
from exchange_sim.markets.read_bars import read_bars
from exchange_sim.markets.spec import AnchoredMarket, instant_ns

DATA = Path(__file__).parents[3] / "shared" / "data"
SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")
VOLUME_SCALE = 0.1

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"there are no recorded bars at {DATA}")


@pytest.mark.parametrize(
    ("start", "seed"),
    [(datetime(2025, 5, 10, 6, tzinfo=UTC), 1), (datetime(2025, 5, 28, 13, tzinfo=UTC), 2)],
)
def test_closes_spread_and_volume_are_those_of_history(start: datetime, seed: int) -> None:
    span_ns = 8 * HOUR_NS
    begin_ns, end_ns = instant_ns(start), instant_ns(start) + span_ns
    market = AnchoredMarket(instruments=SYMBOLS, start=start, volume_scale=VOLUME_SCALE)
    inputs = build_market(market, span_ns, seed, DATA)
    kernel = Kernel(
        inputs.instruments,
        inputs.path,
        inputs.population,
        seed=seed,
        size_scales=inputs.size_scales,
        sample_interval_ns=MINUTE_NS,
    )
    for number in range(len(SYMBOLS)):
        kernel.listen(number, bars=(MINUTE_NS,))
    while kernel.now_ns < end_ns + MINUTE_NS:
        kernel.advance(end_ns + MINUTE_NS, span_ns)
    bars, samples = kernel.take_bars(), kernel.take_samples()
    kernel.exchange.check_conservation()

    for number, instrument in enumerate(inputs.instruments):
        path = find_bars(DATA, SYMBOLS[number], start_ns=begin_ns, end_ns=end_ns)
        history = read_bars(path).between(begin_ns, end_ns)
        made = bars[(bars["instrument"] == number) & (bars["ts_open_ns"] < end_ns)]
        seen = samples[samples["instrument"] == number]
        assert made["ts_open_ns"].tolist() == history.ts_open_ns.tolist()

        close = made["close_ticks"] * float(instrument.tick_size)
        error_bps = np.abs(close / history.close - 1.0) * 1e4
        spread_bps = seen["spread_bps"].mean()
        assert np.median(error_bps) < 3.0 * spread_bps
        assert spread_bps < 5.0
        volume = made["volume_lots"].sum() * float(instrument.lot_size)
        assert 0.5 < volume / (VOLUME_SCALE * history.volume.sum()) < 2.0
        made_rank, rank = (np.argsort(np.argsort(each)) for each in (made["volume_lots"], history.volume))
        assert np.corrcoef(made_rank, rank)[0, 1] > 0.6  # busy minutes are busy here, too
        moved = np.diff(np.log(close)).std() / np.diff(np.log(history.close)).std()
        assert 0.85 < moved < 1.15
