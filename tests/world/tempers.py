"""Bots of four tempers: one answers at once, one late, one never, one in bursts."""

from __future__ import annotations

from collections.abc import Sequence

from exchange_sim.markets.duration import SECOND_NS
from exchange_sim.model.enums import Side
from exchange_sim.model.events import OrderEvent, OrderFilled
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import Bar, Quote, Trade
from strategies.api import Context, Strategy, StrategyConfig, Subscription, bars, quotes, trades


class TemperConfig(StrategyConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing to set."""


class _Tempered(Strategy[TemperConfig]):
    heard = 0

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        self.name = instruments[0].instrument_id
        return [quotes(self.name), trades(self.name)]

    def cross(self, ctx: Context, lots: int) -> None:
        side = Side.SELL if ctx.position_lots(self.name) > 0 else Side.BUY
        ctx.submit_market(self.name, side, lots)


class AtOnce(_Tempered):
    """Crosses at every third quote, and once more when it has traded."""

    def on_quote(self, ctx: Context, quote: Quote) -> None:
        self.heard += 1
        if self.heard % 3 == 0:
            self.cross(ctx, 20)

    def on_fill(self, ctx: Context, fill: OrderFilled) -> None:
        if fill.client_order_id % 2:
            self.cross(ctx, 10)


class Late(_Tempered):
    """Thinks for a drawn time before it acts on a trade."""

    def on_trade(self, ctx: Context, trade: Trade) -> None:
        self.heard += 1
        delay_ns = int(ctx.rng.integers(1, 300_000_000))
        ctx.set_timer(f"act {self.heard}", at_ns=ctx.now_ns + delay_ns)

    def on_timer(self, ctx: Context, name: str) -> None:
        self.cross(ctx, 15)


class Never(_Tempered):
    """Hears everything and says nothing."""


class Bursts(_Tempered):
    """Lays ten orders and takes them away, each second."""

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        self.name = instruments[-1].instrument_id
        return [quotes(self.name), bars(self.name, SECOND_NS)]

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        for order in ctx.open_orders():
            ctx.cancel(order.client_order_id)
        for step in range(1, 6):
            ctx.submit_limit(self.name, Side.BUY, 30, bar.close_ticks - step)
            ctx.submit_limit(self.name, Side.SELL, 30, bar.close_ticks + step)

    def on_order(self, ctx: Context, event: OrderEvent) -> None:
        self.heard += 1
