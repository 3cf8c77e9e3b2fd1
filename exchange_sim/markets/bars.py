"""Recorded bars in memory: columns, spans and longer intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exchange_sim.markets.duration import format_duration

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class BarsError(ValueError):
    """Recorded bars that cannot be used; the text names file, row and column."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of one symbol, oldest first, without gaps.

    `ts_open_ns` is the open time in ns since the Unix epoch, a multiple of nothing in particular
    but spaced by exactly `interval_ns`. Prices are in quote units, `volume` in base units.
    `source` is the file's name, for messages.
    """

    source: str
    interval_ns: int
    ts_open_ns: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.ts_open_ns)

    @property
    def first_ns(self) -> int:
        """Open time of the first bar."""
        return int(self.ts_open_ns[0])

    @property
    def end_ns(self) -> int:
        """End of the last bar."""
        return int(self.ts_open_ns[-1]) + self.interval_ns

    def rows(self, rows: slice) -> Bars:
        """Return the bars of a slice of rows."""
        return Bars(
            self.source,
            self.interval_ns,
            self.ts_open_ns[rows],
            self.open[rows],
            self.high[rows],
            self.low[rows],
            self.close[rows],
            self.volume[rows],
        )

    def between(self, start_ns: int, end_ns: int) -> Bars:
        """Return the bars that lie wholly inside `[start_ns, end_ns)`; there may be none."""
        first = int(np.searchsorted(self.ts_open_ns, start_ns, side="left"))
        last = int(np.searchsorted(self.ts_open_ns, end_ns - self.interval_ns, side="right"))
        return self.rows(slice(first, max(first, last)))

    def resample(self, interval_ns: int) -> Bars:
        """Return longer bars, aligned to the epoch; incomplete ones at both ends are left out.

        Raises
        ------
        ValueError
            `interval_ns` is no multiple of the bars' own interval.
        """
        count, rest = divmod(interval_ns, self.interval_ns)
        if rest or count < 1:
            raise ValueError(
                f"interval: expected a multiple of {format_duration(self.interval_ns)}, "
                f"was {format_duration(interval_ns)}"
            )
        aligned = self.ts_open_ns % interval_ns == 0
        first = int(np.argmax(aligned)) if aligned.any() else len(self)
        groups = (len(self) - first) // count
        stop = first + groups * count
        shape = (groups, count)
        return Bars(
            self.source,
            interval_ns,
            self.ts_open_ns[first:stop:count],
            self.open[first:stop:count],
            self.high[first:stop].reshape(shape).max(axis=1),
            self.low[first:stop].reshape(shape).min(axis=1),
            self.close[first + count - 1 : stop : count],
            self.volume[first:stop].reshape(shape).sum(axis=1),
        )
