"""Arrivals: the right number, at the right times, clustered as said."""

from __future__ import annotations

import numpy as np
import pytest

from exchange_sim.compiled import compiled
from exchange_sim.kernel.clocks import fundamental_ticks, next_tick_ns
from exchange_sim.kernel.kernel import Kernel
from exchange_sim.kernel.path import MarketPath
from exchange_sim.kernel.tables import NEVER_NS, clock_at, kernel_at
from exchange_sim.population.species import Hawkes, MetaOrders, Noise, Population
from tests.kernel.worlds import BTC, NOBODY, SECOND, START, WHOLE


@compiled
def _collect(address: int, number: int, times: np.ndarray) -> int:
    k = kernel_at(address, 0)
    clock = clock_at(k.clocks, number)
    clock.fast_hz = 0.0
    clock.slow_hz = 0.0
    count = 0
    now = k.path_start_ns
    while count < len(times):
        now = next_tick_ns(k, clock, now)
        if now == NEVER_NS:
            break
        times[count] = now
        count += 1
    return count


@compiled
def _fundamental(address: int, ts_ns: int) -> float:
    return fundamental_ticks(kernel_at(address, 0), 0, ts_ns)


def ticks(population: Population, activity: np.ndarray, seed: int = 1) -> np.ndarray:
    """Return the arrival times, in seconds, of a population's only clock on an activity per second."""
    level = np.full((1, len(activity)), 1e6)
    kernel = Kernel([BTC], MarketPath(START, SECOND, level, activity[None, :]), population, seed=seed)
    times = np.empty(2_000_000, np.int64)
    count = _collect(kernel._storage.address, 0, times)
    return (times[:count] - START) / SECOND


def poisson(rate_hz: float) -> Population:
    return Population(groups=(Noise(name="noise", count=10, rate_hz=rate_hz / 10),))


def hawkes(rate_hz: float, **fields: float) -> Population:
    group = MetaOrders(name="parent", count=10, rate_hz=rate_hz / 10)
    return Population(groups=(group,), hawkes=Hawkes(**fields))


def fano(times: np.ndarray, seconds: int, width: float) -> float:
    counts, _ = np.histogram(times, bins=int(seconds / width), range=(0.0, seconds))
    return float(counts.var() / counts.mean())


@pytest.mark.parametrize("rate_hz", [0.5, 2.0, 300.0])
def test_poisson_clock_has_its_rate_and_no_memory(rate_hz: float) -> None:
    seconds = int(20_000 / rate_hz)
    times = ticks(poisson(rate_hz), np.ones(seconds + 1))
    assert abs(len(times) - 20_000) < 5 * 20_000**0.5
    gaps = np.diff(times)
    assert gaps.min() >= 0.0
    assert abs(gaps.std() / gaps.mean() - 1.0) < 0.05
    assert abs(fano(times, seconds, 10 / rate_hz) - 1.0) < 0.2


def test_activity_multiplies_the_rate_second_by_second() -> None:
    activity = np.tile([0.0, 1.0, 3.0, 0.5], 500)
    times = ticks(poisson(20.0), activity)
    by_phase = np.bincount(times.astype(int) % 4, minlength=4)
    assert by_phase[0] == 0
    expected = 20.0 * 500 * activity[1:4]
    assert (np.abs(by_phase[1:] - expected) < 5 * expected**0.5).all()


def test_clock_is_silent_where_the_market_never_wakes() -> None:
    assert len(ticks(poisson(100.0), np.zeros(100))) == 0
    assert len(ticks(hawkes(100.0), np.zeros(100))) == 0


def test_hawkes_clock_keeps_the_mean_rate_and_clusters() -> None:
    seconds = 20_000
    fields = {"branching": 0.7, "fast_share": 0.5, "fast_half_life_s": 0.05, "slow_half_life_s": 2.0}
    times = ticks(hawkes(2.0, **fields), np.ones(seconds + 1))
    # a Hawkes process has the asymptotic Fano factor 1 / (1 - branching)^2
    limit = 1.0 / (1.0 - 0.7) ** 2
    assert abs(len(times) - 40_000) < 5 * (40_000 * limit) ** 0.5
    assert fano(times, seconds, 100.0) == pytest.approx(limit, rel=0.25)
    gaps = np.diff(times)
    assert gaps.std() / gaps.mean() > 1.3


def test_branching_zero_is_a_poisson_clock() -> None:
    times = ticks(hawkes(5.0, branching=0.0), np.ones(4_001))
    assert abs(len(times) - 20_000) < 5 * 20_000**0.5
    assert abs(fano(times, 4_000, 10.0) - 1.0) < 0.2


def test_clustered_groups_share_one_clock_by_their_rates() -> None:
    groups = (
        MetaOrders(name="rare", count=5, rate_hz=0.2),
        Noise(name="apart", count=1, rate_hz=1.0),
        MetaOrders(name="often", count=5, rate_hz=0.6),
    )
    level = np.full((1, 2_001), 1e6)
    path = MarketPath(START, SECOND, level, np.ones_like(level))
    kernel = Kernel([BTC], path, Population(groups=groups), seed=1)
    assert len(kernel._storage.tables["clocks"]) == 2
    kernel.advance(path.end_ns, WHOLE)
    rare, often, apart = kernel._storage.tables["groups"]["actions"].tolist()
    assert abs(often / (often + rare) - 0.75) < 0.03
    assert abs(apart - 2_000) < 5 * 2_000**0.5


def test_fundamental_is_a_straight_line_between_points() -> None:
    path = MarketPath(START, SECOND, np.array([[100.0, 200.0, 150.0]]), np.ones((1, 3)))
    kernel = Kernel([BTC], path, NOBODY, seed=1)
    moments = [0, SECOND // 4, SECOND, SECOND + SECOND // 2, 2 * SECOND, 5 * SECOND]
    values = [_fundamental(kernel._storage.address, START + moment) for moment in moments]
    assert values == [100.0, 125.0, 200.0, 175.0, 150.0, 150.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fundamental_ticks": np.ones((1, 1))}, "fundamental_ticks"),
        ({"fundamental_ticks": np.ones(4)}, "fundamental_ticks"),
        ({"fundamental_ticks": np.array([[1.0, np.nan, 1.0]])}, "fundamental_ticks"),
        ({"fundamental_ticks": np.array([[1.0, 0.0, 1.0]])}, "fundamental_ticks"),
        ({"activity": np.ones((1, 2))}, "activity"),
        ({"activity": np.array([[1.0, -1.0, 1.0]])}, "activity"),
        ({"step_ns": 0}, "step_ns"),
        ({"start_ns": -1}, "start_ns"),
    ],
)
def test_impossible_paths_are_refused(change: dict[str, object], message: str) -> None:
    values: dict[str, object] = {
        "start_ns": START,
        "step_ns": SECOND,
        "fundamental_ticks": np.ones((1, 3)),
        "activity": np.ones((1, 3)),
        **change,
    }
    with pytest.raises(ValueError, match=message):
        MarketPath(**values)  # type: ignore[arg-type]
