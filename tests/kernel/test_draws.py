"""Keyed draws: pure functions of key and counter, with the distributions they claim."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exchange_sim.kernel import draws
from exchange_sim.rng import derive, generator

KEY = derive(7, "test")


def sample(draw, count: int = 20_000, key: int = KEY) -> np.ndarray:  # type: ignore[no-untyped-def]
    return np.array([draw(key, counter) for counter in range(count)])


def test_keys_never_change() -> None:
    assert derive(0) == 8340700579708981784
    assert derive(1, "crowd", "BTC/USDT:USDT", 3) == 6475938582615828697


def test_names_do_not_run_into_each_other() -> None:
    keys = [
        derive(1, "ab", "c"),
        derive(1, "a", "bc"),
        derive(1, "abc"),
        derive(1, "1"),
        derive(1, 1),
        derive(2, 1),
        derive(1, 1, 1),
    ]
    assert len(set(keys)) == len(keys)
    assert all(0 <= key < 2**63 for key in keys)


def test_a_draw_is_a_function_of_key_and_counter() -> None:
    forwards = [draws.bits(KEY, counter) for counter in range(100)]
    backwards = [draws.bits(KEY, counter) for counter in reversed(range(100))]
    assert forwards == backwards[::-1]
    assert len(set(forwards)) == 100


def test_bits_never_change() -> None:
    # SplitMix64 seeded with 0 starts with this number
    assert draws.bits(0, 0) & 0xFFFFFFFFFFFFFFFF == 0xE220A8397B1DCDAF


def test_streams_of_neighbouring_keys_are_unrelated() -> None:
    first, second = sample(draws.uniform), sample(draws.uniform, key=KEY + 1)
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / math.sqrt(len(first))
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) < 4 / math.sqrt(len(first))


def test_uniform_lies_inside_the_open_interval_and_fills_it() -> None:
    values = sample(draws.uniform)
    assert 0.0 < values.min() < 0.001
    assert 0.999 < values.max() < 1.0
    counts, _ = np.histogram(values, bins=50, range=(0.0, 1.0))
    chi_square = ((counts - 400.0) ** 2 / 400.0).sum()
    assert chi_square < 49 + 5 * math.sqrt(2 * 49)


def test_below_reaches_every_value_equally() -> None:
    counts = np.bincount([draws.below(KEY, counter, 7) for counter in range(14_000)], minlength=7)
    assert len(counts) == 7
    assert np.abs(counts - 2_000).max() < 5 * math.sqrt(2_000)


@pytest.mark.parametrize(
    ("draw", "mean", "sd"),
    [
        (draws.exponential, 1.0, 1.0),
        (draws.normal, 0.0, 1.0),
    ],
)
def test_moments(draw, mean: float, sd: float) -> None:  # type: ignore[no-untyped-def]
    values = sample(draw)
    assert abs(values.mean() - mean) < 5 * sd / math.sqrt(len(values))
    assert abs(values.std() / sd - 1.0) < 0.05


def test_lognormal_has_the_given_median_and_spread() -> None:
    values = np.log([draws.lognormal(KEY, counter, 50.0, 0.5) for counter in range(20_000)])
    assert abs(values.mean() - math.log(50.0)) < 0.02
    assert abs(values.std() - 0.5) < 0.02


def test_pareto_has_the_given_tail_and_cut() -> None:
    values = np.array([draws.pareto(KEY, counter, 10.0, 1.5, 1_000.0) for counter in range(20_000)])
    assert values.min() >= 10.0
    assert values.max() == 1_000.0
    above = (values > 40.0).mean()
    assert abs(above - 4.0**-1.5) < 0.01


def test_generators_of_other_names_are_other_streams() -> None:
    same = generator(3, "bot", "mm-1").integers(2**62, size=4)
    assert (same == generator(3, "bot", "mm-1").integers(2**62, size=4)).all()
    assert (same != generator(3, "bot", "mm-2").integers(2**62, size=4)).all()
