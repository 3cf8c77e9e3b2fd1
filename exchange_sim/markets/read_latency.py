"""Reads recorded latencies: a series of delays by time from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from exchange_sim.latency import AccountLatency, LatencyFile, LatencySpec, TimedLatency
from exchange_sim.markets.bars import BarsError
from exchange_sim.markets.read_bars import numbers_of, read_table, timestamps_ns

_US = 1_000
_LONGEST_US = 60_000_000


class LatencyError(ValueError):
    """Recorded latencies cannot be used; the text names file, row and column."""


def read_latencies(latency: AccountLatency, folder: Path | None) -> AccountLatency:
    """Return a latency whose files, if it names any, are read.

    Raises
    ------
    LatencyError
        A file is needed and there is no folder, or it cannot be used: it has no such column or rows, its
        times do not rise, or a delay is below the stated minimum or above a minute.
    """
    return AccountLatency(up=_read(latency.up, folder), down=_read(latency.down, folder))


def _read(spec: LatencySpec | LatencyFile, folder: Path | None) -> LatencySpec:
    if not isinstance(spec, LatencyFile):
        return spec
    if folder is None:
        raise LatencyError("latency.file: recorded latencies need a folder of data (--data FOLDER)")
    path = folder / spec.file
    try:
        table = read_table(path, (spec.timestamp, spec.column), what="latencies")
        times, numbers = timestamps_ns(path, table, spec.timestamp), numbers_of(path, table, spec.column)
    except BarsError as error:
        raise LatencyError(str(error)) from error
    late = np.flatnonzero(np.diff(times) <= 0)
    if len(late):
        raise LatencyError(f"{path}: row {late[0] + 2}, column {spec.timestamp}: expected rising times")
    delays = np.rint(numbers + spec.offset_us)
    strange = ~((delays >= spec.minimum_us) & (delays <= _LONGEST_US))
    if strange.any():
        row = int(np.argmax(strange))
        raise LatencyError(
            f"{path}: row {row + 1}, column {spec.column}: expected {spec.minimum_us} to {_LONGEST_US} us "
            f"with offset_us = {spec.offset_us}, was {numbers[row]:g}"
        )
    return TimedLatency(times_ns=tuple(times.tolist()), delays_us=tuple(delays.astype(np.int64).tolist()))
