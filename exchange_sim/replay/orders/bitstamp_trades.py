"""Finds the two orders of each recorded trade among the messages that say what is left of an order."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple

from exchange_sim.model.enums import Side

SPAN_MS = 5_000
"""How far trade and message can lie apart: trades come on another channel."""

_BUDGET_SHARE = 100
"""By a hundredth of it, the last trade of a market order may differ from what was left before."""


class Reduction(NamedTuple):
    """A message after which less is left of an order; `lots` is None where it is not known how much less."""

    row: int
    ts_ms: int
    order_id: int
    side: int
    price_ticks: int
    lots: int | None


class Execution(NamedTuple):
    """A trade with its orders; 0 where no message tells."""

    ts_ms: int
    price_ticks: int
    lots: int
    buy_order_id: int
    sell_order_id: int


class Pairing(NamedTuple):
    """`unpaired`: reductions that are no trade's. `filled`: orders whose end was a trade after all."""

    executions: list[Execution]
    unpaired: int
    filled: set[int]


def pair_trades(
    reductions: Sequence[Reduction], endings: Sequence[Reduction], trades: Sequence[tuple[int, int, int]]
) -> Pairing:
    """Return the trades (ms, ticks, lots) with their orders.

    A trade takes its lots (give or take one, which the file's rounding costs) from a buy and from a sell:
    of those that fit, from the one that is nearest in time. Where it is not known how much an order had,
    the price decides. Where nothing fits, it is one of the `endings`, deletions with something left: the
    last message of a market order for an amount of money has what was left *before* its last trade, for
    the price of the level before.
    """
    shrinking, ending = _BySide(reductions), _BySide(endings)
    filled: set[int] = set()

    def order_of(side: int, ts_ms: int, price: int, lots: int) -> int:
        order = shrinking.nearest(
            side,
            ts_ms,
            lambda each: each.price_ticks == price if each.lots is None else abs(each.lots - lots) <= 1,
        )
        if order == 0:
            order = ending.nearest(
                side,
                ts_ms,
                lambda each: (
                    each.price_ticks == price
                    and each.lots is not None
                    and abs(each.lots - lots) * _BUDGET_SHARE <= lots
                ),
            )
            filled.add(order)
        return order

    executions = [
        Execution(*trade, order_of(int(Side.BUY), *trade), order_of(int(Side.SELL), *trade))
        for trade in trades
    ]
    return Pairing(executions, sum(each.row not in shrinking.used for each in reductions), filled)


class _BySide:
    """Reductions of each side in order of time, to be used once each."""

    def __init__(self, reductions: Sequence[Reduction]) -> None:
        self._sides: dict[int, list[Reduction]] = {int(Side.BUY): [], int(Side.SELL): []}
        for each in sorted(reductions, key=lambda one: one.row):
            self._sides[each.side].append(each)
        self._times = {side: [each.ts_ms for each in own] for side, own in self._sides.items()}
        self.used: set[int] = set()

    def nearest(self, side: int, ts_ms: int, fits: Callable[[Reduction], bool]) -> int:
        """Use the one that fits and lies nearest in time; return its order, 0 for none."""
        best: tuple[int, int, int] | None = None
        for each in self._sides[side][bisect_left(self._times[side], ts_ms - SPAN_MS) :]:
            if each.ts_ms > ts_ms + SPAN_MS:
                break
            found = abs(each.ts_ms - ts_ms), each.row, each.order_id
            if each.row not in self.used and fits(each) and (best is None or found < best):
                best = found
        if best is None:
            return 0
        self.used.add(best[1])
        return best[2]
