"""Other accounts of a check's market: they make the book thin, and fill orders bit by bit."""

from __future__ import annotations

from collections.abc import Sequence

from exchange_sim.model.enums import Side
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import BookSnapshot
from strategies.api import Context, Strategy, StrategyConfig, Subscription, books

_STEP_NS = 500_000_000
_MID_TICKS = 600_000


class ThinBook(Strategy[StrategyConfig]):
    """Keeps single lots on ten levels of each side, around a middle that swings by a percent in 5 minutes."""

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        self._symbols = [each.instrument_id for each in instruments]
        self._beat = 0
        return ()

    def on_start(self, ctx: Context) -> None:
        ctx.set_timer("quote", every_ns=_STEP_NS)

    def on_timer(self, ctx: Context, name: str) -> None:  # noqa: ARG002 - there is one timer
        self._beat += 1
        phase = self._beat % 600
        swing = (phase if phase < 300 else 600 - phase) * 20 - 3_000
        ctx.cancel_all()
        for symbol in self._symbols:
            for level in range(1, 11):
                ctx.submit_limit(symbol, Side.BUY, 1, _MID_TICKS + swing - 10 * level)
                ctx.submit_limit(symbol, Side.SELL, 1, _MID_TICKS + swing + 10 * level)


class Tempter(Strategy[StrategyConfig]):
    """Takes a single lot from whatever rests behind the best level, by turns on each side."""

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        return [books(each.instrument_id, _STEP_NS, depth=10) for each in instruments]

    def on_book(self, ctx: Context, book: BookSnapshot) -> None:
        number = book.ts_exchange_ns // _STEP_NS
        side, levels = (Side.SELL, book.bids) if number % 2 else (Side.BUY, book.asks)
        large = [price for price, lots in levels if lots > 1]
        if large:
            behind = 1 + sum(lots for price, lots in levels if (price - large[0]) * side.sign < 0)
            ctx.submit_market(book.instrument_id, side, behind)
