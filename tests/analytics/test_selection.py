import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from analytics.selection import beats_null, mean_interval

ALPHA = 0.05


def naive_p_values(differences: np.ndarray) -> list[float]:
    """Step-down max-T over all sign patterns with Student's t, written out."""

    def t(values: np.ndarray) -> np.ndarray:
        return values.mean(axis=0) / (values.std(axis=0, ddof=1) / math.sqrt(len(values)))

    order = np.argsort(-t(differences))
    patterns = [np.array(signs)[:, None] for signs in itertools.product((1, -1), repeat=len(differences))]
    flipped = np.array([t(signs * differences) for signs in patterns])
    result, previous = [0.0] * len(order), 0.0
    for place, column in enumerate(order):
        largest = flipped[:, order[place:]].max(axis=1)
        p_value = float((largest >= t(differences)[column] - 1e-9).mean())
        previous = result[column] = max(previous, p_value)
    return result


def test_p_values_equal_the_written_out_step_down_procedure() -> None:
    rng = np.random.Generator(np.random.PCG64(8))
    for _ in range(5):
        differences = rng.normal([0.0, 0.5, 2.0], size=(6, 3))
        assert [test.p_value for test in beats_null(differences, seed=0)] == pytest.approx(
            naive_p_values(differences)
        )


@pytest.mark.parametrize("skewed", [False, True])
def test_random_bots_are_declared_better_no_more_often_than_stated(skewed: bool) -> None:  # noqa: FBT001 - a parameter
    """Six bots that draw from the same distribution as the null bot, over twelve blocks."""
    rng = np.random.Generator(np.random.PCG64(20))
    tournaments, false_claims = 1_000, 0
    for _ in range(tournaments):
        returns = rng.normal(size=(12, 7)) if not skewed else rng.exponential(size=(12, 7)) ** 2
        returns += 3.0 * rng.normal(size=(12, 1))  # the market that all share
        tests = beats_null(returns[:, 1:] - returns[:, :1], seed=0, alpha=ALPHA, flips=500)
        false_claims += any(test.better for test in tests)
    # more than this happens with probability 0.001 where the true rate is the stated one
    assert false_claims <= stats.binom.ppf(0.999, tournaments, ALPHA)
    assert false_claims >= stats.binom.ppf(0.001, tournaments, 0.02)  # nor is the test asleep


def test_an_uncorrected_test_would_fail_the_simulation_above() -> None:
    rng = np.random.Generator(np.random.PCG64(20))
    false_claims = 0
    for _ in range(300):
        returns = rng.normal(size=(12, 7))
        single = [beats_null(returns[:, [k]] - returns[:, :1], seed=0, flips=500) for k in range(1, 7)]
        false_claims += any(test[0].better for test in single)
    assert false_claims > stats.binom.ppf(0.999, 300, ALPHA)


def test_a_known_edge_is_found_among_bots_without_one() -> None:
    rng = np.random.Generator(np.random.PCG64(5))
    differences = rng.normal(size=(20, 6))
    differences[:, 2] += 1.5
    tests = beats_null(differences, seed=1)
    assert [test.better for test in tests] == [False, False, True, False, False, False]
    assert tests[2].difference == pytest.approx(differences[:, 2].mean())


def test_too_few_blocks_can_prove_nothing() -> None:
    assert beats_null(np.full((4, 1), 3.0), seed=0)[0].p_value == 1 / 16
    assert beats_null(np.full((5, 1), 3.0), seed=0)[0].better


def test_no_difference_is_no_evidence() -> None:
    tests = beats_null([[0.0, math.nan], [0.0, math.nan]], seed=0)
    assert [test.p_value for test in tests] == [1.0, 1.0]
    assert tests[0].difference == 0.0
    assert math.isnan(tests[1].difference)


@settings(max_examples=30)
@given(arrays(float, (7, 3), elements=st.floats(-10, 10).map(lambda x: round(x, 3))), st.floats(0.1, 50))
def test_p_values_ignore_the_scale_of_a_bot(differences: np.ndarray, scale: float) -> None:
    scaled = differences * [1.0, scale, 1.0]
    first = [test.p_value for test in beats_null(differences, seed=0)]
    assert [test.p_value for test in beats_null(scaled, seed=0)] == pytest.approx(first)


def test_mean_interval_holds_the_mean_as_often_as_it_says() -> None:
    rng = np.random.Generator(np.random.PCG64(2))
    held = [(i := mean_interval(rng.normal(size=8), 0.9)).low <= 0 <= i.high for _ in range(1_000)]
    assert abs(np.mean(held) - 0.9) < 0.03


def test_mean_interval_of_little() -> None:
    assert math.isnan(mean_interval([]).mean)
    single = mean_interval([2.0, math.nan])
    assert single.mean == 2.0
    assert math.isnan(single.low)


@pytest.mark.parametrize(
    ("differences", "alpha", "message"),
    [([1.0], 0.05, "two dimensions"), ([[math.inf]], 0.05, "infinite"), ([[1.0]], 0.0, "alpha")],
)
def test_bad_arguments_are_named(differences: list, alpha: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        beats_null(differences, seed=0, alpha=alpha)
