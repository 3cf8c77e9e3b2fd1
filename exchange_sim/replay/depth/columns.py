"""Columns of recorded depth and trades: read from Parquet, turned into integers, exactly."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from exchange_sim.replay.depth.record import DepthError

Integers = npt.NDArray[np.int64]

_EXACT = 2**53
_MS_NS = 1_000_000
_TIMES_MS = 10**13  # later than 2286: no milliseconds


class Columns:
    """The columns of one file.

    Raises
    ------
    DepthError
        The file cannot be read, is empty, lacks a column, or a number is none.
    """

    def __init__(self, path: Path, wanted: tuple[str, ...], optional: tuple[str, ...] = ()) -> None:
        self.path = path
        try:
            schema = pq.read_schema(path)
            missing = [name for name in wanted if name not in schema.names]
            if missing:
                raise DepthError(
                    f"{path}: expected the columns {', '.join(wanted)}, was without {', '.join(missing)}"
                )
            self._table = pq.read_table(
                path,
                columns=[*wanted, *(name for name in optional if name in schema.names)],
                use_threads=False,
            )
        except (OSError, pa.ArrowInvalid) as error:
            raise DepthError(f"{path}: expected a Parquet file, was unreadable: {error}") from error
        if self._table.num_rows == 0:
            raise DepthError(f"{path}: expected rows, was empty")

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def complain(self, bad: npt.NDArray[np.bool_], column: str, expected: str, values: object = None) -> None:
        """Raise a DepthError for the first row of `bad`, if there is one; rows are counted from 1."""
        if bad.any():
            row = int(np.argmax(bad))
            shown = self._table[column][row].as_py() if values is None else np.asarray(values)[row]
            raise DepthError(f"{self.path}: row {row + 1}, column {column}: expected {expected}, was {shown}")

    def differs(self, name: str, word: str) -> npt.NDArray[np.bool_]:
        """Return which rows of a column of text are another word; none where there is no such column."""
        if name not in self._table.column_names:
            return np.zeros(len(self), np.bool_)
        values = self._table[name].to_pylist()
        return np.fromiter((value != word for value in values), np.bool_, len(values))

    def integers(self, name: str) -> Integers:
        """Return a column of whole numbers (or truth values)."""
        column = self._present(name)
        if not (pa.types.is_integer(column.type) or pa.types.is_boolean(column.type)):
            raise DepthError(f"{self.path}: column {name}: expected integers, was {column.type}")
        return np.asarray(column.to_numpy()).astype(np.int64)

    def times_ns(self, name: str) -> Integers:
        """Return a column of UTC milliseconds in ns since the Unix epoch."""
        times = self.integers(name)
        self.complain((times <= 0) | (times >= _TIMES_MS), name, "milliseconds since 1970")
        return times * _MS_NS

    def steps(self, name: str, step: Decimal, *, least: int, most: int) -> Integers:
        """Return a column of prices or quantities in whole steps.

        A number is on the grid if it is the float nearest to a multiple of `step`.
        """
        column = self._present(name)
        if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
            raise DepthError(f"{self.path}: column {name}: expected numbers, was {column.type}")
        values = np.asarray(column.to_numpy()).astype(np.float64)
        self.complain(~np.isfinite(values), name, "a finite number")
        _, digits, exponent = step.normalize().as_tuple()
        unit, scale = int("".join(map(str, digits))), -int(exponent)
        if scale < 0:
            unit, scale = unit * 10**-scale, 0
        steps = np.rint(values * 10.0**scale / unit)
        bounds = f"a number of {least * step:f} to {most * step:f}"
        self.complain((steps < least) | (steps > most) | (np.abs(steps) * unit > _EXACT), name, bounds)
        self.complain(steps * unit / 10.0**scale != values, name, f"a multiple of {step:f}")
        return steps.astype(np.int64)

    def _present(self, name: str) -> pa.ChunkedArray:
        column = self._table[name]
        if column.null_count:
            missing = np.asarray(column.is_null().to_numpy())
            self.complain(missing, name, "a value")
        return column


def first_and_last_ns(path: Path) -> tuple[int, int]:
    """Return the earliest and the latest `timestamp` of a file.

    Raises
    ------
    DepthError
        As `Columns`.
    """
    times = Columns(path, ("timestamp",)).times_ns("timestamp")
    return int(times.min()), int(times.max())
