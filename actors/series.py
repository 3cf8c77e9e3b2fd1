"""Time series of a match as Arrow tables, and the Parquet bytes that keep them.

The bytes depend on the result alone (and on the version of the Parquet library): no time, no machine,
no number of workers goes into them.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from actors.result import FILL, MARKET_SAMPLE, MatchResult

EQUITY: Final = "equity"
FILLS: Final = "fills"
MARKET: Final = "market"
JOURNAL: Final = "journal"
SERIES: Final = (EQUITY, FILLS, MARKET)
"""What is kept of every match, one file each."""

_ZSTD_LEVEL = 3  # higher levels cost a short match more time than it took to play


def equity_table(result: MatchResult) -> pa.Table:
    """Return the equity curves, long: `ts_ns`, `bot`, `equity`; bot after bot in account order."""
    samples, bots = len(result.times_ns), len(result.bots)
    return pa.table(
        {
            "ts_ns": np.tile(np.asarray(result.times_ns, np.int64), bots),
            "bot": _named(np.repeat(np.arange(bots), samples), [bot.name for bot in result.bots]),
            "equity": np.ascontiguousarray(np.asarray(result.equity, np.float64).T).reshape(-1),
        }
    )


def fills_table(result: MatchResult) -> pa.Table:
    """Return the fills in order of time: the fields of `actors.result.FILL` and the names behind its indexes.

    `bot` and `instrument` stay indexes; `bot_name` and `instrument_id` are what they stand for.
    """
    fields = FILL.names or ()
    columns: dict[str, object] = {name: np.ascontiguousarray(result.fills[name]) for name in fields}
    columns["bot_name"] = _named(result.fills["bot"], [bot.name for bot in result.bots])
    columns["instrument_id"] = _named(result.fills["instrument"], list(result.instruments))
    return pa.table(columns)


def market_table(result: MatchResult) -> pa.Table:
    """Return the market samples, long: `instrument_id` and the fields of `actors.result.MARKET_SAMPLE`."""
    fields = MARKET_SAMPLE.names or ()
    rows = np.concatenate(result.market) if result.market else np.zeros(0, MARKET_SAMPLE)
    index = np.repeat(np.arange(len(result.market)), [len(samples) for samples in result.market])
    columns: dict[str, object] = {"instrument_id": _named(index, list(result.instruments))}
    columns.update({name: np.ascontiguousarray(rows[name]) for name in fields})
    return pa.table(columns)


def encode_series(result: MatchResult) -> dict[str, bytes]:
    """Return the Parquet bytes of every kind of series of the match."""
    tables = {EQUITY: equity_table(result), FILLS: fills_table(result), MARKET: market_table(result)}
    return {kind: parquet_bytes(table) for kind, table in tables.items()}


def parquet_bytes(table: pa.Table) -> bytes:
    """Return `table` as one Parquet file: zstd, dictionaries for names only."""
    sink = pa.BufferOutputStream()
    named = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
    pq.write_table(
        table, sink, compression="zstd", compression_level=_ZSTD_LEVEL, use_dictionary=named or False
    )
    payload: bytes = sink.getvalue().to_pybytes()
    return payload


def _named(index: npt.ArrayLike, names: list[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.asarray(index, np.int32)), pa.array(names, pa.string()))
