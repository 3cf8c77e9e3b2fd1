"""A match slaved to the wall clock, with accounts that other processes trade."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType

import msgspec

from actors.helm import Hands
from actors.match import MatchRun
from actors.match_config import MatchSpec
from actors.metrics.match_watch import MatchWatch
from actors.realtime.clock import Clock, WallClock
from actors.realtime.helm import MarketEndedError, RealtimeHelm
from actors.realtime.keys import KeyRing
from actors.realtime.line import BOUNDS, Bounds
from actors.realtime.pacer import Pacer, PaceReport
from actors.realtime.reception import OutsideReport, Reception
from actors.realtime.server import Server
from actors.realtime.trader import OUTSIDE
from actors.result import MatchResult
from actors.world.world import WorldStoppedError


class RealtimeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One moment of a market in realtime: spans of market time since the bots began, and how it keeps up."""

    passed_ns: int
    duration_ns: int
    connected: int
    lag_ms: float
    pace: PaceReport


class RealtimeReport(msgspec.Struct, frozen=True, kw_only=True):
    """How a market in realtime has gone; `complete` is False where it was ended before its time."""

    complete: bool
    pace: PaceReport
    outside: tuple[OutsideReport, ...] = ()


def _nothing(*_: object) -> None:
    """Show nothing."""


class RealtimeRunner:
    """Plays a match at the pace of the clock.

    Parameters
    ----------
    speed
        Market time per wall time, 0.1 to 1000.
    port
        Where outside accounts join, on the loopback interface; 0 for any that is free. Without outside
        accounts nothing listens.
    environment
        Variables with the accounts' keys.
    announce
        Told, once and before the market opens, the port and the keys that were drawn, by account.
    show
        Told a few times a second how it goes.
    clock
        To keep to; None for this machine's.
    bounds
        Of each connection.

    Attributes
    ----------
    report
        Of the match that was played last.
    """

    def __init__(
        self,
        speed: float,
        *,
        port: int = 0,
        environment: Mapping[str, str] = os.environ,
        announce: Callable[[int, Mapping[str, str]], None] = _nothing,
        show: Callable[[RealtimeStatus], None] = _nothing,
        clock: Clock | None = None,
        bounds: Bounds = BOUNDS,
    ) -> None:
        self.speed = speed
        self.report: RealtimeReport | None = None
        self._port = port
        self._environment = environment
        self._announce = announce
        self._show = show
        self._clock = clock or WallClock()
        self._bounds = bounds
        self._helm: RealtimeHelm | None = None

    def end(self) -> None:
        """End the market that is being played at its next slice; from any thread."""
        if self._helm is not None:
            self._helm.ending = True

    def play(
        self,
        spec: MatchSpec,
        *,
        data_folder: Path | None = None,
        journal_path: Path | None = None,
        progress: Callable[[float], None] | None = None,
        watch: MatchWatch | None = None,
        hands: Hands | None = None,
    ) -> MatchResult:
        """Play a match and return its result; parameters and errors are those of `actors.match.run_match`.

        The first Ctrl-C (or SIGTERM) ends the market at the edge of a slice, with a whole journal and result;
        Ctrl-Z stops its clock too.

        Raises
        ------
        AccountKeyError
            A key in the environment cannot be used.
        PortError
            The port cannot be listened on.
        ValueError
            The speed is out of range.
        """
        cpu, wall = time.process_time(), time.perf_counter()
        pacer = Pacer(self.speed, self._clock)
        with ExitStack() as stack:
            names = [bot.name for bot in spec.bots if bot.strategy == OUTSIDE]
            keys = KeyRing(names, self._environment)
            sink = stack.enter_context(journal_path.open("wb")) if journal_path is not None else None
            run = MatchRun(spec, data_folder=data_folder, sink=sink)
            reception = Reception({host.account: host for host in run.hosts}, self.speed)
            server = None
            if names:
                traded = {name: reception.traded(name) for name in names}
                server = Server(keys, traded, reception.post, port=self._port, bounds=self._bounds)
                stack.callback(server.close)
                self._announce(server.start(), keys.drawn)
            helm = self._helm = RealtimeHelm(pacer, reception, server, self._clock, hands)
            helm.show = lambda now_ns: self._show(self._status(run, pacer, reception, now_ns))
            run.simulation.hand_over(helm, helm.pace)
            stack.enter_context(_ended_by_signals(helm, pacer))
            if hands is not None:
                hands.begin(run)
            if watch is not None:
                watch.lag_s = lambda: pacer.lag_ns / 1e9
                watch.begin(run)
            run.begin()
            complete = True
            try:
                run.go_on(run.end_ns, progress if watch is None else watch.told(run, progress))
            except (MarketEndedError, WorldStoppedError):
                run.simulation.cut()
                complete = False
            helm.release()
            result = run.finish()
            if watch is not None:
                watch.end(run)
            self.report = RealtimeReport(complete=complete, pace=pacer.report(), outside=reception.reports)
        return replace(result, cpu_s=time.process_time() - cpu, wall_s=time.perf_counter() - wall)

    def _status(self, run: MatchRun, pacer: Pacer, reception: Reception, now_ns: int) -> RealtimeStatus:
        duration_ns = run.spec.settings.duration_ns
        return RealtimeStatus(
            passed_ns=now_ns - run.end_ns + duration_ns,
            duration_ns=duration_ns,
            connected=reception.connected,
            lag_ms=pacer.lag_ns / 1e6,
            pace=pacer.report(),
        )


@contextmanager
def _ended_by_signals(helm: RealtimeHelm, pacer: Pacer) -> Iterator[None]:
    """Let the first Ctrl-C or SIGTERM end the market and the second break it off; let Ctrl-Z pause it.

    Signals reach only the main thread: elsewhere nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        if helm.ending:
            signal.default_int_handler(number, frame)
        helm.ending = True

    def pause(_number: int, _frame: FrameType | None) -> None:
        pacer.pause()
        os.kill(os.getpid(), signal.SIGSTOP)
        pacer.resume()

    handlers = {signal.SIGINT: end, signal.SIGTERM: end, signal.SIGTSTP: pause}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
