"""Streams against TA-Lib's batch functions, bit for bit, and restoring from closes."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.indicators import BandsValue, Bollinger, Ema, Indicator, Macd, MacdValue, Rsi

Batch = Callable[[np.ndarray], tuple[np.ndarray, ...]]

CASES: dict[str, tuple[Callable[[], Indicator[Any]], Batch]] = {
    "ema9": (lambda: Ema(9), lambda x: (talib.EMA(x, timeperiod=9),)),
    "ema50": (lambda: Ema(50), lambda x: (talib.EMA(x, timeperiod=50),)),
    "rsi14": (lambda: Rsi(14), lambda x: (talib.RSI(x, timeperiod=14),)),
    "macd": (lambda: Macd(12, 26, 9), lambda x: talib.MACD(x, 12, 26, 9)),
    "bands": (lambda: Bollinger(20, 2.0), lambda x: talib.BBANDS(x, timeperiod=20, nbdevup=2.0, nbdevdn=2.0)),
}


def _bits(value: object) -> bytes:
    numbers = value if isinstance(value, tuple) else (value,)
    return struct.pack(f"<{len(numbers)}d", *numbers)


def _walk(seed: int, count: int) -> list[float]:
    steps = np.random.default_rng(seed).integers(-40, 41, size=count)
    return [float(close) for close in 1_000_000 + np.cumsum(steps)]


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=30, deadline=None)
@given(closes=st.lists(st.integers(1, 10**7).map(float), min_size=1, max_size=150))
def test_every_value_equals_the_batch_function_bit_for_bit(name: str, closes: list[float]) -> None:
    make, batch = CASES[name]
    indicator = make()
    values = [indicator.update(close) for close in closes]
    for index, (value, expected) in enumerate(
        zip(values, zip(*batch(np.array(closes)), strict=True), strict=True)
    ):
        if value is None:
            assert all(math.isnan(number) for number in expected), index
        else:
            assert _bits(value) == _bits(expected), index


@pytest.mark.parametrize("name", CASES)
def test_after_forgetting_it_is_still_the_batch_value_of_the_closes_kept(name: str) -> None:
    make, batch = CASES[name]
    indicator = make()
    closes = _walk(1, 9_000)
    for close in closes:
        indicator.update(close)
    kept = np.array(indicator.closes)
    assert kept.size < 5_000
    assert kept.tolist() == closes[-kept.size :]
    assert _bits(indicator.value) == _bits(tuple(series[-1] for series in batch(kept)))
    full = [series[-1] for series in batch(np.array(closes))]
    value = indicator.value if isinstance(indicator.value, tuple) else (indicator.value,)
    assert value == pytest.approx(full, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("saved_after", [0, 3, 40, 1_000, 5_000])
def test_a_restored_indicator_goes_on_with_the_same_bits(name: str, saved_after: int) -> None:
    make, _ = CASES[name]
    closes = _walk(2, saved_after + 4_500)
    original, restored = make(), make()
    restored.update(123.0)  # whatever it held is replaced
    for close in closes[:saved_after]:
        original.update(close)
    restored.restore(original.closes)
    assert restored.value == original.value
    for close in closes[saved_after:]:
        assert restored.update(close) == original.update(close)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("seen", [1, 100])
def test_a_close_that_is_no_number_is_refused_and_changes_nothing(name: str, bad: float, seen: int) -> None:
    make, _ = CASES[name]
    indicator = make()
    for close in _walk(3, seen):
        indicator.update(close)
    before = indicator.closes, indicator.value
    with pytest.raises(ValueError, match="close: expected a finite number"):
        indicator.update(bad)
    assert (indicator.closes, indicator.value) == before
    indicator.update(5.0)


def test_hand_computed_ema() -> None:
    ema = Ema(2)
    assert [ema.update(close) for close in (1.0, 3.0, 5.0)] == [None, 2.0, pytest.approx(4.0)]  # weight 2/3


def test_hand_computed_rsi() -> None:
    rsi = Rsi(2)
    # gains 2, 0 and losses 0, 1 -> mean 1 and 0.5 -> 100 * 1 / 1.5
    assert [rsi.update(close) for close in (10.0, 12.0, 11.0)] == [None, None, pytest.approx(200 / 3)]


def test_hand_computed_bands() -> None:
    bands = Bollinger(4, 2.0)
    value = [bands.update(close) for close in (2.0, 4.0, 4.0, 6.0)][-1]
    assert value == pytest.approx(BandsValue(4 + 2 * math.sqrt(2), 4.0, 4 - 2 * math.sqrt(2)))
    assert value is not None
    assert value.width == pytest.approx(math.sqrt(2))
    assert math.isnan(BandsValue(0.0, 0.0, 0.0).width)


def test_macd_is_fast_minus_slow() -> None:
    closes = _walk(4, 60)
    macd = Macd(3, 6, 2)
    for close in closes:
        macd.update(close)
    value = macd.value
    assert isinstance(value, MacdValue)
    assert value.histogram == pytest.approx(value.line - value.signal)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Ema(1), "period: expected 2 or more, was 1"),
        (lambda: Rsi(0), "period: expected 2 or more, was 0"),
        (lambda: Bollinger(20, 0.0), "deviations: expected a positive number, was 0.0"),
        (lambda: Macd(26, 12, 9), r"fast: expected 2 to below slow \(12\), was 26"),
        (lambda: Macd(12, 26, 0), "signal: expected 1 or more, was 0"),
    ],
)
def test_impossible_periods_are_refused(make: Callable[[], Indicator[Any]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
