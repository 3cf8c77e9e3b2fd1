"""Momentum: go with a turn of the MACD histogram in the direction of the trend."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from exchange_sim.markets.duration import Duration
from strategies.directional import Directional, DirectionalConfig
from strategies.indicators import Ema, Macd
from strategies.signals import Signal


class MomentumConfig(DirectionalConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of `Momentum`; those not named here are described at `DirectionalConfig`.

    Parameters
    ----------
    macd_fast, macd_slow
        Periods of the averages whose difference is the MACD line, in bars; the fast is below the slow.
    macd_signal
        Period of the line's own average; the histogram is the line minus it.
    trend
        Period of the exponential average that tells the trend, in bars.
    """

    bar_interval: Duration = "5s"
    trade_notional: Annotated[float, Meta(gt=0.0)] = 2_500.0
    stop_loss: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.015
    take_profit: Annotated[float, Meta(gt=0.0)] | None = 0.03
    macd_fast: Annotated[int, Meta(ge=2, le=1_000)] = 12
    macd_slow: Annotated[int, Meta(ge=3, le=2_000)] = 26
    macd_signal: Annotated[int, Meta(ge=1, le=1_000)] = 9
    trend: Annotated[int, Meta(ge=2, le=2_000)] = 50

    def __post_init__(self) -> None:
        if self.macd_fast >= self.macd_slow:
            raise ValueError(
                f"macd_fast: expected less than macd_slow ({self.macd_slow}), was {self.macd_fast}"
            )


class HistogramSignal(Signal):
    """Long when the histogram turns positive above the trend, short when it turns negative below it.

    A position is closed at a bar that ends on the other side of the trend.
    """

    def __init__(self, config: MomentumConfig) -> None:
        self._macd = Macd(config.macd_fast, config.macd_slow, config.macd_signal)
        self._trend = Ema(config.trend)
        super().__init__(self._macd, self._trend)

    def update(self, close: float) -> int:
        macd, trend = self._macd.update(close), self._trend.update(close)
        turn = 0 if macd is None else self._turn.update(macd.histogram)
        if trend is None:
            return 0
        return turn if turn * (close - trend) > 0.0 else 0

    def leaves(self, direction: int, close: float) -> bool:
        trend = self._trend.value
        return trend is not None and direction * (close - trend) < 0.0


class Momentum(Directional[MomentumConfig]):
    """MACD 12/26/9 with EMA 50 on 5 s bars, with a stop at -1.5 % and a target at +3 %."""

    def make_signal(self) -> HistogramSignal:
        return HistogramSignal(self.config)

    def warmup_bars(self) -> int:
        return 4 * max(self.config.macd_slow + self.config.macd_signal, self.config.trend)
