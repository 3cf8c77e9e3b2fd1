"""A fundamental path that runs through recorded one-minute bars.

Inside a minute nothing but four prices is known. The path goes from the last close to the minute's
extremes, in an order and at times that are drawn, to its close, each leg taking time by the square of its
length; between those points it is a Brownian bridge reflected at the extremes. Each minute's draws are
keyed by the minute itself, so the path of a minute does not depend on where the market starts.
"""

from __future__ import annotations

import math

import numpy as np

from exchange_sim.compiled import compiled
from exchange_sim.kernel.draws import normal, uniform
from exchange_sim.kernel.maths import exp, sqrt
from exchange_sim.markets.bars import Floats

_RANGE_OF_BROWNIAN = 1.5957691216057308  # mean range of a standard Brownian motion: 2 sqrt(2 / pi)
_BRIDGE_GAIN = 1.1
"""Makes up for the variance that fixed ends and reflection take; with it the variance of changes over 1 to 60
seconds is that of a random walk within a quarter, for minutes of a true random walk."""
_LEAST_WEIGHT = 0.05
"""Share of the minute that a leg of no length gets, relative to the leg between the extremes."""
_ORDER = 4.0 * _RANGE_OF_BROWNIAN * _RANGE_OF_BROWNIAN
"""A rise dips first. By reflection, the odds of the two orders are those of a Brownian motion covering their
lengths: exp((l2^2 - l1^2) / (2 s^2)) with l2 - l1 = 2 (end - start), l1 + l2 = 4 width, s = width / 1.596."""
_DRAWS = 1 << 20  # counters reserved for a minute


@compiled
def reflect(value: float, low: float, high: float) -> float:
    """Return `value` folded back into [low, high] at the two walls."""
    width = high - low
    if width <= 0.0:
        return low
    turns = int(np.floor((value - low) / width))
    rest = value - low - turns * width
    folded = low + rest if turns % 2 == 0 else high - rest
    return min(max(folded, low), high)


@compiled
def _bridge(
    key: int,
    counter: int,
    path: Floats,
    first: int,
    count: int,
    target: float,
    sd: float,
    low: float,
    high: float,
) -> None:
    """Fill `count` points after `path[first]` with a reflected bridge that ends at `target`."""
    start = path[first]
    free = 0.0
    # forwards: the bridge's next point given the present one and the end
    for step in range(1, count):
        left = count - step
        free = free * left / (left + 1.0) + sd * sqrt(left / (left + 1.0)) * normal(key, counter + step)
        straight = start + (target - start) * step / count
        path[first + step] = reflect(straight + free, low, high)
    path[first + count] = target


@compiled
def fill_anchored(
    key: int,
    first_minute: int,
    first_open: float,
    high: Floats,
    low: Floats,
    close: Floats,
    steps: int,
    path: Floats,
) -> None:
    """Fill `path` (1 + minutes x steps points) with a path through the bars.

    `first_minute` counts minutes since the epoch. `path[m * steps]` is the close of the minute before m, or
    `first_open`; every point of minute m lies between its low and its high, as far as the point
    it starts from allows.
    """
    path[0] = first_open
    for minute in range(len(close)):
        counter = (first_minute + minute) * _DRAWS
        begin = minute * steps
        start, end = path[begin], close[minute]
        top = max(high[minute], start, end)
        bottom = min(low[minute], start, end)
        width = top - bottom
        if width <= 0.0 or steps < 3:
            for step in range(1, steps + 1):
                path[begin + step] = start + (end - start) * step / steps
            continue
        low_first = uniform(key, counter) * (1.0 + exp(-_ORDER * (end - start) / width)) < 1.0
        one, two = (bottom, top) if low_first else (top, bottom)
        weight_one = (((one - start) / width) ** 2 + _LEAST_WEIGHT) * (0.5 + uniform(key, counter + 1))
        weight_two = (1.0 + _LEAST_WEIGHT) * (0.5 + uniform(key, counter + 2))
        weight_end = (((end - two) / width) ** 2 + _LEAST_WEIGHT) * (0.5 + uniform(key, counter + 3))
        total = weight_one + weight_two + weight_end
        at_one = min(max(int(steps * weight_one / total), 1), steps - 2)
        at_two = min(max(int(steps * (weight_one + weight_two) / total), at_one + 1), steps - 1)
        sd = _BRIDGE_GAIN * width / (_RANGE_OF_BROWNIAN * sqrt(float(steps)))
        draws = counter + 8
        _bridge(key, draws, path, begin, at_one, one, sd, bottom, top)
        _bridge(key, draws + at_one, path, begin + at_one, at_two - at_one, two, sd, bottom, top)
        _bridge(key, draws + at_two, path, begin + at_two, steps - at_two, end, sd, bottom, top)


def anchored_path(
    key: int,
    first_minute: int,
    first_open: float,
    high: Floats,
    low: Floats,
    close: Floats,
    steps: int,
) -> Floats:
    """Return a path of `1 + minutes x steps` points through one-minute bars, see `fill_anchored`."""
    path = np.empty(len(close) * steps + 1)
    fill_anchored(key, first_minute, first_open, high, low, close, steps, path)
    return path


def anchored_activity(volume: Floats, steps: int, *, floor: float = 0.02) -> Floats:
    """Return the crowd's activity in each of `minutes x steps` steps: volume relative to its mean.

    The mean is 1, and no minute falls much below `floor`: a crowd that never acts would leave no book.
    """
    total = math.fsum(volume)  # exact: the same whatever the processor's vector width
    if total <= 0.0:
        return np.ones(len(volume) * steps)
    relative = np.maximum(volume * (len(volume) / total), floor)
    return np.repeat(relative / (math.fsum(relative) / len(relative)), steps)
