"""A small market put on for tests: some bots, a crowd or none, one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, BinaryIO

from actors.host import AccountHost
from actors.risk import RiskLimits
from exchange_sim.faults import AccountFaults
from exchange_sim.journal import JournalFooter, JournalHeader, JournalWriter
from exchange_sim.kernel.kernel import Kernel
from exchange_sim.kernel.path import MarketPath
from exchange_sim.latency import AccountLatency, ConstantLatency
from exchange_sim.markets.history import EMPTY_HISTORY, History
from exchange_sim.markets.inputs import MarketInputs
from exchange_sim.markets.outages import OutageSpec, blackouts, halts
from exchange_sim.model.ids import AccountId, AssetId
from exchange_sim.model.instrument import ASSET_SCALE, Instrument
from exchange_sim.population.species import Noise, Population
from exchange_sim.simulation import CLOSING_NS, Simulation
from strategies.api import Strategy

SECOND_NS = 1_000_000_000
BTC = Instrument.linear("BTC/USDT:USDT", tick_size="0.1", lot_size="0.001")
FAST = AccountLatency(up=ConstantLatency(delay_us=5_000), down=ConstantLatency(delay_us=5_000))
NO_LIMITS = RiskLimits()

SILENCE = Population(groups=(Noise(name="silent", count=1, rate_hz=1e-6),))
"""A crowd that does nothing in the time that tests take."""


@dataclass(frozen=True, slots=True)
class Player:
    """One bot of a stage."""

    name: str
    strategy: Strategy[Any]
    limits: RiskLimits = NO_LIMITS
    latency: AccountLatency = FAST
    deposit: Decimal | int = 100_000
    faults: AccountFaults | None = None
    holdings: Mapping[AssetId, int] = field(default_factory=dict)  # in atoms

    @property
    def deposit_atoms(self) -> int:
        return int(self.deposit * 10**ASSET_SCALE)


@dataclass(frozen=True, slots=True)
class Played:
    """What is left when the curtain falls."""

    simulation: Simulation
    hosts: tuple[AccountHost, ...]
    footer: JournalFooter


def still_market(
    duration_ns: int,
    *,
    instruments: Sequence[Instrument] = (BTC,),
    prices_ticks: Sequence[float] = (600_000.0,),
    population: Population = SILENCE,
) -> MarketInputs:
    """Return a market whose fundamental values never move, from time 0, without a history."""
    return MarketInputs(
        instruments=tuple(instruments),
        path=MarketPath.constant(0, duration_ns + CLOSING_NS, list(prices_ticks)),
        population=population,
        size_scales=(1.0,) * len(instruments),
        start_ns=0,
        history=EMPTY_HISTORY,
    )


class Stage:
    """A market with bots, ready to play.

    Parameters
    ----------
    players
        The bots, in the order of their accounts.
    market
        Where they play; None for a still market without a crowd.
    duration_ns
        How long.
    seed, handler_limit_s, outbox_limit, journal
        As in a match; `journal` is a file to write to.
    outages
        When the exchange is down, counted from the market's start.
    """

    def __init__(
        self,
        players: Sequence[Player],
        market: MarketInputs | None = None,
        *,
        duration_ns: int = 60 * SECOND_NS,
        seed: int = 1,
        handler_limit_s: float = 5.0,
        outbox_limit: int = 1_000,
        journal: BinaryIO | None = None,
        outages: Sequence[OutageSpec] = (),
    ) -> None:
        market = market or still_market(duration_ns)
        self.market = market
        self.duration_ns = duration_ns
        self.kernel = Kernel(
            market.instruments,
            market.path,
            market.population,
            [(each.name, each.deposit_atoms) for each in players],
            holdings={each.name: each.holdings for each in players},
            rules=market.rules,
            funding=market.funding,
            seed=seed,
            size_scales=market.size_scales,
            halts=halts(outages, market.start_ns),
        )
        header = JournalHeader(streams=tuple(each.name for each in players), seed=seed, config_digest="stage")
        self.journal = JournalWriter(header, journal)
        self.hosts = tuple(
            AccountHost(
                AccountId(each.name),
                self.kernel.account_index(each.name),
                each.strategy,
                market.instruments,
                deposit_atoms=each.deposit_atoms,
                holdings_atoms=each.holdings,
                limits=each.limits,
                latency=each.latency,
                seed=seed,
                journal=self.journal.stream(each.name),
                handler_limit_s=handler_limit_s,
                outbox_limit=outbox_limit,
                exchange=self.kernel.exchange,
                series=market.series,
                faults=each.faults,
                blackouts=blackouts(outages, market.start_ns),
            )
            for each in players
        )
        self.simulation = Simulation(
            self.kernel,
            self.hosts,
            window_ns=min((each.latency.minimum_ns for each in players), default=duration_ns),
            equity_interval_ns=duration_ns // 2,
            series=market.series,
        )

    def play(
        self, history: History | None = None, *, half_time: Callable[[Stage], None] | None = None
    ) -> Played:
        """Run from the first moment to the last; the exchange's books must balance at the end.

        `history` stands in for the market's own; `half_time` is called in the middle.
        """
        done = 0.0

        def look(share: float) -> None:
            nonlocal done
            if done < 0.5 <= share and half_time is not None:
                half_time(self)
            done = share

        past = self.market.history if history is None else history
        self.simulation.run(self.market.start_ns + self.duration_ns, past, look)
        self.kernel.exchange.check_conservation()
        return Played(self.simulation, self.hosts, self.journal.close())
