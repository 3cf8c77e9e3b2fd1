"""Mean reversion: trade against a move that has left the Bollinger bands."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from strategies.directional import Directional, DirectionalConfig
from strategies.indicators import Bollinger, Rsi
from strategies.signals import Signal


class MeanReversionConfig(DirectionalConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of `MeanReversion`; those not named here are described at `DirectionalConfig`.

    Parameters
    ----------
    bands_period
        Bars in the bands' average and standard deviation.
    bands_deviations
        Distance of the outer bands from the middle, in standard deviations.
    rsi_period
        Period of the relative strength index, in bars.
    rsi_low
        A long entry needs an index below this.
    rsi_high
        A short entry needs an index above this.
    """

    trade_notional: Annotated[float, Meta(gt=0.0)] = 2_500.0
    stop_loss: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.015
    max_bars: Annotated[int, Meta(ge=1)] | None = 30
    bands_period: Annotated[int, Meta(ge=2, le=2_000)] = 20
    bands_deviations: Annotated[float, Meta(gt=0.0, le=10.0)] = 2.0
    rsi_period: Annotated[int, Meta(ge=2, le=1_000)] = 14
    rsi_low: Annotated[float, Meta(ge=0.0, le=100.0)] = 40.0
    rsi_high: Annotated[float, Meta(ge=0.0, le=100.0)] = 60.0


class BandSignal(Signal):
    """Long at a close below the lower band with a low RSI, short above the upper with a high one.

    A position is closed at a bar that ends at or beyond the middle band.
    """

    def __init__(self, config: MeanReversionConfig) -> None:
        self._bands = Bollinger(config.bands_period, config.bands_deviations)
        self._rsi = Rsi(config.rsi_period)
        self._low = config.rsi_low
        self._high = config.rsi_high
        super().__init__(self._bands, self._rsi)

    def update(self, close: float) -> int:
        bands, rsi = self._bands.update(close), self._rsi.update(close)
        if bands is None or rsi is None:
            return 0
        if close < bands.lower and rsi < self._low:
            return 1
        if close > bands.upper and rsi > self._high:
            return -1
        return 0

    def leaves(self, direction: int, close: float) -> bool:
        bands = self._bands.value
        return bands is not None and direction * (close - bands.middle) >= 0.0


class MeanReversion(Directional[MeanReversionConfig]):
    """Bollinger 20, 2 sd with RSI 14 on 1 m bars; out at the middle, at -1.5 % or after 30 bars."""

    def make_signal(self) -> BandSignal:
        return BandSignal(self.config)

    def warmup_bars(self) -> int:
        return 4 * max(self.config.bands_period, self.config.rsi_period)
