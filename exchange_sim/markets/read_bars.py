"""Reads a user's bars from Parquet or CSV and says exactly what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from exchange_sim.markets.bars import Bars, BarsError, Floats, Integers
from exchange_sim.markets.duration import format_duration
from exchange_sim.markets.spec import format_instant

PRICE_COLUMNS = ("open", "high", "low", "close")
COLUMNS = ("timestamp", *PRICE_COLUMNS, "volume")
PARQUET_SUFFIXES = (".parquet", ".pq")
CSV_SUFFIXES = (".csv", ".csv.gz")

_MILLISECOND_NS = 1_000_000
_EARLIEST_MS, _LATEST_MS = 100_000_000_000, 10_000_000_000_000  # 1973 to 2286: told from s, us and ns


def read_bars(path: Path, *, fill_gaps: bool = False) -> Bars:
    """Return all bars of a file.

    The file has the columns `timestamp`, `open`, `high`, `low`, `close`, `volume` (any order, any
    case, more columns are ignored). `timestamp` is a bar's open time: UTC milliseconds as whole
    numbers, or date-times (without a zone they are UTC). The interval is the smallest distance
    between neighbouring bars. Rows are counted from 1, without the header.

    Parameters
    ----------
    path
        A `.parquet`, `.pq`, `.csv` or `.csv.gz` file.
    fill_gaps
        Carry the last close over missing bars, with volume 0, rather than raise.

    Raises
    ------
    BarsError
        The file is missing, empty, truncated or no table, a column is missing or no number, or a row
        is impossible: unsorted, duplicate, off the grid of the interval, after a gap, with a price of
        0 or less, `high` below or `low` above `open` or `close`, negative volume, NaN or infinity.
    """
    table = read_table(path, COLUMNS)
    timestamps = timestamps_ns(path, table)
    numbers = {name: numbers_of(path, table, name) for name in COLUMNS[1:]}
    interval_ns = _check_times(path, timestamps, fill_gaps=fill_gaps)
    _check_values(path, numbers)
    bars = Bars(path.name, interval_ns, timestamps, *(numbers[name] for name in COLUMNS[1:]))
    return _filled(bars) if fill_gaps else bars


def read_times(path: Path) -> tuple[int, int, int]:
    """Return interval, first open time and end of a file's bars in ns, reading no more than it must.

    Raises
    ------
    BarsError
        As `read_bars`, as far as columns and times are concerned. Gaps are accepted.
    """
    table = read_table(path, COLUMNS)
    timestamps = timestamps_ns(path, table)
    interval_ns = _check_times(path, timestamps, fill_gaps=True)
    return interval_ns, int(timestamps[0]), int(timestamps[-1]) + interval_ns


def read_table(path: Path, columns: Sequence[str], *, what: str = "bars") -> pa.Table:
    """Return these columns (any case) of a Parquet or CSV file, under the names asked for.

    Raises
    ------
    BarsError
        The file is missing, empty, truncated or no table, or a column is missing or there twice.
    """
    if not path.is_file():
        raise BarsError(f"{path}: expected a file of {what}, found none")
    if path.stat().st_size == 0:
        raise BarsError(f"{path}: the file is empty")
    name = path.name.lower()
    try:
        if name.endswith(PARQUET_SUFFIXES):
            names = _column_names(path, pq.read_schema(path).names, columns)
            table = pq.read_table(path, columns=list(names))
        elif name.endswith(CSV_SUFFIXES):
            # one thread: only then does a parse error name its row
            table = pa_csv.read_csv(path, read_options=pa_csv.ReadOptions(use_threads=False))
            names = _column_names(path, table.column_names, columns)
        else:
            expected = ", ".join(PARQUET_SUFFIXES + CSV_SUFFIXES)
            raise BarsError(f"{path}: expected a file name ending in {expected}")
    except (pa.ArrowException, OSError, EOFError) as error:
        reason = str(error).splitlines()[0]
        raise BarsError(f"{path}: cannot be read, truncated or no table of {what} ({reason})") from error
    table = table.select(list(names)).rename_columns(list(columns))
    if table.num_rows == 0:
        raise BarsError(f"{path}: the file has no rows")
    return table


def _column_names(path: Path, found: Sequence[str], wanted: Sequence[str]) -> Sequence[str]:
    plain = [name.strip().lower() for name in found]
    by_name = dict(zip(plain, found, strict=True))
    missing = [name for name in wanted if name not in by_name]
    if missing:
        raise BarsError(
            f"{path}: column {', '.join(missing)} is missing (there are: {', '.join(found) or 'none'})"
        )
    twice = [name for name in wanted if plain.count(name) > 1]
    if twice:
        raise BarsError(f"{path}: column {', '.join(twice)} is there more than once")
    return [by_name[name] for name in wanted]


def timestamps_ns(path: Path, table: pa.Table, name: str = "timestamp") -> Integers:
    """Return a column of UTC milliseconds or date-times in ns.

    Raises
    ------
    BarsError
        A value is missing, is no whole number of milliseconds, or lies outside the years 1973 to 2286.
    """
    column = table.column(name).combine_chunks()
    kind = column.type
    if column.null_count:
        raise BarsError(f"{path}: row {_first(pc.is_null(column))}, column {name}: the value is missing")
    # Casts are unchecked: a value that overflows ends up outside the range of years tested below.
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("ms", tz=kind.tz), safe=False).cast(pa.int64())
        kind = column.type
    if pa.types.is_floating(kind):
        values = column.to_numpy(zero_copy_only=False)
        bad = ~(np.abs(values) <= _LATEST_MS) | (values != np.floor(values))
        if bad.any():
            row = int(np.argmax(bad))
            raise BarsError(
                f"{path}: row {row + 1}, column {name}: expected UTC milliseconds, was {values[row]!r}"
            )
        milliseconds = values.astype(np.int64)
    elif pa.types.is_integer(kind):
        milliseconds = column.cast(pa.int64(), safe=False).to_numpy(zero_copy_only=False)
    else:
        raise BarsError(
            f"{path}: row 1, column {name}: expected UTC milliseconds or date-times, "
            f"was {column[0].as_py()!r} (a column of {kind})"
        )
    bad = (milliseconds < _EARLIEST_MS) | (milliseconds > _LATEST_MS)
    if bad.any():
        row = int(np.argmax(bad))
        raise BarsError(
            f"{path}: row {row + 1}, column {name}: expected UTC milliseconds of the years 1973 to "
            f"2286, was {milliseconds[row]} (seconds, micro- or nanoseconds?)"
        )
    return np.asarray(milliseconds * np.int64(_MILLISECOND_NS))


def _first(mask: pa.Array) -> int:
    """Return the number of the first row for which the mask holds."""
    return int(np.argmax(mask.to_numpy(zero_copy_only=False))) + 1


def numbers_of(path: Path, table: pa.Table, name: str) -> Floats:
    """Return a column of numbers, or of texts that are numbers.

    Raises
    ------
    BarsError
        A value is missing or is no number.
    """
    column = table.column(name).combine_chunks()
    kind = column.type
    if pa.types.is_null(kind) or column.null_count:
        raise BarsError(f"{path}: row {_first(pc.is_null(column))}, column {name}: the value is missing")
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return np.ascontiguousarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _parsed(path, name, column.to_pylist())
    raise BarsError(f"{path}: column {name}: expected numbers, was a column of {kind}")


def _parsed(path: Path, name: str, texts: Sequence[str]) -> Floats:
    values = np.empty(len(texts))
    for row, text in enumerate(texts):
        try:
            values[row] = float(text)
        except ValueError as error:
            raise BarsError(
                f"{path}: row {row + 1}, column {name}: expected a number, was {text!r}"
            ) from error
    return values


def _check_times(path: Path, timestamps: Integers, *, fill_gaps: bool) -> int:
    """Return the interval of a strictly increasing column of times on one grid."""
    if len(timestamps) < 2:
        raise BarsError(f"{path}: expected at least two bars (their distance is the interval), was one")
    steps = np.diff(timestamps)
    wrong = steps <= 0
    if wrong.any():
        row = int(np.argmax(wrong))
        here, before = format_instant(int(timestamps[row + 1])), format_instant(int(timestamps[row]))
        problem = f"{here} is a duplicate" if steps[row] == 0 else f"{here} comes after {before}, unsorted"
        raise BarsError(f"{path}: row {row + 2}, column timestamp: {problem}")
    interval_ns = int(steps.min())
    off_grid = steps % interval_ns != 0
    if off_grid.any():
        row = int(np.argmax(off_grid))
        raise BarsError(
            f"{path}: row {row + 2}, column timestamp: expected a multiple of the interval "
            f"({interval_ns / 1e9:g} s) after row {row + 1}, was {steps[row] / 1e9:g} s"
        )
    gaps = steps > interval_ns
    if gaps.any() and not fill_gaps:
        row = int(np.argmax(gaps))
        missing = int((steps[gaps] // interval_ns - 1).sum())
        raise BarsError(
            f"{path}: row {row + 2}, column timestamp: {int(steps[row]) // interval_ns - 1} bars of "
            f"{format_duration(interval_ns)} are missing before "
            f"{format_instant(int(timestamps[row + 1]))} UTC ({missing} in the whole file; "
            f"fill_gaps = true carries the last close over gaps)"
        )
    return interval_ns


def _check_values(path: Path, numbers: dict[str, Floats]) -> None:
    """Raise for the first impossible row."""
    body_high = np.maximum(numbers["open"], numbers["close"])
    body_low = np.minimum(numbers["open"], numbers["close"])
    checks: list[tuple[npt.NDArray[np.bool_], str, str]] = [
        *((~np.isfinite(numbers[name]), name, "a finite number") for name in COLUMNS[1:]),
        *((numbers[name] <= 0, name, "a price above 0") for name in PRICE_COLUMNS),
        (numbers["high"] < body_high, "high", "at least open and close"),
        (numbers["low"] > body_low, "low", "at most open and close"),
        (numbers["volume"] < 0, "volume", "0 or more"),
    ]
    found = [
        (int(np.argmax(mask)), order, name, text)
        for order, (mask, name, text) in enumerate(checks)
        if mask.any()
    ]
    if not found:
        return
    row, _, name, expected = min(found)
    values = ", ".join(f"{column} {numbers[column][row]:.12g}" for column in COLUMNS[1:])
    raise BarsError(
        f"{path}: row {row + 1}, column {name}: expected {expected}, was {numbers[name][row]:.12g} ({values})"
    )


def _filled(bars: Bars) -> Bars:
    """Return the bars with the last close carried over missing ones."""
    count = (bars.end_ns - bars.first_ns) // bars.interval_ns
    if count == len(bars):
        return bars
    times = bars.first_ns + bars.interval_ns * np.arange(count, dtype=np.int64)
    source = np.searchsorted(bars.ts_open_ns, times, side="right") - 1
    present = bars.ts_open_ns[source] == times
    close = bars.close[source]
    return Bars(
        bars.source,
        bars.interval_ns,
        times,
        np.where(present, bars.open[source], close),
        np.where(present, bars.high[source], close),
        np.where(present, bars.low[source], close),
        close,
        np.where(present, bars.volume[source], 0.0),
    )
