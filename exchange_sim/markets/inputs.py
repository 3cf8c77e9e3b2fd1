"""What a market specification becomes: everything a kernel needs, and the bars from before the start."""

from __future__ import annotations

from dataclasses import dataclass

from exchange_sim.kernel.feeds import Feed
from exchange_sim.kernel.operator import FundingPlan
from exchange_sim.kernel.path import MarketPath
from exchange_sim.markets.history import History
from exchange_sim.markets.outages import OutageSpec
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.rules import ExchangeRules
from exchange_sim.population.species import Population
from exchange_sim.replay.depth.record import DepthInputs
from exchange_sim.series import Series


@dataclass(frozen=True, slots=True)
class MarketInputs:
    """A market ready to run.

    `path` begins at `start_ns` and reaches beyond the asked duration. `size_scales` has the factor on
    the crowd's sizes of each instrument. `history` has closed bars that end at `start_ns` at the latest,
    `series` what is published besides. `rules` are the exchange's, `funding` says when positions in each
    instrument pay (empty: never). `feeds` are the recorded orders that play again, `depth` records that
    are replayed in place of a crowd.
    """

    instruments: tuple[Instrument, ...]
    path: MarketPath
    population: Population
    size_scales: tuple[float, ...]
    start_ns: int
    history: History
    series: tuple[Series, ...] = ()
    rules: ExchangeRules = ExchangeRules()  # noqa: RUF009 - immutable
    outages: tuple[OutageSpec, ...] = ()
    funding: tuple[FundingPlan | None, ...] = ()
    feeds: tuple[Feed, ...] = ()
    depth: DepthInputs | None = None
