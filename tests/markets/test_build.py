"""Markets built from their specification: paths, sizes and the bars before the start."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exchange_sim.kernel.kernel import Kernel
from exchange_sim.markets.bars import BarsError
from exchange_sim.markets.build import build_market
from exchange_sim.markets.crowd import base_turnover, mean_size, size_scale
from exchange_sim.markets.duration import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from exchange_sim.markets.inputs import MarketInputs
from exchange_sim.markets.spec import (
    AnchoredInstrument,
    AnchoredMarket,
    MarketSpec,
    SyntheticInstrument,
    SyntheticMarket,
)
from exchange_sim.model.ids import InstrumentId
from exchange_sim.model.market import Bar
from exchange_sim.population.presets import population_preset
from exchange_sim.population.species import LognormalSize, ParetoSize, ReferenceSize
from tests.markets.test_read_bars import START_MS

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
BARS_START = datetime(2025, 5, 5, tzinfo=UTC)
START = datetime(2025, 5, 5, 3, tzinfo=UTC)
START_NS = 1_746_414_000_000_000_000
INTERVALS_NS = (SECOND_NS, 5 * SECOND_NS, MINUTE_NS, 5 * MINUTE_NS, HOUR_NS)


def record(folder: Path, symbol: str = "BTCUSDT", *, minutes: int = 360, price: float = 95_000.0) -> None:
    """Write bars from 2025-05-05 00:00 UTC on the symbol's tick grid."""
    rng = np.random.default_rng(len(symbol))
    close = np.round(price * np.exp(np.cumsum(rng.normal(0.0, 4e-4, minutes))), 1)
    opened = np.concatenate(([price], close[:-1]))
    table = {
        "timestamp": START_MS + 60_000 * np.arange(minutes),
        "open": opened,
        "high": np.maximum(opened, close) + 5.0,
        "low": np.minimum(opened, close) - 5.0,
        "close": close,
        "volume": np.round(rng.exponential(100.0, minutes), 3),
    }
    pq.write_table(pa.table(table), folder / f"{symbol}.parquet")


def check_history(inputs: MarketInputs, symbol: str, span_ns: int) -> None:
    """Every interval's bars are contiguous, aligned, consistent, and end at or before the start."""
    for interval_ns in INTERVALS_NS:
        bars = inputs.history[InstrumentId(symbol), interval_ns]
        expected = min(span_ns, HOUR_NS) if interval_ns < MINUTE_NS else span_ns
        assert len(bars) == expected // interval_ns
        assert bars[-1].ts_exchange_ns == inputs.start_ns
        for before, bar in zip((None, *bars), bars, strict=False):
            assert bar.ts_open_ns % interval_ns == 0
            assert bar.ts_exchange_ns == bar.ts_received_ns == bar.ts_open_ns + interval_ns
            assert bar.low_ticks <= min(bar.open_ticks, bar.close_ticks)
            assert bar.high_ticks >= max(bar.open_ticks, bar.close_ticks)
            assert bar.volume_lots >= 0
            if before is not None:
                assert bar.ts_open_ns == before.ts_exchange_ns


def last(inputs: MarketInputs, symbol: str, interval_ns: int) -> Bar:
    return inputs.history[InstrumentId(symbol), interval_ns][-1]


def test_a_synthetic_market_covers_its_duration_and_continues_its_history() -> None:
    market = SyntheticMarket(instruments=(BTC, ETH), history="6h", start=START)
    inputs = build_market(market, 10 * MINUTE_NS, 1)

    assert inputs.start_ns == inputs.path.start_ns == START_NS
    assert inputs.path.end_ns == START_NS + 11 * MINUTE_NS
    assert inputs.path.fundamental_ticks[:, 0].tolist() == [1_000_000.0, 250_000.0]
    for symbol, ticks in ((BTC, 1_000_000), (ETH, 250_000)):
        check_history(inputs, symbol, 6 * HOUR_NS)
        assert {last(inputs, symbol, interval).close_ticks for interval in INTERVALS_NS} == {ticks}


def test_a_longer_synthetic_market_begins_like_the_shorter_one() -> None:
    market = SyntheticMarket(instruments=(BTC,), history="1h")
    short, long = (build_market(market, minutes * MINUTE_NS, 5) for minutes in (5, 60))
    points = short.path.points

    assert long.path.fundamental_ticks[:, :points].tolist() == short.path.fundamental_ticks.tolist()
    assert long.path.activity[:, :points].tolist() == short.path.activity.tolist()
    assert long.history == short.history
    assert long.size_scales == short.size_scales


def test_history_is_no_shorter_than_a_coarse_path_allows() -> None:
    market = SyntheticMarket(instruments=(BTC,), history="2h", path_step="5s")
    inputs = build_market(market, 10 * MINUTE_NS, 1)

    assert inputs.path.step_ns == 5 * SECOND_NS
    assert (InstrumentId(BTC), SECOND_NS) not in inputs.history
    assert len(inputs.history[InstrumentId(BTC), 5 * SECOND_NS]) == 720


def test_an_anchored_market_runs_through_the_recorded_closes(tmp_path: Path) -> None:
    record(tmp_path)
    recorded = pq.read_table(tmp_path / "BTCUSDT.parquet").to_pandas()
    market = AnchoredMarket(instruments=(BTC,), start=START, history="2h")
    inputs = build_market(market, 90 * MINUTE_NS, 1, tmp_path)

    assert (inputs.start_ns, inputs.path.end_ns) == (START_NS, START_NS + 91 * MINUTE_NS)
    closes = recorded["close"].to_numpy()[179 : 180 + 90] * 10.0
    np.testing.assert_allclose(inputs.path.fundamental_ticks[0, ::60][:-1], closes)
    assert inputs.path.fundamental_ticks[0, -1] == inputs.path.fundamental_ticks[0, -61]
    activity = inputs.path.activity[0, : 90 * 60]
    assert activity.mean() == pytest.approx(1.0)
    volume = recorded["volume"].to_numpy()[180 : 180 + 90]
    assert np.corrcoef(activity[::60], volume)[0, 1] > 0.999


def test_the_history_of_an_anchored_market_is_the_record(tmp_path: Path) -> None:
    record(tmp_path)
    recorded = pq.read_table(tmp_path / "BTCUSDT.parquet").to_pandas().iloc[60:180]
    market = AnchoredMarket(instruments=(BTC,), start=START, history="2h", volume_scale=0.5)
    inputs = build_market(market, 10 * MINUTE_NS, 1, tmp_path)

    check_history(inputs, BTC, 2 * HOUR_NS)
    minutes = inputs.history[InstrumentId(BTC), MINUTE_NS]
    assert [bar.close_ticks for bar in minutes] == np.rint(recorded["close"] * 10).astype(int).tolist()
    assert [bar.high_ticks for bar in minutes] == np.rint(recorded["high"] * 10).astype(int).tolist()
    np.testing.assert_allclose([bar.volume_lots for bar in minutes], recorded["volume"] * 500, atol=0.51)
    assert {last(inputs, BTC, interval).close_ticks for interval in INTERVALS_NS} == {minutes[-1].close_ticks}
    hour = last(inputs, BTC, HOUR_NS)
    assert hour.high_ticks == max(bar.high_ticks for bar in minutes[-60:])
    seconds = inputs.history[InstrumentId(BTC), SECOND_NS]
    assert sum(bar.volume_lots for bar in seconds) == pytest.approx(hour.volume_lots, rel=0.02)
    assert max(bar.high_ticks for bar in seconds[-60:]) <= minutes[-1].high_ticks


def test_without_a_start_the_market_begins_when_all_symbols_have_their_history(tmp_path: Path) -> None:
    record(tmp_path)
    record(tmp_path, "ETHUSDT", price=1_800.0)
    late = pq.read_table(tmp_path / "ETHUSDT.parquet").slice(30)
    pq.write_table(late, tmp_path / "ETHUSDT.parquet")
    inputs = build_market(AnchoredMarket(instruments=(BTC, ETH), history="1h"), HOUR_NS, 1, tmp_path)

    assert inputs.start_ns == START_MS * 1_000_000 + 90 * MINUTE_NS
    assert len(inputs.history[InstrumentId(ETH), MINUTE_NS]) == 60


def test_history_that_was_not_recorded_is_left_out(tmp_path: Path) -> None:
    record(tmp_path)
    short = AnchoredMarket(instruments=(BTC,), start=BARS_START.replace(minute=7), history="1d")
    none = AnchoredMarket(instruments=(BTC,), start=BARS_START, history="1d")

    inputs = build_market(short, HOUR_NS, 1, tmp_path)
    assert {interval: len(bars) for (_, interval), bars in inputs.history.items()} == {
        SECOND_NS: 420,
        5 * SECOND_NS: 84,
        MINUTE_NS: 7,
        5 * MINUTE_NS: 1,
        HOUR_NS: 0,
    }
    assert build_market(none, HOUR_NS, 1, tmp_path).history == {}


def test_an_explicit_file_is_used_and_must_be_of_minutes(tmp_path: Path) -> None:
    record(tmp_path)
    (tmp_path / "BTCUSDT.parquet").rename(tmp_path / "prices.parquet")
    instrument = AnchoredInstrument(symbol=BTC, file="prices.parquet")
    market = AnchoredMarket(instruments=(instrument,), start=START)
    assert build_market(market, HOUR_NS, 1, tmp_path).path.start_ns == START_NS

    table = pq.read_table(tmp_path / "prices.parquet").to_pandas().iloc[::5]
    table.to_parquet(tmp_path / "prices.parquet")
    with pytest.raises(BarsError, match=r"prices\.parquet: expected bars of 1m, was 5m"):
        build_market(market, HOUR_NS, 1, tmp_path)


@pytest.mark.parametrize(
    ("fields", "duration_ns", "said"),
    [
        ({}, DAY_NS, r"no file under .* from 2025-05-05 03:00:00 to 2025-05-06 03:00:00 UTC.*only has"),
        (
            {"start": None},
            DAY_NS,
            r"BTCUSDT\.parquet has .* expected 2025-05-05 02:00:00 to 2025-05-06 02:00:00",
        ),
        (
            {"end": datetime(2025, 5, 5, 3, 30, tzinfo=UTC)},
            HOUR_NS,
            r"market\.end: expected 2025-05-05 04:00:00",
        ),
        ({"instruments": (ETH,)}, HOUR_NS, "ETH/USDT:USDT: no file under"),
        ({}, 0, "duration: expected 1 ns or more, was 0"),
    ],
)
def test_a_market_that_the_bars_cannot_carry_is_refused(
    tmp_path: Path, fields: dict[str, object], duration_ns: int, said: str
) -> None:
    record(tmp_path)
    market = AnchoredMarket(**{"instruments": (BTC,), "start": START, "history": "2h", **fields})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=said):
        build_market(market, duration_ns, 1, tmp_path)


def test_an_anchored_market_needs_a_folder() -> None:
    with pytest.raises(ValueError, match="needs a folder of bars"):
        build_market(AnchoredMarket(instruments=(BTC,)), HOUR_NS, 1)


def test_gaps_are_refused_or_filled(tmp_path: Path) -> None:
    record(tmp_path)
    table = pq.read_table(tmp_path / "BTCUSDT.parquet").to_pandas().drop(index=[200, 201])
    table.to_parquet(tmp_path / "BTCUSDT.parquet")
    market = AnchoredMarket(instruments=(BTC,), start=START)

    with pytest.raises(BarsError, match=r"row 201, column timestamp: 2 bars of 1m are missing before"):
        build_market(market, HOUR_NS, 1, tmp_path)
    filled = AnchoredMarket(instruments=(BTC,), start=START, fill_gaps=True)
    path = build_market(filled, HOUR_NS, 1, tmp_path).path
    assert len(set(path.fundamental_ticks[0, 20 * 60 : 22 * 60 + 1])) == 1


def test_sizes_scale_with_the_turnover_asked_for() -> None:
    crowd = population_preset("crypto")
    assert size_scale(crowd, 2 * base_turnover(crowd)) == pytest.approx(2.0)
    market: MarketSpec = SyntheticMarket(
        instruments=(
            SyntheticInstrument(symbol=BTC, turnover=1_000.0),
            SyntheticInstrument(symbol=ETH, turnover=3_000.0),
        ),
        volume_scale=0.5,
    )
    one, three = build_market(market, MINUTE_NS, 1).size_scales
    assert one == pytest.approx(500.0 / base_turnover(crowd))
    assert three == pytest.approx(3 * one)


def test_mean_sizes_are_those_of_the_distributions() -> None:
    rng = np.random.default_rng(1)
    pareto = np.minimum(200.0 * (1.0 - rng.random(400_000)) ** (-1 / 1.4), 100_000.0)
    assert mean_size(ParetoSize()) == pytest.approx(pareto.mean(), rel=0.02)
    assert mean_size(LognormalSize(median=100.0, sigma=0.5)) == pytest.approx(113.3, rel=1e-3)
    assert mean_size(ReferenceSize()) == 0.0
    assert size_scale(population_preset("rmsc04"), 1e6) == 1.0


@pytest.mark.parametrize("population", ["crypto", "rmsc04"])
def test_a_built_market_runs(population: str) -> None:
    inputs = build_market(SyntheticMarket(instruments=(BTC,), population=population), 5 * MINUTE_NS, 3)
    kernel = Kernel(
        inputs.instruments, inputs.path, inputs.population, seed=3, size_scales=inputs.size_scales
    )
    kernel.advance(inputs.start_ns + 5 * MINUTE_NS, DAY_NS)

    assert kernel.counters.trades > 0
    kernel.exchange.check_conservation()
