"""Orders that rest through a whole recording without a message, as the depth messages show them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from exchange_sim.replay.orders.recording import OpenOrders, OrderRecording

Level = tuple[int, int]
"""Side and price in ticks."""

Depth = tuple[int, dict[Level, int]]
"""A depth message: time in ns, and lots by level, the best levels of each side without a gap."""

_ROUNDING = 3
"""Lots by which a level's sum may differ from its orders' rounded quantities."""
_LEAST_SHOWN = 2
_SHARE = 0.9


def nameless_levels(recording: OrderRecording, depths: Iterable[Depth]) -> dict[Level, int]:
    """Return the lots that a level has beyond the named orders, where it has them whenever it is shown.

    A level counts if the surplus is the same in nine of ten depth messages that reach to its price (the
    others came while an order was on its way) and it was shown twice.
    """
    surplus: dict[Level, Counter[int]] = defaultdict(Counter)
    book = OpenOrders(recording)
    for ts_ns, shown in depths:
        book.follow(ts_ns)
        named = book.levels
        worst = dict.fromkeys((0, 1), 0)
        for (side, price), lots in shown.items():
            worst[side] = max(price, worst[side]) if side else min(price, worst[side] or price)
            more = lots - named[side, price]
            if more > _ROUNDING:
                surplus[side, price][more] += 1
        for (side, price), seen in surplus.items():
            reached = price <= worst[side] if side else price >= worst[side]
            if reached and shown.get((side, price), 0) - named[side, price] <= _ROUNDING:
                seen[0] += 1
    found = {}
    for level, seen in surplus.items():
        lots, count = seen.most_common(1)[0]
        alike = sum(times for value, times in seen.items() if abs(value - lots) <= _ROUNDING)
        if lots > 0 and count >= _LEAST_SHOWN and alike >= _SHARE * seen.total():
            found[level] = lots
    return found
