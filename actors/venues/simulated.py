"""The simulated venue: one account's line to an exchange that is computed window by window.

Messages travel with the account's latency each way. The window runner takes the commands' rows out and puts
what the exchange published in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import msgspec

from actors.gate import RiskApproved
from actors.venues.rows import CommandPacker, Row, RowDecoder
from exchange_sim.engine.queries import ExchangeView
from exchange_sim.latency import AccountLatency
from exchange_sim.link import Link
from exchange_sim.model.commands import Command
from exchange_sim.model.events import ExchangeEvent, StatusReported
from exchange_sim.model.ids import AccountId, ClientOrderId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import MarketData, Quote, SeriesMessage
from exchange_sim.ports import (
    EVERYTHING,
    NEVER_NS,
    AccountSnapshot,
    Holding,
    OpenOrder,
    Rows,
    VenueClosedError,
    VenueUnsupportedError,
    Wishes,
)
from exchange_sim.series import Series, SeriesDecoder

BARS, BOOKS, EVENTS, TRADES, QUOTES, SERIES = range(6)
"""Kinds of rows, in the order of what has the same exchange time."""


class SimulatedVenue:
    """One account at a simulated exchange; a `Venue`.

    Parameters
    ----------
    account_id, account
        Name and number of the account in the exchange.
    instruments
        All of the exchange, in its order.
    latency, seed
        Of the messages; the seed names the run.
    exchange
        Answers `snapshot` and `query`, at once; without it the venue is not capable of them.
    series
        Recorded series of the market, in its order.
    """

    def __init__(
        self,
        account_id: AccountId,
        account: int,
        instruments: Sequence[Instrument],
        *,
        latency: AccountLatency,
        seed: int,
        exchange: ExchangeView | None = None,
        series: Sequence[Series] = (),
    ) -> None:
        names = [each.instrument_id for each in instruments]
        self._account_id = account_id
        self._instruments = tuple(instruments)
        self._exchange = exchange
        self._up = Link(latency.up, seed, account_id, "up")
        self._down = Link(latency.down, seed, account_id, "down")
        self._packer = CommandPacker(account, names)
        self._decoder = RowDecoder(account_id, names)
        self._series = SeriesDecoder(series, instruments)
        self._depths: dict[tuple[int, int], int] = {}
        self._inbox: deque[ExchangeEvent | MarketData] = deque()
        self._outbox: list[bytes] = []
        self._connected = False
        answers = exchange is not None
        self.capabilities = msgspec.structs.replace(EVERYTHING, snapshot=answers, query=answers)
        self.subscribe(Wishes())

    @property
    def answer_timeout_ns(self) -> int:
        """How long an answer is waited for before the venue is asked; 0: nothing is ever lost."""
        return 0

    def subscribe(self, wishes: Wishes) -> None:
        """Pass on these market data from now on, and no others."""
        self.wishes = wishes
        self._depths = {}
        for instrument, interval_ns, depth in wishes.books:
            key = (instrument, interval_ns)
            self._depths[key] = max(depth, self._depths.get(key, 0))

    def change_latency(self, latency: AccountLatency) -> None:
        """Let messages take another latency from now on; what is on its way is not overtaken."""
        self._up.change(latency.up, 0)
        self._down.change(latency.down, self._inbox[-1].ts_received_ns if self._inbox else 0)

    def connect(self) -> None:
        self._connected = True

    def close(self) -> None:
        self._connected = False

    def instruments(self) -> Sequence[Instrument]:
        return self._instruments

    def send(self, request: RiskApproved[Command]) -> None:
        if not self._connected:
            raise VenueClosedError(f"{self._account_id}: expected an open connection, was closed")
        arrival_ns = self._up.arrival_ns(request.ts_ns)
        self._outbox.append(self._packer.pack(arrival_ns, request.command))

    def snapshot(self) -> AccountSnapshot:
        exchange = self._view()
        holdings = []
        for instrument in self._instruments:
            held = exchange.position(self._account_id, instrument.instrument_id)
            if held.lots and not instrument.is_spot:
                holdings.append(Holding(instrument.instrument_id, held.lots, held.cost_atoms))
        balances = {asset: exchange.balance_atoms(self._account_id, asset) for asset in exchange.assets}
        orders = self._open_orders(exchange)
        return AccountSnapshot(balances_atoms=balances, holdings=tuple(holdings), orders=orders)

    def query(self, client_order_id: ClientOrderId) -> OpenOrder | None:
        for order in self._open_orders(self._view()):
            if order.client_order_id == client_order_id:
                return order
        return None

    def ask(self, client_order_ids: Sequence[ClientOrderId], now_ns: int) -> None:
        raise VenueUnsupportedError(
            f"{self._account_id}: this connection loses nothing and answers no questions, at {now_ns} ns "
            f"about {list(client_order_ids)}"
        )

    def past(self, number: int, count: int, now_ns: int) -> tuple[SeriesMessage, ...]:
        """Return the last `count` values of a series that were known before `now_ns`, oldest first."""
        return self._series.past(number, count, now_ns)

    def next_event_ns(self) -> int:
        return self._inbox[0].ts_received_ns if self._inbox else NEVER_NS

    def events(self, until_ns: int) -> Sequence[ExchangeEvent | MarketData | StatusReported]:
        inbox = self._inbox
        if inbox and inbox[-1].ts_received_ns < until_ns:
            due = list(inbox)
            inbox.clear()
            return due
        due = []
        while inbox and inbox[0].ts_received_ns < until_ns:
            due.append(inbox.popleft())
        return due

    def take_commands(self) -> bytes:
        """Return and forget the COMMAND rows on their way, in order of arrival."""
        rows = b"".join(self._outbox)
        self._outbox.clear()
        return rows

    def enqueue(
        self,
        *,
        order_events: Rows = (),
        trades: Rows = (),
        quotes: Rows = (),
        bars: Rows = (),
        books: Rows = (),
        series: Rows = (),
    ) -> None:
        """Put what the exchange published on its way to the account; see `exchange_sim.ports.Participant`."""
        kinds = (
            (BARS, bars),
            (BOOKS, books),
            (EVENTS, order_events),
            (TRADES, trades),
            (QUOTES, quotes),
            (SERIES, series),
        )
        given = [(kind, rows) for kind, rows in kinds if rows]
        if len(given) == 1:
            kind, rows = given[0]
            if self._down.constant_ns and kind in (QUOTES, EVENTS):
                if kind == QUOTES:
                    self._enqueue_quotes(rows)
                else:
                    self._enqueue_events(rows)
                return
            for row in rows:
                self._deliver(kind, row)
            return
        merged = [
            (row[0] + row[1] if kind == BARS else row[0], kind, place, row)
            for kind, rows in given
            for place, row in enumerate(rows)
        ]
        merged.sort()
        for _, kind, _, row in merged:
            self._deliver(kind, row)

    def _enqueue_quotes(self, rows: Rows) -> None:
        """Do what `_deliver` does, for the commonest window: nothing but quotes, all with the same delay."""
        wanted, names, delay_ns = self.wishes.quotes, self._decoder.instruments, self._down.constant_ns
        add = self._inbox.append
        for ts_ns, bid, bid_lots, ask, ask_lots, number in rows:
            if number in wanted:
                add(Quote(names[number], ts_ns, ts_ns + delay_ns, bid, bid_lots, ask, ask_lots))

    def _enqueue_events(self, rows: Rows) -> None:
        """The same for own order events alone."""
        decode, delay_ns = self._decoder.events, self._down.constant_ns
        self._inbox.extend([decode[row[9]](row, row[0] + delay_ns) for row in rows])

    def _deliver(self, kind: int, row: Row) -> None:
        """Send one row's message to the account, if it is wanted: unwanted rows use up no latency."""
        decoder, wishes, arrival_ns = self._decoder, self.wishes, self._down.arrival_ns
        add = self._inbox.append
        if kind == EVENTS:
            add(decoder.event(row, arrival_ns(row[0])))
        elif kind == QUOTES:
            if row[5] in wishes.quotes:
                add(decoder.quote(row, arrival_ns(row[0])))
        elif kind == TRADES:
            if row[4] in wishes.trades:
                add(decoder.trade(row, arrival_ns(row[0])))
        else:
            self._deliver_rare(kind, row)

    def _deliver_rare(self, kind: int, row: Row) -> None:
        """The same for what comes on a grid of time."""
        arrival_ns, add = self._down.arrival_ns, self._inbox.append
        if kind == BARS:
            if (row[8], row[1]) in self.wishes.bars:
                add(self._decoder.bar(row, arrival_ns(row[0] + row[1])))
        elif kind == BOOKS:
            depth = self._depths.get((row[2], row[1]))
            if depth:
                add(self._decoder.book(row, arrival_ns(row[0]), depth))
        elif row[1] in self.wishes.series:
            add(self._series.message(row[1], row[2], arrival_ns(row[0])))

    def _view(self) -> ExchangeView:
        if self._exchange is None:
            raise VenueUnsupportedError(f"{self._account_id}: this venue answers no queries")
        if not self._connected:
            raise VenueClosedError(f"{self._account_id}: expected an open connection, was closed")
        return self._exchange

    def _open_orders(self, exchange: ExchangeView) -> tuple[OpenOrder, ...]:
        resting = exchange.open_orders(self._account_id)
        return tuple(
            OpenOrder(
                each.instrument_id,
                each.client_order_id,
                each.order_id,
                each.side,
                each.price_ticks,
                each.quantity_lots,
                each.leaves_lots,
            )
            for each in resting
        )
