"""From files of recorded depth updates and trades to a `Record`.

The format is that of venues' diff streams, one row a level change: `timestamp` (exchange event time, UTC
ms), `first_update_id`, `last_update_id`, `is_snapshot`, `side` (+1 bid, -1 ask), `price`, `qty` (new total,
0: removed); trades: `timestamp` (trade time), `trade_id`, `price`, `qty`, `side` of the aggressor and, if
present, `order_type`, of which only MARKET counts. Rows with the same update ids are one message. Diffs
that a snapshot already contains are passed over, wherever they stand (Binance: "How to manage a local order
book correctly").
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from exchange_sim.model.instrument import MAXIMUM_TICKS, Instrument
from exchange_sim.replay.depth.checking import first_crossing
from exchange_sim.replay.depth.columns import Columns, Integers
from exchange_sim.replay.depth.layout import CLEAR_FLAG, LAST_FLAG, RENEW_FLAG, ROW, TRADE_FLAG
from exchange_sim.replay.depth.models import RiskAverseQueue
from exchange_sim.replay.depth.record import DepthError, Record
from exchange_sim.replay.depth.tables import ReplayTables

_DEPTH_COLUMNS = (
    *("timestamp", "first_update_id", "last_update_id", "is_snapshot"),
    *("side", "price", "qty"),
)
_TRADE_COLUMNS = ("timestamp", "trade_id", "price", "qty", "side")
_LOTS_MAXIMUM = 2**53
_MARKET = "MARKET"


class _Messages(NamedTuple):
    """Depth messages of a file: first row and one behind the last, and what they say of themselves."""

    first: Integers
    end: Integers
    ts_ns: Integers
    first_id: Integers
    last_id: Integers
    snapshot: npt.NDArray[np.bool_]


def read_record(depth: Path, trades: Path, instrument: Instrument, *, contiguous: bool = False) -> Record:
    """Read recorded depth and trades of one instrument.

    Parameters
    ----------
    depth, trades
        Parquet files in the format above.
    instrument
        Its tick and lot are the grid of the numbers.
    contiguous
        Whether every message's first update id follows the last one of the message before, as on Binance
        spot. Where a venue's markets share the ids (its perpetuals), they only rise, and a missing message
        cannot be seen.

    Raises
    ------
    DepthError
        The files cannot be used; the text names file, row, column and value.
    """
    columns = Columns(depth, _DEPTH_COLUMNS)
    ts_ns, side = columns.times_ns("timestamp"), columns.integers("side")
    columns.complain(np.abs(side) != 1, "side", "1 (bid) or -1 (ask)")
    ticks = columns.steps("price", instrument.tick_size, least=1, most=MAXIMUM_TICKS)
    lots = columns.steps("qty", instrument.lot_size, least=0, most=_LOTS_MAXIMUM)
    messages = _messages(columns, ts_ns)
    kept = _kept(columns, messages, contiguous=contiguous)
    number = np.repeat(np.arange(len(messages.first)), messages.end - messages.first)
    chosen = np.flatnonzero(kept[number])
    # Removals first: then no level is bid and ask at once inside a message either.
    chosen = chosen[np.lexsort((lots[chosen] > 0, number[chosen]))]
    rows = np.zeros(len(chosen), ROW)
    rows["ts_ns"], rows["lots"] = ts_ns[chosen], lots[chosen]
    rows["side"] = side[chosen] < 0
    first, last = _edges(number[chosen])
    snapshot = messages.snapshot[number[chosen]]
    rows["flags"] = CLEAR_FLAG * (first & snapshot) + LAST_FLAG * last + RENEW_FLAG * (last & snapshot)
    levels = ticks[chosen]
    notes = []
    if len(chosen) < len(ticks):
        notes.append(f"{depth.name}: {len(ticks) - len(chosen):,} rows that the snapshot contains")
    start_ns, end_ns = int(rows["ts_ns"][0]), int(rows["ts_ns"][-1])
    prints, print_ticks, note = _trades(trades, instrument, start_ns)
    notes += note
    order = np.argsort(np.concatenate((prints["ts_ns"], rows["ts_ns"])), kind="stable")
    rows = np.concatenate((prints, rows))[order]
    levels = np.concatenate((print_ticks, levels))[order]
    chosen = np.concatenate((np.full(len(prints), -1), chosen))[order]
    prices, places = np.unique(levels, return_inverse=True)
    rows["level"] = places
    record = Record(instrument, rows, prices.astype(np.int64), start_ns, end_ns, tuple(notes))
    tables = ReplayTables([record], rows, RiskAverseQueue())
    crossing = first_crossing(tables.address)
    if crossing >= 0:
        crossed = np.zeros(len(columns), np.bool_)
        crossed[chosen[crossing]] = True
        columns.complain(crossed, "price", "a book that is not crossed")
    return record


def _messages(columns: Columns, ts_ns: Integers) -> _Messages:
    first_id, last_id = columns.integers("first_update_id"), columns.integers("last_update_id")
    snapshot = columns.integers("is_snapshot").astype(np.bool_)
    columns.complain(first_id > last_id, "first_update_id", "at most last_update_id")
    changes = (np.diff(first_id) != 0) | (np.diff(last_id) != 0) | (np.diff(snapshot) != 0)
    first = np.concatenate(([0], np.flatnonzero(changes) + 1))
    end = np.append(first[1:], len(ts_ns))
    number = np.repeat(np.arange(len(first)), end - first)
    columns.complain(ts_ns != ts_ns[first][number], "timestamp", "one time in one message")
    return _Messages(first, end, ts_ns[first], first_id[first], last_id[first], snapshot[first])


def _kept(columns: Columns, messages: _Messages, *, contiguous: bool) -> npt.NDArray[np.bool_]:
    """Return which messages count, in order: from the first snapshot on, and newer than the one before."""
    if not messages.snapshot.any():
        raise DepthError(f"{columns.path}: column is_snapshot: expected a snapshot, was none")
    kept = messages.snapshot.copy()
    held = np.maximum.accumulate(np.where(messages.snapshot, messages.last_id, -1))
    kept |= (held >= 0) & (messages.last_id > held)
    places = np.flatnonzero(kept)
    first, last = messages.first_id[places], messages.last_id[places]
    snapshot, times = messages.snapshot[places], messages.ts_ns[places]
    after = ~snapshot[1:]
    # A diff may overlap the snapshot before it, never another diff.
    expected = np.where(snapshot[:-1], first[1:], last[:-1] + 1)
    _complain(
        columns, messages, places, after & (first[1:] < expected), "first_update_id", expected, "or more"
    )
    overlap = np.where(snapshot[:-1], last[:-1] + 1, expected)
    if contiguous:
        gap = after & (first[1:] > overlap)
        _complain(columns, messages, places, gap, "first_update_id", overlap, "(updates are missing)")
    _complain(columns, messages, places, np.diff(times) < 0, "timestamp", times[:-1] // 1_000_000, "or later")
    return kept


def _complain(
    columns: Columns,
    messages: _Messages,
    places: Integers,
    bad: npt.NDArray[np.bool_],
    column: str,
    expected: Integers,
    more: str,
) -> None:
    """Raise a DepthError for the first pair of kept messages whose second is `bad`."""
    if bad.any():
        pair = int(np.argmax(bad))
        rows = np.zeros(len(columns), np.bool_)
        rows[messages.first[places[pair + 1]]] = True
        columns.complain(rows, column, f"{expected[pair]} {more}")


def _edges(number: Integers) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return which rows begin and which end a message."""
    changes = np.diff(number) != 0
    return np.concatenate(([True], changes)), np.concatenate((changes, [True]))


def _trades(
    path: Path, instrument: Instrument, start_ns: int
) -> tuple[npt.NDArray[np.void], Integers, list[str]]:
    """Return recorded trades from `start_ns` on as ROW rows without levels, their prices in ticks, and
    notes."""
    columns = Columns(path, _TRADE_COLUMNS, ("order_type",))
    ts_ns, side, ids = columns.times_ns("timestamp"), columns.integers("side"), columns.integers("trade_id")
    columns.complain(np.abs(side) != 1, "side", "1 (buy) or -1 (sell)")
    columns.complain(np.concatenate(([False], np.diff(ts_ns) < 0)), "timestamp", "times in order")
    columns.complain(np.concatenate(([False], np.diff(ids) <= 0)), "trade_id", "rising ids")
    ticks = columns.steps("price", instrument.tick_size, least=1, most=MAXIMUM_TICKS)
    lots = columns.steps("qty", instrument.lot_size, least=1, most=_LOTS_MAXIMUM)
    taken = ts_ns >= start_ns
    notes = []
    strange = columns.differs("order_type", _MARKET)
    if strange.any():
        notes.append(f"{path.name}: {int(strange.sum()):,} prints that are no market orders")
    taken &= ~strange
    rows = np.zeros(int(taken.sum()), ROW)
    rows["ts_ns"], rows["lots"] = ts_ns[taken], lots[taken]
    rows["side"] = side[taken] < 0
    rows["flags"] = TRADE_FLAG
    return rows, ticks[taken], notes
