"""One match: a market, its bots, a seed; and what comes of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import msgspec

from actors.config import digest_of
from actors.helm import Hands
from actors.host import AccountHost
from actors.match_config import MatchSpec
from actors.match_result import account_report, market_report, match_result
from actors.metrics.match_watch import MatchWatch
from actors.result import MatchResult
from actors.seating import build_hosts, build_strategies, first_account, opening_ns, window_ns
from exchange_sim.engine.memory_digest import layout_digest
from exchange_sim.engine_journal import EngineRecorder, FrameSink
from exchange_sim.given import Given, encode_given
from exchange_sim.journal import JournalHeader, JournalWriter, overall_digest
from exchange_sim.kernel.kernel import Kernel
from exchange_sim.markets.build import build_market
from exchange_sim.markets.inputs import MarketInputs
from exchange_sim.markets.outages import halts
from exchange_sim.markets.read_latency import read_latencies
from exchange_sim.ports import RunningMarket
from exchange_sim.replay.depth.market import DepthReplay
from exchange_sim.replay.depth.recording import DepthRecorder
from exchange_sim.rng import derive
from exchange_sim.simulation import Simulation


def run_match(
    spec: MatchSpec,
    *,
    data_folder: Path | None = None,
    journal_path: Path | None = None,
    progress: Callable[[float], None] | None = None,
    watch: MatchWatch | None = None,
    hands: Hands | None = None,
) -> MatchResult:
    """Play a match and return its result.

    The same `spec` (and the same bars in `data_folder`) gives the same result to the last byte, `cpu_s` and
    `wall_s` apart.

    Parameters
    ----------
    spec
        Market, bots and settings.
    data_folder
        Where an anchored market's bars and recorded series are.
    journal_path
        File for the journal; without it only its digest is kept.
    progress
        Told the share of the simulated span that is done.
    watch
        Reports the match while it is played.
    hands
        May hold, stop and steer it.

    Raises
    ------
    ConfigError
        A bot's strategy or configuration is wrong.
    BarsError, DepthError, LatencyError, SeriesError
        Recorded bars, depth, latencies or series cannot be used.
    OSError
        The journal cannot be written.
    """
    cpu, wall = time.process_time(), time.perf_counter()
    with ExitStack() as stack:
        sink = stack.enter_context(journal_path.open("wb")) if journal_path is not None else None
        run = MatchRun(spec, data_folder=data_folder, sink=sink, hands=hands)
        if hands is not None:
            hands.begin(run)
        if watch is not None:
            watch.begin(run)
        run.begin()
        run.go_on(run.end_ns, progress if watch is None else watch.told(run, progress))
        result = run.finish()
        if watch is not None:
            watch.end(run)
    return replace(result, cpu_s=time.process_time() - cpu, wall_s=time.perf_counter() - wall)


class MatchRun:
    """A match under way, with everything that belongs to it.

    Parameters
    ----------
    spec, data_folder
        As of `run_match`, which also says what is raised.
    sink
        File for the journal.
    hands
        May hold, stop and steer it.
    """

    def __init__(
        self,
        spec: MatchSpec,
        *,
        data_folder: Path | None = None,
        sink: BinaryIO | None = None,
        hands: Hands | None = None,
    ) -> None:
        spec = with_latencies(spec, data_folder)
        self.spec = spec
        strategies = build_strategies(spec)
        inputs = build_market(spec.market, spec.settings.duration_ns, spec.seed, data_folder)
        self.kernel = build_kernel(spec, inputs)
        self.given = Given(inputs.start_ns, inputs.history, inputs.series)
        self.journal = JournalWriter(match_header(spec, self.kernel, self.given), sink)
        self.recorder: EngineRecorder | None = None
        if sink is not None:
            self.recorder = build_recorder(self.journal, self.kernel)
            self.journal.write(b"Y" + encode_given(self.given))
        self.streams = [self.journal.stream(bot.name) for bot in spec.bots]
        first = first_account(spec, self.kernel)
        self.hosts = build_hosts(spec, strategies, self.kernel.instruments, first, self.streams, self.given)
        self.simulation = build_simulation(spec, self.kernel, self.hosts, self.given)
        if hands is not None:
            self.simulation.hand_over(hands.helm, hands.pace)

    @property
    def end_ns(self) -> int:
        """When the bots are stopped."""
        return self.given.start_ns + opening_ns(self.spec) + self.spec.settings.duration_ns

    @property
    def windows(self) -> int:
        """Windows computed so far."""
        return self.simulation.windows

    @property
    def events(self) -> int:
        """Events of the matching engine so far."""
        return self.kernel.counters.events

    def begin(self) -> None:
        """Open the market and start the bots."""
        self.simulation.begin(self.end_ns, self.given.history)

    def go_on(self, until_ns: int, progress: Callable[[float], None] | None = None) -> None:
        """Let everything happen before `until_ns`, at most `end_ns`."""
        self.simulation.go_on(until_ns, progress)

    def finish(self) -> MatchResult:
        """Stop the bots, close the journal and return the result, without `cpu_s` and `wall_s`."""
        self.simulation.finish()
        if self.recorder is not None:
            self.recorder.close()
        digest = overall_digest(self.journal.header, [each.hexdigest() for each in self.streams])
        self.journal.close()
        accounts = [account_report(host) for host in self.hosts]
        return match_result(self.spec, digest, market_report(self.simulation.side), accounts)


def match_header(spec: MatchSpec, kernel: RunningMarket, given: Given) -> JournalHeader:
    """Return the header of a match's journal."""
    facts = {"start_ns": given.start_ns, "crowd_accounts": len(kernel.exchange.accounts) - len(spec.bots)}
    return JournalHeader(
        streams=tuple(bot.name for bot in spec.bots),
        seed=spec.seed,
        config_digest=digest_of(spec),
        configuration=msgspec.json.encode(spec, order="sorted").decode(),
        facts=facts,
        layout=layout_digest(),
    )


def build_simulation(
    spec: MatchSpec, kernel: RunningMarket, hosts: Sequence[AccountHost], given: Given
) -> Simulation:
    """Return the runner of a match."""
    return Simulation(
        kernel,
        hosts,
        window_ns=window_ns(spec),
        equity_interval_ns=spec.settings.equity_interval_ns,
        opening_ns=opening_ns(spec),
        series=given.series,
    )


def with_latencies(spec: MatchSpec, data_folder: Path | None) -> MatchSpec:
    """Return the match with the latencies that are recorded in files, if there are any."""
    change = msgspec.structs.replace
    bots = tuple(change(bot, latency=read_latencies(bot.latency, data_folder)) for bot in spec.bots)
    return spec if bots == spec.bots else change(spec, bots=bots)


def build_recorder(journal: FrameSink, market: Kernel | DepthReplay) -> EngineRecorder:
    """Return what writes down all that happens in a market, from now on."""
    if isinstance(market, DepthReplay):
        return DepthRecorder(journal, market)
    return EngineRecorder(journal, market.exchange)


def build_kernel(spec: MatchSpec, inputs: MarketInputs) -> Kernel | DepthReplay:
    """Return the market of a match, not yet in motion."""
    accounts = [(bot.name, bot.deposit_atoms) for bot in spec.bots]
    if inputs.depth is not None:
        return DepthReplay(
            inputs.depth.records,
            accounts,
            start_ns=inputs.start_ns,
            queue_model=inputs.depth.queue_model,
            rules=inputs.rules,
            funding=inputs.funding,
            snapshot_depth=spec.settings.book_depth,
            sample_interval_ns=spec.settings.market_interval_ns,
        )
    return Kernel(
        inputs.instruments,
        inputs.path,
        inputs.population,
        accounts,
        holdings={bot.name: bot.holdings_atoms for bot in spec.bots},
        rules=inputs.rules,
        funding=inputs.funding,
        seed=derive(spec.seed, "crowd"),
        size_scales=inputs.size_scales,
        snapshot_depth=spec.settings.book_depth,
        sample_interval_ns=spec.settings.market_interval_ns,
        halts=halts(inputs.outages, inputs.start_ns + opening_ns(spec)),
        feeds=inputs.feeds,
    )
