"""Random draws inside compiled code: a pure function of (key, counter), never a hidden state.

A stream is a 64-bit key, made by `exchange_sim.rng.derive` from the run's seed and stable names; the
n-th draw of the stream is `bits(key, n)`. So any draw can be repeated, skipped or made out of order, and
one owner's number of draws does not shift another's.

`bits` is SplitMix64's output function (Steele, Lea, Flood 2014) at position `counter` of the sequence
that `key` starts.
"""

from __future__ import annotations

import numpy as np

from exchange_sim.compiled import compiled
from exchange_sim.kernel.maths import exp, log, normal_quantile

_TO_UNIT = 1.0 / 9007199254740992.0  # 2**-53


@compiled
def bits(key: int, counter: int) -> int:
    """Return 64 random bits as a *signed* integer."""
    z = np.uint64(key) + np.uint64(counter + 1) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64(z ^ (z >> np.uint64(31)))  # type: ignore[return-value]


@compiled
def uniform(key: int, counter: int) -> float:
    """Return a number in the open interval (0, 1): its logarithm is always finite."""
    return (float(np.uint64(bits(key, counter)) >> np.uint64(11)) + 0.5) * _TO_UNIT


@compiled
def below(key: int, counter: int, bound: int) -> int:
    """Return an integer in [0, bound), `bound` from 1 to 2**31; its bias is below bound / 2**32."""
    return np.int64(((np.uint64(bits(key, counter)) >> np.uint64(32)) * np.uint64(bound)) >> np.uint64(32))  # type: ignore[return-value]


@compiled
def exponential(key: int, counter: int) -> float:
    """Return a standard exponential (mean 1), always positive and finite."""
    return -log(uniform(key, counter))


@compiled
def normal(key: int, counter: int) -> float:
    """Return a standard normal."""
    return normal_quantile(uniform(key, counter))


@compiled
def lognormal(key: int, counter: int, median: float, sigma: float) -> float:
    """Return a lognormal with the given median and standard deviation of the logarithm."""
    return median * exp(sigma * normal(key, counter))


@compiled
def pareto(key: int, counter: int, minimum: float, exponent: float, maximum: float) -> float:
    """Return a Pareto with tail exponent `exponent`, from `minimum` and cut at `maximum`."""
    value = minimum * exp(exponential(key, counter) / exponent)
    return min(value, maximum)
