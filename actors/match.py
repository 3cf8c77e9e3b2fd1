"""One match: a market, its bots, a seed; and what comes of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
import numpy.typing as npt

from actors.bot_check import decode_config, find_strategy
from actors.config import digest_of
from actors.host import AccountHost
from actors.match_config import BotSpec, MatchSpec
from actors.result import FILL, MARKET_SAMPLE, BotResult, MarketFigures, MatchResult
from exchange_sim.engine.memory_digest import layout_digest
from exchange_sim.engine_journal import EngineRecorder
from exchange_sim.given import Given, encode_given
from exchange_sim.journal import JournalHeader, JournalStream, JournalWriter, overall_digest
from exchange_sim.kernel.kernel import Kernel
from exchange_sim.markets.build import build_market
from exchange_sim.markets.depth_spec import ReplayL2Market
from exchange_sim.markets.duration import SECOND_NS
from exchange_sim.markets.inputs import MarketInputs
from exchange_sim.markets.outages import blackouts, halts
from exchange_sim.markets.read_latency import read_latencies
from exchange_sim.markets.spec import outages_of
from exchange_sim.model.enums import EventKind, Liquidity, Side
from exchange_sim.model.ids import AccountId
from exchange_sim.model.instrument import ASSET_SCALE, Instrument
from exchange_sim.ports import RunningMarket
from exchange_sim.replay.depth.market import DepthReplay
from exchange_sim.rng import derive
from exchange_sim.simulation import Simulation
from strategies.api import Strategy

OPENING_NS = 30 * SECOND_NS
"""How long the crowd makes a market of its own before the bots start."""

_ATOMS = 10.0**ASSET_SCALE


def run_match(
    spec: MatchSpec,
    *,
    data_folder: Path | None = None,
    journal_path: Path | None = None,
    progress: Callable[[float], None] | None = None,
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
        run = MatchRun(spec, data_folder=data_folder, sink=sink)
        run.begin()
        run.go_on(run.end_ns, progress)
        result = run.finish()
    return replace(result, cpu_s=time.process_time() - cpu, wall_s=time.perf_counter() - wall)


class MatchRun:
    """A match under way, with everything that belongs to it.

    Parameters
    ----------
    spec, data_folder
        As of `run_match`, which also says what is raised.
    sink
        File for the journal.
    """

    def __init__(
        self, spec: MatchSpec, *, data_folder: Path | None = None, sink: BinaryIO | None = None
    ) -> None:
        spec = _with_latencies(spec, data_folder)
        self.spec = spec
        strategies = build_strategies(spec)
        inputs = build_market(spec.market, spec.settings.duration_ns, spec.seed, data_folder)
        self.kernel: RunningMarket = _market(spec, inputs)
        self.given = Given(inputs.start_ns, inputs.history, inputs.series)
        self.journal = JournalWriter(match_header(spec, self.kernel, self.given), sink)
        self.recorder: EngineRecorder | None = None
        if sink is not None and isinstance(self.kernel, Kernel):
            self.recorder = EngineRecorder(self.journal, self.kernel.exchange)
            self.journal.write(b"Y" + encode_given(self.given))
        self.streams = [self.journal.stream(bot.name) for bot in spec.bots]
        self.hosts = build_hosts(spec, strategies, self.kernel, self.streams, self.given)
        self.simulation = build_simulation(spec, self.kernel, self.hosts, self.given)

    @property
    def end_ns(self) -> int:
        """When the bots are stopped."""
        return self.given.start_ns + _opening_ns(self.spec) + self.spec.settings.duration_ns

    def begin(self) -> None:
        """Open the market and start the bots."""
        self.simulation.begin(self.end_ns, self.given.history)

    def go_on(self, until_ns: int, progress: Callable[[float], None] | None = None) -> None:
        """Let everything happen before `until_ns`, at most `end_ns`."""
        self.simulation.go_on(until_ns, progress)

    def finish(self) -> MatchResult:
        """Stop the bots, close the journal and return the result, without `cpu_s` and `wall_s`."""
        simulation, kernel, spec = self.simulation, self.kernel, self.spec
        simulation.finish()
        kernel.exchange.check_conservation()
        if self.recorder is not None:
            self.recorder.close()
        digest = overall_digest(self.journal.header, [each.hexdigest() for each in self.streams])
        self.journal.close()
        instruments = kernel.instruments
        bots = enumerate(zip(spec.bots, self.hosts, strict=True))
        return MatchResult(
            match_id=spec.match_id,
            seed=spec.seed,
            digest=digest,
            market_digest=kernel.market_digest(),
            instruments=tuple(each.instrument_id for each in instruments),
            start_ns=int(simulation.times_ns[0]),
            end_ns=kernel.now_ns,
            bots=tuple(_bot_result(bot, host, simulation, seat) for seat, (bot, host) in bots),
            figures=tuple(_figures(kernel, simulation, n) for n in range(len(instruments))),
            times_ns=simulation.times_ns,
            equity=simulation.equity_atoms / _ATOMS,
            fills=_fills(kernel, simulation),
            market=tuple(
                _market_samples(instrument, simulation.samples, n) for n, instrument in enumerate(instruments)
            ),
            requests=kernel.counters.requests,
            cpu_s=0.0,
            wall_s=0.0,
        )


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


def build_hosts(
    spec: MatchSpec,
    strategies: Sequence[Strategy[Any]],
    kernel: RunningMarket,
    streams: Sequence[JournalStream],
    given: Given,
) -> list[AccountHost]:
    """Return the bots' accounts, each with the stream that takes down what it does."""
    return [
        _host(spec, bot, strategy, kernel, stream, given)
        for bot, strategy, stream in zip(spec.bots, strategies, streams, strict=True)
    ]


def build_simulation(
    spec: MatchSpec, kernel: RunningMarket, hosts: Sequence[AccountHost], given: Given
) -> Simulation:
    """Return the runner of a match."""
    return Simulation(
        kernel,
        hosts,
        window_ns=min((bot.latency.minimum_ns for bot in spec.bots), default=spec.settings.duration_ns),
        equity_interval_ns=spec.settings.equity_interval_ns,
        opening_ns=_opening_ns(spec),
        series=given.series,
    )


def build_strategies(spec: MatchSpec) -> list[Strategy[Any]]:
    """Return the bots' strategies, not yet started."""
    made = []
    for index, bot in enumerate(spec.bots):
        strategy = find_strategy(bot, source="match", at=f"bots[{index}]")
        config = decode_config(strategy, bot.config, source="match", at=f"bots[{index}].config")
        made.append(strategy(config))
    return made


def _opening_ns(spec: MatchSpec) -> int:
    """Return how long the market is alone: a recorded book is there at once."""
    return 0 if isinstance(spec.market, ReplayL2Market) else OPENING_NS


def _with_latencies(spec: MatchSpec, data_folder: Path | None) -> MatchSpec:
    """Return the match with the latencies that are recorded in files, if there are any."""
    change = msgspec.structs.replace
    bots = tuple(change(bot, latency=read_latencies(bot.latency, data_folder)) for bot in spec.bots)
    return spec if bots == spec.bots else change(spec, bots=bots)


def _market(spec: MatchSpec, inputs: MarketInputs) -> RunningMarket:
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
        halts=halts(inputs.outages, inputs.start_ns + OPENING_NS),
        feeds=inputs.feeds,
    )


def _host(
    spec: MatchSpec,
    bot: BotSpec,
    strategy: Strategy[Any],
    kernel: RunningMarket,
    stream: JournalStream,
    given: Given,
) -> AccountHost:
    return AccountHost(
        AccountId(bot.name),
        kernel.account_index(bot.name),
        strategy,
        kernel.instruments,
        deposit_atoms=bot.deposit_atoms,
        holdings_atoms=bot.holdings_atoms,
        limits=bot.risk,
        latency=bot.latency,
        seed=spec.bot_seed,
        journal=stream,
        handler_limit_s=spec.settings.handler_limit_s,
        outbox_limit=spec.settings.outbox_limit,
        series=given.series,
        faults=bot.faults,
        blackouts=blackouts(outages_of(spec.market), given.start_ns + _opening_ns(spec)),
    )


def _bot_result(bot: BotSpec, host: AccountHost, simulation: Simulation, seat: int) -> BotResult:
    curve = simulation.equity_atoms[:, seat]
    start, final = float(curve[0] / _ATOMS), float(curve[-1] / _ATOMS)
    books = host.host.portfolio  # equal to the exchange's, with spot fees in money
    ledgers = books.positions.values()
    return BotResult(
        name=bot.name,
        strategy=bot.strategy,
        start_equity=start,
        final_equity=final,
        total_return=final / start - 1.0,
        fees=sum(each.fees_atoms for each in ledgers) / _ATOMS,
        volume=sum(each.volume_atoms for each in ledgers) / _ATOMS,
        maker_volume=sum(each.maker_atoms for each in ledgers) / _ATOMS,
        fills=sum(each.fills for each in ledgers),
        orders=simulation.event_count(host.account_id, EventKind.ACCEPTED),
        denied=host.denied,
        rejected=simulation.event_count(host.account_id, EventKind.REJECTED),
        canceled=simulation.event_count(host.account_id, EventKind.CANCELED),
        funding=sum(each.funding_atoms for each in ledgers) / _ATOMS,
        liquidations=simulation.event_count(host.account_id, EventKind.LIQUIDATED),
        deleveraged=books.deleveraged,
        insurance=books.insurance_atoms / _ATOMS,
        disqualified=host.disqualified,
    )


def _figures(kernel: RunningMarket, simulation: Simulation, number: int) -> MarketFigures:
    instrument = kernel.instruments[number]
    tick, lot = float(instrument.tick_size), float(instrument.lot_size)
    samples = simulation.samples
    own = samples[samples["instrument"] == number]
    last = own["last_ticks"][own["last_ticks"] > 0]
    spreads = own["spread_bps"][own["spread_bps"] > 0]
    volume_lots, trades = kernel.traded(number)
    return MarketFigures(
        instrument=instrument.instrument_id,
        first=float(last[0]) * tick if len(last) else np.nan,
        last=float(last[-1]) * tick if len(last) else np.nan,
        volume=volume_lots * lot,
        trades=trades,
        mean_spread_bps=float(spreads.mean()) if len(spreads) else np.nan,
    )


def _fills(kernel: RunningMarket, simulation: Simulation) -> npt.NDArray[np.void]:
    rows = simulation.fills
    made = np.zeros(len(rows), FILL)
    if not len(rows):
        return made
    ticks = np.array([float(each.tick_size) for each in kernel.instruments])
    lots = np.array([float(each.lot_size) for each in kernel.instruments])
    for name in ("ts_ns", "trade_id", "client_order_id", "instrument"):
        made[name] = rows[name]
    made["price"] = rows["price_ticks"] * ticks[rows["instrument"]]
    made["quantity"] = rows["quantity_lots"] * lots[rows["instrument"]]
    made["fee"] = _fees_in_money(kernel, rows) / _ATOMS
    made["bot"] = rows["account"] - kernel.account_index(simulation.participants[0].account_id)
    made["side"] = rows["code"] & 1
    made["maker"] = (rows["code"] >> 1) == Liquidity.MAKER
    return made


def _fees_in_money(kernel: RunningMarket, rows: npt.NDArray[np.void]) -> npt.NDArray[np.float64]:
    """Return the fees in atoms of the settlement asset, whatever asset they were taken in."""
    fees = rows["fee_atoms"].astype(np.float64)
    for number, instrument in enumerate(kernel.instruments):
        if instrument.is_spot and instrument.fee_asset == "received":
            bought = (rows["instrument"] == number) & ((rows["code"] & 1) == Side.BUY)
            unit = instrument.atoms_per_tick_lot / instrument.base_atoms_per_lot
            fees[bought] *= rows["price_ticks"][bought] * unit
    return fees


def _market_samples(
    instrument: Instrument, samples: npt.NDArray[np.void], number: int
) -> npt.NDArray[np.void]:
    own = samples[samples["instrument"] == number]
    made = np.zeros(len(own), MARKET_SAMPLE)
    made["ts_ns"] = own["ts_ns"]
    tick, lot = float(instrument.tick_size), float(instrument.lot_size)
    for name in ("bid", "ask", "last"):
        ticks = own[f"{name}_ticks"]
        made[name] = np.where(ticks > 0, ticks * tick, np.nan)
    for name in ("volume", "bid_depth", "ask_depth"):
        made[name] = own[f"{name}_lots"] * lot
    return made
