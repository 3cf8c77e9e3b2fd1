"""Bots that behave badly, each in its own way, and one that trades a lot."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from exchange_sim.markets.duration import SECOND_NS
from exchange_sim.model.enums import Side
from exchange_sim.model.events import OrderDenied, OrderEvent
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import BookSnapshot, Quote, Trade
from strategies.api import Context, Strategy, StrategyConfig, Subscription, books, quotes, trades


class BadConfig(StrategyConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing to set."""


class _OnBooks(Strategy[BadConfig]):
    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        return [books(each.instrument_id, SECOND_NS, depth=3) for each in instruments]


class Raises(_OnBooks):
    """Divides by zero at the third snapshot, with a quote in the book."""

    seen = 0

    def on_book(self, ctx: Context, book: BookSnapshot) -> None:
        self.seen += 1
        if self.seen == 1:
            ctx.submit_limit(book.instrument_id, Side.BUY, 1_000, book.bids[0][0] - 10)
        if self.seen == 3:
            raise ZeroDivisionError("no price")


class Floods(_OnBooks):
    """Sends 10,000 orders in one handler."""

    def on_book(self, ctx: Context, book: BookSnapshot) -> None:
        for _ in range(10_000):
            ctx.submit_limit(book.instrument_id, Side.BUY, 1_000, book.bids[0][0] - 100)


class Hangs(_OnBooks):
    """Never comes back from its second snapshot."""

    seen = 0

    def on_book(self, ctx: Context, book: BookSnapshot) -> None:
        self.seen += 1
        while self.seen == 2:
            pass


class Echoes(_OnBooks):
    """Answers every denial with the same order again."""

    def on_book(self, ctx: Context, book: BookSnapshot) -> None:
        ctx.submit_market(book.instrument_id, Side.BUY, 10_000_000)

    def on_order(self, ctx: Context, event: OrderEvent) -> None:
        if isinstance(event, OrderDenied):
            ctx.submit_market(event.instrument_id, Side.BUY, 10_000_000)


class Reckless(Strategy[BadConfig]):
    """Buys for nine and a half times its money at the first quote, and holds."""

    bought = False

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        return [quotes(each.instrument_id) for each in instruments]

    def on_quote(self, ctx: Context, quote: Quote) -> None:
        if not self.bought:
            unit = quote.ask_ticks * ctx.instruments[quote.instrument_id].atoms_per_tick_lot
            ctx.submit_market(quote.instrument_id, Side.BUY, ctx.equity_atoms() * 19 // (2 * unit))
            self.bought = True


class Scalper(Strategy[BadConfig]):
    """Crosses the spread back and forth at every second trade and quotes at every tenth change."""

    def __init__(self, config: BadConfig) -> None:
        super().__init__(config)
        self.count = 0

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        return [
            wish for each in instruments for wish in (trades(each.instrument_id), quotes(each.instrument_id))
        ]

    def on_trade(self, ctx: Context, trade: Trade) -> None:
        self.count += 1
        if self.count % 2 == 0:
            lots = ctx.position_lots(trade.instrument_id)
            ctx.submit_market(trade.instrument_id, Side.SELL if lots > 0 else Side.BUY, abs(lots) or 20)

    def on_quote(self, ctx: Context, quote: Quote) -> None:
        self.count += 1
        if self.count % 10 == 0 and quote.bid_ticks:
            ctx.cancel_all(quote.instrument_id)
            ctx.submit_limit(quote.instrument_id, Side.BUY, 30, quote.bid_ticks)


class HangsInC(_OnBooks):
    """Never comes back from a loop that runs inside the interpreter's own machine code."""

    def on_book(self, ctx: Context, book: BookSnapshot) -> None:
        sum(itertools.count())
