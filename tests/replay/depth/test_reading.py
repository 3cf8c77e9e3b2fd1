"""Files of recorded depth and trades become integers exactly; what cannot be used is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exchange_sim.replay.depth.finding import find_depth, find_trades
from exchange_sim.replay.depth.layout import LAST_FLAG, TRADE_FLAG
from exchange_sim.replay.depth.reading import read_record
from exchange_sim.replay.depth.record import DepthError, Record
from tests.replay.depth.histories import BTC, MS

T = 1_700_000_000_000
DEPTH = [
    # timestamp, first, last, snapshot, side, price, qty
    (T, 10, 10, True, 1, 100.0, 2.0),
    (T, 10, 10, True, -1, 100.2, 3.0),
    (T - 50, 8, 9, False, 1, 99.0, 9.0),  # before the snapshot
    (T + 5, 10, 12, False, -1, 100.1, 1.5),
    (T + 5, 10, 12, False, -1, 100.2, 0.0),
    (T + 9, 13, 13, False, 1, 99.9, 0.001),
]
TRADES = [
    # timestamp, id, price, qty, side, order type
    (T - 1, 1, 100.0, 1.0, 1, "MARKET"),
    (T + 5, 2, 100.1, 0.5, 1, "MARKET"),
    (T + 6, 3, 100.0, 0.4, -1, "INSURANCE_FUND"),
]
_DEPTH = ("timestamp", "first_update_id", "last_update_id", "is_snapshot", "side", "price", "qty")
_TRADES = ("timestamp", "trade_id", "price", "qty", "side", "order_type")


def _write(path: Path, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Path:
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({name: list(values) for name, values in columns.items()}), path)
    return path


def _read(folder: Path, depth: list[Any] = DEPTH, trades: list[Any] = TRADES, **options: bool) -> Record:
    events = _write(folder / "x_BTCUSDT_events.parquet", _DEPTH, depth)
    prints = _write(folder / "x_BTCUSDT_trades.parquet", _TRADES, trades)
    return read_record(events, prints, BTC, **options)


def test_a_record_is_in_order_of_time_with_trades_and_removals_first(tmp_path: Path) -> None:
    record = _read(tmp_path)
    rows = [
        (
            (int(row["ts_ns"]) - T * MS) // MS,
            int(record.prices[row["level"]]),
            int(row["lots"]),
            int(row["side"]),
        )
        for row in record.rows
    ]
    assert rows == [
        (0, 1000, 2000, 0), (0, 1002, 3000, 1), (5, 1001, 500, 0), (5, 1002, 0, 1), (5, 1001, 1500, 1),
        (9, 999, 1, 0),
    ]  # fmt: skip
    flags = record.rows["flags"].tolist()
    assert flags[2] == TRADE_FLAG
    assert [flag & LAST_FLAG != 0 for flag in flags] == [False, True, False, False, True, True]
    assert (record.start_ns, record.end_ns) == (T * MS, (T + 9) * MS)
    assert len(record.notes) == 2


@pytest.mark.parametrize(
    ("row", "column", "value", "problem"),
    [
        (4, "price", 100.15, "row 5, column price: expected a multiple of 0.1, was 100.15"),
        (5, "qty", 0.0015, "row 6, column qty: expected a multiple of 0.001, was 0.0015"),
        (5, "qty", -1.0, "row 6, column qty: expected a number of 0.000 to"),
        (0, "price", float("nan"), "row 1, column price: expected a finite number, was nan"),
        (3, "side", 0, "row 4, column side: expected 1 (bid) or -1 (ask), was 0"),
        (5, "timestamp", T + 4, f"row 6, column timestamp: expected {T + 5} or later, was {T + 4}"),
        (4, "timestamp", T + 6, "row 5, column timestamp: expected one time in one message"),
        (5, "timestamp", T // 1000 * 10**6, "row 6, column timestamp: expected milliseconds since 1970"),
        (5, "first_update_id", 12, "row 6, column first_update_id: expected 13 or more, was 12"),
        (5, "last_update_id", 12, "row 6, column first_update_id: expected at most last_update_id, was 13"),
        (5, "price", 100.1, "row 6, column price: expected a book that is not crossed, was 100.1"),
        (1, "is_snapshot", None, "row 2, column is_snapshot: expected a value, was None"),
    ],
)
def test_unusable_depth_is_named(tmp_path: Path, row: int, column: str, value: object, problem: str) -> None:
    depth = [list(each) for each in DEPTH]
    depth[row][_DEPTH.index(column)] = value
    with pytest.raises(DepthError) as caught:
        _read(tmp_path, [tuple(each) for each in depth])
    assert str(caught.value).startswith(str(tmp_path / "x_BTCUSDT_events.parquet"))
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("row", "column", "value", "problem"),
    [
        (1, "qty", 0.0, "row 2, column qty: expected a number of 0.001 to"),
        (2, "timestamp", T, "row 3, column timestamp: expected times in order"),
        (2, "trade_id", 2, "row 3, column trade_id: expected rising ids, was 2"),
        (2, "side", 2, "row 3, column side: expected 1 (buy) or -1 (sell), was 2"),
    ],
)
def test_unusable_trades_are_named(
    tmp_path: Path, row: int, column: str, value: object, problem: str
) -> None:
    trades = [list(each) for each in TRADES]
    trades[row][_TRADES.index(column)] = value
    with pytest.raises(DepthError) as caught:
        _read(tmp_path, trades=[tuple(each) for each in trades])
    assert problem in str(caught.value)


def test_missing_updates_are_found_where_ids_are_contiguous(tmp_path: Path) -> None:
    gap = [*DEPTH[:5], (T + 9, 15, 15, False, 1, 99.9, 0.001)]
    assert _read(tmp_path, gap).end_ns == (T + 9) * MS
    with pytest.raises(
        DepthError, match=r"row 6, column first_update_id: expected 13 \(updates are missing\)"
    ):
        _read(tmp_path, gap, contiguous=True)
    resumed = [*gap, (T + 20, 20, 20, True, 1, 98.0, 1.0), (T + 30, 21, 21, False, 1, 98.1, 1.0)]
    with pytest.raises(DepthError, match="updates are missing"):
        _read(tmp_path, resumed, contiguous=True)
    assert _read(tmp_path, [*DEPTH, *resumed[6:]], contiguous=True).end_ns == (T + 30) * MS


def test_files_without_snapshot_rows_or_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DepthError, match="column is_snapshot: expected a snapshot, was none"):
        _read(tmp_path, DEPTH[2:])
    _write(tmp_path / "x_BTCUSDT_events.parquet", _DEPTH, DEPTH)
    table = pq.read_table(tmp_path / "x_BTCUSDT_trades.parquet")
    pq.write_table(table.drop_columns(["side"]), tmp_path / "short_trades.parquet")
    with pytest.raises(DepthError, match="was without side"):
        read_record(tmp_path / "x_BTCUSDT_events.parquet", tmp_path / "short_trades.parquet", BTC)
    (tmp_path / "text.parquet").write_text("no table")
    with pytest.raises(DepthError, match="expected a Parquet file"):
        read_record(tmp_path / "text.parquet", tmp_path / "short_trades.parquet", BTC)


def test_files_are_found_by_symbol_and_start(tmp_path: Path) -> None:
    first = _write(tmp_path / "lob" / "a_BTCUSDT_1_events.parquet", _DEPTH, DEPTH)
    trades = _write(tmp_path / "trades" / "a_BTCUSDT_1_trades.parquet", _TRADES, TRADES)
    assert find_depth(tmp_path, "BTC/USDT:USDT", None) == first
    assert find_trades(tmp_path, first) == trades
    later = [(each[0] + 10_000, *each[1:]) for each in DEPTH]
    second = _write(tmp_path / "lob" / "a_BTCUSDT_2_events.parquet", _DEPTH, later)
    assert find_depth(tmp_path, "BTC/USDT:USDT", (T + 10_000) * MS) == second
    with pytest.raises(DepthError, match="name one with `file`, or set `start`"):
        find_depth(tmp_path, "BTC/USDT:USDT", None)
    with pytest.raises(DepthError, match="expected a record that reaches over `start`"):
        find_depth(tmp_path, "BTC/USDT:USDT", (T + 90_000) * MS)
    with pytest.raises(DepthError, match=r"expected a file \*_events.parquet with the symbol"):
        find_depth(tmp_path, "ETH/USDT:USDT", None)
    with pytest.raises(DepthError, match=r"expected one a_BTCUSDT_2_trades\.parquet"):
        find_trades(tmp_path, second)
