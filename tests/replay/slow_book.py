"""A matching engine in the plainest Python, to write order files from."""

from __future__ import annotations

from typing import NamedTuple

Step = tuple[str, int, int, int]
"""("add", +1 or -1, ticks, lots) or ("cancel", which of the open orders, 0, 0)."""

View = list[list[tuple[int, int]]]


class Fill(NamedTuple):
    """One trade; `side` and `limit` are the taker's."""

    price: int
    lots: int
    taker: int
    maker: int
    side: int
    limit: int
    taker_left: int
    maker_left: int

    def pair(self) -> tuple[int, int, int, int]:
        """Return (ticks, lots, buyer, seller)."""
        buyer, seller = (self.taker, self.maker) if self.side > 0 else (self.maker, self.taker)
        return self.price, self.lots, buyer, seller


class Happened(NamedTuple):
    """What a step did; orders as (id, side, ticks, lots). `views`: all levels after each fill."""

    added: tuple[int, int, int, int] | None
    canceled: tuple[int, int, int, int] | None
    fills: list[Fill]
    views: list[View]


class SlowBook:
    """Open orders in one list, searched from the front."""

    def __init__(self) -> None:
        self._open: list[list[int]] = []  # id, side, ticks, lots, in order of arrival

    def step(self, number: int, step: Step) -> Happened:
        """Take one step; a new order's id is 1000 + its number."""
        what, first, price, lots = step
        if what == "cancel":
            if first >= len(self._open):
                return Happened(None, None, [], [])
            order, side, ticks, left = self._open.pop(first)
            return Happened(None, (order, side, ticks, left), [], [])
        order, side, left = 1_000 + number, first, lots
        fills: list[Fill] = []
        views: list[View] = []
        while left:
            others = [each for each in self._open if each[1] == -side and side * (price - each[2]) >= 0]
            if not others:
                break
            best = min(others, key=lambda each: side * each[2])  # the first of equals
            taken = min(left, best[3])
            left -= taken
            best[3] -= taken
            if best[3] == 0:
                self._open.remove(best)
            fills.append(Fill(best[2], taken, order, best[0], side, price, left, best[3]))
            views.append(self.view())
        if left:
            self._open.append([order, side, price, left])
        return Happened((order, side, price, lots), None, fills, views)

    def view(self) -> View:
        """Return (ticks, lots) of all bids and asks, best first."""
        sides = []
        for side in (1, -1):
            prices = sorted({each[2] for each in self._open if each[1] == side}, reverse=side > 0)
            sides.append(
                [
                    (price, sum(each[3] for each in self._open if each[1:3] == [side, price]))
                    for price in prices
                ]
            )
        return sides

    def queue(self) -> list[tuple[int, int, int]]:
        """Return (id, ticks, lots) of all orders: bids, then asks, best first."""
        ordered = sorted(
            enumerate(self._open), key=lambda each: (-each[1][1], -each[1][1] * each[1][2], each[0])
        )
        return [(order, price, lots) for _, (order, _, price, lots) in ordered]
