"""Fundamental paths: through recorded bars, or drawn with stated volatility, correlation and keys."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange_sim.markets.anchored_path import anchored_activity, anchored_path, reflect
from exchange_sim.markets.duration import MINUTE_NS, SECOND_NS
from exchange_sim.markets.spec import Dynamics, Regime
from exchange_sim.markets.synthetic_path import synthetic_path

FIRST_MINUTE = 29_000_000
DYNAMICS = Dynamics()
Floats = np.ndarray


def recorded(seed: int, count: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Open, high, low, close of a random walk; every minute opens at the close before."""
    rng = np.random.default_rng(seed)
    close = 100.0 + np.cumsum(rng.normal(0.0, 0.1, count))
    opened = np.concatenate(([100.0], close[:-1]))
    high = np.maximum(opened, close) + rng.exponential(0.05, count)
    low = np.minimum(opened, close) - rng.exponential(0.05, count)
    return opened, high, low, close


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 30), steps=st.sampled_from([1, 2, 3, 12, 60, 240]))
def test_a_path_meets_every_close_and_stays_inside_every_bar(seed: int, count: int, steps: int) -> None:
    opened, high, low, close = recorded(seed, count)
    path = anchored_path(seed, FIRST_MINUTE, opened[0], high, low, close, steps)

    assert len(path) == count * steps + 1
    assert path[0] == opened[0]
    assert path[steps::steps].tolist() == close.tolist()
    inner = path[1:].reshape(count, steps)
    assert (inner <= high[:, None]).all()
    assert (inner >= low[:, None]).all()
    if steps >= 3:
        np.testing.assert_allclose(inner.max(axis=1), high)
        np.testing.assert_allclose(inner.min(axis=1), low)


def test_a_minutes_path_does_not_depend_on_where_the_market_starts() -> None:
    opened, high, low, close = recorded(1, 20)
    whole = anchored_path(5, FIRST_MINUTE, opened[0], high, low, close, 60)
    later = anchored_path(5, FIRST_MINUTE + 7, close[6], high[7:], low[7:], close[7:], 60)
    other = anchored_path(6, FIRST_MINUTE, opened[0], high, low, close, 60)

    assert later.tolist() == whole[7 * 60 :].tolist()
    assert not np.array_equal(other, whole)


def test_a_bar_without_movement_gives_a_flat_path() -> None:
    flat = np.full(3, 50.0)
    assert anchored_path(1, FIRST_MINUTE, 50.0, flat, flat, flat, 60).tolist() == [50.0] * 181


def test_seconds_between_closes_are_as_volatile_as_a_random_walks() -> None:
    """Minutes of a true random walk: the filled-in seconds must have a variance like its own."""
    rng = np.random.default_rng(3)
    steps = rng.normal(0.0, 1e-2, (3_000, 60))
    walk = 1_000.0 + np.concatenate(([0.0], np.cumsum(steps)))
    points = walk[:-1].reshape(-1, 60)
    close = walk[60::60]
    high = np.maximum(points.max(axis=1), close)
    low = np.minimum(points.min(axis=1), close)
    path = anchored_path(3, FIRST_MINUTE, walk[0], high, low, close, 60)

    for lag in (1, 5, 20, 60):
        made = np.var(path[lag:] - path[:-lag]) / lag
        assert made / 1e-4 == pytest.approx(1.0, abs=0.25), lag


@given(
    value=st.floats(-1e3, 1e3),
    low=st.floats(-50.0, 50.0),
    width=st.floats(0.0, 20.0),
)
def test_reflection_stays_inside_and_leaves_what_is_inside_alone(
    value: float, low: float, width: float
) -> None:
    high = low + width
    folded = reflect(value, low, high)

    assert low <= folded <= high
    if low <= value <= high:
        assert folded == pytest.approx(value, abs=1e-9)


def test_activity_follows_volume_with_mean_one_and_a_floor() -> None:
    activity = anchored_activity(np.array([0.0, 1.0, 3.0]), 2)

    assert activity.mean() == pytest.approx(1.0)
    assert activity[0] == activity[1]
    assert 0.0 < activity[0] < 0.03
    assert activity[4] / activity[2] == pytest.approx(3.0)
    assert anchored_activity(np.zeros(2), 3).tolist() == [1.0] * 6


def drawn(
    seed: int = 1,
    symbols: tuple[str, ...] = ("BTC/USDT:USDT", "ETH/USDT:USDT"),
    dynamics: Dynamics = DYNAMICS,
    points: int = 5_000,
    step_ns: int = SECOND_NS,
    origin: int = 0,
) -> tuple[Floats, Floats]:
    count = len(symbols)
    return synthetic_path(
        seed,
        symbols,
        [100.0 * (row + 1) for row in range(count)],
        [0.5 + 0.25 * row for row in range(count)],
        dynamics,
        step_ns=step_ns,
        points=points,
        origin=origin,
    )


def test_drawn_paths_have_these_bits_everywhere() -> None:
    """Golden: changed by nothing but a deliberate change of the process."""
    prices, activity = drawn(points=2_000)
    digest = hashlib.blake2b(prices.tobytes() + activity.tobytes(), digest_size=8).hexdigest()
    assert digest == "bdf2c6a4c6415fa3"


def test_recorded_paths_have_these_bits_everywhere() -> None:
    high, low, close = (
        np.array([101.5, 102.0, 101.25]),
        np.array([99.0, 100.5, 98.0]),
        np.array([101.0, 101.0, 98.5]),
    )
    path = anchored_path(42, FIRST_MINUTE, 100.0, high, low, close, 60)
    digest = hashlib.blake2b(path.tobytes(), digest_size=8).hexdigest()
    assert digest == "0f7a08d1520b5423"


def test_more_time_and_more_instruments_leave_the_rest_as_it_was() -> None:
    prices, activity = drawn(points=1_000)
    longer, longer_activity = drawn(points=2_000)
    three, _ = drawn(symbols=("SOL/USDT:USDT", "BTC/USDT:USDT"), points=1_000)

    assert longer[:, :1_000].tolist() == prices.tolist()
    assert longer_activity[:, :1_000].tolist() == activity.tolist()
    np.testing.assert_allclose(
        np.diff(np.log(three[1])) / 0.75, np.diff(np.log(prices[0])) / 0.5, rtol=1e-6, atol=1e-12
    )
    assert not np.array_equal(drawn(seed=2, points=1_000)[0], prices)


def test_prices_have_the_start_value_at_the_origin() -> None:
    prices, _ = drawn(points=500, origin=123)
    assert prices[:, 123].tolist() == [100.0, 200.0]


def test_long_run_volatility_correlation_and_activity_are_the_stated_ones() -> None:
    dynamics = Dynamics(correlation=0.6)
    prices, activity = drawn(dynamics=dynamics, points=1_440 * 365 * 2, step_ns=MINUTE_NS)
    returns = np.diff(np.log(prices), axis=1)

    annual = returns.std(axis=1) * np.sqrt(1_440 * 365)
    assert annual == pytest.approx([0.5, 0.75], rel=0.1)
    assert np.corrcoef(returns)[0, 1] == pytest.approx(0.6, abs=0.06)
    assert activity.mean(axis=1) == pytest.approx([1.0, 1.0], abs=0.15)
    kurtosis = (returns**4).mean(axis=1) / (returns**2).mean(axis=1) ** 2
    assert (kurtosis > 5).all()
    size = np.abs(returns[0])
    assert np.corrcoef(size[:-60], size[60:])[0, 1] > 0.03  # volatility is still there an hour later


def test_one_regime_without_jumps_and_clusters_is_a_gaussian_walk() -> None:
    dynamics = Dynamics(
        volatility_sd=0.0, jumps_per_day=0.0, regimes=(Regime(name="only", mean_duration="1h"),)
    )
    prices, activity = drawn(dynamics=dynamics, points=200_000)
    returns = np.diff(np.log(prices[0]))

    assert (activity == 1.0).all()
    assert (returns**4).mean() / (returns**2).mean() ** 2 == pytest.approx(3.0, abs=0.15)
    assert returns.std() * np.sqrt(86_400 * 365) == pytest.approx(0.5, rel=0.02)


def test_regimes_change_volatility_and_activity_as_often_as_stated() -> None:
    quiet = Regime(name="quiet", mean_duration="30m", volatility=0.5, activity=0.5)
    busy = Regime(name="busy", mean_duration="10m", volatility=2.0, activity=2.0)
    dynamics = Dynamics(volatility_sd=0.0, jumps_per_day=0.0, regimes=(quiet, busy))
    _, activity = drawn(dynamics=dynamics, points=400_000)
    levels, counts = np.unique(activity[0], return_counts=True)

    assert levels[1] / levels[0] == pytest.approx(4.0)
    assert counts[0] / counts.sum() == pytest.approx(0.75, abs=0.08)
    changes = np.count_nonzero(np.diff(activity[0]))
    assert 400_000 / changes == pytest.approx(1_200, rel=0.25)  # mean stay of 30 and 10 minutes
