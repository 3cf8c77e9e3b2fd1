"""How a strategy hears of its market: the view is brought up to date, then the handler is called.

Quotes, by far the commonest, are the host's own business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors.market_view import MarketView
from actors.strategy_setup import override
from exchange_sim.model.market import (
    Bar,
    BookSnapshot,
    FundingRate,
    MarkPrice,
    Observation,
    SeriesMessage,
    Trade,
)
from strategies.api import Strategy

_Handler = Callable[..., None] | None


class MarketEars:
    """Market data on its way to a strategy.

    Parameters
    ----------
    view
        The account's.
    call
        Calls a handler of the strategy with the context and a message.
    """

    __slots__ = (
        "_call",
        "_on_bar",
        "_on_book",
        "_on_funding",
        "_on_mark",
        "_on_observation",
        "_on_trade",
        "_view",
    )

    def __init__(self, view: MarketView, call: Callable[..., None]) -> None:
        self._view = view
        self._call = call
        self.silence()

    @property
    def handlers(self) -> dict[type, Callable[[Any], None]]:
        """What to do with a message, by its type."""
        return {
            Bar: self._hear_bar,
            BookSnapshot: self._hear_book,
            Trade: self._hear_trade,
            Observation: self._hear_observation,
            FundingRate: self._hear_funding,
            MarkPrice: self._hear_mark,
        }

    def listen(self, strategy: Strategy[Any]) -> None:
        """Call this strategy's handlers from now on."""
        self._on_trade: _Handler = override(strategy, "on_trade")
        self._on_bar: _Handler = override(strategy, "on_bar")
        self._on_book: _Handler = override(strategy, "on_book")
        self._on_observation: _Handler = override(strategy, "on_observation")
        self._on_funding: _Handler = override(strategy, "on_funding")
        self._on_mark: _Handler = override(strategy, "on_mark")

    def silence(self) -> None:
        """Call nobody's handlers; the view goes on."""
        self._on_trade = self._on_bar = self._on_book = None
        self._on_observation = self._on_funding = self._on_mark = None

    def note(self, value: SeriesMessage) -> None:
        """Remember the newest value of a series."""
        if isinstance(value, Observation):
            self._view.observations[value.metric, value.instrument_id] = value

    def _hear_bar(self, bar: Bar) -> None:
        self._view.last_ticks[bar.instrument_id] = bar.close_ticks
        if self._on_bar is not None:
            self._call(self._on_bar, bar)

    def _hear_book(self, book: BookSnapshot) -> None:
        self._view.tops[book.instrument_id] = book
        self._view.books[book.instrument_id] = book
        if self._on_book is not None:
            self._call(self._on_book, book)

    def _hear_trade(self, trade: Trade) -> None:
        self._view.last_ticks[trade.instrument_id] = trade.price_ticks
        if self._on_trade is not None:
            self._call(self._on_trade, trade)

    def _hear_observation(self, observation: Observation) -> None:
        self.note(observation)
        if self._on_observation is not None:
            self._call(self._on_observation, observation)

    def _hear_funding(self, funding: FundingRate) -> None:
        if self._on_funding is not None:
            self._call(self._on_funding, funding)

    def _hear_mark(self, mark: MarkPrice) -> None:
        if self._on_mark is not None:
            self._call(self._on_mark, mark)
