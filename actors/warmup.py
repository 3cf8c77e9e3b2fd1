"""Which bars of the past a strategy warms up with."""

from __future__ import annotations

from exchange_sim.markets.history import History
from exchange_sim.model.market import Bar
from strategies.api import Subscription


def warmup_bars(history: History, wish: Subscription) -> tuple[Bar, ...]:
    """Return the last `wish.warmup` bars before the start, oldest first.

    Where there are not enough of the interval asked for, they are of the longest shorter interval of which
    there are; and where no interval has enough, of the one that has most (of several, the longest). Longer
    intervals are never taken.
    """
    candidates = [
        (interval_ns, bars)
        for (instrument_id, interval_ns), bars in history.items()
        if instrument_id == wish.instrument_id and interval_ns <= wish.interval_ns and bars
    ]
    if not candidates:
        return ()
    _, found = max(candidates, key=lambda item: (min(len(item[1]), wish.warmup), item[0]))
    return found[-wish.warmup :]
