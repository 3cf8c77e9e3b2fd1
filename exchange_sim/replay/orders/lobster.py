"""Reads LOBSTER's message and order book files, as sold (CSV) or with named columns (Parquet).

Messages are what happened to *resting* orders: 1 a new limit order, 2 a partial and 3 a whole cancel, 4 the
execution of a visible and 5 of a hidden order, 6 a cross trade of an auction, 7 a trading halt. Takers are
not in them; their orders are made from the executions. The order book file has a row per message: the best
levels after it.

CSV, without a header: `TICKER_2012-06-21_34200000_57600000_message_10.csv` has time (seconds after midnight
in New York), type, order id, size, price (dollars times 10,000), direction (+1: a buy order rests, -1: a
sell); `..._orderbook_10.csv` has ask price, ask size, bid price, bid size for each level, empty levels with
a size of 0. Parquet: `*_messages.parquet` with `timestamp` (UTC ms), `seconds_after_midnight`, `event_type`,
`order_id`, `qty`, `price`, `side`, and `*_book10.parquet` with `ask_px_0`, `ask_sz_0`, `bid_px_0` ...

Source: https://lobsterdata.com/info/DataStructure.php
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from exchange_sim.model.instrument import MAXIMUM_LOTS, MAXIMUM_TICKS
from exchange_sim.replay.orders.lobster_book import HALT, HIDDEN, NEW, Follower, Levels
from exchange_sim.replay.orders.recording import (
    EXECUTION,
    MESSAGE,
    RESTING,
    OrderRecording,
    side_of,
)
from exchange_sim.replay.orders.table import (
    Integers,
    RecordingError,
    check_above,
    check_below,
    check_sides,
    check_sorted,
    csv_width,
    decimals,
    fail,
    read_csv,
    read_parquet,
    whole_numbers,
)

MESSAGE_COLUMNS = ("timestamp", "seconds_after_midnight", "event_type", "order_id", "qty", "price", "side")
_CSV_COLUMNS = ("time", "type", "order_id", "size", "price", "direction")
_DOLLAR = 10_000
"""Prices of the CSV files are in 1/10,000 dollars."""
_NS, _MS = 10**9, 10**6
_MINUTE_NS = 60 * _NS
_PARQUET_LEVELS = 10
_DAY_S = 86_400
_NEW_YORK = ZoneInfo("America/New_York")
_DATE = re.compile(r"_(\d{4}-\d{2}-\d{2})_")


class _Messages:
    """A message file's columns as integers."""

    def __init__(self, path: Path, tick_size: Decimal) -> None:
        self.path = path
        if path.suffix == ".csv":
            table = read_csv(path, _CSV_COLUMNS, text=("time",))
            self.ts_ns = _csv_times(path, table.column("time").to_pylist())
            self.time_field = "time"
            names = _CSV_COLUMNS[1:]
            prices = _csv_ticks(path, whole_numbers(path, table, "price"), "price", tick_size)
        else:
            table = read_parquet(path, MESSAGE_COLUMNS)
            self.ts_ns = _parquet_times(path, table)
            self.time_field = "seconds_after_midnight"
            names = MESSAGE_COLUMNS[2:]
            prices = decimals(path, table, "price", tick_size)
        self.kinds, self.ids, self.lots = (whole_numbers(path, table, name) for name in names[:3])
        self.ticks, self.signs = prices, whole_numbers(path, table, names[4])
        self.id_field, self.lots_field = names[1], names[2]
        check_sorted(path, self.ts_ns, self.time_field)
        check_above(path, self.kinds, names[0], NEW)
        check_below(path, self.kinds, names[0], HALT)
        check_sides(path, self.signs, names[4])
        moves = self.kinds <= HIDDEN
        check_above(path, np.where(moves, self.lots, 1), names[2], 1)
        check_below(path, self.lots, names[2], MAXIMUM_LOTS)
        check_above(path, np.where(moves, self.ticks, 1), "price", 1)
        check_below(path, np.where(moves, self.ticks, 1), "price", MAXIMUM_TICKS)

    def rows(self) -> Iterator[tuple[int, int, int, int, int, int]]:
        """Yield (ns, type, order id, lots, ticks, Side) of each row."""
        sides = [side_of(sign) for sign in self.signs.tolist()]
        columns = (self.ts_ns, self.kinds, self.ids, self.lots, self.ticks)
        return zip(*(column.tolist() for column in columns), sides, strict=True)


def _csv_times(path: Path, texts: list[str]) -> Integers:
    found = _DATE.search(path.name)
    if found is None:
        raise RecordingError(f"{path}: expected the date in the file's name, like AAPL_2012-06-21_...")
    midnight = datetime.combine(date.fromisoformat(found.group(1)), time(), _NEW_YORK)
    midnight_ns = int(midnight.timestamp()) * _NS
    times = np.empty(len(texts), np.int64)
    for row, text in enumerate(texts):
        try:
            ns = Decimal(text) * _NS
            times[row] = midnight_ns + int(ns)
        except (InvalidOperation, TypeError):
            fail(path, row, "time", repr(text), "seconds after midnight")
        if not 0 <= ns < _DAY_S * _NS or ns != int(ns):
            fail(path, row, "time", text, "seconds after midnight with 9 decimals at most")
    return times


def _parquet_times(path: Path, table: pa.Table) -> Integers:
    column = table.column("seconds_after_midnight")
    if not pa.types.is_floating(column.type) or column.null_count:
        raise RecordingError(f"{path}: column seconds_after_midnight: expected numbers, was {column.type}")
    seconds = column.to_numpy()
    stamps = whole_numbers(path, table, "timestamp") * _MS
    within = np.rint(seconds * _NS).astype(np.int64)
    midnight = (stamps[0] - within[0] + _MINUTE_NS // 2) // _MINUTE_NS * _MINUTE_NS
    times: Integers = midnight + within
    apart = np.abs(times - stamps) > _MS
    if apart.any():
        row = int(np.argmax(apart))
        fail(path, row, "seconds_after_midnight", seconds[row], f"the time of timestamp {stamps[row] // _MS}")
    return times


def _csv_ticks(path: Path, prices: Integers, field: str, tick_size: Decimal) -> Integers:
    """Return prices in 1/10,000 dollars in ticks."""
    step = tick_size * _DOLLAR
    if step != int(step):
        raise RecordingError(f"tick_size: expected a multiple of 0.0001, was {tick_size}")
    off = prices % int(step) != 0
    if off.any():
        row = int(np.argmax(off))
        fail(path, row, field, prices[row], f"a multiple of {int(step)} (a tick of {tick_size})")
    return prices // int(step)


def _book_rows(messages: Path, tick_size: Decimal) -> list[tuple[Levels, Levels]]:
    """Return (ticks, lots) of the levels shown after each message, bids then asks, best first."""
    is_csv = messages.suffix == ".csv"
    old, new = ("_message_", "_orderbook_") if is_csv else ("_messages.parquet", "_book10.parquet")
    if old not in messages.name:
        raise RecordingError(f"{messages}: expected {old!r} in the file's name")
    path = messages.with_name(messages.name.replace(old, new))
    names = [f"{side}_{what}_{{}}" for side in ("ask", "bid") for what in ("px", "sz")]
    if is_csv:
        depth = csv_width(path) // len(names)
        table = read_csv(path, [name.format(level) for level in range(depth) for name in names])
    else:
        table = read_parquet(path, [name.format(level) for level in range(_PARQUET_LEVELS) for name in names])
        depth = _PARQUET_LEVELS
    sides: list[list[Levels]] = []
    for side in ("bid", "ask"):
        columns = []
        for level in range(depth):
            sizes = whole_numbers(path, table, f"{side}_sz_{level}")
            field = f"{side}_px_{level}"
            if is_csv:
                prices = np.where(sizes > 0, whole_numbers(path, table, field), 0)
                ticks = _csv_ticks(path, prices, field, tick_size)
            else:
                ticks = decimals(path, table, field, tick_size)
            columns.append(list(zip(ticks.tolist(), sizes.tolist(), strict=True)))
        sides.append([[level for level in row if level[1] > 0] for row in zip(*columns, strict=True)])
    return list(zip(sides[0], sides[1], strict=True))


def read_lobster(messages: Path, *, tick_size: Decimal) -> OrderRecording:
    """Return the recording of a message file and the order book file beside it; a lot is one share.

    The files show the best levels only. What rests on a level beyond the orders that messages name is
    taken for one nameless order, behind them in the queue, from the start or from the message after which the
    level came into view again with another quantity.

    Raises
    ------
    RecordingError
        A file is missing or damaged, a column is missing, times go back, a price is off the grid, a
        message takes more from an order than it has, or it names an order that was neither added nor can
        have rested before: the level had less just before.
    """
    source = _Messages(messages, tick_size)
    book = _book_rows(messages, tick_size)
    if len(book) != len(source.ts_ns):
        raise RecordingError(
            f"{messages}: expected {len(book)} rows, as the order book has, was {len(source.ts_ns)}"
        )
    made = Follower(messages, (source.id_field, source.lots_field), list(source.rows()), book)
    return OrderRecording(
        source=messages.name,
        first_ns=int(source.ts_ns[0]),
        end_ns=int(source.ts_ns[-1]),
        resting=np.array(made.resting(), RESTING),
        messages=np.array(made.messages, MESSAGE),
        executions=np.array(made.executions, EXECUTION),
        quirks=dict(made.quirks),
    )
