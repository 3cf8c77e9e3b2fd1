"""Quantiles of many durations in little memory."""

from __future__ import annotations

_BITS = 6
_HALF = 1 << _BITS


class Quantiles:
    """Counts durations in buckets of at most 1/64 of their value; below 128 ns they are exact.

    The layout is that of HDR histograms: as many buckets for every power of two.
    """

    __slots__ = ("_counts", "count", "maximum")

    def __init__(self) -> None:
        self._counts = [0] * (_HALF * (64 - _BITS))
        self.count = 0
        self.maximum = 0
        """Largest duration so far, exactly."""

    def add(self, value: int) -> None:
        """Count a duration of 0 or more, in ns."""
        shift = max(0, value.bit_length() - _BITS - 1)
        self._counts[_HALF * shift + (value >> shift)] += 1
        self.count += 1
        self.maximum = max(self.maximum, value)

    def quantile(self, share: float) -> int:
        """Return a duration that `share` of all do not exceed; 0 before the first."""
        wanted = share * self.count
        seen = 0
        for place, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                shift = max(0, place // _HALF - 1)
                return min(self.maximum, ((place - _HALF * shift + 1) << shift) - 1)
        return 0
