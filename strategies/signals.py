"""When to enter and to leave on closed bars: indicators and memory of one instrument, no orders."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import msgspec

from strategies.indicators import Indicator


class SignalState(msgspec.Struct, frozen=True, array_like=True):
    """What a signal must remember: the closes of each indicator and the last sign it saw."""

    closes: tuple[tuple[float, ...], ...]
    last_sign: int


class SignTurn:
    """Tells when a series changes its sign.

    Zeros do not count: a series that touches zero and goes back has not turned, and one that rests at
    zero before it goes on turns when it leaves. The first non-zero value is no turn.
    """

    __slots__ = ("last_sign",)

    def __init__(self, last_sign: int = 0) -> None:
        self.last_sign = last_sign

    def update(self, value: float) -> int:
        """Return +1 if the series has just become positive, -1 if negative, else 0."""
        sign = (value > 0.0) - (value < 0.0)
        if sign == 0:
            return 0
        turned = self.last_sign not in (0, sign)
        self.last_sign = sign
        return sign if turned else 0


class Signal(ABC):
    """One instrument's entry and exit rule.

    Directions are +1 for long, -1 for short and 0 for neither. Prices may be in any one unit.
    """

    def __init__(self, *indicators: Indicator[Any]) -> None:
        self._indicators = indicators
        self._turn = SignTurn()

    @abstractmethod
    def update(self, close: float) -> int:
        """Take the close of the next bar and return the direction to enter at it."""

    @abstractmethod
    def leaves(self, direction: int, close: float) -> bool:
        """Return whether a position in `direction` is to be closed, at the bar given to `update` last."""

    def save(self) -> SignalState:
        return SignalState(tuple(each.closes for each in self._indicators), self._turn.last_sign)

    def load(self, state: SignalState) -> None:
        """Become the signal that was saved.

        Raises
        ------
        ValueError
            The state is that of another kind of signal.
        """
        if len(state.closes) != len(self._indicators):
            raise ValueError(
                f"closes: expected those of {len(self._indicators)} indicators, was {len(state.closes)}"
            )
        for indicator, closes in zip(self._indicators, state.closes, strict=True):
            indicator.restore(closes)
        self._turn.last_sign = state.last_sign
