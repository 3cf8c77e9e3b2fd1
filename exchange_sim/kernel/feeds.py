"""Recorded commands on their way into a kernel: whose they are, and how far they have been handed on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from exchange_sim.engine.layout import COMMAND


class Feed(Protocol):
    """Commands that do not depend on what happens: a recorded market that plays again.

    Its accounts trade, but are no participants: nobody is told what becomes of their orders.
    """

    @property
    def accounts(self) -> Sequence[tuple[str, int]]:
        """Names and deposits (atoms of the settlement asset) of the accounts that it sends for."""

    def rows(self, begin_ns: int, end_ns: int) -> np.ndarray:
        """Return the COMMAND rows that arrive in `[begin_ns, end_ns)`, in order of time.

        `account` is a place in `accounts`. The same span gives the same rows.
        """


class Feeds:
    """The feeds of one market, and until when their commands have been taken.

    `first_account` is the number of the first feed's first account in the exchange.
    """

    def __init__(self, feeds: Sequence[Feed], first_account: int, start_ns: int) -> None:
        self.accounts = tuple(account for feed in feeds for account in feed.accounts)
        self.taken_ns = start_ns
        """Commands that arrive before have been handed on."""
        self._feeds: list[tuple[Feed, int]] = []
        for feed in feeds:
            self._feeds.append((feed, first_account))
            first_account += len(feed.accounts)

    def take(self, until_ns: int) -> np.ndarray:
        """Return the COMMAND rows that arrive before `until_ns` and were not taken before."""
        begin_ns = self.taken_ns
        if not self._feeds or until_ns <= begin_ns:
            return np.empty(0, COMMAND)
        self.taken_ns = until_ns
        pieces = []
        for feed, first_account in self._feeds:
            rows = feed.rows(begin_ns, until_ns).copy()
            rows["account"] += first_account
            pieces.append(rows)
        return np.concatenate(pieces)
