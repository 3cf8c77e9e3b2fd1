import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.report import Curve, numbers
from analytics.report.series import bucket_edges, evenly, extremes, milliseconds, rounded
from analytics.report.tournament_figures import fan


@given(st.lists(st.floats(-1e6, 1e6) | st.just(math.nan), min_size=1, max_size=400), st.integers(4, 60))
def test_extremes_keep_the_ends_the_highest_and_the_lowest(values: list[float], points: int) -> None:
    array = np.array(values)
    kept = extremes(array, points)
    assert len(kept) <= points
    assert kept[0] == 0
    assert kept[-1] == len(array) - 1
    assert (np.diff(kept) > 0).all()
    if not np.isnan(array).all():
        assert np.nanmax(array[kept]) == np.nanmax(array)
        assert np.nanmin(array[kept]) == np.nanmin(array)


@given(st.integers(0, 500), st.integers(2, 60))
def test_even_picks_and_buckets_cover_the_range(n: int, points: int) -> None:
    kept = evenly(n, points)
    assert len(kept) <= max(points, 0)
    assert not n or (kept[0] == 0 and kept[-1] == n - 1)
    edges = bucket_edges(n, points)
    assert len(edges) <= points
    assert not n or edges[0] == 0


def test_stored_numbers_are_short() -> None:
    assert rounded([1 / 3, math.nan, math.inf, 95_123.456_789], 7) == [0.3333333, None, None, 95_123.46]
    assert milliseconds(np.array([1_999_999, 2_000_000])) == [1, 2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (numbers.percent(0.01234), "1.23\u202f%"),
        (numbers.percent(0.01234, 1, signed=True), "+1.2\u202f%"),
        (numbers.percent(-0.00001, 2), "0.00\u202f%"),
        (numbers.percent(math.nan), numbers.MISSING),
        (numbers.ratio(-1234.5), "\u22121,234.50"),
        (numbers.ratio(math.inf), "∞"),
        (numbers.money(12.345), "12.35"),
        (numbers.money(-123_456.7), "\u2212123,457"),
        (numbers.whole(1512.4), "1512"),
        (numbers.duration(90 * 10**9), "1 min 30 s"),
        (numbers.duration(3 * 86_400 * 10**9), "3 d"),
        (numbers.duration(1_500_000), "0.0015 s"),
        (numbers.moment(1_746_057_600 * 10**9), "2025-05-01 00:00:00"),
    ],
)
def test_numbers_read_well(text: str, expected: str) -> None:
    assert text == expected


def test_a_fan_holds_each_curve_as_long_as_it_lasts() -> None:
    long = Curve(times_ns=np.array([0, 10, 20]), equity=np.array([100.0, 110.0, 120.0]))
    late_start = Curve(times_ns=np.array([1000, 1010]), equity=np.array([200.0, 180.0]))
    grid, quantiles = fan([long, late_start], points=3)
    assert grid.tolist() == [0, 10, 20]
    assert quantiles[:, 2] == pytest.approx([0.0, 0.0, 0.2])
    assert quantiles[1, 0] == pytest.approx(-0.09)
    assert fan([])[0].tolist() == []
