"""Which market a match takes place in, as it is written in a configuration file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Self

import msgspec

from exchange_sim.markets.contracts import InstrumentSpec, check_terms, contract_preset
from exchange_sim.markets.depth_spec import ReplayL2Market
from exchange_sim.markets.duration import MINUTE_NS, Duration, Funding, parse_duration_ns
from exchange_sim.markets.hybrid_spec import HybridMarket
from exchange_sim.markets.outages import OutageSpec, check_outages
from exchange_sim.markets.replay_spec import ReplayL3Market
from exchange_sim.markets.series_spec import SeriesSpec, check_series
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.rules import ExchangeRules
from exchange_sim.population.presets import PRESETS
from exchange_sim.population.species import Population

Positive = Annotated[float, msgspec.Meta(gt=0.0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0.0)]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant_ns(moment: datetime) -> int:
    """Return `moment` in ns since the Unix epoch, exactly; without a time zone it is UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    span = aware - _EPOCH
    return ((span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds) * 1_000


def format_instant(instant: int) -> str:
    """Return the instant (ns since the Unix epoch) as UTC text, to the second or as fine as needed."""
    seconds, rest = divmod(instant, 1_000_000_000)
    text = datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{text}.{rest:09d}".rstrip("0") if rest else text


class Regime(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One state of the market's weather.

    Parameters
    ----------
    name
        For reports.
    mean_duration
        Mean stay in the regime; stays are exponentially distributed.
    volatility
        Factor on every instrument's volatility.
    drift
        Size of the drift in daily standard deviations per day; its sign is drawn at each entry.
    activity
        Factor on the crowd's rates.
    jumps
        Factor on the rate of jumps.
    weight
        Relative frequency with which the regime is entered from another.
    """

    name: str
    mean_duration: Duration
    volatility: Positive = 1.0
    drift: NotNegative = 0.0
    activity: Positive = 1.0
    jumps: NotNegative = 1.0
    weight: Positive = 1.0


CALM = Regime(name="calm", mean_duration="8h", volatility=0.7, activity=0.75, jumps=0.5, weight=3.0)
TREND = Regime(name="trend", mean_duration="4h", volatility=1.0, drift=2.0, activity=1.1, weight=2.0)
STORM = Regime(name="storm", mean_duration="1h", volatility=2.2, activity=2.5, jumps=4.0, weight=1.0)


class Dynamics(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the fundamental values of a synthetic market move together.

    Log volatility is an Ornstein-Uhlenbeck process around zero (`volatility_sd` is its stationary
    standard deviation, `volatility_half_life` its memory), partly common to all instruments.

    Parameters
    ----------
    correlation
        Correlation of the instruments' returns, 0 to below 1.
    jumps_per_day
        Mean number of jumps a day, before the regime's factor. A jump hits all instruments.
    jump_size
        Standard deviation of a jump in daily standard deviations of the instrument.
    activity_volatility
        Power with which relative volatility moves the crowd's rates.
    regimes
        The states of a Markov chain. One regime: no changes.
    """

    correlation: Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)] = 0.75
    volatility_sd: Annotated[float, msgspec.Meta(ge=0.0, le=2.0)] = 0.45
    volatility_half_life: Duration = "2h"
    jumps_per_day: NotNegative = 3.0
    jump_size: NotNegative = 0.25
    activity_volatility: Annotated[float, msgspec.Meta(ge=0.0, le=3.0)] = 1.0
    regimes: Annotated[tuple[Regime, ...], msgspec.Meta(min_length=1)] = (CALM, TREND, STORM)


class SyntheticInstrument(InstrumentSpec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An instrument of a synthetic market.

    `start_price` is in quote units, `volatility` the annual standard deviation of log returns (365
    days), `turnover` the quote units the crowd should trade per second on average.
    """

    start_price: Positive | None = None
    volatility: Positive | None = None
    turnover: Positive | None = None

    def __post_init__(self) -> None:
        # explicit: msgspec builds frozen structs with slots anew, so super() has no class cell
        InstrumentSpec.__post_init__(self)
        for name in ("start_price", "volatility", "turnover"):
            self.scale(name)

    def scale(self, name: str) -> float:
        """Return `start_price`, `volatility` or `turnover`, from the preset where it is left out."""
        value: float | None = getattr(self, name)
        if value is not None:
            return value
        preset = contract_preset(self.symbol)
        if preset is None:
            raise ValueError(f"{name}: expected a value, because {self.symbol!r} has no preset")
        return float(getattr(preset, name))


class AnchoredInstrument(InstrumentSpec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An instrument of an anchored market.

    `file` names its bars (relative to the data folder); left out, the folder is searched for them.
    """

    file: str | None = None


def _instruments(named: tuple[str | SyntheticInstrument | AnchoredInstrument, ...]) -> None:
    seen: set[str] = set()
    for entry in named:
        spec = InstrumentSpec(symbol=entry) if isinstance(entry, str) else entry
        if spec.symbol in seen:
            raise ValueError(f"instruments: expected every symbol once, was {spec.symbol!r} twice")
        seen.add(spec.symbol)


class SyntheticMarket(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="synthetic"
):
    """A market whose fundamental values are drawn: stochastic volatility, jumps and regimes.

    Parameters
    ----------
    instruments
        Symbols, or tables with `symbol` and what differs from its preset.
    population
        Name of a preset of the background crowd, or a table with its groups.
    start
        First instant of the market, on a whole minute, UTC where no zone is given. Only a label: prices
        are drawn.
    history
        Span before the start for which bars exist (the warm-up of the strategies).
    dynamics
        How the fundamental moves.
    volume_scale
        Share of the instruments' turnover that the crowd trades; depth goes with it.
    path_step
        Grid of the fundamental path; between its points the path is a straight line.
    series
        Recorded series that are published on time. Recorded funding is what positions pay, too.
    outages
        When the exchange is down.
    funding
        How often positions in perpetuals pay funding at the rate that follows from the premium, or `off`.
    rules
        Of the exchange: message rate and fee tiers.
    """

    instruments: Annotated[tuple[str | SyntheticInstrument, ...], msgspec.Meta(min_length=1)] = (
        "BTC/USDT:USDT",
    )
    population: str | Population = "crypto"
    start: datetime = datetime(2025, 1, 1, tzinfo=UTC)
    history: Duration = "1d"
    dynamics: Dynamics = Dynamics()
    volume_scale: Positive = 0.1
    path_step: Duration = "1s"
    series: tuple[SeriesSpec, ...] = ()
    outages: tuple[OutageSpec, ...] = ()
    funding: Funding = "8h"
    rules: ExchangeRules = ExchangeRules()

    def __post_init__(self) -> None:
        _instruments(self.instruments)
        check_series(self.series, tuple(each.symbol for each in self.specs()))
        check_terms(self.contracts(), self.rules)
        check_outages(self.outages)
        _check_step(self.path_step)
        _check_population(self.population)
        _check_whole_minute(self.start)
        self.specs()

    def specs(self) -> tuple[SyntheticInstrument, ...]:
        """Return every instrument as a full entry, in order."""
        return tuple(
            SyntheticInstrument(symbol=entry) if isinstance(entry, str) else entry
            for entry in self.instruments
        )

    def contracts(self) -> tuple[Instrument, ...]:
        """Return the instruments the exchange lists, in order."""
        return tuple(spec.instrument() for spec in self.specs())

    @property
    def start_ns(self) -> int:
        return instant_ns(self.start)

    @property
    def history_ns(self) -> int:
        return parse_duration_ns(self.history)

    def at(self, start: datetime) -> Self:
        """Return the same market with another start."""
        return msgspec.structs.replace(self, start=start)


class AnchoredMarket(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="anchored"
):
    """A market whose fundamental values and activity follow recorded bars, so that bots have impact
    on top of real history.

    Parameters
    ----------
    instruments
        Symbols, or tables with `symbol`, `file` and what differs from the symbol's preset.
    population
        Name of a preset of the background crowd, or a table with its groups.
    start
        First instant of the market, UTC where no zone is given, on a whole minute. Left out: as early as
        every symbol has bars for `history`.
    end
        Bars after this instant are never read. Left out: the end of the bars.
    history
        Span before the start whose bars the strategies get as warm-up.
    volume_scale
        Share of the recorded turnover that the crowd trades. 1 gives the depth and turnover of the
        recorded market, in fewer and larger orders; less makes the bots' own orders weigh more.
    path_step
        Grid of the fundamental path; between its points the path is a straight line.
    fill_gaps
        Carry the last close over missing bars (with volume 0) rather than refuse the file.
    series
        Recorded series that are published on time. Recorded funding is what positions pay, too.
    outages
        When the exchange is down.
    funding
        How often positions in perpetuals pay funding at the rate that follows from the premium, or `off`.
    rules
        Of the exchange: message rate and fee tiers.
    """

    instruments: Annotated[tuple[str | AnchoredInstrument, ...], msgspec.Meta(min_length=1)]
    population: str | Population = "crypto"
    start: datetime | None = None
    end: datetime | None = None
    history: Duration = "1d"
    volume_scale: Positive = 0.1
    path_step: Duration = "1s"
    fill_gaps: bool = False
    series: tuple[SeriesSpec, ...] = ()
    outages: tuple[OutageSpec, ...] = ()
    funding: Funding = "8h"
    rules: ExchangeRules = ExchangeRules()

    def __post_init__(self) -> None:
        _instruments(self.instruments)
        check_series(self.series, tuple(each.symbol for each in self.specs()))
        check_terms(self.contracts(), self.rules)
        check_outages(self.outages)
        _check_step(self.path_step)
        _check_population(self.population)
        if self.start is not None:
            _check_whole_minute(self.start)
            if self.end is not None and instant_ns(self.end) <= instant_ns(self.start):
                raise ValueError(f"end: expected a time after start, was {self.end.isoformat()}")

    def specs(self) -> tuple[AnchoredInstrument, ...]:
        """Return every instrument as a full entry, in order."""
        return tuple(
            AnchoredInstrument(symbol=entry) if isinstance(entry, str) else entry
            for entry in self.instruments
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


def _check_population(population: str | Population) -> None:
    if isinstance(population, str) and population not in PRESETS:
        raise ValueError(f"population: expected one of {', '.join(PRESETS)}, was {population!r}")


def _check_whole_minute(start: datetime) -> None:
    if instant_ns(start) % MINUTE_NS:
        raise ValueError(f"start: expected a whole minute, was {start.isoformat()}")


def _check_step(step: str) -> None:
    if MINUTE_NS % parse_duration_ns(step):
        raise ValueError(f"path_step: expected a whole part of a minute like 250ms or 1s, was {step!r}")


MarketSpec = SyntheticMarket | AnchoredMarket | ReplayL3Market | ReplayL2Market | HybridMarket
"""Told apart by the field `kind`."""


def outages_of(market: MarketSpec) -> tuple[OutageSpec, ...]:
    """Return when the exchange of a market is down; what is recorded order by order or as depth goes on."""
    return market.outages if isinstance(market, (SyntheticMarket, AnchoredMarket)) else ()
