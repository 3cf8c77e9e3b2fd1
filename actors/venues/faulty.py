"""A simulated venue on a bad connection, and the account's side of it that sets things right.

The exchange numbers an account's own events, as FIX sessions and some crypto venues do. The account takes
them in that order, each once: copies are dropped, what has overtaken waits, and what is missing is asked for
when patience is over, or when a heartbeat tells of it. The exchange keeps the events and sends again those
that happened before the question arrived. So the order path behind hears everything exactly once and in
order, only later; tracker and portfolio are the same as on a good connection.

Market data is not sent again: what is lost is lost, and what was overtaken by something newer of the same
stream is dropped. Commands are not sent again either: see `actors.settlement`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from heapq import heappop, heappush

import msgspec

from actors.gate import RiskApproved
from actors.venues.rows import Row
from actors.venues.simulated import BARS, BOOKS, EVENTS, QUOTES, TRADES, SimulatedVenue
from exchange_sim.engine.queries import ExchangeView
from exchange_sim.faults import AccountFaults
from exchange_sim.faulty_link import EpisodeClock, FaultyLink, Spans, covered
from exchange_sim.latency import AccountLatency
from exchange_sim.model.commands import Command
from exchange_sim.model.events import ExchangeEvent, StatusReported
from exchange_sim.model.ids import AccountId, ClientOrderId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import MarketData
from exchange_sim.ports import NEVER_NS, Rows, VenueClosedError
from exchange_sim.series import Series

_ARRIVES, _BEATS, _LOOKS, _ANSWERED, _DATA = range(5)  # what is due, in this order at one instant
_KEPT = 4_096  # own events that were heard and are still kept

Message = ExchangeEvent | MarketData | StatusReported


class FaultyVenue(SimulatedVenue):
    """One account at a simulated exchange, over a connection with faults; a `Venue`.

    Parameters
    ----------
    faults
        What goes wrong, and how long the account's side waits.
    blackouts
        Spans in which nothing gets through either way.

    The others are those of `SimulatedVenue`.
    """

    def __init__(
        self,
        account_id: AccountId,
        account: int,
        instruments: Sequence[Instrument],
        *,
        latency: AccountLatency,
        seed: int,
        faults: AccountFaults,
        blackouts: Spans = (),
        exchange: ExchangeView | None = None,
        series: Sequence[Series] = (),
    ) -> None:
        super().__init__(
            account_id, account, instruments, latency=latency, seed=seed, exchange=exchange, series=series
        )
        self.capabilities = msgspec.structs.replace(self.capabilities, status=True)
        self._faults = faults
        self._blackouts = tuple(blackouts)
        self.up = FaultyLink(latency.up, faults.up, seed, account_id, "up")
        self.down = FaultyLink(latency.down, faults.down, seed, account_id, "down")
        self._questions = FaultyLink(latency.up, faults.up, seed, account_id, "questions")
        self._answers = FaultyLink(latency.down, faults.down, seed, account_id, "answers")
        self._replies = FaultyLink(latency.down, faults.down, seed, account_id, "replies")
        stalls = faults.down.stalls
        self._stalls = None if stalls is None else EpisodeClock(stalls, seed, "stalls", account_id)
        self._least_down_ns = latency.down.minimum_ns
        self._due: list[tuple[int, int, int, int, Row]] = []
        self._own: list[Row] = []
        self._own_ns: list[int] = []
        self._first = 0
        self._next = 0
        self._waiting: set[int] = set()
        self._missing = -1
        self._looking = False
        self._beat_ns = 0
        self._asked: list[tuple[int, tuple[ClientOrderId, ...]]] = []
        self._published = 0
        self._newest: dict[tuple[int, ...], int] = {}

    def change_latency(self, latency: AccountLatency) -> None:
        for link, spec in (
            (self.up, latency.up), (self._questions, latency.up), (self.down, latency.down),
            (self._answers, latency.down), (self._replies, latency.down),
        ):  # fmt: skip
            link.change(spec)
        self._least_down_ns = latency.down.minimum_ns

    @property
    def answer_timeout_ns(self) -> int:
        return self._faults.answer_timeout_ns

    def send(self, request: RiskApproved[Command]) -> None:
        if not self._connected:
            raise VenueClosedError(f"{self._account_id}: expected an open connection, was closed")
        for arrival_ns in self.up.arrivals_ns(request.ts_ns):
            if not covered(self._blackouts, arrival_ns):
                self._outbox.append(self._packer.pack(arrival_ns, request.command))

    def ask(self, client_order_ids: Sequence[ClientOrderId], now_ns: int) -> None:
        # on the way of the commands: what was sent before has arrived before, if it arrives
        for arrival_ns in self.up.arrivals_ns(now_ns)[:1]:
            self._question(arrival_ns, tuple(client_order_ids), self._replies)

    def next_event_ns(self) -> int:
        return self._due[0][0] if self._due else NEVER_NS

    def events(self, until_ns: int) -> Sequence[Message]:
        heard: list[Message] = []
        due = self._due
        while due and due[0][0] < until_ns:
            now_ns, kind, number, _, row = heappop(due)
            if kind >= _DATA:
                self._hear_data(kind - _DATA, row, number, now_ns, heard)
            elif kind == _ARRIVES:
                self._hear_own(number, now_ns, heard)
            elif kind == _BEATS:
                self._hear_beat(number, now_ns)
            elif kind == _LOOKS:
                self._look(now_ns)
            else:
                self._hear_answer(number, now_ns, heard)
        return heard

    def _enqueue_quotes(self, rows: Rows) -> None:
        for row in rows:
            self._deliver(QUOTES, row)

    def _enqueue_events(self, rows: Rows) -> None:
        for row in rows:
            self._deliver(EVENTS, row)

    def _deliver(self, kind: int, row: Row) -> None:
        sent_ns = row[0] + row[1] if kind == BARS else row[0]
        down = self._faults.down
        if kind == EVENTS:
            number, due_kind = self._first + len(self._own), _ARRIVES
            self._own.append(row)
            self._own_ns.append(sent_ns)
            self._expect_beat(sent_ns)
            arrivals = self.down.arrivals_ns(sent_ns, late_share=down.late_share, late_ns=down.late_ns)
        elif self._wants(kind, row):
            number, due_kind = self._published, _DATA + kind
            self._published += 1
            arrivals = self._stalled(sent_ns, self.down.arrivals_ns(sent_ns))
        else:
            return
        if not covered(self._blackouts, sent_ns):
            for copy, arrival_ns in enumerate(arrivals):
                heappush(self._due, (arrival_ns, due_kind, number, copy, row))

    def _wants(self, kind: int, row: Row) -> bool:
        wishes = self.wishes
        if kind == QUOTES:
            return row[5] in wishes.quotes
        if kind == TRADES:
            return row[4] in wishes.trades
        if kind == BARS:
            return (row[8], row[1]) in wishes.bars
        if kind == BOOKS:
            return (row[2], row[1]) in self._depths
        return row[1] in wishes.series

    def _stalled(self, sent_ns: int, arrivals: tuple[int, ...]) -> tuple[int, ...]:
        end_ns = 0 if self._stalls is None else self._stalls.end_ns(sent_ns)
        stalls = self._faults.down.stalls
        if not end_ns or stalls is None:
            return arrivals
        return () if stalls.lost else tuple(max(each, end_ns + self._least_down_ns) for each in arrivals)

    def _hear_data(self, kind: int, row: Row, number: int, now_ns: int, heard: list[Message]) -> None:
        """Take a message of market data, unless something newer of its stream was heard."""
        stream = _stream(kind, row)
        if number > self._newest.get(stream, -1):
            self._newest[stream] = number
            heard.append(self._decode(kind, row, now_ns))

    def _decode(self, kind: int, row: Row, received_ns: int) -> Message:
        decoder = self._decoder
        if kind == QUOTES:
            return decoder.quote(row, received_ns)
        if kind == TRADES:
            return decoder.trade(row, received_ns)
        if kind == BARS:
            return decoder.bar(row, received_ns)
        if kind == BOOKS:
            return decoder.book(row, received_ns, self._depths[row[2], row[1]])
        return self._series.message(row[1], row[2], received_ns)

    def _hear_own(self, number: int, now_ns: int, heard: list[Message]) -> None:
        """Take an own event in its turn: copies are dropped, what came too early waits."""
        if number > self._next:
            self._waiting.add(number)
            self._miss(number, now_ns)
        elif number == self._next:
            self._take(number + 1, now_ns, heard)

    def _take(self, end: int, now_ns: int, heard: list[Message]) -> None:
        """Hear all own events below number `end`, and those behind that have waited for them."""
        while self._next < end or self._next in self._waiting:
            self._waiting.discard(self._next)
            heard.append(self._decoder.event(self._own[self._next - self._first], now_ns))
            self._next += 1
        if self._next - self._first > _KEPT:
            del self._own[: self._next - self._first], self._own_ns[: self._next - self._first]
            self._first = self._next

    def _count(self, before_ns: int) -> int:
        """Return how many own events had happened before an instant; those all heard may be left out."""
        return self._first + bisect_left(self._own_ns, before_ns)

    def _expect_beat(self, sent_ns: int) -> None:
        """Make sure that the first heartbeat after an instant is on its way."""
        interval_ns = self._faults.heartbeat_ns
        beat_ns = (sent_ns // interval_ns + 1) * interval_ns
        if beat_ns > self._beat_ns:
            self._beat_ns = beat_ns
            heappush(self._due, (beat_ns + self._least_down_ns, _BEATS, beat_ns, 0, ()))

    def _hear_beat(self, beat_ns: int, now_ns: int) -> None:
        """Learn how many events there were before the heartbeat left, if it gets through."""
        count = self._count(beat_ns)
        if self._next < count:
            if covered(self._blackouts, beat_ns):
                self._expect_beat(beat_ns)
            else:
                self._miss(count - 1, now_ns)

    def _miss(self, number: int, now_ns: int) -> None:
        """Note that events up to this number exist: those not heard are asked for when patience is over."""
        self._missing = max(self._missing, number)
        if not self._looking:
            self._looking = True
            heappush(self._due, (now_ns + self._faults.patience_ns, _LOOKS, 0, 0, ()))

    def _look(self, now_ns: int) -> None:
        """Ask for what is still missing, and look again when the answer is overdue."""
        self._looking = self._next <= self._missing
        if self._looking:
            heappush(self._due, (now_ns + self._faults.answer_timeout_ns, _LOOKS, 0, 0, ()))
            for arrival_ns in self._questions.arrivals_ns(now_ns)[:1]:
                self._question(arrival_ns, (), self._answers)

    def _question(self, arrival_ns: int, about: tuple[ClientOrderId, ...], back: FaultyLink) -> None:
        """Let a question reach the exchange, and the answer leave it at once."""
        if covered(self._blackouts, arrival_ns):
            return
        for received_ns in back.arrivals_ns(arrival_ns)[:1]:
            heappush(self._due, (received_ns, _ANSWERED, len(self._asked), 0, ()))
            self._asked.append((arrival_ns, about))

    def _hear_answer(self, place: int, now_ns: int, heard: list[Message]) -> None:
        asked_ns, about = self._asked[place]
        self._take(self._count(asked_ns + 1), now_ns, heard)  # behind what arrived at that instant
        heard.extend(StatusReported(self._account_id, each, asked_ns, now_ns) for each in about)


def simulated_venue(
    account_id: AccountId,
    account: int,
    instruments: Sequence[Instrument],
    *,
    latency: AccountLatency,
    seed: int,
    exchange: ExchangeView | None = None,
    series: Sequence[Series] = (),
    faults: AccountFaults | None = None,
    blackouts: Spans = (),
) -> SimulatedVenue:
    """Return the venue with the faults asked for; one without any is as cheap as if there were no faults."""
    if not blackouts and (faults is None or not faults.some):
        return SimulatedVenue(
            account_id, account, instruments, latency=latency, seed=seed, exchange=exchange, series=series
        )
    return FaultyVenue(
        account_id,
        account,
        instruments,
        latency=latency,
        seed=seed,
        faults=faults or AccountFaults(),
        blackouts=blackouts,
        exchange=exchange,
        series=series,
    )


def _stream(kind: int, row: Row) -> tuple[int, ...]:
    """Return what names the stream of a market data row: its kind, instrument (or series) and interval."""
    if kind == BARS:
        return kind, row[8], row[1]
    if kind == BOOKS:
        return kind, row[2], row[1]
    if kind == QUOTES:
        return kind, row[5]
    return kind, row[4] if kind == TRADES else row[1]
