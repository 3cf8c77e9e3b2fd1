"""The window runner: a market and its participants advance together through simulated time.

With L the smallest one-way latency, nothing that anybody sends inside `[t, t + L)` can arrive inside it, so
the exchange and the participants may compute one window independently of each other and swap what they
sent at its end. Windows lie on the grid of multiples of L; those in which nobody has anything to do are
skipped. Whoever runs the parts of a window, and in which order, the result is the same.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from exchange_sim.engine.layout import COMMAND
from exchange_sim.kernel.kernel import Kernel
from exchange_sim.kernel.outputs import ORDER_EVENT, SAMPLE, snapshot_dtype
from exchange_sim.markets.duration import SECOND_NS
from exchange_sim.markets.history import History
from exchange_sim.model.enums import EventKind
from exchange_sim.model.ids import AccountId
from exchange_sim.ports import NEVER_NS, Participant, Rows, Wishes

CLOSING_NS = 10 * SECOND_NS
"""How long a market runs on after its participants stopped, so that their last cancels arrive."""

_ORDER_EVENT = struct.Struct("<7qihBBq")
_TRADE = struct.Struct("<4q2i")
_QUOTE = struct.Struct("<6q")
_BAR = struct.Struct("<7q2i")
_ACCOUNT = 7  # place of the account in an order event


class Simulation:
    """One market with its participants.

    Parameters
    ----------
    kernel
        The market, not yet in motion; its accounts are the participants', in their order.
    participants
        At most one an account.
    window_ns
        The smallest one-way latency of any participant, L.
    equity_interval_ns
        Grid of the recorded equity curves.
    """

    def __init__(
        self,
        kernel: Kernel,
        participants: Sequence[Participant],
        *,
        window_ns: int,
        equity_interval_ns: int,
    ) -> None:
        self.kernel = kernel
        self.participants = tuple(participants)
        self._window_ns = window_ns
        self._equity_interval_ns = equity_interval_ns
        self._places = {kernel.account_index(each.account_id): each for each in self.participants}
        wishes = [each.wishes for each in self.participants]
        for wish in wishes:
            _listen(kernel, wish)
        book = struct.Struct(f"<{snapshot_dtype(kernel.snapshot_depth).itemsize // 8}q")
        published = (
            ("bars", kernel.take_bars, _BAR),
            ("books", kernel.take_snapshots, book),
            ("trades", kernel.take_trades, _TRADE),
            ("quotes", kernel.take_quotes, _QUOTE),
        )
        self._feeds = [
            (kind, take, layout)
            for kind, take, layout in published
            if any(getattr(wish, kind) for wish in wishes)
        ]
        self._wanted = [tuple(kind for kind, _, _ in self._feeds if getattr(wish, kind)) for wish in wishes]
        self._times_ns: list[int] = []
        self._equity: list[list[int]] = []
        self._samples: list[npt.NDArray[np.void]] = []
        self._fills: list[npt.NDArray[np.void]] = []
        self._first_account = min(self._places, default=0)
        self._event_counts = np.zeros((len(self.participants), len(EventKind) + 1), np.int64)

    def run(self, end_ns: int, history: History, progress: Callable[[float], None] | None = None) -> None:
        """Start the participants, let them trade until `end_ns`, stop them and close the market.

        `progress` is told the share of the simulated span that is done, at every recorded equity.
        The market's path must reach to `end_ns + CLOSING_NS`.
        """
        start_ns = self.kernel.now_ns
        for participant in self.participants:
            participant.start(start_ns, history)
        self._record_equity()
        sample_ns = start_ns
        while sample_ns < end_ns:
            sample_ns = min(sample_ns + self._equity_interval_ns, end_ns)
            self._advance(sample_ns)
            self._record_equity()
            if progress is not None:
                progress((sample_ns - start_ns) / (end_ns - start_ns))
        for participant in self.participants:
            self._push(participant.stop(end_ns))
        self._advance(end_ns + CLOSING_NS)
        self._record_equity()

    @property
    def times_ns(self) -> npt.NDArray[np.int64]:
        """Times of the recorded equities, shape (n,)."""
        return np.array(self._times_ns, np.int64)

    @property
    def equity_atoms(self) -> npt.NDArray[np.int64]:
        """Equities at the mark price in the exchange's own books, shape (n, participants)."""
        return np.array(self._equity, np.int64).reshape(len(self._times_ns), len(self.participants))

    @property
    def samples(self) -> npt.NDArray[np.void]:
        """SAMPLE rows of all instruments, in order of time."""
        return np.concatenate(self._samples) if self._samples else np.empty(0, SAMPLE)

    @property
    def fills(self) -> npt.NDArray[np.void]:
        """ORDER_EVENT rows of the participants' fills, in order."""
        return np.concatenate(self._fills) if self._fills else np.empty(0, ORDER_EVENT)

    def event_count(self, participant: int, kind: EventKind) -> int:
        """Return how many events of a kind the exchange sent to a participant."""
        return int(self._event_counts[participant, kind])

    def _advance(self, until_ns: int) -> None:
        """Let market and participants do everything that happens before `until_ns`."""
        kernel, window_ns, participants = self.kernel, self._window_ns, self.participants
        while kernel.now_ns < until_ns:
            due_ns = min((each.next_time_ns() for each in participants), default=NEVER_NS)
            limit_ns = until_ns
            if due_ns < until_ns:
                limit_ns = min(until_ns, (due_ns // window_ns + 1) * window_ns)
            reached_ns = kernel.advance(limit_ns, window_ns)
            self._hand_out()
            if due_ns < reached_ns:
                for participant in participants:
                    if participant.next_time_ns() < reached_ns:
                        self._push(participant.run(reached_ns))

    def _push(self, commands: bytes) -> None:
        if commands:
            self.kernel.push(np.frombuffer(commands, COMMAND))

    def _hand_out(self) -> None:
        """Give the participants what the exchange published."""
        own: dict[AccountId, list[tuple[int, ...]]] = {}
        events = self.kernel.take_order_events()
        if len(events):
            self._count(events)
            for row in _ORDER_EVENT.iter_unpack(events.tobytes()):
                own.setdefault(self._places[row[_ACCOUNT]].account_id, []).append(row)
        published: dict[str, Rows] = {}
        for kind, take, layout in self._feeds:
            rows = take()
            if len(rows):
                published[kind] = tuple(layout.iter_unpack(rows.tobytes()))
        if not (own or published):
            return
        for participant, kinds in zip(self.participants, self._wanted, strict=True):
            news = {kind: published[kind] for kind in kinds if kind in published}
            events_of_it = own.get(participant.account_id, ())
            if news or events_of_it:
                participant.enqueue(order_events=events_of_it, **news)

    def _count(self, events: npt.NDArray[np.void]) -> None:
        np.add.at(self._event_counts, (events["account"] - self._first_account, events["kind"]), 1)
        fills = events[events["kind"] == EventKind.FILLED]
        if len(fills):
            self._fills.append(fills)

    def _record_equity(self) -> None:
        kernel = self.kernel
        self._times_ns.append(kernel.now_ns)
        self._equity.append([kernel.exchange.equity_atoms(each.account_id) for each in self.participants])
        samples = kernel.take_samples()
        if len(samples):
            self._samples.append(samples)


def _listen(kernel: Kernel, wish: Wishes) -> None:
    for instrument in wish.quotes:
        kernel.listen(instrument, quotes=True)
    for instrument in wish.trades:
        kernel.listen(instrument, trades=True)
    for instrument, interval_ns in wish.bars:
        kernel.listen(instrument, bars=(interval_ns,))
    for instrument, interval_ns, _ in wish.books:
        kernel.listen(instrument, snapshots=(interval_ns,))
