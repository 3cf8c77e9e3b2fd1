"""Where a report's figures come from, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from actors.catalogue import RunInfo
from actors.config import AnchoredMarket
from actors.version import VERSION
from analytics.report import NOT_MODELLED, Provenance
from exchange_sim.markets.depth_spec import HISTORY_DOES_NOT_REACT, ReplayL2Market
from exchange_sim.markets.hybrid_spec import BOTS_ARE_ANSWERED_BY_A_MODEL, HybridMarket
from exchange_sim.markets.replay_spec import ReplayL3Market
from exchange_sim.markets.spec import MarketSpec

_NO_TIERS = (
    "Liquidation in instruments without margin tiers: a position there is carried until the bot closes it."
)
_ANCHORED = (
    "How the recorded market would have reacted to the bots: their orders move the simulated price, and the "
    "crowd pulls it back towards the recorded one."
)
_REPLAY_L3 = (
    "How the recorded traders would have reacted to the bots: recorded orders come at their recorded times "
    "and prices and end when they ended, whatever the bots took from them or traded in their place."
)


def provenance(
    info: RunInfo,
    markets: Sequence[MarketSpec],
    facts: Mapping[str, str],
    configuration: str,
) -> Provenance:
    """Return the provenance of a run's report; `facts` come before what every run has."""
    contracts = [contract for market in markets for contract in market.contracts()]
    untiered = any(not (contract.tiers or contract.is_spot) for contract in contracts)
    limits = [*NOT_MODELLED, *([_NO_TIERS] if untiered else []), *limits_of(markets)]
    return Provenance(
        facts={
            **facts,
            "Specification": info.digest,
            "Code": info.code,
            "bot-arena": VERSION,
        },
        configuration=configuration,
        not_modelled=limits,
    )


def limits_of(markets: Sequence[MarketSpec]) -> list[str]:
    """Return what these kinds of markets do not model, besides what none does."""
    limits = []
    if any(isinstance(market, AnchoredMarket) for market in markets):
        limits.append(_ANCHORED)
    if any(isinstance(market, ReplayL3Market) for market in markets):
        limits.append(_REPLAY_L3)
    if any(isinstance(market, ReplayL2Market) for market in markets):
        limits.append(HISTORY_DOES_NOT_REACT)
    if any(isinstance(market, HybridMarket) for market in markets):
        limits.append(BOTS_ARE_ANSWERED_BY_A_MODEL)
    return limits


def settlement_asset(markets: Sequence[MarketSpec]) -> str:
    """Return the asset in which the accounts of these markets are kept."""
    return str(markets[0].contracts()[0].settle)
