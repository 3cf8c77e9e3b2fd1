"""Stop and target prices, worked out by hand."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.exits import Bracket, Exit

ALPHA = Bracket(stop_loss=0.02, take_profit=0.04)


@pytest.mark.parametrize(
    ("sign", "price", "expected"),
    [
        (1, 98.01, None),
        (1, 98.0, Exit.STOP),
        (1, 50.0, Exit.STOP),
        (1, 103.99, None),
        (1, 104.0, Exit.TARGET),
        (-1, 101.99, None),
        (-1, 102.0, Exit.STOP),
        (-1, 96.01, None),
        (-1, 96.0, Exit.TARGET),
        (-1, 10.0, Exit.TARGET),
    ],
)
def test_levels_around_an_entry_at_100(sign: int, price: float, expected: Exit | None) -> None:
    assert ALPHA.hit(sign, 100.0, price) is expected


def test_without_a_target_only_the_stop_is_hit() -> None:
    bracket = Bracket(stop_loss=0.015)
    assert bracket.levels(1, 200.0) == (197.0, math.inf)
    assert bracket.levels(-1, 200.0) == pytest.approx((203.0, -math.inf))
    assert bracket.hit(1, 200.0, 1e12) is None
    assert bracket.hit(-1, 200.0, 1.0) is None
    assert bracket.hit(-1, 200.0, 203.1) is Exit.STOP


@given(
    st.sampled_from([1, -1]),
    st.floats(1.0, 1e6),
    st.floats(-0.5, 0.5),
    st.floats(0.001, 0.4),
    st.floats(0.001, 0.4),
)
def test_hit_exactly_outside_the_bracket(
    sign: int, entry: float, move: float, stop: float, target: float
) -> None:
    hit = Bracket(stop_loss=stop, take_profit=target).hit(sign, entry, entry * (1 + sign * move))
    if move < -stop - 1e-9:
        assert hit is Exit.STOP
    elif move > target + 1e-9:
        assert hit is Exit.TARGET
    elif -stop + 1e-9 < move < target - 1e-9:
        assert hit is None


@pytest.mark.parametrize(
    "fields", [{"stop_loss": 0.0}, {"stop_loss": 1.0}, {"stop_loss": 0.1, "take_profit": -1.0}]
)
def test_bounds(fields: dict[str, float]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(fields, Bracket)
