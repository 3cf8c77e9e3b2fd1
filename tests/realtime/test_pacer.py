"""The pacer, with a clock that nobody waits for."""

from __future__ import annotations

import numpy as np
import pytest

from actors.realtime.pacer import SLICE_NS, Pacer
from actors.realtime.quantiles import Quantiles
from tests.realtime.clocks import HandClock

MS = 1_000_000
S = 1_000 * MS


def _run(pacer: Pacer, clock: HandClock, slices: int, cost_ns: int, start_ns: int) -> int:
    """Let the market compute so many slices, each in `cost_ns`; return where it stands."""
    now_ns = start_ns
    for _ in range(slices):
        edge_ns = pacer.edge_after(now_ns)
        pacer.pace(edge_ns)
        clock.time_ns += cost_ns
        now_ns = edge_ns
    return now_ns


@pytest.mark.parametrize("speed", [0.1, 1.0, 12.5, 1000.0])
def test_a_slice_is_computed_when_the_clock_has_reached_its_end(speed: float) -> None:
    clock = HandClock()
    pacer = Pacer(speed, clock)
    pacer.start(7 * S)
    for number in range(1, 4):
        limit_ns = pacer.edge_after(7 * S) + int((number - 1) * SLICE_NS * speed)
        pacer.pace(limit_ns - 1)
        assert clock.time_ns == pytest.approx(1_000 + number * SLICE_NS, abs=2)
        pacer.pace(limit_ns)  # the rest of the slice comes at once
        assert len(clock.waits) == number
    report = pacer.report()
    assert (report.slices, report.keeps_up, report.attainable) == (2, True, None)
    assert report.lag.max == 0.0


def test_lag_is_how_late_a_slice_is_done_and_jitter_how_it_changes() -> None:
    clock = HandClock()
    pacer = Pacer(1.0, clock)
    pacer.start(0)
    now_ns = _run(pacer, clock, 98, 1 * MS, 0)
    now_ns = _run(pacer, clock, 1, 3 * MS, now_ns)
    _run(pacer, clock, 2, 1 * MS, now_ns)
    pacer.release()
    report = pacer.report()
    assert report.slices == 101
    assert report.lag.p50 == pytest.approx(1.0, rel=0.02)
    assert report.lag.max == 3.0
    assert report.jitter.p50 == 0.0
    assert report.jitter.max == 2.0
    assert report.reached == pytest.approx(1.0, rel=0.01)


def test_a_market_that_is_late_runs_without_waiting_until_it_has_caught_up() -> None:
    clock = HandClock()
    pacer = Pacer(10.0, clock)
    pacer.start(0)
    pacer.pace(SLICE_NS * 10)
    clock.time_ns += 800 * MS  # something took long
    waited = len(clock.waits)
    late = []
    now_ns = SLICE_NS * 10
    while True:
        now_ns = _run(pacer, clock, 1, 1 * MS, now_ns)
        if clock.waits[-1] > 0:
            break
        late.append(pacer.lag_ns)
    assert late == sorted(late, reverse=True)
    assert len(clock.waits) - waited == pytest.approx(800 / 4, abs=2)  # 4 ms are won in each slice
    assert pacer.keeps_up


def test_a_market_that_cannot_keep_up_says_so_and_what_it_reaches() -> None:
    clock = HandClock()
    pacer = Pacer(1000.0, clock)
    pacer.start(0)
    now_ns = _run(pacer, clock, 500, 20 * MS, 0)  # 5 s of market time in 20 ms: x250
    report = pacer.report()
    assert not report.keeps_up
    assert report.behind == 1
    assert report.attainable == pytest.approx(250.0, rel=0.01)
    while pacer.lag_ns > 1 * MS:
        now_ns = _run(pacer, clock, 100, 1 * MS, now_ns)
    report = pacer.report()
    assert report.keeps_up
    assert report.behind == 1


def test_a_pause_moves_the_clock_of_the_market() -> None:
    clock = HandClock()
    pacer = Pacer(1.0, clock)
    pacer.start(0)
    now_ns = _run(pacer, clock, 3, 0, 0)
    pacer.pause()
    ends_ns = clock.time_ns + 60 * S

    def resume(now: int) -> None:
        if now >= ends_ns:
            clock.on_wait = None
            pacer.resume()

    clock.on_wait = resume
    _run(pacer, clock, 3, 0, now_ns)
    report = pacer.report()
    assert report.slices == 5
    assert report.lag.max < 2 * SLICE_NS / MS
    assert clock.time_ns >= ends_ns + 2 * SLICE_NS
    assert report.reached == pytest.approx(1.0, rel=0.5)


@pytest.mark.parametrize("speed", [0.0, 0.09, 1000.5, float("nan"), float("inf"), -1.0])
def test_a_speed_out_of_range_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match=r"speed: expected 0\.1 to 1000, was"):
        Pacer(speed, HandClock())


def test_quantiles_are_right_to_a_64th() -> None:
    values = (np.random.default_rng(5).lognormal(12.0, 3.0, 20_000)).astype(np.int64)
    counted = Quantiles()
    for value in values.tolist():
        counted.add(value)
    for share in (0.01, 0.5, 0.99, 1.0):
        exact = int(np.quantile(values, share, method="inverted_cdf"))
        assert exact <= counted.quantile(share) <= exact + exact / 64 + 1
    assert counted.quantile(1.0) == counted.maximum == values.max()
    assert Quantiles().quantile(0.5) == 0
