"""Bots that take their process with them."""

from __future__ import annotations

import os
from collections.abc import Sequence

from exchange_sim.markets.duration import SECOND_NS
from exchange_sim.model.enums import Side
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import BookSnapshot
from strategies.api import Context, Strategy, StrategyConfig, Subscription, books


class KillerConfig(StrategyConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing to set."""


class Killer(Strategy[KillerConfig]):
    """Places an order at its first snapshot and ends the process at its second."""

    seen = 0

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        return [books(instruments[0].instrument_id, SECOND_NS, depth=3)]

    def on_book(self, ctx: Context, book: BookSnapshot) -> None:
        self.seen += 1
        if self.seen == 1:
            ctx.submit_limit(book.instrument_id, Side.BUY, 1_000, book.bids[0][0] - 50)
        if self.seen == 2:
            raise KeyboardInterrupt


class AtStart(Killer):
    """Ends the process before it has done anything."""

    def on_start(self, ctx: Context) -> None:
        raise KeyboardInterrupt


class Moody(Killer):
    """Is not deterministic: what it sends depends on how many of it there have been."""

    def on_start(self, ctx: Context) -> None:
        self.lives = int(os.environ["MOODY_LIVES"]) + 1
        os.environ["MOODY_LIVES"] = str(self.lives)

    def on_book(self, ctx: Context, book: BookSnapshot) -> None:
        ctx.submit_limit(book.instrument_id, Side.BUY, 1_000 * self.lives, book.bids[0][0] - 50)
