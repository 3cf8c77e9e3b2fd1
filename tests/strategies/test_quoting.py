"""The market maker's arithmetic, worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange_sim.model.enums import Side
from strategies.quoting import (
    exposure_growth,
    foreign_touch,
    inventory_skew,
    side_room,
    skewed_prices,
)
from strategies.widening import widening


@pytest.mark.parametrize(
    ("width", "factor"),
    [(0.0, 1.0), (0.005, 1.0), (0.01, 1.0), (0.02, 1.5), (0.03, 2.0), (0.05, 3.0), (0.2, 3.0)],
)
def test_widening(width: float, factor: float) -> None:
    assert widening(width, threshold=0.01, slope=0.5, maximum=3.0) == pytest.approx(factor)


@pytest.mark.parametrize(
    ("net", "skew"),
    [(0.0, 0.0), (5_000.0, 0.5), (-2_500.0, -0.25), (10_000.0, 1.0), (30_000.0, 1.0), (-1e9, -1.0)],
)
def test_skew_is_the_share_of_the_largest_inventory(net: float, skew: float) -> None:
    assert inventory_skew(net, 10_000.0) == skew


@pytest.mark.parametrize(
    ("skew", "bid", "ask"),
    [
        (0.0, 99_850.0, 100_150.0),
        (1.0, 99_775.0, 100_075.0),
        (-1.0, 99_925.0, 100_225.0),
        (0.5, 99_812.5, 100_112.5),
    ],
)
def test_prices_at_a_mid_of_100_000_and_a_half_spread_of_150(skew: float, bid: float, ask: float) -> None:
    assert skewed_prices(100_000.0, 150.0, skew, 0.5) == (bid, ask)


@pytest.mark.parametrize(
    ("net", "side", "cash", "room"),
    [
        (0.0, Side.BUY, 90_000.0, 10_000.0),
        (9_800.0, Side.BUY, 80_000.0, 200.0),
        (9_800.0, Side.SELL, 80_000.0, 19_800.0),
        (12_000.0, Side.BUY, 80_000.0, 0.0),
        (-3_000.0, Side.SELL, 100.0, 100.0),
        (-3_000.0, Side.BUY, 100.0, 6_100.0),
        (-3_000.0, Side.BUY, -50.0, 6_000.0),
        (3_000.0, Side.BUY, -50.0, 0.0),
    ],
)
def test_room_of_a_side(net: float, side: Side, cash: float, room: float) -> None:
    assert side_room(net, side.sign, 10_000.0, cash) == room


@given(
    st.floats(-20_000, 20_000),
    st.sampled_from(Side),
    st.floats(1, 20_000),
    st.floats(-1_000, 100_000),
)
def test_an_order_within_its_room_keeps_both_bounds(
    net: float, side: Side, largest: float, cash: float
) -> None:
    room = side_room(net, side.sign, largest, cash)
    after = side.sign * (net + side.sign * room)
    assert after <= max(largest, side.sign * net) + 1e-6
    assert exposure_growth(net, side.sign * room) <= max(0.0, cash) + 1e-6


def test_exposure_growth_counts_only_what_is_added() -> None:
    assert exposure_growth(1_000.0, 500.0) == 500.0
    assert exposure_growth(1_000.0, -500.0) == 0.0
    assert exposure_growth(-200.0, 500.0) == 100.0


def test_touch_is_the_first_level_that_is_not_only_our_own() -> None:
    levels = ((100, 5), (99, 7), (98, 1))
    assert foreign_touch(levels, {}) == 100
    assert foreign_touch(levels, {100: 5}) == 99
    assert foreign_touch(levels, {100: 4}) == 100
    assert foreign_touch(levels, {100: 5, 99: 7, 98: 1}) is None
    assert foreign_touch((), {}) is None
