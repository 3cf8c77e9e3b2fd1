"""The engine's 64-bit arithmetic against Python's, up to the bounds of every amount."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange_sim.engine.clearing import share_of, share_up, value_of
from exchange_sim.engine.funding import funding_payment
from exchange_sim.engine.liquidation import profit_ratio

LARGEST = 2**61
COMPILING = settings(deadline=None)  # the first call of a function compiles it


def up_to(most: int) -> st.SearchStrategy[int]:
    """Return integers from -most to most, the ends and small ones often."""
    return st.one_of(st.integers(-most, most), st.integers(-1000, 1000), st.sampled_from([-most, most]))


@COMPILING
@given(up_to(LARGEST), up_to(1_000_000))
def test_shares_in_millionths_are_rounded_up(atoms: int, ppm: int) -> None:
    assert share_up(atoms, ppm) == -(-atoms * ppm // 1_000_000)


@COMPILING
@given(up_to(LARGEST), st.integers(1, 2**31 - 1), st.data())
def test_parts_of_a_position_are_rounded_down(atoms: int, held: int, data: st.DataObject) -> None:
    closed = data.draw(st.integers(0, held))
    assert share_of(atoms, closed, held) == atoms * closed // held


@COMPILING
@given(up_to(LARGEST), up_to(10**9))
def test_funding_is_rounded_up(value: int, rate: int) -> None:
    assert funding_payment(value, rate) == -(-value * rate // 10**9)


@COMPILING
@given(st.integers(1, 2**60), st.data())
def test_counterparties_are_ranked_by_exact_ratios(cost: int, data: st.DataObject) -> None:
    """A profit is at most what the highest price makes of the lowest cost, 2**31 times the cost."""
    profit = data.draw(up_to(min(LARGEST, cost * 2**31)))
    assert profit_ratio(profit, cost) == profit * 1_000_000 // cost


@COMPILING
@given(up_to(2**31 - 1), st.integers(0, 2**31 - 1), st.integers(1, 2**60))
def test_values_are_cut_at_their_bound(lots: int, price: int, unit: int) -> None:
    if price * unit < 2**62:  # a price is refused where one lot is worth more
        assert value_of(lots, price, unit) == max(-LARGEST, min(LARGEST, lots * price * unit))
