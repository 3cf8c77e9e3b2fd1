"""Results as pandas frames, for the functions of `analytics` and for people with a notebook.

A frame made from a result in memory and one read back from the run's files are equal.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from actors.result import MatchResult
from actors.series import EQUITY, FILLS, MARKET, equity_table, fills_table, market_table

Source = MatchResult | Path | bytes
"""A result in memory, a Parquet file, or the bytes of one (`actors.run_folder.read_series`)."""


def equity_frame(source: Source) -> pd.DataFrame:
    """Return equity in the settlement asset: index `ts_ns` (ns since the epoch), one column per bot.

    `source` is a result, or a run's `equity` series of one match. Columns keep the account order.
    """
    table = equity_table(source) if isinstance(source, MatchResult) else _read(source)
    names = table["bot"].combine_chunks().dictionary.to_pylist()
    times: npt.NDArray[np.int64] = table["ts_ns"].to_numpy()
    samples = len(times) // max(1, len(names))
    values = table["equity"].to_numpy().reshape(len(names), samples).T
    return pd.DataFrame(values, index=pd.Index(times[:samples], name="ts_ns"), columns=names)


def fills_frame(source: Source) -> pd.DataFrame:
    """Return the fills in order of time, with names and indexes of bot and instrument.

    See `actors.series.fills_table` for the columns.
    """
    return _frame(fills_table(source) if isinstance(source, MatchResult) else _read(source))


def market_frame(source: Source) -> pd.DataFrame:
    """Return the market samples, instrument after instrument; see `actors.series.market_table`."""
    return _frame(market_table(source) if isinstance(source, MatchResult) else _read(source))


def frame_of(kind: str, source: Path | bytes) -> pd.DataFrame:
    """Return the frame in a run's series of this kind: equity, fills or market."""
    readers = {EQUITY: equity_frame, FILLS: fills_frame, MARKET: market_frame}
    if kind not in readers:
        raise ValueError(f"kind: expected one of {', '.join(readers)}, was {kind!r}")
    return readers[kind](source)


def _read(source: Path | bytes) -> pa.Table:
    return pq.read_table(pa.BufferReader(source) if isinstance(source, bytes) else source)


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    return frame
