"""How large the crowd's orders must be for it to trade a stated turnover."""

from __future__ import annotations

from exchange_sim.kernel.maths import exp, power
from exchange_sim.population.presets import population_preset
from exchange_sim.population.species import (
    AnyGroup,
    LognormalSize,
    MetaOrders,
    Momentum,
    Noise,
    ParetoSize,
    Population,
    Size,
    Value,
    ZeroIntelligence,
)

_TAKEN_SHARE = 1.2
"""Traded value over the value of the takers' orders as sent.

Depth caps the largest of them, makers that trade against stale orders add to it: 0.9 in quiet markets to
1.8 in a crash, measured with `crypto` on the bars of 2025.
"""


def resolve_population(population: str | Population) -> Population:
    """Return the population itself, or the preset of that name.

    Raises
    ------
    ValueError
        There is no preset of that name.
    """
    return population_preset(population) if isinstance(population, str) else population


def mean_size(size: Size) -> float:
    """Return the mean order size in the settlement asset; 0 for sizes that are counted in lots."""
    if isinstance(size, ParetoSize):
        if size.exponent == 1.0:
            raise ValueError("size.exponent: expected another value than exactly 1")
        tail = size.minimum * power(size.minimum / size.maximum, size.exponent - 1.0)
        return (size.exponent * size.minimum - tail) / (size.exponent - 1.0)
    if isinstance(size, LognormalSize):
        return size.median * exp(0.5 * size.sigma * size.sigma)
    return 0.0


def _taker_rate(group: AnyGroup) -> float:
    """Return how many orders a second one agent sends that take liquidity."""
    if isinstance(group, MetaOrders | Noise | Momentum):
        return group.rate_hz
    if isinstance(group, ZeroIntelligence):
        return group.rate_hz * group.market_share
    if isinstance(group, Value):
        return group.rate_hz * group.aggressive_share
    return 0.0


def base_turnover(population: Population) -> float:
    """Return what the crowd trades per second in one instrument at size scale and activity 1.

    In the settlement asset; 0 where all sizes are counted in lots. An estimate from the takers' rates and
    mean sizes.
    """
    return _TAKEN_SHARE * sum(
        group.count * _taker_rate(group) * mean_size(group.size)
        for group in population.groups
        if isinstance(group, MetaOrders | Noise | Momentum | ZeroIntelligence | Value)
    )


def size_scale(population: Population, turnover: float) -> float:
    """Return the factor on the crowd's sizes at which it trades `turnover` a second.

    A crowd whose sizes are all counted in lots keeps them: the factor is 1.
    """
    base = base_turnover(population)
    return turnover / base if base > 0.0 and turnover > 0.0 else 1.0
