"""A market on a background of recorded depth, as it is written in a configuration file."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

import msgspec

from exchange_sim.markets.depth_spec import DepthInstrument
from exchange_sim.markets.duration import Duration, Funding, parse_duration_ns
from exchange_sim.markets.replay_spec import check_history_terms
from exchange_sim.markets.series_spec import SeriesSpec, check_series
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.rules import ExchangeRules
from exchange_sim.population.presets import PRESETS
from exchange_sim.population.species import Population

BOTS_ARE_ANSWERED_BY_A_MODEL = (
    "How the recorded traders would have reacted to the bots: recorded quotes and trades come at their "
    "recorded times, displaced by a function of what the bots have bought net, which is forgotten."
)


class HybridMarket(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="hybrid"
):
    """Recorded depth and trades as orders of one account in the matching engine, a crowd behind them.

    Bots trade with both. What they buy net displaces the recorded prices: by `impact` standard deviations of
    the price over a second, times the power `impact_exponent` of the flow in units of what the record trades
    in a second. Flow is forgotten with `impact_half_life`, and the market goes back to the record.

    Parameters
    ----------
    instruments
        One symbol, or a table with `symbol`, its files and what differs from the symbol's preset.
    population
        Name of a preset of the background crowd, or a table with its groups.
    levels
        Recorded levels a side that rest in the book.
    step
        How often the book is brought to the record.
    impact, impact_exponent, impact_half_life
        See above.
    start
        First instant of the market, UTC where no zone is given. Left out: where the record has a book.
    history
        Span before the start whose recorded trades the strategies get as bars.
    series
        Recorded series that are published on time. Recorded funding is what positions pay, too.
    funding
        How often positions pay funding at the rate that follows from the premium, or `off`.
    rules
        Fee tiers of the exchange.
    """

    instruments: Annotated[tuple[str | DepthInstrument, ...], msgspec.Meta(min_length=1, max_length=1)]
    population: str | Population = "behind"
    levels: Annotated[int, msgspec.Meta(ge=1, le=500)] = 20
    step: Duration = "100ms"
    impact: Annotated[float, msgspec.Meta(ge=0.0, le=100.0)] = 1.0
    impact_exponent: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] = 0.5
    impact_half_life: Duration = "30s"
    start: datetime | None = None
    history: Duration = "1h"
    series: tuple[SeriesSpec, ...] = ()
    funding: Funding = "off"
    rules: ExchangeRules = ExchangeRules()

    def __post_init__(self) -> None:
        check_history_terms(self.contracts(), self.rules)
        check_series(self.series, tuple(spec.symbol for spec in self.specs()))
        if isinstance(self.population, str) and self.population not in PRESETS:
            raise ValueError(f"population: expected one of {', '.join(PRESETS)}, was {self.population!r}")

    def specs(self) -> tuple[DepthInstrument, ...]:
        """Return every instrument as a full entry, in order."""
        return tuple(
            DepthInstrument(symbol=entry) if isinstance(entry, str) else entry for entry in self.instruments
        )

    def contracts(self) -> tuple[Instrument, ...]:
        """Return the instruments the exchange lists, in order."""
        return tuple(spec.instrument() for spec in self.specs())

    @property
    def history_ns(self) -> int:
        return parse_duration_ns(self.history)

    def at(self, start: datetime) -> Self:
        """Return the same market with another start."""
        return msgspec.structs.replace(self, start=start)
