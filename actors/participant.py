"""An account host on a simulated venue, as the window runner drives it."""

from __future__ import annotations

from actors.host import AccountHost
from actors.venues.simulated import SimulatedVenue
from exchange_sim.markets.history import History
from exchange_sim.model.ids import AccountId
from exchange_sim.ports import NEVER_NS, Rows, Wishes
from strategies.api import Topic


class SimulatedParticipant:
    """A `Participant`: raw rows in, raw rows out, a host in between."""

    def __init__(self, host: AccountHost, venue: SimulatedVenue) -> None:
        self.host = host
        self.venue = venue
        self._start_ns = NEVER_NS
        numbers = {each.instrument_id: number for number, each in enumerate(venue.instruments())}
        wanted: dict[Topic, set[tuple[int, int, int]]] = {topic: set() for topic in Topic}
        for wish in host.subscriptions:
            wanted[wish.topic].add((numbers[wish.instrument_id], wish.interval_ns, wish.depth))
        self.wishes = Wishes(
            quotes=frozenset(number for number, _, _ in wanted[Topic.QUOTES]),
            trades=frozenset(number for number, _, _ in wanted[Topic.TRADES]),
            bars=frozenset((number, interval_ns) for number, interval_ns, _ in wanted[Topic.BARS]),
            books=frozenset(wanted[Topic.BOOKS]),
        )
        venue.subscribe(self.wishes)

    @property
    def account_id(self) -> AccountId:
        return self.host.account_id

    @property
    def disqualified(self) -> str:
        return self.host.disqualified

    def start(self, now_ns: int, history: History) -> None:
        self.host.start(now_ns, history)
        self._start_ns = now_ns

    def next_time_ns(self) -> int:
        return min(self._start_ns, self.host.next_time_ns())

    def enqueue(
        self,
        *,
        order_events: Rows = (),
        trades: Rows = (),
        quotes: Rows = (),
        bars: Rows = (),
        books: Rows = (),
    ) -> None:
        self.venue.enqueue(order_events=order_events, trades=trades, quotes=quotes, bars=bars, books=books)

    def run(self, until_ns: int) -> bytes:
        self._start_ns = NEVER_NS
        self.host.run(until_ns)
        return self.venue.take_commands()

    def stop(self, now_ns: int) -> bytes:
        self.host.stop(now_ns)
        return self.venue.take_commands()
