"""The exchange's side of a run: the market in motion, what it publishes, and what is recorded of it."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from exchange_sim.crew import KINDS, News
from exchange_sim.engine.layout import COMMAND
from exchange_sim.kernel.outputs import ORDER_EVENT, SAMPLE
from exchange_sim.markets.duration import SECOND_NS
from exchange_sim.markets.history import History
from exchange_sim.model.enums import EventKind
from exchange_sim.model.ids import AccountId, InstrumentId
from exchange_sim.model.market import Bar
from exchange_sim.ports import RunningMarket, Wishes
from exchange_sim.worth import worth_atoms

_BAR = struct.Struct("<7q2i")
_OUTPUTS = {"bars": "bars", "books": "snapshots", "trades": "trades", "quotes": "quotes"}
_CLOSINGS = (int(EventKind.FILLED), int(EventKind.DELEVERAGED))
_OPENING_SLICE_NS = SECOND_NS  # machine code keeps other threads away
_TALLIED_BYTES = 2**18  # events are counted so many at once


class MarketSide:
    """A market with the records of its participants' accounts.

    Parameters
    ----------
    kernel
        The market, not yet in motion.
    account_ids
        The participants' accounts, in the order of the equity curves.
    wishes
        Market data that somebody wants.
    """

    def __init__(
        self, kernel: RunningMarket, account_ids: Sequence[AccountId], wishes: Iterable[Wishes]
    ) -> None:
        self.kernel = kernel
        self.account_ids = tuple(account_ids)
        wanted: set[str] = set()
        for wish in wishes:
            _listen(kernel, wish)
            wanted.update(kind for kind in KINDS if getattr(wish, kind))
        self._feeds = [(kind, _OUTPUTS[kind]) for kind in KINDS if kind in wanted]
        self._times_ns: list[int] = []
        self._equity: list[list[int]] = []
        self._samples: list[npt.NDArray[np.void]] = []
        self._events: list[bytes] = []
        self._events_bytes = 0
        self._fills: list[npt.NDArray[np.void]] = []
        self._counts = np.zeros((len(kernel.exchange.accounts), max(EventKind) + 1), np.int64)

    @property
    def now_ns(self) -> int:
        return self.kernel.now_ns

    def open(self, opening_ns: int, history: History) -> History:
        """Let the crowd make a market of its own; return the history with the bars it closed meanwhile."""
        if not opening_ns:
            return history
        kernel = self.kernel
        start_ns = kernel.now_ns + opening_ns
        while kernel.now_ns < start_ns:
            kernel.advance(min(start_ns, kernel.now_ns + _OPENING_SLICE_NS), opening_ns)
        closed: dict[tuple[InstrumentId, int], list[Bar]] = {}
        for row in _BAR.iter_unpack(kernel.take_bytes("bars")):
            bar = _closed_bar(kernel.instruments[row[8]].instrument_id, row)
            closed.setdefault((bar.instrument_id, bar.interval_ns), []).append(bar)
        for output in ("snapshots", "trades", "quotes"):
            kernel.take_bytes(output)
        return {**history, **{key: (*history.get(key, ()), *bars) for key, bars in closed.items()}}

    def push(self, commands: bytes) -> None:
        """Let COMMAND rows be on their way."""
        if commands:
            self.kernel.push(np.frombuffer(commands, COMMAND))

    def advance(self, limit_ns: int, window_ns: int) -> News:
        """Let the market go on, at most to `limit_ns`, and return what it published; see `Kernel.advance`."""
        kernel = self.kernel
        until_ns = kernel.advance(limit_ns, window_ns)
        events = kernel.take_bytes("order_events")
        if events:
            self._events.append(events)
            self._events_bytes += len(events)
            if self._events_bytes >= _TALLIED_BYTES:
                self._tally()
        taken = {kind: kernel.take_bytes(output) for kind, output in self._feeds}
        bars, books, trades, quotes = (taken.get(kind, b"") for kind in KINDS)
        return News(until_ns, events, bars, books, trades, quotes)

    def record(self) -> None:
        """Note the participants' equity and the market's samples."""
        kernel = self.kernel
        self._times_ns.append(kernel.now_ns)
        self._equity.append([worth_atoms(kernel.exchange, each) for each in self.account_ids])
        samples = kernel.take_samples()
        if len(samples):
            self._samples.append(samples)

    def move_to(self, kernel: RunningMarket, samples: npt.NDArray[np.void]) -> None:
        """Go on with another market that stands where this one does, and with its samples so far."""
        self.kernel, self._samples = kernel, [samples]

    @property
    def times_ns(self) -> npt.NDArray[np.int64]:
        """Times of the recorded equities, shape (n,)."""
        return np.array(self._times_ns, np.int64)

    @property
    def equity_atoms(self) -> npt.NDArray[np.int64]:
        """Equities at the mark price in the exchange's own books, shape (n, participants)."""
        return np.array(self._equity, np.int64).reshape(len(self._times_ns), len(self.account_ids))

    @property
    def samples(self) -> npt.NDArray[np.void]:
        """SAMPLE rows of all instruments, in order of time."""
        return np.concatenate(self._samples) if self._samples else np.empty(0, SAMPLE)

    @property
    def fills(self) -> npt.NDArray[np.void]:
        """ORDER_EVENT rows of the participants' fills, in order; of deleveraging too, where no trade was."""
        self._tally()
        return np.concatenate(self._fills) if self._fills else np.empty(0, ORDER_EVENT)

    def event_count(self, account_id: AccountId, kind: EventKind) -> int:
        """Return how many events of a kind the exchange sent to a participant."""
        self._tally()
        return int(self._counts[self.kernel.account_index(account_id), kind])

    def _tally(self) -> None:
        """Count the events that have gathered and keep the fills among them."""
        rows = np.frombuffer(b"".join(self._events), ORDER_EVENT)
        self._events.clear()
        self._events_bytes = 0
        np.add.at(self._counts, (rows["account"], rows["kind"]), 1)
        fills = rows[np.isin(rows["kind"], _CLOSINGS)]
        if len(fills):
            self._fills.append(fills)


def _closed_bar(instrument_id: InstrumentId, row: tuple[int, ...]) -> Bar:
    """Return a BAR row as the message of somebody who was there: received when it closed."""
    ts_open_ns, interval_ns, open_, high, low, close, volume, trades, _ = row
    end_ns = ts_open_ns + interval_ns
    return Bar(
        instrument_id, end_ns, end_ns, interval_ns, ts_open_ns, open_, high, low, close, volume, trades
    )


def _listen(kernel: RunningMarket, wish: Wishes) -> None:
    for instrument in wish.quotes:
        kernel.listen(instrument, quotes=True)
    for instrument in wish.trades:
        kernel.listen(instrument, trades=True)
    for instrument, interval_ns in wish.bars:
        kernel.listen(instrument, bars=(interval_ns,))
    for instrument, interval_ns, _ in wish.books:
        kernel.listen(instrument, snapshots=(interval_ns,))
