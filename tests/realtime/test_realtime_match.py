"""Whole matches slaved to a clock that tests move: the same bytes, and outside accounts over loopback."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from actors.helm import Wheel
from actors.match import MatchRun, run_match
from actors.metrics.definitions import LAG, Metric
from actors.metrics.match_watch import MatchWatch
from actors.metrics.report import Metrics
from actors.realtime.run import RealtimeRunner, RealtimeStatus
from actors.replay import replay_journal
from actors.world.world import WorldStoppedError
from exchange_sim.journal import Steered
from exchange_sim.journal_reader import read_journal
from exchange_sim.ports import Steering
from tests.match.test_match import CASH, MAKER, SCALPER, spec
from tests.realtime.clocks import HandClock
from tests.realtime.markets import ALICE


@pytest.mark.parametrize("speed", [0.7, 1000.0])
def test_the_clock_changes_nothing_of_a_match(speed: float) -> None:
    match = spec(SCALPER, MAKER, CASH, duration="20s")
    clock = HandClock()
    shown: list[RealtimeStatus] = []
    runner = RealtimeRunner(speed, clock=clock, show=shown.append)
    result = runner.play(match)
    plain = run_match(match)
    assert result.digest == plain.digest
    assert result.market_digest == plain.market_digest
    assert result.equity.tobytes() == plain.equity.tobytes()
    assert runner.report is not None
    assert runner.report.complete
    assert runner.report.outside == ()
    assert runner.report.pace.slices == pytest.approx(20 / speed / 0.005, abs=1)
    assert clock.time_ns == pytest.approx(1_000 + 20e9 / speed, abs=5e6)
    assert [each.passed_ns for each in shown] == sorted(each.passed_ns for each in shown)


class _Hold:
    """Hands that hold the match for a minute once, steer it once, and stop it after so many slices."""

    def __init__(self, clock: HandClock, slices: int) -> None:
        self.helm = Wheel()
        self._clock = clock
        self._slices = slices
        self._seen = 0

    def begin(self, match: MatchRun) -> None:
        self.helm.first_account = match.hosts[0].account

    def pace(self, limit_ns: int) -> None:
        self._seen += 1
        if self._seen == 10:
            self._clock.time_ns += 60 * 10**9
            self.helm.put(0, Steering("pause"))
        if self._seen == self._slices:
            raise WorldStoppedError("enough")


def test_who_holds_the_match_stops_its_clock_and_a_stopped_one_is_whole(tmp_path: Path) -> None:
    clock = HandClock()
    path = tmp_path / "match.journal"
    runner = RealtimeRunner(100.0, clock=clock)
    result = runner.play(spec(SCALPER, MAKER), hands=_Hold(clock, 100), journal_path=path)
    assert runner.report is not None
    assert not runner.report.complete
    assert runner.report.pace.lag.max < 6.0  # the slice that was being waited for
    assert runner.report.pace.reached == pytest.approx(100.0, rel=0.05)
    assert result.end_ns - result.start_ns == pytest.approx(10e9 + 99 * 0.5e9, abs=0.5e9)
    steered = [each for each in read_journal(path).streams["scalper"] if isinstance(each, Steered)]
    assert [each.action for each in steered] == ["pause"]
    assert replay_journal(path).equal


def test_ctrl_z_stops_the_clock_of_the_market_with_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = HandClock()
    stopped: list[int] = []

    def stop(_process: int, number: int) -> None:
        stopped.append(number)
        clock.time_ns += 3_600 * 10**9

    def press(_now_ns: int) -> None:
        if len(clock.waits) == 10:
            signal.raise_signal(signal.SIGTSTP)

    monkeypatch.setattr("os.kill", stop)
    clock.on_wait = press
    before = signal.getsignal(signal.SIGTSTP)
    runner = RealtimeRunner(10.0, clock=clock)
    runner.play(spec(CASH, duration="20s"))
    assert stopped == [signal.SIGSTOP]
    assert runner.report is not None
    assert runner.report.complete
    assert runner.report.pace.lag.max < 6.0
    assert runner.report.pace.reached == pytest.approx(10.0, rel=0.02)
    assert signal.getsignal(signal.SIGTSTP) is before


def test_nothing_is_left_open_after_an_error() -> None:
    found: list[int] = []

    def fail(port: int, _drawn: Mapping[str, str]) -> None:
        found.append(port)
        raise ArithmeticError("made up")

    with pytest.raises(ArithmeticError):
        RealtimeRunner(1.0, clock=HandClock(), announce=fail).play(spec(ALICE))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", found[0]), 5.0)
    assert "arena-realtime" not in {thread.name for thread in threading.enumerate()}


def test_the_lag_is_among_the_metrics() -> None:
    clock = HandClock()
    gauges: dict[str, float] = {}

    class Keep:
        def set(self, metric: Metric, value: float, labels: tuple[str, ...]) -> None:
            gauges[metric.name] = value

        def add(self, metric: Metric, amount: float, labels: tuple[str, ...]) -> None: ...

    def late(_now_ns: int) -> None:
        clock.time_ns += 2_000_000

    clock.on_wait = late
    RealtimeRunner(1000.0, clock=clock).play(
        spec(CASH, duration="20s"), watch=MatchWatch(Metrics(Keep()), "demo")
    )
    assert gauges[LAG.name] == pytest.approx(0.002)
