"""Recorded commands on their way into a kernel: whose they are, and how far they have been handed on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from exchange_sim.engine.exchange import Exchange
from exchange_sim.engine.layout import COMMAND
from exchange_sim.engine.snapshots import SnapshotError
from exchange_sim.kernel.tables import NEVER_NS
from exchange_sim.model.ids import AccountId


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


@runtime_checkable
class WatchingFeed(Feed, Protocol):
    """A feed that looks at the exchange before each step of its grid, and sends what follows from it.

    `rows` is asked only for spans inside the step that was looked at last.
    """

    @property
    def interval_ns(self) -> int:
        """Spacing of its steps, which begin at multiples of it (and at the market's start)."""

    def look(self, exchange: Exchange, bots: Sequence[AccountId], now_ns: int) -> None:
        """See what has become of everything before `now_ns`, where a step begins."""

    def state(self) -> bytes:
        """Return what it remembers from step to step."""

    def load(self, state: bytes) -> None:
        """Go on from what `state` returned."""


class Feeds:
    """The feeds of one market, and until when their commands have been taken.

    `first_account` is the number of the first feed's first account in the exchange; the accounts behind the
    feeds' are the bots'.
    """

    def __init__(self, feeds: Sequence[Feed], first_account: int, start_ns: int) -> None:
        self.accounts = tuple(account for feed in feeds for account in feed.accounts)
        self.taken_ns = start_ns
        """Commands that arrive before have been handed on."""
        self._feeds: list[tuple[Feed, int]] = []
        for feed in feeds:
            self._feeds.append((feed, first_account))
            first_account += len(feed.accounts)
        self._bots = first_account
        self._watching = [feed for feed in feeds if isinstance(feed, WatchingFeed)]

    def limit(self, now_ns: int, until_ns: int) -> int:
        """Return `until_ns`, or the next instant at which a feed has to look, if that comes first."""
        for feed in self._watching:
            until_ns = min(until_ns, (now_ns // feed.interval_ns + 1) * feed.interval_ns)
        return until_ns

    def states(self) -> tuple[bytes, ...]:
        """Return what the feeds remember that look."""
        return tuple(feed.state() for feed in self._watching)

    def load(self, accounts: int, states: Sequence[bytes]) -> None:
        """Let the feeds go on from a snapshot: the number of their accounts, and what `states` returned.

        Raises
        ------
        SnapshotError
            It is of other feeds.
        """
        if (len(self.accounts), len(self._watching)) != (accounts, len(states)):
            raise SnapshotError(
                f"feeds: expected those of {accounts} accounts, {len(states)} of them with a memory, was "
                f"{len(self.accounts)} and {len(self._watching)}"
            )
        for feed, state in zip(self._watching, states, strict=True):
            feed.load(state)

    def take(self, exchange: Exchange, until_ns: int) -> np.ndarray:
        """Return the COMMAND rows that arrive before `until_ns` and were not taken before.

        Where feeds look, those of the whole step: how a run is cut into calls must not make them look more
        often.
        """
        begin_ns = self.taken_ns
        if not self._feeds or until_ns <= begin_ns:
            return np.empty(0, COMMAND)
        if self._watching:
            until_ns = self.limit(begin_ns, NEVER_NS)
        self.taken_ns = until_ns
        pieces = []
        for watching in self._watching:
            watching.look(exchange, exchange.accounts[self._bots :], begin_ns)
        for feed, first_account in self._feeds:
            rows = feed.rows(begin_ns, until_ns).copy()
            rows["account"] += first_account
            pieces.append(rows)
        return np.concatenate(pieces)
