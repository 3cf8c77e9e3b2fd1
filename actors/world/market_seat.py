"""The exchange of a world as a plain class; an actor is a shell around it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec

from actors.match import build_kernel, build_recorder, match_header
from actors.match_result import MarketReport, market_report
from actors.player import enter_folder
from actors.seating import first_account, opening_ns
from actors.world.setup import MarketFacts, SeatError, WorldSetup
from actors.world.steps import Advanced, Begun, Recorded, split_steps
from exchange_sim.engine_journal import EngineRecorder
from exchange_sim.given import Given, encode_given
from exchange_sim.market_side import MarketSide
from exchange_sim.markets.build import build_market
from exchange_sim.model.ids import AccountId
from exchange_sim.ports import Wishes


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
        if setup.engine_journal:
            self._recorder = build_recorder(self._frames, self._kernel)
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
