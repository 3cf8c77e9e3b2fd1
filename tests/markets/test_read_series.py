"""Recorded series: a value counts from the instant it was known, and what is missing is named."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange_sim.markets.build import build_market
from exchange_sim.markets.read_series import SeriesError, _carried, read_series
from exchange_sim.markets.series_spec import SeriesSpec
from exchange_sim.markets.spec import AnchoredMarket, SyntheticMarket, instant_ns

HOUR = 3_600_000_000_000
MINUTE = HOUR // 60
START = instant_ns(datetime(2025, 5, 6, tzinfo=UTC))
HOURLY: dict[str, Any] = {"metric": "interest", "file": "f.csv", "stamp": "open", "interval": "1h"}


def spec(**changes: Any) -> SeriesSpec:
    return msgspec.convert({**HOURLY, **changes}, SeriesSpec)


def write(folder: Path, stamps_ms: list[int], values: list[object], **more: list[object]) -> Path:
    path = folder / "f.csv"
    columns = {"timestamp": stamps_ms, "value": values, **more}
    rows = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    path.write_text("\n".join(rows) + "\n")
    return path


def hours(*numbers: int) -> list[int]:
    return [(START + number * HOUR) // 1_000_000 for number in numbers]


def test_a_value_about_an_interval_is_known_when_the_interval_is_over(tmp_path: Path) -> None:
    write(tmp_path, hours(*range(-3, 5)), list(range(8)))
    series = read_series(spec(), tmp_path, start_ns=START, end_ns=START + 3 * HOUR, history_ns=HOUR)
    assert (series.known_ns - series.stamp_ns == HOUR).all()
    assert series.known_ns[0] == START - HOUR
    assert dict(zip(series.known_ns.tolist(), series.values.tolist(), strict=True))[START] == 2.0
    assert series.known_ns[-1] < START + 3 * HOUR
    late = read_series(spec(publication_delay="90s"), tmp_path, start_ns=START, end_ns=START + 3 * HOUR)
    assert (late.known_ns - late.stamp_ns == HOUR + 90 * 10**9).all()
    moment = read_series(spec(stamp="moment"), tmp_path, start_ns=START, end_ns=START + 3 * HOUR)
    assert (moment.known_ns == moment.stamp_ns).all()


def test_times_finer_than_milliseconds_are_not_rounded_down(tmp_path: Path) -> None:
    stamps = [START + number * HOUR + 999_001 for number in range(5)]
    table = pa.table({"timestamp": pa.array(stamps, pa.timestamp("ns", tz="UTC")), "value": [1.0] * 5})
    pq.write_table(table, tmp_path / "f.parquet")
    found = read_series(
        spec(file="f.parquet", stamp="moment"), tmp_path, start_ns=START + HOUR, end_ns=START + 4 * HOUR
    )
    assert found.known_ns.tolist() == stamps[:4]


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((-1, 0, 1, 3, 4), "the value of 2025-05-06 02:00:00 UTC is missing (1 in the span"),
        ((-1, 0, 1, 2), "the value of 2025-05-06 03:00:00 UTC is missing: expected values known from"),
        ((1, 2, 3, 4), "the value of 2025-05-06 00:00:00 UTC is missing: expected values known from"),
        ((-1, 0, 2, 1, 3, 4), "expected times that rise, was 2025-05-06 01:00:00 after 2025-05-06 02:00:00"),
        ((-1, 0, 0, 1, 2, 3, 4), "expected times that rise, was 2025-05-06 00:00:00 after"),
    ],
)
def test_missing_times_are_named(tmp_path: Path, numbers: tuple[int, ...], said: str) -> None:
    write(tmp_path, hours(*numbers), [1.0] * len(numbers))
    with pytest.raises(SeriesError) as error:
        read_series(spec(), tmp_path, start_ns=START + HOUR, end_ns=START + 5 * HOUR)
    assert said in str(error.value)
    assert str(error.value).startswith("interest: ")


def test_gaps_outside_the_span_do_not_matter(tmp_path: Path) -> None:
    write(tmp_path, hours(-40, -20, -1, 0, 1, 2, 3, 4, 9, 20), [1.0] * 10)
    found = read_series(spec(), tmp_path, start_ns=START + HOUR, end_ns=START + 4 * HOUR)
    assert found.stamp_ns.tolist() == [START + number * HOUR for number in (0, 1, 2)]


def test_an_empty_cell_is_a_gap_and_gaps_are_filled_on_request(tmp_path: Path) -> None:
    write(tmp_path, hours(-1, 0, 1, 2, 3, 4), [1, 2, "", "nan", 5, 6])
    span: dict[str, int] = {"start_ns": START, "end_ns": START + 5 * HOUR}
    with pytest.raises(SeriesError, match=r"01:00:00 UTC is missing \(2 in the span"):
        read_series(spec(), tmp_path, **span)
    carried = read_series(spec(gaps="carry"), tmp_path, **span)
    assert carried.values.tolist() == [1, 2, 2, 2, 5]
    assert carried.stamp_ns.tolist() == [START + number * HOUR for number in range(-1, 4)]
    left = read_series(spec(gaps="leave"), tmp_path, **span)
    assert left.values.tolist() == [1, 2, 5]


@given(st.lists(st.integers(1, 6), min_size=1, max_size=30))
def test_carrying_is_what_the_slow_version_does(steps: list[int]) -> None:
    times = np.cumsum(np.array([0, *steps], np.int64)) * HOUR
    values = np.arange(len(times), dtype=np.float64)
    wanted = []
    for place in range(len(times) - 1):
        wanted += [(int(times[place]) + n * HOUR, float(place)) for n in range(steps[place])]
    wanted.append((int(times[-1]), float(values[-1])))
    found_times, found_values = _carried(times, values, HOUR)
    assert list(zip(found_times.tolist(), found_values.tolist(), strict=True)) == wanted


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"file": "none.csv"}, "none.csv: expected a file of values, found none"),
        ({"column": "price"}, "column price is missing (there are: timestamp, value, symbol)"),
        ({"where": {"symbol": "C"}}, "column symbol: expected one of A, B, was 'C'"),
        ({}, "expected times that rise, was 2025-05-06 00:00:00 after 2025-05-06 00:00:00 (several series"),
        ({"where": {"symbol": "B"}}, "expected finite values, was inf at 2025-05-06 01:00:00"),
    ],
)
def test_unusable_files_are_refused_in_one_line(tmp_path: Path, changes: Any, said: str) -> None:
    symbols: list[object] = ["A", "B"] * 3
    write(tmp_path, hours(0, 0, 1, 1, 2, 2), [1, 2, 3, "inf", 5, 6], symbol=symbols)
    with pytest.raises(SeriesError) as error:
        read_series(spec(**changes), tmp_path, start_ns=START + HOUR, end_ns=START + 2 * HOUR)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"interval": None}, "interval: expected a duration, because stamp is 'open', was left out"),
        ({"metric": "mark"}, "instrument: expected a symbol, because metric is 'mark', was left out"),
        ({"stamp": "close"}, "Invalid enum value 'close'"),
        ({"metric": "Open Interest"}, "Expected `str` matching regex"),
        ({"shift": 1}, "unknown field `shift`"),
    ],
)
def test_the_configuration_is_checked(changes: Any, said: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=said):
        spec(**changes)


def test_a_market_refuses_series_that_do_not_fit_it() -> None:
    with pytest.raises(ValueError, match=r"series\[0\].instrument: expected one of BTC/USDT:USDT, was 'X'"):
        SyntheticMarket(series=(spec(instrument="X"),))
    with pytest.raises(ValueError, match=r"series\[1\].metric: expected every series once, was interest"):
        SyntheticMarket(series=(spec(), spec(file="g.csv")))
    with pytest.raises(SeriesError, match=r"need a folder of data \(--data FOLDER\)"):
        build_market(SyntheticMarket(series=(spec(),)), MINUTE, 1)


def shared_data() -> Path:
    folder = Path(__file__).parents[3] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the recorded data in ../shared/data")
    return folder


def test_recorded_funding_is_exact_and_complete() -> None:
    rates = spec(
        metric="funding",
        file="funding/binance_usdm_funding_XRPUSDT.parquet",
        instrument="XRP/USDT:USDT",
        column="funding_rate",
        stamp="moment",
        interval="8h",
    )
    market = SyntheticMarket(
        instruments=("XRP/USDT:USDT",), start=datetime(2025, 5, 6, tzinfo=UTC), history="1d", series=(rates,)
    )
    span_ns = 24 * HOUR
    (plan,) = build_market(market, span_ns, 1, shared_data()).funding
    assert plan is not None
    assert [time for time, _ in plan.recorded] == list(
        range(START - 24 * HOUR, START + span_ns + 1, 8 * HOUR)
    )
    table = pq.read_table(shared_data() / rates.file)
    known = dict(zip(table["timestamp"].to_pylist(), table["funding_rate"].to_pylist(), strict=True))
    assert all(f"{rate / 10**9:.8f}" == f"{known[time // 10**6]:.8f}" for time, rate in plan.recorded)


def test_the_recorded_factor_file_has_its_missing_hours_named() -> None:
    ratio = spec(
        metric="ratio",
        file="open_interest/factors_1h.parquet",
        where={"symbol": "BTCUSDT", "metric": "top_trader_long_short_account_ratio"},
    )
    begin = instant_ns(datetime(2025, 1, 2, tzinfo=UTC))
    end = instant_ns(datetime(2025, 11, 10, tzinfo=UTC))
    with pytest.raises(SeriesError, match=r"2025-07-22 14:00:00 UTC is missing \(2 in"):
        read_series(ratio, shared_data(), start_ns=begin, end_ns=end)


def test_an_anchored_market_brings_its_series() -> None:
    data = shared_data()
    market = AnchoredMarket(
        instruments=("ETH/USDT:USDT",),
        start=datetime(2025, 5, 6, tzinfo=UTC),
        history="6h",
        series=(
            spec(
                metric="open_interest",
                file="open_interest/factors_1h.parquet",
                where={"symbol": "LTCUSDT", "metric": "open_interest"},
            ),
            spec(
                metric="sentiment",
                file="sentiment/fear_greed_daily.parquet",
                column="fear_greed_index",
                interval="1d",
            ),
        ),
    )
    built = build_market(market, 3 * HOUR, 1, data)
    interest, sentiment = built.series
    assert interest.known_before(START) == 6
    assert sentiment.known_before(START) == 1
