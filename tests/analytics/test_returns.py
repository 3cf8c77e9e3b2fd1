import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.returns import YEAR_NS, ReturnMoments, drawdowns, equity_metrics, max_drawdown

DAY_NS = 24 * 3600 * 10**9


def days(n: int) -> np.ndarray:
    return np.arange(n) * DAY_NS


def test_figures_of_a_small_curve_are_those_of_the_textbook() -> None:
    equity = np.array([100.0, 110.0, 99.0, 108.9])
    returns = np.array([0.1, -0.1, 0.1])
    metrics = equity_metrics(days(4), equity)
    assert metrics.total_return == pytest.approx(0.089)
    assert metrics.annual_return == pytest.approx(returns.mean() * 365)
    assert metrics.volatility == pytest.approx(returns.std(ddof=1) * math.sqrt(365))
    assert metrics.sharpe == pytest.approx(returns.mean() / returns.std(ddof=1) * math.sqrt(365))
    downside = math.sqrt(0.01 / 3)
    assert metrics.sortino == pytest.approx(returns.mean() / downside * math.sqrt(365))
    assert metrics.max_drawdown == pytest.approx(0.1)
    assert metrics.calmar == pytest.approx(returns.mean() * 365 / 0.1)


def test_an_account_that_never_moves_has_no_ratio() -> None:
    metrics = equity_metrics(days(5), np.full(5, 100_000.0))
    assert (metrics.total_return, metrics.volatility, metrics.max_drawdown) == (0.0, 0.0, 0.0)
    assert all(math.isnan(x) for x in (metrics.sharpe, metrics.sortino, metrics.calmar))


def test_steady_growth_has_no_ratio_because_its_spread_is_only_rounding() -> None:
    metrics = equity_metrics(days(50), 100.0 * 1.001 ** np.arange(50))
    assert metrics.volatility == 0.0
    assert math.isnan(metrics.sharpe)


def test_the_clock_step_does_not_change_the_annual_figures_of_the_same_risk() -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    fine = 100 * np.exp(np.cumsum(rng.normal(1e-5, 1e-3, 100_000)))
    times = np.arange(len(fine)) * 10**9
    by_second, by_ten = equity_metrics(times, fine), equity_metrics(times[::10], fine[::10])
    assert by_ten.volatility == pytest.approx(by_second.volatility, rel=0.02)
    assert by_ten.sharpe == pytest.approx(by_second.sharpe, rel=0.03)


def test_ruin_ends_the_returns_but_not_the_drawdown() -> None:
    metrics = equity_metrics(days(4), np.array([100.0, 50.0, -20.0, -60.0]))
    assert metrics.moments.count == 2
    assert metrics.max_drawdown == pytest.approx(1.6)
    assert metrics.total_return == pytest.approx(-1.6)


def test_missing_samples_are_left_out_and_bad_ones_refused() -> None:
    gapped = equity_metrics(days(3), [100.0, math.nan, 121.0])
    assert gapped.moments.count == 1
    assert gapped.moments.span_ns == 2 * DAY_NS
    assert math.isnan(equity_metrics([], []).total_return)
    assert math.isnan(max_drawdown([]))
    with pytest.raises(ValueError, match="infinite"):
        equity_metrics(days(2), [1.0, math.inf])
    with pytest.raises(ValueError, match="increasing times, was 5 at index 1"):
        equity_metrics([5, 5], [1.0, 1.0])
    with pytest.raises(ValueError, match="one value per time"):
        equity_metrics([1, 2, 3], [1.0, 1.0])


@given(st.lists(st.floats(1.0, 1e6), min_size=1, max_size=60))
def test_drawdown_is_the_worst_pair_of_samples(equity: list[float]) -> None:
    worst = max(1 - equity[j] / equity[i] for i in range(len(equity)) for j in range(i, len(equity)))
    assert max_drawdown(equity) == pytest.approx(worst, abs=1e-12)
    assert (drawdowns(equity) >= 0).all()


@given(st.lists(st.floats(-0.2, 0.2), min_size=3, max_size=40), st.integers(1, 38))
def test_pooled_halves_equal_the_whole(returns: list[float], cut: int) -> None:
    cut = min(cut, len(returns) - 1)
    curve = 100 * np.cumprod(1 + np.array([0.0, *returns]))
    times = days(len(curve))
    whole = equity_metrics(times, curve).moments
    halves = ReturnMoments.pooled(
        [
            equity_metrics(times[: cut + 1], curve[: cut + 1]).moments,
            equity_metrics(times[cut:], curve[cut:]).moments,
        ]
    )
    assert (halves.count, halves.span_ns) == (whole.count, whole.span_ns)
    assert halves.total == pytest.approx(whole.total, abs=1e-12)
    assert halves.downside == pytest.approx(whole.downside, abs=1e-12)
    assert halves.annual_return * whole.span_ns / YEAR_NS == pytest.approx(whole.total, abs=1e-12)
