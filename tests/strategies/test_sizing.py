"""Lots and ticks from quote units and computed prices."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange_sim.model.enums import Side
from exchange_sim.model.instrument import Instrument
from strategies.sizing import Sizer, passive_ticks, quote_units

BTC = Instrument.linear("BTC/USDT:USDT", tick_size="0.1", lot_size="0.001", minimum_notional="5")
SIZER = Sizer(BTC)


def test_3000_at_100000_is_30_lots_of_a_thousandth() -> None:
    assert SIZER.lots(3_000.0, 1_000_000) == 30
    assert SIZER.lots(3_099.99, 1_000_000) == 30
    assert SIZER.value(-30, 1_000_000) == -3_000.0


@pytest.mark.parametrize(
    ("notional", "price"), [(99.9, 1_000_000), (0.0, 10), (-5.0, 10), (100.0, 0), (4.9, 10)]
)
def test_nothing_where_no_lot_fits_or_the_minimum_is_not_reached(notional: float, price: float) -> None:
    assert SIZER.lots(notional, price) == 0


def test_largest_order_is_respected() -> None:
    capped = Instrument.linear("BTC/USDT:USDT", tick_size="0.1", lot_size="0.001", maximum_order_lots=7)
    assert Sizer(capped).lots(1e9, 1_000_000) == 7


@pytest.mark.parametrize(("notional", "price"), [(math.nan, 1.0), (math.inf, 1.0), (1.0, math.nan)])
def test_numbers_must_be_finite(notional: float, price: float) -> None:
    with pytest.raises(ValueError, match="expected finite numbers"):
        SIZER.lots(notional, price)


@given(st.integers(1, 10**7), st.integers(1, 10**6))
def test_exact_multiples_give_back_their_lots(ticks: int, lots: int) -> None:
    exact = float(Decimal(BTC.notional_atoms(ticks, lots)) / 10**8)
    if BTC.notional_atoms(ticks, lots) >= BTC.minimum_notional_atoms:
        assert SIZER.lots(exact * (1 + 1e-12), ticks) == lots
        assert SIZER.lots(exact * (1 - 1e-9), ticks) in {lots - 1, 0}


@pytest.mark.parametrize(
    ("price", "side", "ticks"),
    [
        (100.4, Side.BUY, 100),
        (100.4, Side.SELL, 101),
        (100_000 * 1.0015, Side.SELL, 100_150),
        (100_150.00000000001, Side.SELL, 100_150),
        (100_149.99999999999, Side.BUY, 100_150),
        (100.0, Side.BUY, 100),
    ],
)
def test_prices_round_away_from_the_market(price: float, side: Side, ticks: int) -> None:
    assert passive_ticks(price, side) == ticks


def test_quote_units() -> None:
    assert quote_units(12_345_678_900) == 123.456789


def test_tradable_is_what_reaches_the_minimum() -> None:
    assert SIZER.is_tradable(-1, 50_000)  # 5 units
    assert not SIZER.is_tradable(1, 49_999)
    assert not SIZER.is_tradable(0, 1_000_000)
