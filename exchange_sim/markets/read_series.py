"""Reads recorded series and places every value at the instant from which it is known.

A value is never known early: one stamped with the opening of its interval counts from the interval's end.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exchange_sim.markets.bars import BarsError
from exchange_sim.markets.duration import MINUTE_NS
from exchange_sim.markets.read_bars import numbers_of, read_table, timestamps_ns
from exchange_sim.markets.series_spec import Gaps, SeriesSpec
from exchange_sim.markets.spec import format_instant
from exchange_sim.model.ids import InstrumentId
from exchange_sim.series import Series

_NAMED = 20  # values named in an error


class SeriesError(ValueError):
    """A recorded series cannot be used; the text names the series, the file and what was expected."""


def read_market_series(
    specs: Sequence[SeriesSpec], folder: Path | None, *, start_ns: int, end_ns: int, history_ns: int
) -> tuple[Series, ...]:
    """Return all series of a market; see `read_series`.

    Raises
    ------
    SeriesError
        As `read_series`, or there are series and no folder.
    """
    if not specs:
        return ()
    if folder is None:
        raise SeriesError("market.series: recorded series need a folder of data (--data FOLDER)")
    return tuple(
        read_series(
            spec, folder, start_ns=start_ns, end_ns=end_ns, history_ns=history_ns, beyond_ns=MINUTE_NS
        )
        for spec in specs
    )


def read_series(
    spec: SeriesSpec, folder: Path, *, start_ns: int, end_ns: int, history_ns: int = 0, beyond_ns: int = 0
) -> Series:
    """Return the values that become known in `[start_ns - history_ns, end_ns + beyond_ns)`.

    The last one known before comes with them. Values that are missing in the file (empty, NaN) count as
    gaps. Of what lies before `start_ns` and behind `end_ns` there may be less than asked for, but without
    gaps.

    Raises
    ------
    SeriesError
        The file cannot be read, has no such column or rows, its times do not rise, a value is infinite, or
        values are missing in the span and `gaps` is `refuse` (at the ends of the span: also with `carry`).
    """
    path = folder / spec.file
    try:
        stamps, values = _columns(path, spec)
    except BarsError as error:
        raise SeriesError(f"{spec.title}: {error}") from error
    _check(path, spec, stamps, values)
    interval_ns = spec.interval_ns or (int(np.median(np.diff(stamps))) if len(stamps) > 1 else 0)
    known = stamps + spec.lag_ns
    first = max(0, int(np.searchsorted(known, start_ns - history_ns, side="right")) - 1)
    last = int(np.searchsorted(known, end_ns + beyond_ns))
    if spec.gaps != Gaps.LEAVE:
        _check_ends(path, spec, stamps, interval_ns, start_ns, end_ns)
    stamps, values = stamps[first:last], values[first:last]
    if spec.gaps == Gaps.REFUSE:
        _refuse_gaps(path, spec, stamps, interval_ns)
    elif spec.gaps == Gaps.CARRY:
        stamps, values = _carried(stamps, values, interval_ns)
    return Series(spec.metric, InstrumentId(spec.instrument), stamps + spec.lag_ns, stamps, values)


def _columns(path: Path, spec: SeriesSpec) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the times and values of the rows asked for, those without a value left out."""
    time, value = spec.timestamp.lower(), spec.column.lower()
    table: pa.Table = read_table(
        path, tuple(dict.fromkeys((time, value, *map(str.lower, spec.where)))), what="values"
    )
    stamps = timestamps_ns(path, table, time) + _below_ms(table.column(time))
    chosen = np.ones(table.num_rows, np.bool_)
    for name, wanted in spec.where.items():
        texts = pc.cast(table.column(name.lower()), pa.string())
        chosen &= pc.fill_null(pc.equal(texts, wanted), fill_value=False).to_numpy()
        if not chosen.any():
            known = ", ".join(sorted(str(each) for each in pc.unique(texts).to_pylist())[:_NAMED])
            raise SeriesError(f"{spec.title}: {path}: column {name}: expected one of {known}, was {wanted!r}")
    column = table.column(value)
    if column.null_count:
        text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        filled = pc.fill_null(column if text else pc.cast(column, pa.float64()), "nan" if text else np.nan)
        table = table.set_column(table.column_names.index(value), value, filled)
    values = numbers_of(path, table, value)
    chosen &= ~np.isnan(values)
    if not chosen.any():
        raise SeriesError(f"{spec.title}: {path}: column {spec.column}: expected values, was none")
    return stamps[chosen], values[chosen]


def _below_ms(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Return what a column of times has below whole milliseconds, in ns: rounding down would be early."""
    if not pa.types.is_timestamp(column.type):
        return np.zeros(len(column), np.int64)
    parts = pc.add(pc.multiply(pc.microsecond(column), 1_000), pc.nanosecond(column))
    return np.asarray(parts.to_numpy(), np.int64)


def _check(
    path: Path, spec: SeriesSpec, stamps: npt.NDArray[np.int64], values: npt.NDArray[np.float64]
) -> None:
    falling = np.diff(stamps) <= 0
    if falling.any():
        row = int(np.argmax(falling))
        here, before = format_instant(int(stamps[row + 1])), format_instant(int(stamps[row]))
        raise SeriesError(
            f"{spec.title}: {path}: expected times that rise, was {here} after {before}"
            + ("" if spec.where else " (several series in one file? `where` chooses one)")
        )
    infinite = np.isinf(values)
    if infinite.any():
        at = format_instant(int(stamps[int(np.argmax(infinite))]))
        raise SeriesError(f"{spec.title}: {path}: expected finite values, was {values[infinite][0]} at {at}")


def _check_ends(
    path: Path, spec: SeriesSpec, stamps: npt.NDArray[np.int64], interval_ns: int, start_ns: int, end_ns: int
) -> None:
    """Refuse a series without the first or the last values of the span.

    Behind the last value a tenth of an interval more is no gap: recorded times jitter.
    """
    first, last = int(stamps[0]) + spec.lag_ns, int(stamps[-1]) + spec.lag_ns
    late = first > start_ns and first - start_ns >= interval_ns
    if late or 10 * (end_ns - last) > 11 * interval_ns:
        missing = int(stamps[0]) - interval_ns if late else int(stamps[-1]) + interval_ns
        raise SeriesError(
            f"{spec.title}: {path}: the value of {format_instant(missing)} UTC is missing: expected values "
            f"known from {format_instant(start_ns)} to {format_instant(end_ns)} UTC, was "
            f"{format_instant(first)} to {format_instant(last)} UTC"
        )


def _refuse_gaps(path: Path, spec: SeriesSpec, stamps: npt.NDArray[np.int64], interval_ns: int) -> None:
    steps = np.diff(stamps)
    gaps = 2 * steps > 3 * interval_ns
    if gaps.any():
        row = int(np.argmax(gaps))
        missing = format_instant(int(stamps[row]) + interval_ns)
        count = int((np.rint(steps[gaps] / interval_ns) - 1).sum())
        raise SeriesError(
            f"{spec.title}: {path}: the value of {missing} UTC is missing ({count} in the span; "
            f"gaps = 'carry' repeats the last one, 'leave' publishes nothing)"
        )


def _carried(
    stamps: npt.NDArray[np.int64], values: npt.NDArray[np.float64], interval_ns: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the series with the last value repeated, an interval apart, where values are missing."""
    steps = np.diff(stamps, append=stamps[-1:] + interval_ns)
    repeats = np.maximum(np.rint(steps / interval_ns).astype(np.int64), 1)
    place = np.repeat(np.arange(len(stamps)), repeats)
    nth = np.arange(len(place)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    return stamps[place] + nth * interval_ns, values[place]
