"""Columns of a recording's file as exact integers, or an error that names file, row, field and value."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

Integers = npt.NDArray[np.int64]

_EXACT = 2**53
"""Whole numbers up to here are exact in float64."""


class RecordingError(ValueError):
    """A recording that cannot be replayed; the text names file, row, field, value and what was expected."""


def fail(path: Path, row: int, field: str, value: object, expected: str) -> NoReturn:
    """Raise the error of one value; `row` counts from 0 here and from 1, without the header, in the text."""
    raise RecordingError(f"{path}: row {row + 1}, column {field}: expected {expected}, was {value}")


def read_parquet(path: Path, columns: Sequence[str]) -> pa.Table:
    """Return these columns of a Parquet file.

    Raises
    ------
    RecordingError
        The file is missing, damaged or empty, or lacks a column.
    """
    try:
        schema = pq.read_schema(path)
        missing = [name for name in columns if name not in schema.names]
        if missing:
            raise RecordingError(
                f"{path}: expected a column {missing[0]!r}, has {', '.join(map(repr, schema.names))}"
            )
        table = pq.read_table(path, columns=list(columns))
    except FileNotFoundError as error:
        raise RecordingError(f"{path}: no such file") from error
    except (OSError, pa.ArrowInvalid) as error:
        raise RecordingError(f"{path}: expected a Parquet file: {error}") from error
    if table.num_rows == 0:
        raise RecordingError(f"{path}: expected at least one row, was none")
    return table


def csv_width(path: Path) -> int:
    """Return how many fields the first line of a CSV file has.

    Raises
    ------
    RecordingError
        The file is missing or no text.
    """
    try:
        with path.open(encoding="utf-8") as file:
            return len(file.readline().split(","))
    except FileNotFoundError as error:
        raise RecordingError(f"{path}: no such file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path}: expected a CSV file: {error}") from error


def read_csv(path: Path, columns: Sequence[str], text: Sequence[str] = ()) -> pa.Table:
    """Return a CSV file without a header; `columns` name its fields in order, more are left out.

    Those named in `text` stay text, the others are whole numbers.

    Raises
    ------
    RecordingError
        The file is missing or empty, has fewer fields, or a field is no whole number.
    """
    types = {name: pa.string() if name in text else pa.int64() for name in columns}
    width = csv_width(path)
    if width < len(columns):
        raise RecordingError(
            f"{path}: expected {len(columns)} columns ({', '.join(columns[:6])} ...), was {width}"
        )
    names = [*columns, *(f"more_{number}" for number in range(width - len(columns)))]
    try:
        return pa_csv.read_csv(
            path,
            read_options=pa_csv.ReadOptions(column_names=names),
            convert_options=pa_csv.ConvertOptions(column_types=types, include_columns=list(columns)),
        )
    except (OSError, pa.ArrowInvalid) as error:
        raise RecordingError(f"{path}: expected a CSV file of whole numbers: {error}") from error


def whole_numbers(path: Path, table: pa.Table, name: str) -> Integers:
    """Return a column of whole numbers.

    Raises
    ------
    RecordingError
        The column has another type or a missing value.
    """
    column = table.column(name)
    if not pa.types.is_integer(column.type):
        raise RecordingError(f"{path}: column {name}: expected whole numbers, was {column.type}")
    if column.null_count:
        fail(path, int(np.argmax(column.is_null().to_numpy())), name, "empty", "a whole number")
    made: Integers = column.to_numpy().astype(np.int64)
    return made


def decimals(path: Path, table: pa.Table, name: str, step: Decimal) -> Integers:
    """Return a column of decimal numbers in multiples of `step`, exactly.

    A number in floating point is the multiple whose nearest float it is, and else is off the grid.

    Raises
    ------
    RecordingError
        The column has another type, or a value is missing, not finite or no multiple of `step`.
    """
    column = table.column(name)
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        raise RecordingError(f"{path}: column {name}: expected numbers, was {column.type}")
    values = column.to_numpy(zero_copy_only=False).astype(np.float64)
    numerator, denominator = step.as_integer_ratio()
    with np.errstate(invalid="ignore"):
        steps = np.rint(values * denominator / numerator)
        # Both factors are exact in float64, so the quotient is the float nearest to the multiple.
        bad = ~(np.abs(steps * numerator) < _EXACT) | (steps * numerator / denominator != values)
    if bad.any():
        row = int(np.argmax(bad))
        fail(path, row, name, values[row], f"a multiple of {step}")
    made: Integers = steps.astype(np.int64)
    return made


def check_sides(path: Path, sides: Integers, name: str = "side") -> None:
    """Refuse sides other than +1 (buy, bid) and -1 (sell, ask)."""
    bad = np.abs(sides) != 1
    if bad.any():
        row = int(np.argmax(bad))
        fail(path, row, name, sides[row], "+1 or -1")


def check_sorted(path: Path, times: Integers, name: str) -> None:
    """Refuse times that go back."""
    back = times[1:] < times[:-1]
    if back.any():
        row = int(np.argmax(back)) + 1
        fail(path, row, name, times[row], f"a time not before the previous row's {times[row - 1]}")


def check_above(path: Path, values: Integers, name: str, least: int) -> None:
    """Refuse values below `least`."""
    low = values < least
    if low.any():
        row = int(np.argmax(low))
        fail(path, row, name, values[row], f"{least} or more")


def check_below(path: Path, values: Integers, name: str, most: int) -> None:
    """Refuse values above `most`."""
    high = values > most
    if high.any():
        row = int(np.argmax(high))
        fail(path, row, name, values[row], f"{most} or less")
