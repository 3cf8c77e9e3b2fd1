"""A bot that leaves its exits to the exchange: it buys dips with a stop and a target around its entry.

Try it from this folder's parent:

    arena check-strategy examples/bracket_bot.py:DipBuyer
    arena match examples/bracket_bot.toml
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from exchange_sim.model.enums import Side
from exchange_sim.model.events import AccountEvent, PositionLiquidated
from exchange_sim.model.ids import ClientOrderId, InstrumentId
from exchange_sim.model.instrument import Instrument, floor_quantity, round_price
from exchange_sim.model.market import Bar
from strategies.api import Context, Strategy, StrategyConfig, Subscription, bars

MINUTE_NS = 60_000_000_000


class DipBuyerConfig(StrategyConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of `DipBuyer`.

    Parameters
    ----------
    dip
        Fall within one minute that is bought, as a fraction of the price.
    stop_loss, take_profit
        Distances of the exits from the entry, as fractions of its price.
    notional
        Value of a position in quote units.
    leverage
        How many times its margin a position may be worth; 0 leaves it as it is.
    """

    dip: Annotated[float, Meta(gt=0.0, lt=0.1)] = 0.0005
    stop_loss: Annotated[float, Meta(gt=0.0, lt=0.5)] = 0.002
    take_profit: Annotated[float, Meta(gt=0.0, lt=0.5)] = 0.002
    notional: Annotated[float, Meta(gt=0.0)] = 5_000.0
    leverage: Annotated[int, Meta(ge=0, le=125)] = 0


class DipBuyer(Strategy[DipBuyerConfig]):
    """Bids where the last minute closed if it fell, once per instrument; the exchange holds the exits.

    The entry's id is remembered: its stop has the id behind it and its target the one after. As long as one
    of the three is open there is nothing to do but to take an entry back that was not met.
    """

    def __init__(self, config: DipBuyerConfig) -> None:
        super().__init__(config)
        self.entries: dict[InstrumentId, ClientOrderId] = {}

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        return [bars(each.instrument_id, MINUTE_NS) for each in instruments]

    def on_start(self, ctx: Context) -> None:
        if self.config.leverage:
            for name in ctx.instruments:
                ctx.set_leverage(name, self.config.leverage)

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        name = bar.instrument_id
        entry = ctx.order(self.entries.get(name, ClientOrderId(0)))
        if entry is not None and entry.is_open and not entry.filled_lots:
            ctx.cancel(entry.client_order_id)  # the dip is over; the exits go with an entry that never filled
        if ctx.open_orders(name) or ctx.position_lots(name):
            return
        if bar.close_ticks <= bar.open_ticks * (1.0 - self.config.dip):
            self._enter(ctx, ctx.instruments[name], bar.close_ticks)

    def _enter(self, ctx: Context, instrument: Instrument, limit_ticks: int) -> None:
        price = float(instrument.price(limit_ticks))
        lots = floor_quantity(instrument, self.config.notional / price)
        if not lots:
            return
        self.entries[instrument.instrument_id] = ctx.submit_bracket(
            instrument.instrument_id,
            Side.BUY,
            lots,
            limit_ticks=limit_ticks,
            stop_loss_ticks=round_price(instrument, price * (1.0 - self.config.stop_loss), Side.BUY),
            take_profit_ticks=round_price(instrument, price * (1.0 + self.config.take_profit), Side.SELL),
        )

    def on_account(self, ctx: Context, event: AccountEvent) -> None:
        if isinstance(event, PositionLiquidated):
            ctx.log.warning("liquidated", instrument=event.instrument_id, lots=event.quantity_lots)

    def on_stop(self, ctx: Context) -> None:
        ctx.cancel_all()

    def save(self) -> bytes:
        return msgspec.msgpack.encode(self.entries)

    def load(self, state: bytes) -> None:
        self.entries = msgspec.msgpack.decode(state, type=dict[InstrumentId, ClientOrderId])
