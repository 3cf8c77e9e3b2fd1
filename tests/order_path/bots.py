"""Small bots with one habit each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from exchange_sim.model.enums import Side
from exchange_sim.model.events import OrderEvent, OrderFilled
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import Bar, BookSnapshot, Quote, Trade
from strategies.api import Context, Strategy, StrategyConfig, Subscription, bars, books, quotes, trades

MS = 1_000_000
MID = 600_000


class Quiet(Strategy[StrategyConfig]):
    """Hears nothing, does nothing."""

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        self.symbols = [each.instrument_id for each in instruments]
        self.symbol = self.symbols[0]
        return ()


class Scripted(Quiet):
    """Does what it is told at given times (ms), and remembers what it hears."""

    def __init__(self, *acts: tuple[int, Callable[[Any, Context], object]]) -> None:
        super().__init__(StrategyConfig())
        self.acts = acts
        self.heard: list[OrderEvent] = []
        self.fills: list[OrderFilled] = []
        self.times: list[int] = []
        self.stopped = False

    def on_start(self, ctx: Context) -> None:
        for number, (at_ms, _) in enumerate(self.acts):
            ctx.set_timer(f"{number:03}", at_ns=at_ms * MS)

    def on_timer(self, ctx: Context, name: str) -> None:
        self.acts[int(name)][1](self, ctx)

    def on_order(self, ctx: Context, event: OrderEvent) -> None:
        assert ctx.now_ns == event.ts_received_ns
        self.heard.append(event)
        self.times.append(ctx.now_ns)

    def on_fill(self, ctx: Context, fill: OrderFilled) -> None:
        self.fills.append(fill)

    def on_stop(self, ctx: Context) -> None:
        self.stopped = True

    @property
    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.heard]


class Wall(Quiet):
    """Rests a large order on both sides, one tick from the middle."""

    def __init__(self, lots: int = 1_000, distance: int = 1) -> None:
        super().__init__(StrategyConfig())
        self.lots = lots
        self.distance = distance

    def on_start(self, ctx: Context) -> None:
        for symbol in self.symbols:
            ctx.submit_limit(symbol, Side.BUY, self.lots, MID - self.distance)
            ctx.submit_limit(symbol, Side.SELL, self.lots, MID + self.distance)


class Listener(Quiet):
    """Hears everything, remembers the order of it."""

    def __init__(self, *, depth: int = 3) -> None:
        super().__init__(StrategyConfig())
        self.depth = depth
        self.heard: list[Bar | BookSnapshot | Quote | Trade] = []
        self.history: list[tuple[Bar, ...]] = []

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        wanted = list(super().subscriptions(instruments))
        for each in instruments:
            symbol = each.instrument_id
            wanted += [quotes(symbol), trades(symbol), bars(symbol, 1_000 * MS, warmup=3)]
            wanted += [books(symbol, 500 * MS, depth=self.depth)]
        return wanted

    def on_history(self, ctx: Context, bars: Sequence[Bar]) -> None:
        self.history.append(tuple(bars))

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        self._hear(ctx, bar)

    def on_quote(self, ctx: Context, quote: Quote) -> None:
        self._hear(ctx, quote)

    def on_trade(self, ctx: Context, trade: Trade) -> None:
        self._hear(ctx, trade)

    def on_book(self, ctx: Context, book: BookSnapshot) -> None:
        self._hear(ctx, book)

    def _hear(self, ctx: Context, message: Bar | BookSnapshot | Quote | Trade) -> None:
        assert ctx.now_ns == message.ts_received_ns
        self.heard.append(message)
