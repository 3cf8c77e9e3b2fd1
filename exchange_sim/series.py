"""Recorded series as a market publishes them: values, and the instants from which they are known.

A series is not made by the exchange: open interest, funding, sentiment, whatever a factor file holds. It is
published on time, never early, and reaches an account with the account's latency like everything else.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exchange_sim.model.ids import InstrumentId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import FundingRate, MarkPrice, Observation, SeriesMessage
from exchange_sim.ports import NEVER_NS, Rows

FUNDING = "funding"
"""Metric whose values are funding rates, published as `FundingRate`."""

MARK = "mark"
"""Metric whose values are mark prices in quote units, published as `MarkPrice`."""

EVERYWHERE = InstrumentId("")
"""In place of an instrument where a series is about none in particular."""

_PPB = 10**9


@dataclass(frozen=True, slots=True)
class Series:
    """One recorded series, in order of time.

    `known_ns` says from when each value is known, `stamp_ns` what the file calls its time, never later.
    Both rise strictly.
    """

    metric: str
    instrument_id: InstrumentId
    known_ns: npt.NDArray[np.int64]
    stamp_ns: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.values)

    def known_before(self, instant_ns: int) -> int:
        """Return how many values are known before an instant."""
        return int(np.searchsorted(self.known_ns, instant_ns))


class SeriesDecoder:
    """Turns places in series into messages.

    Parameters
    ----------
    series
        All of the market, in its order.
    instruments
        All of the exchange: a mark price becomes ticks of its instrument.
    """

    __slots__ = ("_columns", "_series", "_ticks")

    def __init__(self, series: Sequence[Series], instruments: Sequence[Instrument]) -> None:
        self._series = tuple(series)
        self._ticks = {each.instrument_id: float(each.tick_size) for each in instruments}
        self._columns = [
            (each.known_ns.tolist(), each.stamp_ns.tolist(), each.values.tolist()) for each in series
        ]

    def message(self, number: int, place: int, received_ns: int) -> SeriesMessage:
        """Return the value at `place` of a series, received at `received_ns`."""
        series, (known, stamps, values) = self._series[number], self._columns[number]
        name, known_ns, stamp_ns, value = series.instrument_id, known[place], stamps[place], values[place]
        if series.metric == FUNDING:
            return FundingRate(name, known_ns, received_ns, stamp_ns, rate_ppb(value))
        if series.metric == MARK:
            return MarkPrice(name, known_ns, received_ns, stamp_ns, round(value / self._ticks[name]))
        return Observation(name, known_ns, received_ns, stamp_ns, series.metric, value)

    def past(self, number: int, count: int, now_ns: int) -> tuple[SeriesMessage, ...]:
        """Return the last `count` values known before `now_ns`, as heard by somebody who was there."""
        series = self._series[number]
        end = series.known_before(now_ns)
        known = self._columns[number][0]
        return tuple(self.message(number, place, known[place]) for place in range(max(0, end - count), end))


class SeriesBoard:
    """What is published next, of several series merged in order of time.

    Rows are (known since, number of the series, place in it); equal times are in order of the series.

    Parameters
    ----------
    series
        All of the market.
    wanted
        Numbers of those that somebody listens to.
    """

    __slots__ = ("_place", "_rows", "next_ns")

    def __init__(self, series: Sequence[Series], wanted: Collection[int]) -> None:
        self._rows = sorted(
            (known_ns, number, place)
            for number in wanted
            for place, known_ns in enumerate(series[number].known_ns.tolist())
        )
        self._place = 0
        self.next_ns = self._rows[0][0] if self._rows else NEVER_NS
        """When the next value becomes known, `NEVER_NS` if there is none."""

    def take(self, until_ns: int) -> Rows:
        """Return, once, what becomes known before `until_ns`."""
        first = self._place
        while self.next_ns < until_ns:
            self._place += 1
            self.next_ns = self._rows[self._place][0] if self._place < len(self._rows) else NEVER_NS
        return self._rows[first : self._place]


def rate_ppb(rate: float) -> int:
    """Return a rate in parts per billion, to the nearest: venues publish eight or nine decimals."""
    return round(rate * _PPB)
