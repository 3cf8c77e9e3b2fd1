"""Recorded depth on an even grid of times, and the recorded takers between its points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nlargest, nsmallest

import numpy as np
import numpy.typing as npt

from exchange_sim.model.enums import Side
from exchange_sim.replay.depth.layout import CLEAR_FLAG, TRADE_FLAG
from exchange_sim.replay.depth.record import Record

Integers = npt.NDArray[np.int64]

TAKER = np.dtype([("ts_ns", "<i8"), ("price_ticks", "<i8"), ("lots", "<i8"), ("side", "<i8")])
"""Recorded trades of one time and side, as the one order that made them; the price is the worst."""

BUY, SELL = int(Side.BUY), int(Side.SELL)


@dataclass(frozen=True, slots=True)
class GridDepth:
    """The best levels of a recorded book at every multiple of `step_ns`, and the takers.

    Parameters
    ----------
    start_ns, step_ns
        First point and spacing; point k is the book after everything before or at `start_ns + k * step_ns`.
    levels
        Shape (points, 2 sides, levels, 2): ticks and lots, best first, 0 where there is none.
    takers
        TAKER rows from `start_ns` on, in order of time.
    """

    start_ns: int
    step_ns: int
    levels: Integers
    takers: npt.NDArray[np.void]

    def mids(self) -> npt.NDArray[np.float64]:
        """Return the mid price in ticks at each point, of the point before where a side is empty."""
        best = self.levels[:, :, 0, 0].astype(np.float64)
        mids = np.where((best > 0).all(axis=1), best.mean(axis=1), np.nan)
        known = np.maximum.accumulate(np.where(np.isnan(mids), 0, np.arange(len(mids))))
        filled: npt.NDArray[np.float64] = mids[known]
        return filled


def grid_depth(record: Record, start_ns: int, end_ns: int, step_ns: int, levels: int) -> GridDepth:
    """Return the depth at the points of `[start_ns, end_ns]`; the last book stays after the end."""
    points = (end_ns - start_ns) // step_ns + 1
    made = np.zeros((points, 2, levels, 2), np.int64)
    for point, sides in enumerate(_books(record, start_ns + step_ns * np.arange(points), levels)):
        for side, best in enumerate(sides):
            if best:
                made[point, side, : len(best)] = best
    return GridDepth(start_ns, step_ns, made, _takers(record, start_ns, end_ns))


def _books(record: Record, times: Integers, levels: int) -> Iterator[tuple[list[tuple[int, int]], ...]]:
    """Yield the best bids and asks after everything that happened up to each time."""
    rows = record.rows[(record.rows["flags"] & TRADE_FLAG) == 0]
    stops = np.searchsorted(rows["ts_ns"], times, side="right").tolist()
    columns = (record.prices[rows["level"]], rows["lots"], rows["side"], rows["flags"] & CLEAR_FLAG)
    changes = list(zip(*(column.tolist() for column in columns), strict=True))
    bids: dict[int, int] = {}
    asks: dict[int, int] = {}
    place = 0
    for stop in stops:
        for price, lots, side, clears in changes[place:stop]:
            if clears:
                bids.clear()
                asks.clear()
            own = asks if side else bids
            if lots:
                own[price] = lots
            else:
                own.pop(price, None)
        place = max(place, stop)
        yield (
            [(price, bids[price]) for price in nlargest(levels, bids)],
            [(price, asks[price]) for price in nsmallest(levels, asks)],
        )


def _takers(record: Record, start_ns: int, end_ns: int) -> npt.NDArray[np.void]:
    rows = record.rows
    rows = rows[((rows["flags"] & TRADE_FLAG) != 0) & (rows["ts_ns"] >= start_ns) & (rows["ts_ns"] < end_ns)]
    if not len(rows):
        return np.zeros(0, TAKER)
    first = np.concatenate(([0], np.flatnonzero(np.diff(rows["ts_ns"]) | np.diff(rows["side"])) + 1))
    made = np.zeros(len(first), TAKER)
    prices = record.prices[rows["level"]]
    made["ts_ns"], made["side"] = rows["ts_ns"][first], rows["side"][first]
    made["lots"] = np.add.reduceat(rows["lots"], first)
    buys, sells = np.maximum.reduceat(prices, first), np.minimum.reduceat(prices, first)
    made["price_ticks"] = np.where(made["side"] == BUY, buys, sells)
    return made
