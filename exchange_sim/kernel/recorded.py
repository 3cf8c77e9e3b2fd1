"""A market in motion again, from its journal: the recorded commands, and what follows from them.

Events, trades, quotes, bars and snapshots are made by the code that made them the first time, so participants
are handed what they were handed then. Where the commands came from (a crowd, recorded history, bots) does not
matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from exchange_sim.engine.exchange import Exchange
from exchange_sim.kernel.feeds import Feeds
from exchange_sim.kernel.kernel import Kernel
from exchange_sim.kernel.loop import push_recorded
from exchange_sim.kernel.path import MarketPath
from exchange_sim.kernel.storage import Storage
from exchange_sim.kernel.tables import AGENT, GROUP, MARKET, NEVER_NS
from exchange_sim.model.enums import CommandKind


class RecordedCommands:
    """The commands of a journal on their way to a market, a batch at a time.

    Parameters
    ----------
    batches
        COMMAND rows in order of time; those that only let time pass are left out.
    start_ns
        When the first may arrive.
    """

    def __init__(self, batches: Iterator[npt.NDArray[Any]], start_ns: int) -> None:
        self._batches = batches
        self._known_ns = start_ns

    def before(self, until_ns: int) -> Iterator[npt.NDArray[Any]]:
        """Yield the next batches until all commands that arrive before `until_ns` are among them."""
        while self._known_ns < until_ns:
            rows = next(self._batches, None)
            if rows is None:
                self._known_ns = NEVER_NS
                return
            self._known_ns = int(rows["ts_ns"][-1])
            yield given_commands(rows)


def given_commands(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return COMMAND rows without those that only let time pass."""
    return np.ascontiguousarray(rows[rows["kind"] != int(CommandKind.ADVANCE)])


class RecordedMarket(Kernel):
    """The market of a journal; an `exchange_sim.ports.RunningMarket`.

    What participants push changes nothing: their commands are on record. Orders expire by themselves, as they
    did then, so the record of that is passed over.

    Parameters
    ----------
    exchange
        As it was when the journal began.
    batches
        The recorded COMMAND rows, in order.
    start_ns, end_ns
        Span of the market.
    crowd_accounts
        Accounts below this number are the market's own.
    snapshot_depth
        As of the kernel.
    """

    def __init__(
        self,
        exchange: Exchange,
        batches: Iterator[npt.NDArray[Any]],
        *,
        start_ns: int,
        end_ns: int,
        crowd_accounts: int,
        snapshot_depth: int,
    ) -> None:
        self.instruments = exchange.instruments
        self.path = MarketPath.constant(start_ns, end_ns - start_ns, [1.0] * len(self.instruments))
        self.snapshot_depth = snapshot_depth
        self.exchange = exchange
        names = exchange.accounts
        self._accounts = {str(name): n for n, name in enumerate(names) if n >= crowd_accounts}
        self._crowd_accounts, self._accounts_end = crowd_accounts, len(names)
        self._feeds = Feeds((), crowd_accounts, start_ns)
        self._storage = Storage(snapshot_depth)
        self._header, self._address = self._storage.header, self._storage.address
        self._now_ns = start_ns
        self._timers = []
        self._timers_set = False
        self._storage.copy("groups", np.zeros(1, GROUP))
        self._storage.copy("agents", np.zeros(crowd_accounts, AGENT))
        self._markets = self._storage.copy("markets", np.zeros(len(self.instruments), MARKET))
        self._markets["spread_ns"] = start_ns
        header = self._header
        header["now_ns"], header["next_timer_ns"] = start_ns, NEVER_NS
        header["market_count"], header["crowd_accounts"] = len(self.instruments), crowd_accounts
        header["observed_accounts"] = crowd_accounts
        self._record = RecordedCommands(batches, start_ns)
        self._pushed = 0

    def push(self, commands: np.ndarray) -> None:
        """Do nothing: what arrived is in the journal."""

    def advance(self, until_ns: int, window_ns: int) -> int:
        for given in self._record.before(until_ns):
            self._storage.reserve_pending(len(given), len(given))
            push_recorded(self._address, given.ctypes.data, len(given), self._pushed)
            self._pushed += len(given)
        return super().advance(until_ns, window_ns)
