"""The parts of a world as plain classes: the exchange, crews of accounts, and feeds.

An actor is a shell around one of these. Each does one call after another; whoever calls sees to their order.
"""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import msgspec

from actors.host import AccountHost
from actors.match import (
    build_host,
    build_kernel,
    build_strategy,
    first_account,
    match_header,
    opening_ns,
)
from actors.match_result import AccountReport, MarketReport, account_report, market_report
from actors.player import enter_folder
from actors.world.setup import AccountFigures, Answer, CrewFacts, MarketFacts, WorldSetup
from actors.world.steps import Advanced, Begun, Ended, Recorded, Steered, Step, split_steps
from exchange_sim.crew import Crew, News, NewsFilter
from exchange_sim.engine_journal import EngineRecorder
from exchange_sim.given import Given, decode_given, encode_given
from exchange_sim.journal import JournalStream
from exchange_sim.kernel.kernel import Kernel
from exchange_sim.market_side import MarketSide
from exchange_sim.markets.build import build_market
from exchange_sim.model.ids import AccountId
from exchange_sim.ports import Rows, Steering, Wishes
from exchange_sim.series import SeriesBoard

Expelled = Sequence[tuple[int, str]]
"""Accounts to be taken out, with the reason."""


class SeatError(RuntimeError):
    """A part that was rebuilt does not do again what it did: something in it is not deterministic."""


class _Frames:
    """Gathers frames that go into a journal elsewhere; what `EngineRecorder` writes to."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []
        self.commands = 0
        self.events = 0

    def write(self, payload: bytes) -> None:
        self.payloads.append(payload)

    def force(self) -> None:
        """Do nothing: the journal's keeper waits for the disk."""

    def take(self) -> tuple[bytes, ...]:
        taken = tuple(self.payloads)
        self.payloads.clear()
        return taken


class MarketSeat:
    """The exchange of a world.

    Parameters
    ----------
    setup
        Of the world.

    Raises
    ------
    ConfigError, BarsError, DepthError, SeriesError
        The market cannot be built on this machine.
    """

    def __init__(self, setup: WorldSetup) -> None:
        enter_folder(setup)
        spec = setup.spec
        inputs = build_market(spec.market, spec.settings.duration_ns, spec.seed, setup.data)
        self._spec = spec
        self._kernel = build_kernel(spec, inputs)
        self._given = Given(inputs.start_ns, inputs.history, inputs.series)
        self._frames = _Frames()
        self._recorder: EngineRecorder | None = None
        self._side: MarketSide | None = None
        if setup.engine_journal and isinstance(self._kernel, Kernel):
            self._recorder = EngineRecorder(self._frames, self._kernel.exchange)
            self._frames.write(b"Y" + encode_given(self._given))
        self._header = match_header(spec, self._kernel, self._given)

    def facts(self) -> MarketFacts:
        """Return what the other parts need to know."""
        return MarketFacts(
            instruments=self._kernel.instruments,
            first_account=first_account(self._spec, self._kernel),
            snapshot_depth=self._kernel.snapshot_depth,
            given=encode_given(self._given),
            header=msgspec.msgpack.encode(self._header),
            payloads=self._frames.take(),
        )

    def prepare(self, wishes: Sequence[Wishes]) -> None:
        """Publish what participants want to hear."""
        names = [AccountId(bot.name) for bot in self._spec.bots]
        self._side = MarketSide(self._kernel, names, wishes)

    def open(self) -> tuple[int, bytes]:
        """Let the crowd make a market; return its time and the encoded `Given` with what was closed."""
        history = self.side.open(opening_ns(self._spec), self._given.history)
        return self.side.now_ns, encode_given(Given(self._given.start_ns, history))

    def advance(
        self, commands: bytes, limit_ns: int, window_ns: int
    ) -> tuple[tuple[Any, ...], tuple[bytes, ...]]:
        """Push and go on; return the fields of the `News`, and frames for the journal."""
        self.side.push(commands)
        return tuple(self.side.advance(limit_ns, window_ns)), self._frames.take()

    def record(self) -> tuple[int, ...]:
        """Note equities and samples; return the equities, in atoms."""
        self.side.record()
        return tuple(int(each) for each in self.side.equity_atoms[-1])

    def finish(self) -> tuple[MarketReport, tuple[bytes, ...], tuple[int, int], float]:
        """Close the books: report, last frames, commands and events journaled, processor seconds."""
        report = market_report(self.side)
        if self._recorder is not None:
            self._recorder.close()
        counts = (self._frames.commands, self._frames.events)
        return report, self._frames.take(), counts, time.process_time()

    def catch_up(self, joined: bytes) -> None:
        """Do again what was done.

        Raises
        ------
        SeatError
            Something else comes of it.
        """
        for step in split_steps(joined):
            if isinstance(step, Begun):
                now_ns, given = self.open()
                self._same(now_ns, step.start_ns)
                self._same(given, step.given)
            elif isinstance(step, Advanced):
                news, _ = self.advance(step.commands, step.limit_ns, step.window_ns)
                self._same(news[:6], tuple(step.news[:6]))
            elif isinstance(step, Recorded):
                self.record()
        self._frames.take()

    @property
    def side(self) -> MarketSide:
        assert self._side is not None  # noqa: S101 - `prepare` comes first
        return self._side

    @staticmethod
    def _same(found: object, expected: object) -> None:
        if found != expected:
            raise SeatError("the exchange: expected the market that is on the tape, was another")


class CrewSeat:
    """Accounts of a world that share a process.

    Parameters
    ----------
    setup
        Of the world.
    seats
        Places of the accounts' bots in the match.
    facts
        Of the market.

    Raises
    ------
    ConfigError, StrategySetupError
        A strategy cannot be found on this machine, or does not take its configuration.
    """

    def __init__(self, setup: WorldSetup, seats: Sequence[int], facts: MarketFacts) -> None:
        enter_folder(setup)
        self._given = decode_given(facts.given)
        self._payloads: list[bytes] = []
        self._sent_before = b""
        self._hosts: dict[int, AccountHost] = {}
        for seat in seats:
            self._hosts[facts.first_account + seat] = build_host(
                setup.spec,
                seat,
                build_strategy(setup.spec, seat),
                facts.instruments,
                facts.first_account + seat,
                JournalStream(seat, self._payloads.append),
                self._given,
            )
        self._crew = Crew(self._hosts, facts.snapshot_depth)
        self._filter = NewsFilter(self._crew.wishes)

    def facts(self) -> CrewFacts:
        """Return what the conductor needs to know."""
        return CrewFacts(wishes=self._crew.wishes)

    def start(self, begun: Begun, expelled: Expelled) -> Answer:
        """Start the participants, but those that are expelled."""
        self._start(begun, expelled)
        return self._answer()

    def start_to(self, account: int, begun: Begun, expelled: Expelled) -> Answer:
        """Do of `start` what concerns one account."""
        self._expel(expelled, begun.start_ns)
        self._crew.start_one(account, begun.start_ns, decode_given(begun.given).history)
        return self._answer()

    def send(self, fields: tuple[Any, ...], expelled: Expelled) -> Answer:
        """Take accounts out, then do what is due; `fields` are those of `News`."""
        news = News(*fields)
        self._expel(expelled, news.until_ns)
        self._crew.send(news)
        return self._answer()

    def send_to(self, account: int, fields: tuple[Any, ...], expelled: Expelled) -> Answer:
        """Do of `send` what concerns one account."""
        news = News(*fields)
        self._expel(expelled, news.until_ns)
        self._crew.send_to(account, news)
        return self._answer()

    def steer(self, account: int, steering: Steering, now_ns: int) -> Answer:
        self._crew.steer(account, steering, now_ns)
        return self._answer(self._hosts[account].steersman.refused)

    def stop(self, end_ns: int) -> Answer:
        self._crew.stop(end_ns)
        return self._answer()

    def figures(self) -> tuple[AccountFigures, ...]:
        """Return the accounts as they are now."""
        return tuple(_figures(host) for host in self._hosts.values())

    def finish(self) -> tuple[tuple[AccountReport, ...], tuple[bytes, ...], float]:
        """Return the accounts' reports, the last frames for the journal, and processor seconds used."""
        for host in self._hosts.values():
            host.flush()
        payloads = self._answer().payloads
        return tuple(map(account_report, self._hosts.values())), payloads, time.process_time()

    def catch_up(self, joined: bytes) -> None:
        """Do again what was done; what bots print is not shown again."""
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            for step in split_steps(joined):
                self._repeat(step)
        self._payloads.clear()
        self._sent_before += self._crew.receive()

    def standing(self) -> Answer:
        """Return what was sent since the last window on the tape, and when something is due."""
        return Answer(self._sent_before, self._crew.due_ns, ())

    def _repeat(self, step: Step) -> None:
        crew = self._crew
        if isinstance(step, Begun):
            self._start(step, step.expelled)
        elif isinstance(step, Advanced):
            crew.receive()  # was pushed before this window
            self._sent_before = b""
            self._expel(step.expelled, step.until_ns)
            part = self._filter.part(step.news)
            if part is not None or crew.due_ns < step.until_ns:
                crew.send(part or News(step.until_ns))
        elif isinstance(step, Steered):
            if step.account in self._hosts:
                crew.steer(step.account, step.steering, step.now_ns)
        elif isinstance(step, Ended):
            crew.stop(step.end_ns)

    def _start(self, begun: Begun, expelled: Expelled) -> None:
        self._expel(expelled, begun.start_ns)
        out = {account for account, _ in expelled}
        history = decode_given(begun.given).history
        for account in self._hosts:
            if account not in out:
                self._crew.start_one(account, begun.start_ns, history)

    def _expel(self, expelled: Expelled, now_ns: int) -> None:
        for account, reason in expelled:
            if account in self._hosts:
                self._crew.expel(account, now_ns, reason)

    def _answer(self, refused: str = "") -> Answer:
        payloads = tuple(self._payloads)
        self._payloads.clear()
        return Answer(self._crew.receive(), self._crew.due_ns, payloads, refused)


class FeedSeat:
    """One recorded series of a world."""

    def __init__(self, facts: MarketFacts, number: int) -> None:
        self._rows = SeriesBoard(decode_given(facts.given).series, (number,)).take(2**63 - 1)

    def rows(self, first: int, count: int) -> Rows:
        """Return what is published, `count` rows from number `first` on."""
        return self._rows[first : first + count]


def _figures(host: AccountHost) -> AccountFigures:
    account = host.host
    positions = {str(name): each.lots for name, each in account.portfolio.positions.items() if each.lots}
    return AccountFigures(
        name=host.account_id,
        strategy=type(account.strategy).__name__,
        positions_lots=positions,
        open_orders=len(account.tracker.open),
        fills=sum(each.fills for each in account.portfolio.positions.values()),
        orders=host.submitted,
        denied=host.denied,
        rejected=account.tracker.rejected,
        position_atoms=account.portfolio.position_value_atoms(),
        paused=account.gate.paused,
        stopped=account.stopped,
        disqualified=host.disqualified,
    )
