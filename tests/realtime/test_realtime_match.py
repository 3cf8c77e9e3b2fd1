"""Whole matches slaved to a clock that tests move: the same bytes, and outside accounts over loopback."""

from __future__ import annotations

import pytest

from actors.match import run_match
from actors.realtime.run import RealtimeRunner, RealtimeStatus
from tests.match.test_match import CASH, MAKER, SCALPER, spec
from tests.realtime.clocks import HandClock


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
