"""The strategy of an account that somebody outside trades: it decides nothing and passes on what it hears."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Annotated

import msgspec

from exchange_sim.markets.duration import Duration, parse_duration_ns
from exchange_sim.model.events import AccountEvent, ExchangeEvent, OrderEvent
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import Bar, BookSnapshot, MarketData, Quote, Trade
from strategies.api import Context, Strategy, StrategyConfig, Subscription, bars, books, quotes, trades

OUTSIDE = "outside"
"""What a bot's `strategy` says in a match file when somebody outside trades its account."""

Listener = Callable[[ExchangeEvent | MarketData], None]


class OutsideConfig(StrategyConfig, frozen=True, kw_only=True):
    """Market data that somebody outside can hear; a market has no others ready.

    Parameters
    ----------
    quotes, trades
        Every change of the best bid and ask; every trade.
    bars
        Closed bars of these intervals.
    book_interval, book_depth
        Book snapshots on this grid, with so many levels a side; left out: none.
    """

    quotes: bool = True
    trades: bool = False
    bars: tuple[Duration, ...] = ()
    book_interval: Duration | None = None
    book_depth: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10


class OutsideTrader(Strategy[OutsideConfig]):
    """Passes on what the account hears, to nobody at first."""

    def __init__(self, config: OutsideConfig) -> None:
        super().__init__(config)
        self.listen(None, ())

    def listen(self, listener: Listener | None, topics: Collection[str]) -> None:
        """Pass on events and the market data of these topics from now on; None is nobody."""
        self._events = listener
        self._quotes = listener if "quotes" in topics else None
        self._trades = listener if "trades" in topics else None
        self._bars = listener if "bars" in topics else None
        self._books = listener if "books" in topics else None

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        config, wanted = self.config, []
        for name in (each.instrument_id for each in instruments):
            if config.quotes:
                wanted.append(quotes(name))
            if config.trades:
                wanted.append(trades(name))
            wanted += [bars(name, parse_duration_ns(interval)) for interval in config.bars]
            if config.book_interval is not None:
                interval_ns = parse_duration_ns(config.book_interval)
                wanted.append(books(name, interval_ns, depth=config.book_depth))
        return wanted

    def on_quote(self, _ctx: Context, quote: Quote) -> None:
        if self._quotes is not None:
            self._quotes(quote)

    def on_trade(self, _ctx: Context, trade: Trade) -> None:
        if self._trades is not None:
            self._trades(trade)

    def on_bar(self, _ctx: Context, bar: Bar) -> None:
        if self._bars is not None:
            self._bars(bar)

    def on_book(self, _ctx: Context, book: BookSnapshot) -> None:
        if self._books is not None:
            self._books(book)

    def on_order(self, _ctx: Context, event: OrderEvent) -> None:
        if self._events is not None:
            self._events(event)

    def on_account(self, _ctx: Context, event: AccountEvent) -> None:
        if self._events is not None:
            self._events(event)
