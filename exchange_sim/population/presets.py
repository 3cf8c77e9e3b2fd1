"""Named mixes of background agents.

* `crypto`: the default. A perpetual in a busy but calm market: makers around the fundamental, clustered takers
  that work off large parent orders, and random liquidity behind the best prices.
* `rmsc04`: the reference mix of the ABIDES configuration RMSC04, 1,116 agents (and the exchange).
* `mixed_1000`, `mixed_10000`: all species together, for measuring speed.
"""

from __future__ import annotations

from exchange_sim.population.species import (
    AdaptiveMarketMaker,
    CrowdLatency,
    LognormalSize,
    MarketMaker,
    MetaOrders,
    Momentum,
    Noise,
    ParetoSize,
    Population,
    Value,
    ZeroIntelligence,
)


def crypto() -> Population:
    """Return the default crowd."""
    return Population(
        groups=(
            MarketMaker(
                name="maker",
                count=4,
                latency=CrowdLatency(minimum_us=500.0, spread_us=1_000.0, jitter_us=100.0),
                deposit=100_000_000.0,
            ),
            MetaOrders(name="parent", count=12, rate_hz=0.1, deposit=50_000_000.0),
            ZeroIntelligence(
                name="far",
                count=40,
                rate_hz=0.05,
                market_share=0.0,
                minimum_bps=3.0,
                depth_bps=15.0,
                size=ParetoSize(minimum=1_000.0, exponent=1.3, maximum=500_000.0),
            ),
        )
    )


_US_EXCHANGE = CrowdLatency(minimum_us=21.0, spread_us=13_000.0, jitter_us=20.0)
"""Distances of ABIDES' default model: 21 us next to the exchange to 13 ms across the continent."""


def rmsc04() -> Population:
    """Return the reference mix of ABIDES' RMSC04: 1000 noise, 102 value, 12 momentum, 2 market makers.

    Three things differ from ABIDES. A noise agent there acts once at a time uniform over seven hours; here the
    group is a Poisson stream of the same rate. Travel times are drawn per agent from a uniform range. Noise
    and momentum agents take an old order back beyond eight.
    """
    return Population(
        groups=(
            Noise(name="noise", count=1_000, latency=_US_EXCHANGE),
            Value(name="value", count=102, latency=_US_EXCHANGE),
            AdaptiveMarketMaker(name="market_maker", count=2, latency=_US_EXCHANGE),
            Momentum(name="momentum", count=12, latency=_US_EXCHANGE),
        )
    )


def mixed(agents: int) -> Population:
    """Return all species together, `agents` of them (at least 100), a thousandth of each kind of maker."""
    hundredth = agents // 100
    makers = max(agents // 500, 2)
    values = 20 * hundredth
    takers = 10 * hundredth
    momentum = 5 * hundredth
    noise = 15 * hundredth
    random = agents - values - takers - momentum - noise - 2 * makers
    size = LognormalSize(median=500.0, sigma=1.0)
    return Population(
        groups=(
            MarketMaker(name="maker", count=makers, interval_ms=2_000.0, half_spread_bps=2.0),
            AdaptiveMarketMaker(name="ladder", count=makers, levels=5, spacing_spreads=1.0),
            MetaOrders(name="parent", count=takers, rate_hz=0.05, size=size),
            Value(name="value", count=values, rate_hz=0.05, noise_bps=5.0, size=size),
            Momentum(name="momentum", count=momentum, rate_hz=0.05, size=size),
            Noise(name="noise", count=noise, rate_hz=0.02, size=size),
            ZeroIntelligence(name="random", count=random, rate_hz=0.1, size=size),
        )
    )


PRESETS = {
    "crypto": crypto,
    "rmsc04": rmsc04,
    "mixed_1000": lambda: mixed(1_000),
    "mixed_10000": lambda: mixed(10_000),
}
"""By the name that a configuration uses."""


def population_preset(name: str) -> Population:
    """Return the population called `name`.

    Raises
    ------
    ValueError
        There is none of that name.
    """
    if name not in PRESETS:
        raise ValueError(f"population: expected one of {', '.join(PRESETS)}, was {name!r}")
    return PRESETS[name]()
