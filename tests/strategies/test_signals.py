"""Entry and exit rules: by hand on short series, and against a plain reading of the rules on batch values."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.alpha import AlphaConfig, CrossoverSignal
from strategies.mean_reversion import BandSignal, MeanReversionConfig
from strategies.momentum import HistogramSignal, MomentumConfig
from strategies.signals import Signal, SignTurn

MAKERS: dict[str, Callable[[], Signal]] = {
    "alpha": lambda: CrossoverSignal(AlphaConfig()),
    "momentum": lambda: HistogramSignal(MomentumConfig()),
    "mean_reversion": lambda: BandSignal(MeanReversionConfig()),
}

Verdict = tuple[int, bool, bool]
"""Entry, whether a long leaves, whether a short leaves."""


def _turns(series: np.ndarray) -> Iterator[int]:
    last = 0
    for value in series:
        sign = 0 if np.isnan(value) else int(np.sign(value))
        yield sign if sign and last and sign != last else 0
        last = sign or last


def _alpha(x: np.ndarray) -> Iterator[Verdict]:
    fast, slow, rsi = talib.EMA(x, 9), talib.EMA(x, 21), talib.RSI(x, 14)
    for turn, strength in zip(_turns(fast - slow), rsi, strict=True):
        entry = 1 if turn > 0 and strength < 70 else -1 if turn < 0 and strength > 30 else 0
        yield entry, turn < 0, turn > 0


def _momentum(x: np.ndarray) -> Iterator[Verdict]:
    histogram, trend = talib.MACD(x, 12, 26, 9)[2], talib.EMA(x, 50)
    for turn, average, close in zip(_turns(histogram), trend, x, strict=True):
        entry = 1 if turn > 0 and close > average else -1 if turn < 0 and close < average else 0
        yield entry, bool(close < average), bool(close > average)


def _mean_reversion(x: np.ndarray) -> Iterator[Verdict]:
    upper, middle, lower = talib.BBANDS(x, 20, 2.0, 2.0)
    for high, centre, low, strength, close in zip(upper, middle, lower, talib.RSI(x, 14), x, strict=True):
        entry = 1 if close < low and strength < 40 else -1 if close > high and strength > 60 else 0
        yield entry, bool(close >= centre), bool(close <= centre)


RULES = {"alpha": _alpha, "momentum": _momentum, "mean_reversion": _mean_reversion}


def _verdicts(signal: Signal, closes: list[float]) -> list[Verdict]:
    return [(signal.update(close), signal.leaves(1, close), signal.leaves(-1, close)) for close in closes]


def _walk(seed: int, count: int = 700) -> list[float]:
    steps = np.random.default_rng(seed).integers(-40, 41, size=count)
    return [float(close) for close in 100_000 + np.cumsum(steps)]


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_signals_follow_the_rules_on_batch_values(name: str, seed: int) -> None:
    closes = _walk(seed, 400)
    assert _verdicts(MAKERS[name](), closes) == list(RULES[name](np.array(closes)))


@pytest.mark.parametrize("name", RULES)
def test_each_signal_enters_both_ways_and_leaves_both_ways(name: str) -> None:
    verdicts = list(
        itertools.chain.from_iterable(_verdicts(MAKERS[name](), _walk(seed)) for seed in range(3))
    )
    assert {entry for entry, _, _ in verdicts} == {-1, 0, 1}
    assert any(long for _, long, _ in verdicts)
    assert any(short for _, _, short in verdicts)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("at", [0, 10, 200])
def test_a_restored_signal_decides_the_same(name: str, at: int) -> None:
    closes = _walk(5)
    original, restored = MAKERS[name](), MAKERS[name]()
    _verdicts(original, closes[:at])
    restored.load(original.save())
    assert _verdicts(restored, closes[at:]) == _verdicts(original, closes[at:])


def test_state_of_another_signal_is_refused() -> None:
    with pytest.raises(ValueError, match="closes: expected those of 2 indicators, was 3"):
        MAKERS["momentum"]().load(MAKERS["alpha"]().save())


@pytest.mark.parametrize(
    ("series", "turns"),
    [
        ([1, 2, 3], [0, 0, 0]),
        ([-1, 1, -1], [0, 1, -1]),
        ([-1, 0, 1], [0, 0, 1]),
        ([1, 0, 1], [0, 0, 0]),
        ([0, 0, 1, -1], [0, 0, 0, -1]),
        ([-1, 0, -1, 0, 0, 2], [0, 0, 0, 0, 0, 1]),
    ],
)
def test_sign_turns(series: list[int], turns: list[int]) -> None:
    turn = SignTurn()
    assert [turn.update(value) for value in series] == turns


def test_crossover_by_hand() -> None:
    # EMA 2 (weight 2/3) and EMA 3 (weight 1/2), RSI 2
    signal = CrossoverSignal(AlphaConfig(fast=2, slow=3, rsi_period=2, rsi_overbought=100, rsi_oversold=0))
    # closes 10, 10, 10: both 10. 7: fast 8, slow 8.5 (first sign, no cross). 13: fast 34/3, slow 10.75 -> up
    assert [signal.update(close) for close in (10.0, 10.0, 10.0, 7.0, 13.0)] == [0, 0, 0, 0, 1]
    assert (signal.leaves(-1, 13.0), signal.leaves(1, 13.0)) == (True, False)
    # 8: fast 82/9 = 9.11, slow 9.375 -> down
    assert signal.update(8.0) == -1
    assert (signal.leaves(-1, 8.0), signal.leaves(1, 8.0)) == (False, True)


def test_crossover_needs_room_in_the_rsi_but_closes_without() -> None:
    # after 10, 10, 10, 7, 13 the Wilder averages are gain 3 and loss 0.75: RSI 80
    closes = (10.0, 10.0, 10.0, 7.0, 13.0)
    for bound, entry in ((80.1, 1), (79.9, 0)):
        signal = CrossoverSignal(AlphaConfig(fast=2, slow=3, rsi_period=2, rsi_overbought=bound))
        assert [signal.update(close) for close in closes][-1] == entry
        assert signal.leaves(-1, 13.0)


def test_bands_by_hand() -> None:
    signal = BandSignal(MeanReversionConfig(bands_period=4, bands_deviations=1.0, rsi_period=2))
    # closes 100, 100, 100, 90: mean 97.5, sd sqrt(18.75) = 4.33 -> lower 93.17; all change is loss: RSI 0
    assert [signal.update(close) for close in (100.0, 100.0, 100.0, 90.0)] == [0, 0, 0, 1]
    assert not signal.leaves(1, 97.4)
    assert signal.leaves(1, 97.5)
    assert signal.leaves(-1, 97.5)
    assert not signal.leaves(-1, 97.6)


def test_before_the_indicators_are_ready_nothing_is_decided() -> None:
    for name, make in MAKERS.items():
        signal = make()
        for close in (5.0, 4.0, 6.0):
            assert signal.update(close) == 0, name
            assert not signal.leaves(1, close), name
            assert not signal.leaves(-1, close), name
