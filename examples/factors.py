"""A bot on recorded series: long while others are afraid, less so the more longs pay for it.

Try it from this folder's parent:

    arena check-strategy examples/factors.py:Contrarian
    arena match examples/factors.toml --data examples/data
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import FundingRate, Observation, SeriesMessage
from strategies.api import Context, Strategy, StrategyConfig, Subscription, observations, quotes

MINUTE_NS = 60_000_000_000


class ContrarianConfig(StrategyConfig, frozen=True, kw_only=True):
    """Settings of `Contrarian`.

    Parameters
    ----------
    notional
        Value of the largest position in quote units.
    neutral
        Value of the index at which nothing is held.
    highest_ppb
        Funding rate, in parts per billion, from which on no position is held against it.
    """

    notional: Annotated[float, Meta(gt=0)] = 3_000.0
    neutral: Annotated[float, Meta(gt=0, lt=100)] = 75.0
    highest_ppb: Annotated[int, Meta(gt=0)] = 300_000


class Contrarian(Strategy[ContrarianConfig]):
    """Holds a position by the newest value of an index and the newest funding rate."""

    def __init__(self, config: ContrarianConfig) -> None:
        super().__init__(config)
        self.index: float | None = None
        self.rate_ppb = 0

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        """Ask for the index, for the funding of the first instrument, and for what was known before."""
        name = instruments[0].instrument_id
        return [observations("fear_greed", warmup=1), observations("funding", name, warmup=1), quotes(name)]

    def on_series_history(self, ctx: Context, values: Sequence[SeriesMessage]) -> None:
        self._take(values[-1])

    def on_start(self, ctx: Context) -> None:
        ctx.set_timer("look", every_ns=MINUTE_NS)

    def on_observation(self, ctx: Context, observation: Observation) -> None:
        self._take(observation)

    def on_funding(self, ctx: Context, funding: FundingRate) -> None:
        self._take(funding)
        self._trade(ctx)

    def on_timer(self, ctx: Context, name: str) -> None:
        self._trade(ctx)

    def save(self) -> bytes:
        return msgspec.msgpack.encode((self.index, self.rate_ppb))

    def load(self, state: bytes) -> None:
        self.index, self.rate_ppb = msgspec.msgpack.decode(state, type=tuple[float | None, int])

    def _take(self, value: SeriesMessage) -> None:
        if isinstance(value, Observation):
            self.index = value.value
        elif isinstance(value, FundingRate):
            self.rate_ppb = value.rate_ppb

    def _trade(self, ctx: Context) -> None:
        name = next(iter(ctx.instruments))
        if self.index is None or ctx.mid_ticks(name) is None:
            return
        share = (self.config.neutral - self.index) / 100.0
        if share * self.rate_ppb > 0:
            share *= max(0.0, 1.0 - abs(self.rate_ppb) / self.config.highest_ppb)
        ctx.target_notional(name, share * self.config.notional)
