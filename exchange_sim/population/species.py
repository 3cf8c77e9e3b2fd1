"""The background crowd as configuration: groups of like agents, told apart by the field `species`.

A group's figures are relative, so that one mix fits every instrument: prices in basis points (1e-4) of the
fundamental value, sizes in units of the settlement asset, rates per agent and second. Agents of a group
have one account each, per instrument of the group.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Positive = Annotated[float, Meta(gt=0.0)]
NotNegative = Annotated[float, Meta(ge=0.0)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
SUBMIT_LEVELS_MAXIMUM = 16
"""Levels a market maker may quote on one side."""


class CrowdLatency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a group's requests travel to the exchange.

    Every agent has a distance of its own, `minimum_us` plus a draw uniform in [0, `spread_us`], and each
    action adds an exponential jitter with mean `jitter_us`. Requests of one agent never overtake each other.
    """

    minimum_us: Positive = 200.0
    spread_us: NotNegative = 2_000.0
    jitter_us: NotNegative = 50.0


class ParetoSize(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="pareto"
):
    """Heavy-tailed sizes: P(size > x) = (minimum / x) ** exponent, cut at `maximum`; settlement asset."""

    minimum: Positive = 200.0
    exponent: Positive = 1.4
    maximum: Positive = 100_000.0


class LognormalSize(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="lognormal"
):
    """Sizes with the given median, in the settlement asset, and standard deviation of the logarithm."""

    median: Positive = 1_000.0
    sigma: NotNegative = 1.0


class ReferenceSize(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="reference"
):
    """The order sizes of the ABIDES reference configurations, in lots.

    Mostly 100 (70 %) or 200, 300 ... 1,000; every fifth is lognormal with median 18.2 and sigma 1.2.
    """


Size = ParetoSize | LognormalSize | ReferenceSize


class Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="species"):
    """What every species has.

    Parameters
    ----------
    name
        Unique in the population: it names the group's random streams and accounts.
    count
        Agents, for each instrument of the group.
    instruments
        Symbols the group trades; empty for every instrument of the market.
    latency
        Travel time of its requests.
    deposit
        Each account's start balance in the settlement asset.
    """

    name: Annotated[str, Meta(min_length=1, max_length=40)]
    count: Count
    instruments: tuple[str, ...] = ()
    latency: CrowdLatency = CrowdLatency()
    deposit: Positive = 10_000_000.0


class ZeroIntelligence(Group, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="zero_intelligence"):
    """Random limit orders at random depth, random market orders, random cancellations (Santa Fe model).

    An agent that has `open_orders` resting cancels one of them, drawn at random, with each new order, so
    order lifetimes are geometric and the book's depth is stationary. The distance of a limit order from the
    opposite best price is exponential with mean `depth_bps`, at least `minimum_bps`. The more inventory, the
    likelier is the side that reduces it: at `inventory_limit` the odds are 12 to 88.

    References
    ----------
    Daniels, Farmer, Gillemot, Iori, Smith 2003, "Quantitative model of price diffusion and market friction
    based on trading as a mechanistic random process".
    """

    rate_hz: Positive = 0.05
    market_share: Share = 0.1
    depth_bps: Positive = 10.0
    minimum_bps: NotNegative = 0.0
    open_orders: Annotated[int, Meta(ge=1, le=64)] = 4
    inventory_limit: Positive = 1_000_000.0
    size: Size = ParetoSize()


class Noise(Group, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="noise"):
    """A limit order on a random side at the opposite best price, as the ABIDES noise agent sends it.

    What is not filled at once stays in the book; beyond `open_orders` resting orders the agent cancels an
    old one. Does nothing while the opposite side is empty.
    """

    rate_hz: Positive = 1.0 / 25_200.0
    open_orders: Annotated[int, Meta(ge=1, le=64)] = 8
    size: Size = ReferenceSize()


class Value(Group, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="value"):
    """Trades towards a noisy observation of the fundamental, as the ABIDES value agent does.

    At each action the agent cancels its resting orders, updates its estimate with an observation
    (standard deviation `noise_bps`) in a Bayesian way - the estimate's variance grows by `drift_bps`
    squared a second - and places one limit order towards it: with probability `aggressive_share` at the
    opposite best price, else up to `depth_spreads` spreads more passively. On a one-sided book it
    quotes its estimate on a random side.
    """

    rate_hz: Positive = 0.0057
    noise_bps: NotNegative = 3.162
    drift_bps: Positive = 1_000.0
    aggressive_share: Share = 0.1
    depth_spreads: Positive = 2.0
    size: Size = ReferenceSize()


class Momentum(Group, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="momentum"):
    """Buys at the ask while the mean of its last 20 mid prices is at or above that of 50, else sells.

    It observes once an action and trades from its 51st observation on.
    """

    rate_hz: Positive = 1.0 / 37.0
    open_orders: Annotated[int, Meta(ge=1, le=64)] = 8
    size: Size = ReferenceSize()


class AdaptiveMarketMaker(
    Group, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="adaptive_market_maker"
):
    """The ladder of the ABIDES adaptive percent-of-volume market maker.

    At each action it cancels everything and quotes `levels` prices a side, starting half an average
    spread from the mid and `spacing_spreads` average spreads apart. The average spread is exponential
    with weight `spread_weight` for the newest; the size of each order is `volume_share` of the volume
    traded per mean interval, measured since the last action; the mid is shifted by up to `skew_ticks`
    towards the side that took. Before the book first had two sides it does nothing.
    """

    rate_hz: Positive = 1.0 / 60.0
    volume_share: Share = 0.025
    levels: Annotated[int, Meta(ge=1, le=SUBMIT_LEVELS_MAXIMUM)] = 10
    spacing_spreads: Positive = 5.0
    spread_weight: Share = 0.75
    skew_ticks: NotNegative = 4.0
    start_spread_ticks: Positive = 50.0
    minimum_lots: Annotated[int, Meta(ge=1)] = 1


class MarketMaker(Group, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="market_maker"):
    """Quotes a ladder around the fundamental, shifted by what it learns from the tape and by its inventory.

    The centre is fundamental x (1 + impact - skew). Impact: `impact_bps` for each `impact_size` (settlement
    asset) of signed taker flow still remembered, see `Population.impact_half_life_s`. Skew: `skew_bps` at an
    inventory of `inventory_limit`, at most three times it. Level k lies
    `half_spread_bps + k * spacing_bps` from the centre and holds `size * growth ** k`. It looks once per
    `interval_ms` (jittered by half of it either way) and changes only orders that are more than
    `tolerance_bps` (and a quarter of `spacing_bps` per level) from where they belong or half eaten, by
    modification. It does not take an order of others unless that is `edge_bps` worse than the centre for
    its owner, but quotes a tick away from it. Its half spread is never less than `caution` times the
    fundamental's change over the last one and a half intervals: makers that looked a moment
    apart would otherwise trade with one another whenever the market moves.
    """

    interval_ms: Positive = 1_000.0
    half_spread_bps: Positive = 0.75
    spacing_bps: Positive = 1.0
    levels: Annotated[int, Meta(ge=1, le=SUBMIT_LEVELS_MAXIMUM)] = 3
    size: Positive = 20_000.0
    growth: Positive = 1.5
    tolerance_bps: NotNegative = 0.3
    edge_bps: NotNegative = 1.5
    caution: NotNegative = 1.0
    inventory_limit: Positive = 2_000_000.0
    skew_bps: NotNegative = 1.0
    impact_bps: NotNegative = 1.0
    impact_size: Positive = 250_000.0


class MetaOrders(Group, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="meta_orders"):
    """Large parent orders worked off in small market orders: the source of persistent trade signs.

    Each agent works one parent after the other. A parent has a random side and a Pareto-distributed number
    of children (exponent `parent_exponent`, at most `children_maximum`). A child takes at most `depth_share`
    of the quantity at the opposite best price and never trades worse than `slippage_bps` through it.
    Children arrive on the instrument's shared clock when `clustered`. The more inventory, the likelier is
    a parent that reduces it: at `inventory_limit` the odds are 12 to 88. And a parent knows a little of what
    is to come: if the fundamental rises by `foresight_bps` within `foresight_s`, the odds for buying are 88
    to 12. That is what makes prices respond to signed flow, and quoting against it costly.

    References
    ----------
    Lillo, Mike, Farmer 2005, "Theory for long memory in supply and demand".
    """

    rate_hz: Positive = 0.1
    clustered: bool = True
    parent_exponent: Positive = 1.5
    children_maximum: Annotated[int, Meta(ge=1, le=1_000_000)] = 1_000
    depth_share: Positive = 1.0
    slippage_bps: NotNegative = 5.0
    inventory_limit: Positive = 5_000_000.0
    foresight_s: NotNegative = 0.0
    foresight_bps: Positive = 10.0
    size: Size = ParetoSize()


AnyGroup = ZeroIntelligence | Noise | Value | Momentum | AdaptiveMarketMaker | MarketMaker | MetaOrders


class Hawkes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The shared clock of an instrument's clustered groups: each arrival makes others more likely.

    Intensity = mean rate x (1 - branching) x activity + the sum over past arrivals of two exponentials with
    half-lives `fast_half_life_s` and `slow_half_life_s`, the first carrying `fast_share` of the `branching`
    expected children. Which group an arrival belongs to is drawn by their mean rates.
    The clock does not listen to bots, so they never change when the crowd comes.
    """

    branching: Annotated[float, Meta(ge=0.0, le=0.95)] = 0.7
    fast_share: Share = 0.6
    fast_half_life_s: Positive = 0.05
    slow_half_life_s: Positive = 5.0


class Population(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole background crowd of a market.

    Parameters
    ----------
    groups
        At least one, with different names.
    hawkes
        Clock of the clustered groups.
    impact_half_life_s
        How fast market makers forget taker flow.

    Raises
    ------
    ValueError
        Two groups have one name.
    """

    groups: Annotated[tuple[AnyGroup, ...], Meta(min_length=1)]
    hawkes: Hawkes = Hawkes()
    impact_half_life_s: Positive = 60.0

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for group in self.groups:
            if group.name in seen:
                raise ValueError(f"groups: expected different names, was {group.name!r} twice")
            seen.add(group.name)

    @property
    def agents(self) -> int:
        """Agents per instrument, over the groups that trade every instrument."""
        return sum(group.count for group in self.groups)
