"""Long series made short enough to draw, and numbers short enough to store."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

_DIGITS = 7


def extremes(values: npt.NDArray[np.float64], points: int) -> npt.NDArray[np.int64]:
    """Return indices of at most about `points` samples that keep the first, last and every bucket's extremes.

    All indices where there are no more samples than that. Peaks and troughs survive, unlike in every n-th
    sample or in means. NaN samples are never an extreme.
    """
    n = len(values)
    if n <= points:
        return np.arange(n)
    buckets = max(1, (points - 2) // 2)
    edges = np.linspace(0, n, buckets + 1).astype(np.int64)
    kept = [0, n - 1]
    for start, end in itertools.pairwise(edges):
        part = values[start:end]
        if not np.isnan(part).all():
            kept += [start + int(np.nanargmin(part)), start + int(np.nanargmax(part))]
    return np.unique(np.array(kept))


def evenly(n: int, points: int) -> npt.NDArray[np.int64]:
    """Return at most `points` indices spread evenly over `range(n)`, ends included."""
    if n <= points:
        return np.arange(n)
    return np.unique(np.linspace(0, n - 1, points).round().astype(np.int64))


def bucket_edges(n: int, buckets: int) -> npt.NDArray[np.int64]:
    """Return the starts of at most `buckets` runs of equal length (the last may be shorter)."""
    size = max(1, -(-n // buckets))
    return np.arange(0, n, size)


def milliseconds(times_ns: npt.NDArray[np.int64]) -> list[int]:
    """Return times as the whole milliseconds that a date axis takes."""
    return [int(value) for value in np.asarray(times_ns) // 1_000_000]


def rounded(values: npt.ArrayLike, digits: int = _DIGITS) -> list[float | None]:
    """Return values with `digits` significant digits, None where not finite."""
    array = np.asarray(values, dtype=np.float64)
    return [float(f"{value:.{digits}g}") if np.isfinite(value) else None for value in array]
