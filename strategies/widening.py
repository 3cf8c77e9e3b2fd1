"""How much wider a market maker quotes when the market is wild."""

from __future__ import annotations

import msgspec

from exchange_sim.model.market import Bar
from strategies.indicators import Bollinger


class WidenerState(msgspec.Struct, frozen=True, array_like=True):
    """The bands' closes and the end of the last bar seen, in ns."""

    closes: tuple[float, ...]
    last_bar_ns: int


def widening(width: float, *, threshold: float, slope: float, maximum: float) -> float:
    """Return the factor on the half-spread for a Bollinger `width` (a fraction of the middle band).

    `1 + max(0, (width - threshold) / threshold) * slope`, at most `maximum`.
    """
    return min(maximum, 1.0 + max(0.0, (width - threshold) / threshold) * slope)


class Widener:
    """The factor on the half-spread of one instrument, from its closed bars.

    `factor` is 1 until the bands are known. Parameters are those of `widening`.
    """

    __slots__ = ("_bands", "_last_bar_ns", "_maximum", "_slope", "_threshold", "factor")

    def __init__(self, bands: Bollinger, *, threshold: float, slope: float, maximum: float) -> None:
        self._bands = bands
        self._threshold = threshold
        self._slope = slope
        self._maximum = maximum
        self._last_bar_ns = 0
        self.factor = 1.0

    def take(self, bar: Bar) -> None:
        """Feed a bar to the bands, unless it was seen before."""
        if bar.ts_exchange_ns > self._last_bar_ns:
            self._last_bar_ns = bar.ts_exchange_ns
            self._bands.update(float(bar.close_ticks))
            self._set_factor()

    def save(self) -> WidenerState:
        return WidenerState(self._bands.closes, self._last_bar_ns)

    def load(self, state: WidenerState) -> None:
        self._bands.restore(state.closes)
        self._last_bar_ns = state.last_bar_ns
        self._set_factor()

    def _set_factor(self) -> None:
        bands = self._bands.value
        if bands is None:
            self.factor = 1.0
        else:
            self.factor = widening(
                bands.width, threshold=self._threshold, slope=self._slope, maximum=self._maximum
            )
