"""Named mixes of background agents.

* `crypto`: the default. A perpetual in a busy but calm market: makers around the fundamental, clustered
  takers that work off large parent orders, and random liquidity behind the best prices.
* `rmsc04`: the reference mix of the ABIDES configuration RMSC04, 1,116 agents (and the exchange).
* `behind`: random liquidity behind the best prices and nobody else, for markets with recorded best prices.
* `mixed_1000`, `mixed_10000`: all species together, for measuring speed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from exchange_sim.population.species import (
    AdaptiveMarketMaker,
    CrowdLatency,
    Hawkes,
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

CRYPTO_TURNOVER = 3_200.0
"""What the takers of `crypto` trade, in the settlement asset per second, at size scale 1 and activity 1."""


def crypto() -> Population:
    """Return the default crowd.

    In an instrument with a size scale of 1 its takers trade about `CRYPTO_TURNOVER` units of the settlement
    asset a second. Accounts lose little enough, to fees and to the fundamental, to last for weeks.
    """
    return Population(
        groups=(
            MarketMaker(
                name="maker",
                count=4,
                interval_ms=500.0,
                half_spread_bps=0.5,
                edge_bps=2.5,
                impact_size=100_000.0,
                latency=CrowdLatency(minimum_us=500.0, spread_us=1_000.0, jitter_us=100.0),
                deposit=1_500_000.0,
            ),
            MetaOrders(
                name="parent",
                count=3,
                rate_hz=1.44,
                foresight_s=10.0,
                foresight_bps=8.0,
                depth_share=3.0,
                size=LognormalSize(median=75.0, sigma=2.1),
                deposit=4_000_000.0,
            ),
            ZeroIntelligence(
                name="far",
                count=40,
                rate_hz=0.035,
                market_share=0.0,
                minimum_bps=6.0,
                depth_bps=15.0,
                size=ParetoSize(minimum=1_000.0, exponent=1.3, maximum=500_000.0),
                deposit=250_000.0,
            ),
        ),
        hawkes=Hawkes(branching=0.85, fast_share=0.5, fast_half_life_s=0.02, slow_half_life_s=5.0),
    )


def behind() -> Population:
    """Return a crowd that only rests, 10 to some 40 basis points from the opposite best price.

    Its orders are small and short-lived, so that recorded prices pass through them.
    """
    return Population(
        groups=(
            ZeroIntelligence(
                name="far",
                count=40,
                rate_hz=0.2,
                market_share=0.0,
                minimum_bps=10.0,
                depth_bps=15.0,
                size=ParetoSize(minimum=200.0, exponent=1.3, maximum=2_000.0),
                deposit=250_000.0,
            ),
        ),
    )


_US_EXCHANGE = CrowdLatency(minimum_us=21.0, spread_us=13_000.0, jitter_us=20.0)
"""Distances of ABIDES' default model: 21 us next to the exchange to 13 ms across the continent."""


_REFERENCE_DEPOSIT = 5_000_000.0
"""Enough for orders of 100 shares at 1,000.00; ABIDES itself knows no margin."""


def rmsc04() -> Population:
    """Return the reference mix of ABIDES' RMSC04: 1000 noise, 102 value, 12 momentum, 2 market makers.

    Three things differ from ABIDES. A noise agent there acts once at a time uniform over seven hours; here
    the group is a Poisson stream of the same rate. Travel times are drawn per agent from a uniform range.
    Noise and momentum agents take an old order back beyond eight.
    """
    return Population(
        groups=(
            Noise(name="noise", count=1_000, latency=_US_EXCHANGE, deposit=_REFERENCE_DEPOSIT),
            Value(name="value", count=102, latency=_US_EXCHANGE, deposit=_REFERENCE_DEPOSIT),
            AdaptiveMarketMaker(
                name="market_maker", count=2, latency=_US_EXCHANGE, deposit=_REFERENCE_DEPOSIT
            ),
            Momentum(name="momentum", count=12, latency=_US_EXCHANGE, deposit=_REFERENCE_DEPOSIT),
        )
    )


def mixed(agents: int) -> Population:
    """Return all species together, `agents` of them (at least 100); one in 250 is a market maker."""
    hundredth = agents // 100
    makers = max(agents // 500, 2)
    values = 20 * hundredth
    takers = 10 * hundredth
    momentum = 5 * hundredth
    noise = 15 * hundredth
    random = agents - values - takers - momentum - noise - 2 * makers
    size = LognormalSize(median=500.0, sigma=1.0)
    deposit = 500_000.0
    return Population(
        groups=(
            MarketMaker(
                name="maker", count=makers, interval_ms=2_000.0, half_spread_bps=2.0, deposit=deposit
            ),
            AdaptiveMarketMaker(name="ladder", count=makers, levels=5, spacing_spreads=1.0, deposit=deposit),
            MetaOrders(name="parent", count=takers, rate_hz=0.05, size=size, deposit=deposit),
            Value(name="value", count=values, rate_hz=0.05, noise_bps=5.0, size=size, deposit=deposit),
            Momentum(name="momentum", count=momentum, rate_hz=0.05, size=size, deposit=deposit),
            Noise(name="noise", count=noise, rate_hz=0.02, size=size, deposit=deposit),
            ZeroIntelligence(name="random", count=random, rate_hz=0.1, size=size, deposit=deposit),
        )
    )


PRESETS: dict[str, Callable[[], Population]] = {
    "crypto": crypto,
    "rmsc04": rmsc04,
    "behind": behind,
    "mixed_1000": partial(mixed, 1_000),
    "mixed_10000": partial(mixed, 10_000),
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
