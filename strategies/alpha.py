"""Alpha: follow a crossover of two moving averages, unless the move is already overdone."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from strategies.directional import Directional, DirectionalConfig
from strategies.indicators import Ema, Rsi
from strategies.signals import Signal


class AlphaConfig(DirectionalConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of `Alpha`; those not named here are described at `DirectionalConfig`.

    Parameters
    ----------
    fast, slow
        Periods of the two exponential averages, in bars; `fast` is below `slow`.
    rsi_period
        Period of the relative strength index, in bars.
    rsi_overbought
        No long entry at or above this index.
    rsi_oversold
        No short entry at or below this index.
    """

    trade_notional: Annotated[float, Meta(gt=0.0)] = 3_000.0
    stop_loss: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.02
    take_profit: Annotated[float, Meta(gt=0.0)] | None = 0.04
    fast: Annotated[int, Meta(ge=2, le=1_000)] = 9
    slow: Annotated[int, Meta(ge=3, le=2_000)] = 21
    rsi_period: Annotated[int, Meta(ge=2, le=1_000)] = 14
    rsi_overbought: Annotated[float, Meta(ge=0.0, le=100.0)] = 70.0
    rsi_oversold: Annotated[float, Meta(ge=0.0, le=100.0)] = 30.0

    def __post_init__(self) -> None:
        if self.fast >= self.slow:
            raise ValueError(f"fast: expected less than slow ({self.slow}), was {self.fast}")


class CrossoverSignal(Signal):
    """Long on a cross up with a low enough RSI, short on a cross down with a high enough one.

    Either cross closes a position in the other direction, whatever the RSI.
    """

    def __init__(self, config: AlphaConfig) -> None:
        self._fast = Ema(config.fast)
        self._slow = Ema(config.slow)
        self._rsi = Rsi(config.rsi_period)
        self._overbought = config.rsi_overbought
        self._oversold = config.rsi_oversold
        self._cross = 0
        super().__init__(self._fast, self._slow, self._rsi)

    def update(self, close: float) -> int:
        fast, slow, rsi = self._fast.update(close), self._slow.update(close), self._rsi.update(close)
        self._cross = 0 if fast is None or slow is None else self._turn.update(fast - slow)
        if rsi is None:
            return 0
        if self._cross > 0 and rsi < self._overbought:
            return 1
        if self._cross < 0 and rsi > self._oversold:
            return -1
        return 0

    def leaves(self, direction: int, close: float) -> bool:  # noqa: ARG002  # the cross says it all
        return self._cross == -direction


class Alpha(Directional[AlphaConfig]):
    """EMA 9/21 crossover filtered by RSI 14 on 1 m bars, with a stop at -2 % and a target at +4 %."""

    def make_signal(self) -> CrossoverSignal:
        return CrossoverSignal(self.config)

    def warmup_bars(self) -> int:
        return 4 * max(self.config.slow, self.config.rsi_period)
