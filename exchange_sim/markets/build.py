"""From a market specification to a market that can run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from exchange_sim.kernel.operator import FundingPlan
from exchange_sim.markets.anchored import build_anchored
from exchange_sim.markets.depth_spec import ReplayL2Market
from exchange_sim.markets.duration import parse_duration_ns
from exchange_sim.markets.hybrid_spec import HybridMarket
from exchange_sim.markets.inputs import MarketInputs
from exchange_sim.markets.read_series import read_market_series
from exchange_sim.markets.replay_spec import ReplayL3Market
from exchange_sim.markets.spec import AnchoredMarket, MarketSpec, outages_of
from exchange_sim.markets.synthetic import build_synthetic
from exchange_sim.model.instrument import Instrument
from exchange_sim.replay.depth.building import build_replay_l2
from exchange_sim.replay.hybrid.market import build_hybrid
from exchange_sim.replay.orders.market import build_replay_l3
from exchange_sim.series import FUNDING, Series, rate_ppb


def build_market(
    market: MarketSpec, duration_ns: int, seed: int, data_folder: Path | None = None
) -> MarketInputs:
    """Return the market that `market` describes, for a run of `duration_ns`.

    The same arguments (and, for an anchored market, the same bars) give the same market to the last bit.

    Parameters
    ----------
    market
        What the configuration says.
    duration_ns
        Span the market must cover; its path reaches a minute beyond it, so that a run can close.
    seed
        Of the paths. The crowd's own draws are the kernel's.
    data_folder
        Where the bars of an anchored market and recorded series are.

    Raises
    ------
    BarsError
        An anchored market's bars are missing, ambiguous, too short or impossible.
    RecordingError
        The orders of a replayed market cannot be used, or end too early.
    DepthError
        Recorded depth or trades are missing, ambiguous, too short or impossible.
    SeriesError
        A recorded series cannot be used, or there is no data folder for it.
    ValueError
        `duration_ns` is not positive, the market ends before it is over, or an anchored market has no data
        folder.
    """
    if duration_ns < 1:
        raise ValueError(f"duration: expected 1 ns or more, was {duration_ns}")
    inputs = _build(market, duration_ns, seed, data_folder)
    series = read_market_series(
        market.series,
        data_folder,
        start_ns=inputs.start_ns,
        end_ns=inputs.start_ns + duration_ns,
        history_ns=market.history_ns,
    )
    plans = _funding(market.funding, inputs.instruments, series)
    return replace(inputs, series=series, rules=market.rules, funding=plans, outages=outages_of(market))


def _funding(
    every: str, instruments: Sequence[Instrument], series: Sequence[Series]
) -> tuple[FundingPlan | None, ...]:
    """Return when positions in each instrument pay: as recorded where there is a series, else on schedule."""
    recorded = {each.instrument_id: each for each in series if each.metric == FUNDING}
    plans: list[FundingPlan | None] = []
    for instrument in instruments:
        rates = recorded.get(instrument.instrument_id)
        if rates is not None:
            pairs = zip(rates.known_ns.tolist(), map(rate_ppb, rates.values.tolist()), strict=True)
            plans.append(FundingPlan(recorded=tuple(pairs)))
        elif every == "off" or instrument.is_spot:
            plans.append(None)
        else:
            plans.append(FundingPlan(parse_duration_ns(every)))
    return tuple(plans)


def _build(market: MarketSpec, duration_ns: int, seed: int, data_folder: Path | None) -> MarketInputs:
    if isinstance(market, AnchoredMarket):
        if data_folder is None:
            raise ValueError("market.kind: an anchored market needs a folder of bars (--data FOLDER)")
        return build_anchored(market, duration_ns, seed, data_folder)
    if isinstance(market, ReplayL3Market | ReplayL2Market | HybridMarket):
        if data_folder is None:
            raise ValueError("market.kind: a replayed market needs a folder of records (--data FOLDER)")
        if isinstance(market, HybridMarket):
            return build_hybrid(market, duration_ns, data_folder)
        if isinstance(market, ReplayL2Market):
            return build_replay_l2(market, duration_ns, data_folder)
        return build_replay_l3(market, duration_ns, data_folder)
    return build_synthetic(market, duration_ns, seed)
