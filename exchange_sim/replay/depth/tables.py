"""The Python owner of a replay's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from exchange_sim.engine.layout import COMMAND
from exchange_sim.model.enums import OrderType, SelfTradePrevention
from exchange_sim.replay.depth.layout import (
    BOOK,
    HEADER,
    INJECTED,
    INJECTED_MAXIMUM,
    LEVEL,
    LEVELS_ALIGNED,
    PLACE,
    ROW,
)
from exchange_sim.replay.depth.models import QueueModel
from exchange_sim.replay.depth.record import Record

_LINE = 64


def _aligned(rows: int, dtype: np.dtype[Any]) -> np.ndarray:
    """Return zeroed rows that start on a cache line."""
    size = max(rows, 1) * dtype.itemsize
    storage = np.zeros(size + _LINE, np.uint8)
    first = -storage.ctypes.data % _LINE
    return storage[first : first + size].view(dtype)


def _padded(levels: int) -> int:
    return -(-max(levels, 1) // LEVELS_ALIGNED) * LEVELS_ALIGNED


def merged_rows(records: Sequence[Record]) -> np.ndarray:
    """Return the rows of all records in order of time, then of instrument, with the levels of
    `ReplayTables`."""
    if len(records) == 1:
        return records[0].rows
    parts, first = [], 0
    for number, record in enumerate(records):
        rows = record.rows.copy()
        rows["instrument"] = number
        rows["level"] += first
        parts.append(rows)
        first += _padded(len(record.prices))
    merged = np.concatenate(parts)
    return merged[np.argsort(merged["ts_ns"], kind="stable")]


class ReplayTables:
    """The record, its ladder of levels, the books, and the places of own orders.

    Attributes
    ----------
    address
        Of the HEADER row; never changes.
    """

    def __init__(self, records: Sequence[Record], rows: np.ndarray, queue_model: QueueModel) -> None:
        header = _aligned(1, HEADER)
        self._header: Any = header[0]
        self.address = int(header.ctypes.data)
        self._tables: dict[str, np.ndarray] = {}
        sizes = [_padded(len(record.prices)) for record in records]
        levels = self._put("levels", _aligned(sum(sizes), LEVEL))
        self._books = self._put("books", _aligned(len(records), BOOK))
        first = 0
        for record, book, size in zip(records, self._books, sizes, strict=True):
            levels["price_ticks"][first : first + len(record.prices)] = record.prices
            book["first_level"], book["levels"] = first, len(record.prices)
            book["bid"] = book["ask"] = -1
            book["queue_model"], book["exponent"] = queue_model.code, queue_model.exponent
            book["lot_size"] = float(record.instrument.lot_size)
            first += size
        words = np.dtype("<i8")
        self._put("bitmap", _aligned(len(levels) // 64, words))
        self._put("summary", _aligned(len(levels) // LEVELS_ALIGNED, words))
        self._put("injected", _aligned(INJECTED_MAXIMUM, INJECTED))
        self._put("command", _aligned(1, COMMAND))["order_type"] = int(OrderType.LIMIT)
        self._put("rows", np.ascontiguousarray(rows, ROW))
        self._tables["command"]["stp"] = int(SelfTradePrevention.NONE)
        self._header["row_count"] = len(rows)
        self._header["summary_words"] = len(levels) // LEVELS_ALIGNED
        self._put("places", _aligned(0, PLACE))

    @classmethod
    def load(cls, header: np.ndarray, tables: Mapping[str, np.ndarray], rows: np.ndarray) -> Self:
        """Return the tables of which `header` and `tables` are copies, on the record's `rows`."""
        loaded = cls.__new__(cls)
        loaded._load(header, tables, rows)  # noqa: SLF001 - a constructor of this class
        return loaded

    def _load(self, header: np.ndarray, tables: Mapping[str, np.ndarray], rows: np.ndarray) -> None:
        own = _aligned(1, HEADER)
        own[:] = header
        self._header, self.address = own[0], int(own.ctypes.data)
        self._tables = {}
        for name, table in tables.items():
            copy = _aligned(len(table), table.dtype)
            copy[: len(table)] = table
            self._put(name, copy)
        self._put("rows", rows)
        self._books = self._tables["books"]

    @property
    def rows(self) -> np.ndarray:
        """The record's rows, those played too."""
        return self._tables["rows"]

    def saved(self) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return the header row without addresses, and all tables but the record's rows by name."""
        header = np.array([self._header])
        for name in (*self._tables, "engine", "execute"):
            header[name] = 0
        return header, {name: table for name, table in self._tables.items() if name != "rows"}

    def forget_played(self) -> None:
        """Drop the rows that have been played."""
        self._put("rows", self.rows[int(self._header["row"]) :])
        self._header["row"], self._header["row_count"] = 0, len(self.rows)

    def _put(self, name: str, table: np.ndarray) -> np.ndarray:
        self._tables[name] = table
        self._header[name] = table.ctypes.data
        return table

    def execute_with(self, entry: int) -> None:
        """Let compiled code execute commands by the function at this address, see `row_address`."""
        self._header["execute"] = entry

    def grow_places(self, capacity: int) -> None:
        """Have a place for each of the engine's order slots."""
        old = self._tables["places"]
        table = _aligned(capacity, PLACE)
        table[: len(old)] = old
        self._put("places", table)
        self._header["place_capacity"] = capacity

    def best_ticks(self, instrument: int) -> tuple[int, int]:
        """Return best recorded bid and ask, 0 for none."""
        prices = self._tables["levels"]["price_ticks"]
        bid, ask = (int(self._books[instrument][side]) for side in ("bid", "ask"))
        return (int(prices[bid]) if bid >= 0 else 0, int(prices[ask]) if ask >= 0 else 0)

    def first_price(self, instrument: int) -> int:
        """Return the price of the last trade so far, else the mid price, else 0."""
        last = int(self._books[instrument]["last_ticks"])
        if last:
            return last
        bid, ask = self.best_ticks(instrument)
        return (bid + ask) // 2 if bid and ask else bid or ask

    def traded(self, instrument: int) -> tuple[int, int]:
        """Return lots and number of the recorded trades since the start."""
        book = self._books[instrument]
        return int(book["volume_lots"]), int(book["trades"])
