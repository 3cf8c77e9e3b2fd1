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
from exchange_sim.kernel.outputs import ORDER_EVENT, SAMPLE, snapshot_dtype
from exchange_sim.markets.duration import SECOND_NS
from exchange_sim.markets.history import History
from exchange_sim.model.enums import EventKind
from exchange_sim.model.ids import AccountId, InstrumentId
from exchange_sim.model.market import Bar
from exchange_sim.ports import NEVER_NS, Participant, Rows, RunningMarket, Wishes
from exchange_sim.series import Series, SeriesBoard
from exchange_sim.worth import worth_atoms

CLOSING_NS = 10 * SECOND_NS
"""How long a market runs on after its participants stopped, so that their last cancels arrive."""

_ORDER_EVENT = struct.Struct("<7qihBBq")
_TRADE = struct.Struct("<4q2i")
_QUOTE = struct.Struct("<6q")
_BAR = struct.Struct("<7q2i")
_ACCOUNT, _KIND = 7, 9  # places in an order event
_CLOSINGS = (int(EventKind.FILLED), int(EventKind.DELEVERAGED))


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
    opening_ns
        How long the crowd is alone before the participants start, so that they find a book.
    series
        Recorded series of the market, published on time.
    """

    def __init__(
        self,
        kernel: RunningMarket,
        participants: Sequence[Participant],
        *,
        window_ns: int,
        equity_interval_ns: int,
        opening_ns: int = 0,
        series: Sequence[Series] = (),
    ) -> None:
        self.kernel = kernel
        self.participants = tuple(participants)
        self._window_ns = window_ns
        self._equity_interval_ns = equity_interval_ns
        self._opening_ns = opening_ns
        self._places = {kernel.account_index(each.account_id): each for each in self.participants}
        wishes = [each.wishes for each in self.participants]
        for wish in wishes:
            _listen(kernel, wish)
        book = struct.Struct(f"<{snapshot_dtype(kernel.snapshot_depth).itemsize // 8}q")
        published = (
            ("bars", "bars", _BAR),
            ("books", "snapshots", book),
            ("trades", "trades", _TRADE),
            ("quotes", "quotes", _QUOTE),
        )
        self._feeds = [
            (kind, output, layout.iter_unpack)
            for kind, output, layout in published
            if any(getattr(wish, kind) for wish in wishes)
        ]
        self._board = SeriesBoard(series, frozenset().union(*(each.series for each in wishes)))
        kinds = [kind for kind, _, _ in self._feeds] + ["series"]
        self._wanted = {
            account: tuple(kind for kind in kinds if getattr(each.wishes, kind))
            for account, each in self._places.items()
        }
        self._due_ns = dict.fromkeys(self._places, NEVER_NS)
        self._start_ns = self._end_ns = self._sample_ns = NEVER_NS
        self._times_ns: list[int] = []
        self._equity: list[list[int]] = []
        self._samples: list[npt.NDArray[np.void]] = []
        self._with_fills: list[bytes] = []
        self._event_counts = {number: [0] * (max(EventKind) + 1) for number in self._places}

    def run(self, end_ns: int, history: History, progress: Callable[[float], None] | None = None) -> None:
        """Open the market, let the participants trade until `end_ns`, stop them and close.

        `history` ends where the market's path begins. `progress` is told the share of the participants' span
        that is done, at every recorded equity. The path must reach to `end_ns + CLOSING_NS`.
        """
        self.begin(end_ns, history)
        self.go_on(end_ns, progress)
        self.finish()

    def begin(self, end_ns: int, history: History) -> None:
        """Open the market and start the participants; see `run`."""
        if self._opening_ns:
            history = self._open(history)
        self._start_ns, self._end_ns = self.kernel.now_ns, end_ns
        self._board.take(self._start_ns)
        for account, participant in self._places.items():
            participant.start(self._start_ns, history)
            self._due_ns[account] = participant.next_time_ns()
        self._record_equity()
        self._sample_ns = min(self._start_ns + self._equity_interval_ns, end_ns)

    def go_on(self, until_ns: int, progress: Callable[[float], None] | None = None) -> None:
        """Let everything happen before `until_ns`, which is not behind the end."""
        while self._sample_ns <= until_ns:
            sample_ns = self._sample_ns
            self._advance(sample_ns)
            self._record_equity()
            if progress is not None:
                progress((sample_ns - self._start_ns) / (self._end_ns - self._start_ns))
            last = sample_ns >= self._end_ns
            self._sample_ns = NEVER_NS if last else min(sample_ns + self._equity_interval_ns, self._end_ns)
        self._advance(until_ns)

    def finish(self) -> None:
        """Stop the participants at the end and let their last commands arrive."""
        for account, participant in self._places.items():
            self._push(participant.stop(self._end_ns))
            self._due_ns[account] = participant.next_time_ns()
        self._advance(self._end_ns + CLOSING_NS)
        self._record_equity()

    def move_to(self, kernel: RunningMarket, samples: npt.NDArray[np.void]) -> None:
        """Go on with another market that stands where this one does, and with its samples so far."""
        self.kernel, self._samples = kernel, [samples]

    def change(self, account: int, commands: bytes, window_ns: int) -> None:
        """Go on after somebody else has acted for a participant, which sends `commands`.

        `window_ns` is the smallest one-way latency from now on.
        """
        self._window_ns = window_ns
        self._push(commands)
        self._due_ns[account] = self._places[account].next_time_ns()

    def _open(self, history: History) -> History:
        """Let the crowd make a market; return the history with the bars it closed meanwhile."""
        kernel = self.kernel
        start_ns = kernel.now_ns + self._opening_ns
        while kernel.now_ns < start_ns:
            kernel.advance(start_ns, self._opening_ns)
        closed: dict[tuple[InstrumentId, int], list[Bar]] = {}
        for row in _BAR.iter_unpack(kernel.take_bytes("bars")):
            bar = _closed_bar(kernel.instruments[row[8]].instrument_id, row)
            closed.setdefault((bar.instrument_id, bar.interval_ns), []).append(bar)
        for output in ("snapshots", "trades", "quotes"):
            kernel.take_bytes(output)
        return {**history, **{key: (*history.get(key, ()), *bars) for key, bars in closed.items()}}

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
        """ORDER_EVENT rows of the participants' fills, in order; of deleveraging too, where no trade was."""
        rows: npt.NDArray[np.void] = np.frombuffer(b"".join(self._with_fills), ORDER_EVENT)
        fills: npt.NDArray[np.void] = rows[np.isin(rows["kind"], _CLOSINGS)]
        return fills

    def event_count(self, account_id: AccountId, kind: EventKind) -> int:
        """Return how many events of a kind the exchange sent to a participant."""
        return self._event_counts[self.kernel.account_index(account_id)][kind]

    def _advance(self, until_ns: int) -> None:
        """Let market and participants do everything that happens before `until_ns`."""
        kernel, window_ns, due, board = self.kernel, self._window_ns, self._due_ns, self._board
        while kernel.now_ns < until_ns:
            first_ns = min(board.next_ns, min(due.values(), default=NEVER_NS))
            limit_ns = until_ns
            if first_ns < until_ns:
                limit_ns = min(until_ns, (first_ns // window_ns + 1) * window_ns)
            reached_ns = kernel.advance(limit_ns, window_ns)
            self._hand_out()
            if first_ns < reached_ns:
                for account, due_ns in due.items():
                    if due_ns < reached_ns:
                        participant = self._places[account]
                        self._push(participant.run(reached_ns))
                        due[account] = participant.next_time_ns()

    def _push(self, commands: bytes) -> None:
        if commands:
            self.kernel.push(np.frombuffer(commands, COMMAND))

    def _hand_out(self) -> None:
        """Give the participants what the exchange published."""
        take = self.kernel.take_bytes
        events = take("order_events")
        own = self._own_events(events) if events else {}
        published: dict[str, Rows] = {}
        for kind, output, unpack in self._feeds:
            rows = take(output)
            if rows:
                published[kind] = tuple(unpack(rows))
        if self._board.next_ns < self.kernel.now_ns:
            published["series"] = self._board.take(self.kernel.now_ns)
        if not published:
            for account, rows_of_it in own.items():
                self._enqueue(account, rows_of_it, {})
            return
        for account, kinds in self._wanted.items():
            news = {kind: published[kind] for kind in kinds if kind in published}
            if news or account in own:
                self._enqueue(account, own.get(account, ()), news)

    def _enqueue(self, account: int, order_events: Rows, news: dict[str, Rows]) -> None:
        participant = self._places[account]
        participant.enqueue(order_events=order_events, **news)
        self._due_ns[account] = participant.next_time_ns()

    def _own_events(self, events: bytes) -> dict[int, list[tuple[int, ...]]]:
        """Return the order events by account, and count them."""
        own: dict[int, list[tuple[int, ...]]] = {}
        counts, filled = self._event_counts, False
        for row in _ORDER_EVENT.iter_unpack(events):
            account, kind = row[_ACCOUNT], row[_KIND]
            counts[account][kind] += 1
            filled |= kind in _CLOSINGS
            if account in own:
                own[account].append(row)
            else:
                own[account] = [row]
        if filled:
            self._with_fills.append(events)
        return own

    def _record_equity(self) -> None:
        kernel = self.kernel
        self._times_ns.append(kernel.now_ns)
        self._equity.append([worth_atoms(kernel.exchange, each.account_id) for each in self.participants])
        samples = kernel.take_samples()
        if len(samples):
            self._samples.append(samples)


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
