import math

import numpy as np
import pytest
from scipy import optimize

from analytics.ratings import RATING_MEAN, RATING_SCALE, rate

BOTS = ["a", "b", "c", "d", "e"]


def orders(strength: np.ndarray, contests: int, seed: int) -> np.ndarray:
    """Scores whose order follows the Plackett-Luce model (Gumbel noise on log strengths)."""
    rng = np.random.Generator(np.random.PCG64(seed))
    return strength + rng.gumbel(size=(contests, len(strength)))


def penalised_likelihood(log_strength: np.ndarray, scores: np.ndarray) -> float:
    """Negative log posterior, written out choice by choice."""
    total = 0.0
    for row in scores:
        present = [i for i in np.argsort(-row) if not math.isnan(row[i])]
        for place in range(len(present) - 1):
            rest = log_strength[present[place:]]
            total -= rest[0] - math.log(np.exp(rest).sum())
    games = 0.5 * log_strength - np.log1p(np.exp(log_strength))
    return total - float(games.sum())


def test_point_ratings_maximise_the_written_out_likelihood() -> None:
    scores = orders(np.array([0.0, 0.5, 1.0, 1.5, 2.0]), 12, seed=3)
    scores[0, 1] = scores[3, 4] = scores[5, 0] = math.nan
    best = optimize.minimize(penalised_likelihood, np.zeros(5), args=(scores,), tol=1e-10).x
    expected = RATING_MEAN + RATING_SCALE * (best - best.mean())
    ratings = rate(scores, BOTS, range(12), seed=0, draws=100)
    np.testing.assert_allclose([rating.rating for rating in ratings], expected, atol=0.01)


def test_intervals_hold_the_true_rating_about_as_often_as_they_say() -> None:
    strength = np.linspace(-0.8, 0.8, 5)
    truth = RATING_MEAN + RATING_SCALE * strength
    held = []
    for seed in range(120):
        ratings = rate(orders(strength, 12, seed), BOTS, range(12), seed=seed, draws=200, confidence=0.9)
        held += [r.low <= true <= r.high for r, true in zip(ratings, truth, strict=True)]
    # 600 dependent cases: about 120 to 600 independent ones, a standard error of at most 0.027
    assert 0.83 <= np.mean(held) <= 0.97


def test_contests_that_share_a_market_count_once() -> None:
    scores = orders(np.linspace(0, 1, 5), 8, seed=1)
    once = rate(scores, BOTS, range(8), seed=5)
    fivefold = rate(np.repeat(scores, 5, axis=0), BOTS, np.repeat(range(8), 5).tolist(), seed=5)
    independent = rate(np.repeat(scores, 5, axis=0), BOTS, range(40), seed=5)
    width = [np.mean([r.high - r.low for r in ratings]) for ratings in (once, fivefold, independent)]
    assert width[1] > 0.9 * width[0]
    assert width[2] < 0.6 * width[1]


def test_an_unbeaten_and_a_beaten_bot_have_finite_ratings_with_intervals_around_them() -> None:
    scores = np.tile([4.0, 3.0, 2.0, 1.0, 0.0], (6, 1))
    ratings = rate(scores, BOTS, range(6), seed=2)
    values = [rating.rating for rating in ratings]
    assert values == sorted(values, reverse=True)
    assert all(rating.low <= rating.rating <= rating.high < 4_000 for rating in ratings)
    assert ratings[0].best > 0.95


@pytest.mark.parametrize("bots", [2, 4])
def test_a_few_unanimous_rounds_are_no_certainty(bots: int) -> None:
    ratings = rate(np.tile(np.arange(bots, 0, -1.0), (4, 1)), BOTS[:bots], range(4), seed=1)
    assert all(rating.high - rating.low > 100 for rating in ratings)
    assert 0.9 < ratings[0].best < 1
    again = rate(np.tile(np.arange(bots, 0, -1.0), (16, 1)), BOTS[:bots], range(16), seed=1)
    assert again[0].high - again[0].low < ratings[0].high - ratings[0].low


def test_equal_scores_are_equal_ratings_and_share_the_chance_of_being_best() -> None:
    scores = np.zeros((6, 5))
    ratings = rate(scores, BOTS, range(6), seed=2)
    assert [rating.rating for rating in ratings] == pytest.approx([RATING_MEAN] * 5)
    assert sum(rating.best for rating in ratings) == pytest.approx(1.0)


def test_ratings_depend_on_the_seed_alone() -> None:
    scores = orders(np.linspace(0, 1, 5), 10, seed=4)
    assert rate(scores, BOTS, range(10), seed=1) == rate(scores, BOTS, range(10), seed=1)
    assert rate(scores, BOTS, range(10), seed=1) != rate(scores, BOTS, range(10), seed=2)


def test_one_block_gives_ratings_without_intervals() -> None:
    ratings = rate([[1.0, 2.0]], ["a", "b"], ["only"], seed=0)
    assert ratings[1].rating > ratings[0].rating
    assert all(math.isnan(x) for r in ratings for x in (r.low, r.high, r.best))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scores": [[1.0]]}, "shape"),
        ({"scores": [[1.0, math.inf]]}, "infinite"),
        ({"confidence": 1.0}, "confidence"),
        ({"draws": 5}, "draws"),
    ],
)
def test_bad_arguments_are_named(change: dict, message: str) -> None:
    arguments = {"scores": [[1.0, 2.0]], "bots": ["a", "b"], "blocks": [0], "seed": 0} | change
    with pytest.raises(ValueError, match=message):
        rate(**arguments)
