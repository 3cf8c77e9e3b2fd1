"""Indicators on closed bars: TA-Lib's stateful streams, one value per bar, rebuildable from closes.

A TA-Lib handle costs O(1) per bar and gives the batch function's value bit for bit, but it cannot be
stored. Each indicator therefore keeps the closes its handle was opened on and has seen since. Once there
are twice `_MEMORY` periods of them, the older half is dropped and the handle opened anew on the rest. The
value is thus always that of TA-Lib's batch function over `closes`, memory is bounded, and an indicator
restored from saved closes goes on with the same bits. What is forgotten had a weight below 1e-17 in the
slowest recursion (Wilder's average: (1 - 1/period) ** (40 period)).

Prices may be in any unit, ticks included; values of price indicators are in that unit.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from talib import InsufficientHistory as _InsufficientHistory  # type: ignore[attr-defined] # not in its stub
from talib import stream

V = TypeVar("V")

_MEMORY = 40
"""Periods of closes that are kept at least, once that many have been seen."""


class MacdValue(NamedTuple):
    """`line` is the fast minus the slow average, `histogram` the line minus its `signal` average."""

    line: float
    signal: float
    histogram: float


class BandsValue(NamedTuple):
    """Bollinger bands in the unit of the closes."""

    upper: float
    middle: float
    lower: float

    @property
    def width(self) -> float:
        """Distance between the outer bands as a fraction of the middle; NaN around zero."""
        return (self.upper - self.lower) / self.middle if self.middle else math.nan


class Indicator(ABC, Generic[V]):
    """One number, or a few, per closed bar.

    `value` is None until enough closes have been seen.
    """

    __slots__ = ("_closes", "_handle", "_keep", "value")

    def __init__(self, slowest_period: int) -> None:
        if slowest_period < 2:
            raise ValueError(f"period: expected 2 or more, was {slowest_period}")
        self._keep = _MEMORY * slowest_period
        self._closes: list[float] = []
        self._handle: Any = None
        self.value: V | None = None

    def update(self, close: float) -> V | None:
        """Take the next close and return the value at it, None where there is not yet enough history.

        Raises
        ------
        ValueError
            `close` is not finite. Nothing has changed then.
        """
        if not math.isfinite(close):
            raise ValueError(f"close: expected a finite number, was {close}")
        self._closes.append(close)
        if len(self._closes) >= 2 * self._keep:
            self.restore(self._closes[-self._keep :])
        elif self._handle is None:
            self._open_handle()
        else:
            self.value = self._named(self._handle.update(close))
        return self.value

    @property
    def closes(self) -> tuple[float, ...]:
        """What `restore` needs: `value` is the batch function's over exactly these closes."""
        return tuple(self._closes)

    def restore(self, closes: Iterable[float]) -> None:
        """Start anew as the indicator that had these `closes`."""
        self._closes = list(closes)
        self._handle = None
        self.value = None
        self._open_handle()

    def _open_handle(self) -> None:
        try:
            self._handle = self._open(np.array(self._closes))
        except _InsufficientHistory:
            return
        self.value = self._named(self._handle.value)

    @abstractmethod
    def _open(self, closes: npt.NDArray[np.float64]) -> Any:
        """Return a TA-Lib handle opened on `closes`, or raise `talib.InsufficientHistory`."""

    @abstractmethod
    def _named(self, raw: Any) -> V:
        """Return the handle's answer as the indicator's value."""


class Ema(Indicator[float]):
    """Exponential moving average with weight 2 / (period + 1), seeded with a simple average."""

    __slots__ = ("period",)

    def __init__(self, period: int) -> None:
        super().__init__(period)
        self.period = period

    def _open(self, closes: npt.NDArray[np.float64]) -> Any:
        return stream.EMA(closes, timeperiod=self.period)

    def _named(self, raw: Any) -> float:
        return float(raw)


class Rsi(Indicator[float]):
    """Wilder's relative strength index, 0 to 100; 0 where no close has ever changed (as in TA-Lib)."""

    __slots__ = ("period",)

    def __init__(self, period: int) -> None:
        super().__init__(period)
        self.period = period

    def _open(self, closes: npt.NDArray[np.float64]) -> Any:
        return stream.RSI(closes, timeperiod=self.period)

    def _named(self, raw: Any) -> float:
        return float(raw)


class Macd(Indicator[MacdValue]):
    """Moving average convergence/divergence: EMA(fast) - EMA(slow), and the EMA of that.

    Raises
    ------
    ValueError
        `fast` is not below `slow` (TA-Lib would silently swap them).
    """

    __slots__ = ("fast", "signal", "slow")

    def __init__(self, fast: int, slow: int, signal: int) -> None:
        if not 2 <= fast < slow:
            raise ValueError(f"fast: expected 2 to below slow ({slow}), was {fast}")
        if signal < 1:
            raise ValueError(f"signal: expected 1 or more, was {signal}")
        super().__init__(max(slow, signal))
        self.fast = fast
        self.slow = slow
        self.signal = signal

    def _open(self, closes: npt.NDArray[np.float64]) -> Any:
        return stream.MACD(closes, fastperiod=self.fast, slowperiod=self.slow, signalperiod=self.signal)

    def _named(self, raw: Any) -> MacdValue:
        return MacdValue(*raw)


class Bollinger(Indicator[BandsValue]):
    """Simple moving average and `deviations` population standard deviations to both sides."""

    __slots__ = ("deviations", "period")

    def __init__(self, period: int, deviations: float = 2.0) -> None:
        if not (math.isfinite(deviations) and deviations > 0):
            raise ValueError(f"deviations: expected a positive number, was {deviations}")
        super().__init__(period)
        self.period = period
        self.deviations = deviations

    def _open(self, closes: npt.NDArray[np.float64]) -> Any:
        return stream.BBANDS(closes, timeperiod=self.period, nbdevup=self.deviations, nbdevdn=self.deviations)

    def _named(self, raw: Any) -> BandsValue:
        return BandsValue(*raw)
