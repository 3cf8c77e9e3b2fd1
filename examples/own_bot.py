"""An own bot in one file: buys when the price leaves its channel upwards, sells short when downwards.

Try it from this folder's parent:

    arena check-strategy examples/own_bot.py:Breakout
    arena match examples/own_bot.toml
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from exchange_sim.model.ids import InstrumentId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import Bar
from strategies.api import Context, Strategy, StrategyConfig, Subscription, bars

MINUTE_NS = 60_000_000_000


class BreakoutConfig(StrategyConfig, frozen=True, kw_only=True):
    """Settings of `Breakout`: what a contest file's `[bots.config]` may say, with bounds.

    Parameters
    ----------
    period
        Minutes of the channel.
    notional
        Value of a position in quote units.
    """

    period: Annotated[int, Meta(ge=2, le=1_000)] = 30
    notional: Annotated[float, Meta(gt=0)] = 3_000.0


class Breakout(Strategy[BreakoutConfig]):
    """Follows the price when it closes outside the highs and lows of the last `period` minutes."""

    def __init__(self, config: BreakoutConfig) -> None:
        super().__init__(config)
        self.recent: dict[InstrumentId, deque[tuple[int, int]]] = {}

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        """Ask for one-minute bars, and for as many from before the start as the channel needs."""
        return [bars(each.instrument_id, MINUTE_NS, warmup=self.config.period) for each in instruments]

    def on_history(self, ctx: Context, bars: Sequence[Bar]) -> None:
        for bar in bars:
            self._remember(bar)

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        recent = self.recent.get(bar.instrument_id, deque())
        if len(recent) == self.config.period and not ctx.open_orders(bar.instrument_id):
            if bar.close_ticks > max(high for high, _ in recent):
                ctx.target_notional(bar.instrument_id, self.config.notional)
            elif bar.close_ticks < min(low for _, low in recent):
                ctx.target_notional(bar.instrument_id, -self.config.notional)
        self._remember(bar)

    def save(self) -> bytes:
        """Return what decisions depend on, so that an interrupted bot goes on as if nothing had happened."""
        return msgspec.msgpack.encode({name: list(recent) for name, recent in self.recent.items()})

    def load(self, state: bytes) -> None:
        saved = msgspec.msgpack.decode(state, type=dict[InstrumentId, list[tuple[int, int]]])
        self.recent = {name: deque(recent, self.config.period) for name, recent in saved.items()}

    def _remember(self, bar: Bar) -> None:
        recent = self.recent.setdefault(bar.instrument_id, deque(maxlen=self.config.period))
        recent.append((bar.high_ticks, bar.low_ticks))
