import math

import numpy as np
import pytest
from scipy import stats

from analytics.returns import ReturnMoments, equity_metrics
from analytics.search import deflated_sharpe, expected_maximum, judge_search


def test_deflated_sharpe_of_the_papers_example() -> None:
    """Bailey and Lopez de Prado (2014), page 9: annual ratio 2.5, five years of days, 100 trials."""
    arguments = {"observations": 1250, "trial_variance": 0.5 / 250, "skewness": -3.0, "kurtosis": 10.0}
    assert expected_maximum(100) * math.sqrt(0.5 / 250) == pytest.approx(0.1132, abs=1e-4)
    assert deflated_sharpe(2.5 / math.sqrt(250), trials=100, **arguments) == pytest.approx(0.9004, abs=1e-4)
    assert deflated_sharpe(2.5 / math.sqrt(250), trials=46, **arguments) == pytest.approx(0.9505, abs=1e-3)


def test_expected_maximum_is_near_the_simulated_one() -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    simulated = rng.normal(size=(20_000, 30)).max(axis=1).mean()
    assert expected_maximum(30) == pytest.approx(simulated, rel=0.02)
    assert expected_maximum(1) == 0.0


def test_moments_give_the_shape_of_the_returns() -> None:
    rng = np.random.Generator(np.random.PCG64(2))
    returns = rng.exponential(0.01, 500) - 0.008
    curve = np.cumprod(np.append(1.0, 1 + returns))
    moments = equity_metrics(np.arange(501) * 10**9, curve).moments
    assert moments.skewness == pytest.approx(stats.skew(returns))
    assert moments.kurtosis == pytest.approx(stats.kurtosis(returns, fisher=False))
    assert moments.period_sharpe == pytest.approx(returns.mean() / returns.std(ddof=1))
    assert math.isnan(ReturnMoments().skewness)


def test_the_best_of_worthless_trials_is_called_luck() -> None:
    rng = np.random.Generator(np.random.PCG64(3))
    declared, honest, shown, overfit = 0, [], [], []
    for search in range(60):
        verdict = judge_search(rng.normal(size=(30, 8)), seed=search)
        declared += verdict.p_luck <= 0.05
        honest.append(verdict.honest_score)
        shown.append(verdict.score.mean)
        overfit.append(verdict.overfitting)
    assert declared <= stats.binom.ppf(0.999, 60, 0.05)
    assert np.mean(shown) > 0.5  # what selection alone shows
    assert abs(np.mean(honest)) < 0.15
    assert np.mean(overfit) == pytest.approx(0.5, abs=0.1)


def test_a_real_edge_is_found() -> None:
    rng = np.random.Generator(np.random.PCG64(4))
    scores = rng.normal(size=(30, 8))
    scores[11] += 4.0
    verdict = judge_search(scores, seed=1)
    assert (verdict.best, verdict.trials, verdict.seeds) == (11, 30, 8)
    assert verdict.p_luck <= 0.05
    assert verdict.overfitting < 0.05
    assert verdict.honest_score > 3.0


def test_deflation_lowers_the_best_of_many_trials() -> None:
    rng = np.random.Generator(np.random.PCG64(5))
    curves = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, (40, 200)), axis=1))
    moments = [equity_metrics(np.arange(200) * 10**9, curve).moments for curve in curves]
    scores = np.array([[moment.period_sharpe] * 2 for moment in moments])
    best = judge_search(scores, moments, seed=0)
    alone = judge_search(scores[[best.best]], [moments[best.best]], seed=0)
    assert alone.deflated_sharpe > 0.95 > best.deflated_sharpe
    assert math.isnan(alone.overfitting)


def test_failed_trials_cannot_win() -> None:
    verdict = judge_search([[9.0, math.nan], [1.0, 2.0], [0.0, 1.0]], seed=0)
    assert verdict.best == 1
    assert verdict.trials == 3


def test_the_verdict_is_on_the_trial_that_was_selected() -> None:
    scores = np.array([[9.0, 0.0], [4.0, 4.0]])
    assert judge_search(scores, seed=0).best == 0
    chosen = judge_search(scores, seed=0, best=1)
    assert (chosen.best, chosen.score.mean) == (1, 4.0)
    with pytest.raises(ValueError, match="best: expected the index of a trial"):
        judge_search([[1.0], [math.nan]], seed=0, best=1)


def test_one_seed_leaves_the_doubt_open() -> None:
    verdict = judge_search([[1.0], [2.0]], seed=0)
    assert math.isnan(verdict.honest_score)
    assert math.isnan(verdict.overfitting)
    assert verdict.p_luck == 0.5


@pytest.mark.parametrize(
    ("scores", "moments", "message"),
    [
        ([1.0], [], "two dimensions"),
        ([[math.nan]], [], "at least one trial"),
        (np.zeros((0, 3)), [], "at least one trial"),
        ([[1.0]], [ReturnMoments()] * 2, "moments"),
    ],
)
def test_bad_arguments_are_named(scores: object, moments: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        judge_search(scores, moments, seed=0)
