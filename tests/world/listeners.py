"""A bot that trades on a recorded series."""

from __future__ import annotations

from collections.abc import Sequence

from exchange_sim.model.enums import Side
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import Observation
from strategies.api import Context, Strategy, StrategyConfig, Subscription, observations


class MoodyConfig(StrategyConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing to set."""


class Moody(Strategy[MoodyConfig]):
    """Buys in a good mood and sells in a bad one."""

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        self.name = instruments[0].instrument_id
        return [observations("mood", warmup=2)]

    def on_observation(self, ctx: Context, observation: Observation) -> None:
        ctx.submit_market(self.name, Side.BUY if observation.value > 0 else Side.SELL, 10)
