"""Bars of a user's file come in exactly, and whatever is wrong with them is named by row and column."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange_sim.markets.bars import Bars, BarsError
from exchange_sim.markets.duration import HOUR_NS, MINUTE_NS
from exchange_sim.markets.read_bars import read_bars, read_times

START_MS = 1_746_403_200_000  # 2025-05-05 00:00 UTC
Columns = dict[str, list[object]]


def columns(count: int = 6) -> Columns:
    opens = [100.0 + row for row in range(count)]
    return {
        "timestamp": [START_MS + 60_000 * row for row in range(count)],
        "open": list(opens),
        "high": [price + 2.0 for price in opens],
        "low": [price - 1.0 for price in opens],
        "close": [price + 1.0 for price in opens],
        "volume": [10.0 + row for row in range(count)],
    }


def write(folder: Path, values: Columns, name: str = "BTCUSDT.parquet") -> Path:
    path = folder / name
    if name.endswith(".parquet"):
        pq.write_table(pa.table(values), path)
        return path
    rows = [",".join(values), *(",".join(map(str, row)) for row in zip(*values.values(), strict=True))]
    payload = ("\n".join(rows) + "\n").encode()
    path.write_bytes(gzip.compress(payload) if name.endswith(".gz") else payload)
    return path


@pytest.mark.parametrize("name", ["b.parquet", "b.csv", "b.csv.gz"])
def test_every_format_gives_the_same_bars(tmp_path: Path, name: str) -> None:
    bars = read_bars(write(tmp_path, columns(), name))

    assert bars.interval_ns == MINUTE_NS
    assert bars.ts_open_ns.tolist() == [(START_MS + 60_000 * row) * 1_000_000 for row in range(6)]
    assert bars.open.tolist() == [100.0, 101.0, 102.0, 103.0, 104.0, 105.0]
    assert bars.high.tolist() == [102.0, 103.0, 104.0, 105.0, 106.0, 107.0]
    assert bars.low.tolist() == [99.0, 100.0, 101.0, 102.0, 103.0, 104.0]
    assert bars.close.tolist() == [101.0, 102.0, 103.0, 104.0, 105.0, 106.0]
    assert bars.volume.tolist() == [10.0, 11.0, 12.0, 13.0, 14.0, 15.0]
    assert read_times(tmp_path / name) == (MINUTE_NS, bars.first_ns, bars.end_ns)


@pytest.mark.parametrize("zone", [None, UTC])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_date_times_of_any_unit_are_utc(tmp_path: Path, unit: str, zone: object) -> None:
    values = columns()
    moments = [
        datetime.fromtimestamp(int(str(ms)) / 1000, UTC).replace(tzinfo=None) for ms in values["timestamp"]
    ]
    kind = pa.timestamp(unit, tz="UTC" if zone else None)
    table = pa.table({**values, "timestamp": pa.array(moments, pa.timestamp("ms")).cast(kind)})
    pq.write_table(table, tmp_path / "b.parquet")

    assert read_bars(tmp_path / "b.parquet").first_ns == START_MS * 1_000_000


def test_date_times_in_csv_and_columns_of_any_case_and_order(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    path.write_text(
        "Volume,Close,Low,High,Open,Timestamp,Trades\n"
        "1,2,1,3,2,2025-05-05 00:00:00,7\n"
        "2,3,2,4,3,2025-05-05 00:01:00,8\n"
    )

    bars = read_bars(path)

    assert bars.first_ns == START_MS * 1_000_000
    assert bars.close.tolist() == [2.0, 3.0]


@pytest.mark.parametrize(
    ("column", "row", "value", "said"),
    [
        (
            "timestamp",
            3,
            START_MS + 60_000 * 2,
            "row 4, column timestamp: 2025-05-05 00:02:00 is a duplicate",
        ),
        (
            "timestamp",
            3,
            START_MS,
            "row 4, column timestamp: 2025-05-05 00:00:00 comes after 2025-05-05 00:02:00",
        ),
        ("timestamp", 5, START_MS + 60_000 * 7, "row 6, column timestamp: 2 bars of 1m are missing"),
        ("timestamp", 0, 1_746_403_200, "row 1, column timestamp: expected UTC milliseconds"),
        ("timestamp", 2, None, "row 3, column timestamp: the value is missing"),
        ("open", 2, 0.0, "row 3, column open: expected a price above 0, was 0"),
        ("low", 2, -4.0, "row 3, column low: expected a price above 0, was -4"),
        ("high", 2, 102.5, "row 3, column high: expected at least open and close, was 102.5"),
        ("low", 4, 104.5, "row 5, column low: expected at most open and close, was 104.5"),
        ("close", 1, float("nan"), "row 2, column close: expected a finite number"),
        ("close", 1, None, "row 2, column close: the value is missing"),
        ("volume", 5, -1.0, "row 6, column volume: expected 0 or more, was -1"),
        ("volume", 0, float("inf"), "row 1, column volume: expected a finite number"),
    ],
)
def test_an_impossible_row_is_named(tmp_path: Path, column: str, row: int, value: object, said: str) -> None:
    values = columns()
    values[column][row] = value
    path = write(tmp_path, values)

    with pytest.raises(BarsError) as caught:
        read_bars(path)

    assert str(path) in str(caught.value)
    assert said in str(caught.value)


def test_times_off_the_grid_are_named(tmp_path: Path) -> None:
    values = columns()
    values["timestamp"][5] = START_MS + 60_000 * 5 + 1_000

    with pytest.raises(
        BarsError, match=r"row 6, column timestamp: expected a multiple of the interval \(60 s\)"
    ):
        read_bars(write(tmp_path, values))


def test_a_missing_column_is_named_with_those_there_are(tmp_path: Path) -> None:
    values = columns()
    del values["low"]

    with pytest.raises(BarsError, match=r"column low is missing \(there are: timestamp, open, high, close"):
        read_bars(write(tmp_path, values))


def test_a_column_that_is_there_twice_is_named(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    path.write_text("timestamp,open,high,low,close,Close,volume\n1746403200000,1,1,1,1,1,1\n")

    with pytest.raises(BarsError, match="column close is there more than once"):
        read_bars(path)


def test_times_beyond_all_bounds_and_whole_numbers_for_prices_are_no_trap(tmp_path: Path) -> None:
    table = pa.table(
        {
            **{name: pa.array([1, 2**60]) for name in ("open", "high", "low", "close", "volume")},
            "timestamp": pa.array([START_MS, START_MS + 60_000]),
        }
    )
    pq.write_table(table, tmp_path / "b.parquet")
    assert read_bars(tmp_path / "b.parquet").close.tolist() == [1.0, 2.0**60]

    for late in (pa.array([START_MS, 2**64 - 1], pa.uint64()), pa.array([1.0, 1e300])):
        pq.write_table(table.set_column(5, "timestamp", late), tmp_path / "b.parquet")
        with pytest.raises(BarsError, match="column timestamp: expected UTC milliseconds"):
            read_bars(tmp_path / "b.parquet")


def test_text_in_a_column_of_numbers_is_named(tmp_path: Path) -> None:
    values = columns()
    values["close"][4] = "n/q"

    with pytest.raises(BarsError, match="row 5, column close: expected a number, was 'n/q'"):
        read_bars(write(tmp_path, values, "b.csv"))


def test_a_row_with_too_few_cells_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, columns(), "b.csv")
    path.write_text(path.read_text() + "1746403560000,1,2\n")

    with pytest.raises(BarsError, match=r"b\.csv: cannot be read.*Row #8"):
        read_bars(path)


@pytest.mark.parametrize("name", ["b.parquet", "b.csv"])
def test_empty_truncated_and_absent_files_are_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(BarsError, match=r"expected a file of bars, found none"):
        read_bars(path)
    path.write_bytes(b"")
    with pytest.raises(BarsError, match="the file is empty"):
        read_bars(path)
    write(tmp_path, {key: [] for key in columns()}, name)
    with pytest.raises(BarsError, match=r"the file has no rows|expected"):
        read_bars(path)


def test_a_truncated_parquet_file_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, columns(500))
    path.write_bytes(path.read_bytes()[:-100])

    with pytest.raises(BarsError, match=r"BTCUSDT\.parquet: cannot be read, truncated or no table"):
        read_bars(path)


def test_a_single_bar_and_an_unknown_suffix_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BarsError, match="expected at least two bars"):
        read_bars(write(tmp_path, columns(1)))
    path = tmp_path / "b.xlsx"
    path.write_bytes(b"x")
    with pytest.raises(BarsError, match=r"expected a file name ending in \.parquet"):
        read_bars(path)


def test_gaps_are_filled_with_the_last_close_on_demand(tmp_path: Path) -> None:
    values = columns()
    for column in values.values():
        del column[2:4]

    bars = read_bars(write(tmp_path, values), fill_gaps=True)

    assert np.diff(bars.ts_open_ns).tolist() == [MINUTE_NS] * 5
    assert bars.close.tolist() == [101.0, 102.0, 102.0, 102.0, 105.0, 106.0]
    assert bars.open.tolist() == [100.0, 101.0, 102.0, 102.0, 104.0, 105.0]
    assert bars.high[2:4].tolist() == bars.low[2:4].tolist() == [102.0, 102.0]
    assert bars.volume.tolist() == [10.0, 11.0, 0.0, 0.0, 14.0, 15.0]


def minute_bars(first_minute: int, closes: list[float]) -> Bars:
    close = np.array(closes)
    opens = np.concatenate((close[:1], close[:-1]))
    times = (first_minute + np.arange(len(close))) * MINUTE_NS
    return Bars(
        "test", MINUTE_NS, times, opens, np.maximum(opens, close), np.minimum(opens, close), close, close / 7
    )


@settings(deadline=None, max_examples=60)
@given(
    first=st.integers(0, 200),
    closes=st.lists(st.floats(1.0, 100.0), min_size=1, max_size=200),
    minutes=st.sampled_from([1, 5, 60]),
)
def test_resampling_equals_grouping_by_hand(first: int, closes: list[float], minutes: int) -> None:
    bars = minute_bars(first, closes)
    longer = bars.resample(minutes * MINUTE_NS)

    starts = [
        m
        for m in range(first, first + len(closes))
        if m % minutes == 0 and m + minutes <= first + len(closes)
    ]
    assert longer.ts_open_ns.tolist() == [m * MINUTE_NS for m in starts]
    for row, minute in enumerate(starts):
        group = slice(minute - first, minute - first + minutes)
        assert longer.open[row] == bars.open[group][0]
        assert longer.high[row] == max(bars.high[group])
        assert longer.low[row] == min(bars.low[group])
        assert longer.close[row] == bars.close[group][-1]
        assert longer.volume[row] == pytest.approx(sum(bars.volume[group]))


def test_resampling_to_a_shorter_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a multiple of 1m"):
        minute_bars(0, [1.0, 2.0]).resample(MINUTE_NS // 2)


def test_between_keeps_only_whole_bars() -> None:
    bars = minute_bars(0, [float(price) for price in range(1, 11)])

    assert bars.between(0, 10 * MINUTE_NS).close.tolist() == bars.close.tolist()
    assert bars.between(MINUTE_NS // 2, 4 * MINUTE_NS - 1).close.tolist() == [2.0, 3.0]
    assert len(bars.between(HOUR_NS, 2 * HOUR_NS)) == 0
    assert len(bars.between(5 * MINUTE_NS, 2 * MINUTE_NS)) == 0
