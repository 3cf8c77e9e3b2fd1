"""The Python owner of the kernel's tables: allocates, grows and hands over their rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from exchange_sim.engine.layout import COMMAND, EVENT
from exchange_sim.kernel.outputs import BAR, ORDER_EVENT, QUOTE, SAMPLE, TRADE, snapshot_dtype
from exchange_sim.kernel.tables import HEADER, HEAP_ENTRY

_LINE = 64
_OUTPUT_ROWS = 256
_PENDING_ROWS = 1024
_SCRATCH_WORDS = 64


def _aligned(rows: int, dtype: np.dtype[Any]) -> np.ndarray:
    """Return zeroed rows that start on a cache line."""
    size = max(rows, 1) * dtype.itemsize
    storage = np.zeros(size + _LINE, np.uint8)
    start = -storage.ctypes.data % _LINE
    return storage[start : start + size].view(dtype)


def word_of(field: str) -> int:
    """Return the place of a header field in `Storage.words`."""
    fields = HEADER.fields
    assert fields is not None  # noqa: S101 - for mypy: a structured dtype has fields
    return fields[field][1] // 8


_FREE, _HEAP_SIZE = word_of("free_pendings"), word_of("heap_size")
_HEAP_CAPACITY = word_of("heap_capacity")


class Storage:
    """Tables by name, with their addresses kept up to date in the header.

    Attributes
    ----------
    header
        The one HEADER row.
    address
        Of the header; never changes.
    words
        The header as int64 words: reading one costs a tenth of reading a numpy field.
    tables
        By the name of the header's address field.
    """

    def __init__(self, snapshot_depth: int) -> None:
        rows = _aligned(1, HEADER)
        self.header: Any = rows[0]
        self.address = int(rows.ctypes.data)
        self.words = rows.view(np.int64).data
        self.tables: dict[str, np.ndarray] = {}
        self.outputs = {
            "order_events": ("order_event", ORDER_EVENT),
            "trades": ("trade", TRADE),
            "quotes": ("quote", QUOTE),
            "bars": ("bar", BAR),
            "snapshots": ("snapshot", snapshot_dtype(snapshot_depth)),
            "samples": ("sample", SAMPLE),
            "applied": ("applied", COMMAND),
            "written": ("written", EVENT),
        }
        self._nothing = {name: np.empty(0, dtype) for name, (_, dtype) in self.outputs.items()}
        self._count_words = {name: word_of(f"{field}_count") for name, (field, _) in self.outputs.items()}
        self.header["snapshot_depth"] = snapshot_depth
        self.header["chain_first"] = -1
        self.header["free_pending"] = -1
        for name, (field, dtype) in self.outputs.items():
            self.put(name, _aligned(_OUTPUT_ROWS, dtype))
            self.header[f"{field}_capacity"] = _OUTPUT_ROWS
        self.put("scratch", _aligned(_SCRATCH_WORDS, np.dtype("<i8")))
        self.put("pending", _aligned(0, COMMAND))
        self.put("heap", _aligned(0, HEAP_ENTRY))
        self._pending_rows = 0
        self.grow_pending(_PENDING_ROWS)

    def put(self, name: str, table: np.ndarray) -> None:
        """Make `table` the one that compiled code finds under `name`."""
        self.tables[name] = table
        self.header[name] = table.ctypes.data

    def load(self, header: np.ndarray, tables: dict[str, np.ndarray]) -> None:
        """Take over the words of another storage's header, and its tables; the addresses become own ones."""
        self.words[:] = header.data
        for name, rows in tables.items():
            self.copy(name, rows)
        self._pending_rows = len(self.tables["pending"])

    def copy(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Put an aligned copy of `rows` under `name` and return it."""
        table = _aligned(len(rows), rows.dtype)
        table[: len(rows)] = rows
        self.put(name, table)
        return table

    def grow_pending(self, rows: int) -> None:
        """Make place for `rows` commands on their way, and as many heap entries more than clocks."""
        old = self._pending_rows
        table = _aligned(rows, COMMAND)
        table[:old] = self.tables["pending"][:old]
        links = np.arange(old + 1, rows + 1)
        links[-1] = self.header["free_pending"]
        table["link"][old:] = links
        self.header["free_pending"] = old
        self.header["free_pendings"] += rows - old
        self.put("pending", table)
        self._pending_rows = rows
        self._grow_heap(2 * rows)

    def _grow_heap(self, rows: int) -> None:
        size = int(self.header["heap_size"])
        heap = _aligned(rows, HEAP_ENTRY)
        heap[:size] = self.tables["heap"][:size]
        self.put("heap", heap)
        self.header["heap_capacity"] = rows

    def reserve_pending(self, count: int, entries: int) -> None:
        """Make sure of `count` free commands and `entries` free heap entries."""
        words = self.words
        while words[_FREE] < count or words[_HEAP_SIZE] + entries >= words[_HEAP_CAPACITY]:
            self.grow_pending(2 * self._pending_rows)

    def reserve_outputs(self, events: int, timers: int, markets: int) -> None:
        """Make sure that the next step's rows fit: of `events`, of each timer, of each market's quote."""
        wanted = {
            "order_events": events,
            "trades": events,
            "quotes": markets,
            "bars": timers,
            "snapshots": timers,
            "samples": timers,
            "applied": 1,
            "written": events,
        }
        for name, (field, dtype) in self.outputs.items():
            count = int(self.header[f"{field}_count"])
            capacity = int(self.header[f"{field}_capacity"])
            while capacity < count + wanted[name]:
                capacity *= 2
            if capacity == self.header[f"{field}_capacity"]:
                continue
            table = _aligned(capacity, dtype)
            table[:count] = self.tables[name][:count]
            self.put(name, table)
            self.header[f"{field}_capacity"] = capacity

    def take(self, name: str) -> np.ndarray:
        """Return a copy of an output's rows and forget them."""
        word = self._count_words[name]
        count = self.words[word]
        if count == 0:
            return self._nothing[name]
        self.words[word] = 0
        return self.tables[name][:count].copy()

    def take_bytes(self, name: str) -> bytes:
        """Return the bytes of an output's rows and forget them."""
        word = self._count_words[name]
        count = self.words[word]
        if count == 0:
            return b""
        self.words[word] = 0
        return self.tables[name][:count].tobytes()
