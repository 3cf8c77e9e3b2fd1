"""Bots that print in every way there is."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from exchange_sim.markets.duration import SECOND_NS
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import BookSnapshot
from strategies.api import Context, Strategy, StrategyConfig, Subscription, books

HANDLER = logging.StreamHandler()
LOG = logging.getLogger("talkers")
LOG.propagate = False
LOG.addHandler(HANDLER)


class TalkConfig(StrategyConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing to set."""


class Talks(Strategy[TalkConfig]):
    """Prints while it is set up, then at the first snapshot in every other way."""

    def __init__(self, config: TalkConfig) -> None:
        super().__init__(config)
        print("made")
        self.silent = False

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        sys.stderr.write("asked\n")
        return [books(each.instrument_id, SECOND_NS, depth=3) for each in instruments]

    def on_book(self, ctx: Context, book: BookSnapshot) -> None:
        if self.silent:
            return
        self.silent = True
        print("two", "words", end="")
        print(" and more\nnext line")
        ctx.log.warning("noticed", level=3)
        logging.getLogger("another").error("logged")
        LOG.error("own handler")

    def on_stop(self, ctx: Context) -> None:
        print("bye")


class Chatters(Talks):
    """Prints a line at every snapshot, a very long one first."""

    number = 0

    def on_book(self, ctx: Context, book: BookSnapshot) -> None:
        print(f"{self.number} " + "x" * (1_000 if not self.number else 0))
        self.number += 1


class Shouts(Talks):
    """Prints, then divides by zero."""

    def on_book(self, ctx: Context, book: BookSnapshot) -> None:
        print("before the fall")
        raise ZeroDivisionError("no price")
