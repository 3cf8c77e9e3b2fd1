"""Series out of thin air, so that a bot that wants recorded ones can be checked without any data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from exchange_sim.markets.duration import HOUR_NS, MINUTE_NS
from exchange_sim.rng import generator
from exchange_sim.series import FUNDING, MARK, Series
from strategies.api import Subscription, Topic

_MARK_PRICE = 60_000.0
_RATE = 1e-4


def made_up_series(
    wanted: Sequence[Subscription], seed: int, start_ns: int, end_ns: int
) -> tuple[Series, ...]:
    """Return a value a minute of every series asked for, from as far back as its warm-up needs."""
    wishes = {(each.metric, each.instrument_id): each for each in wanted if each.topic is Topic.SERIES}
    return tuple(_walk(wish, seed, start_ns, end_ns) for wish in wishes.values())


def _walk(wish: Subscription, seed: int, start_ns: int, end_ns: int) -> Series:
    first_ns = start_ns - HOUR_NS - wish.warmup * MINUTE_NS
    times = np.arange(first_ns, end_ns, MINUTE_NS, dtype=np.int64)
    steps = generator(seed, "series", wish.metric, wish.instrument_id).normal(0.0, 0.01, len(times))
    level = {MARK: _MARK_PRICE, FUNDING: _RATE}.get(wish.metric, 1.0)
    return Series(wish.metric, wish.instrument_id, times, times, level * np.exp(np.cumsum(steps)))
