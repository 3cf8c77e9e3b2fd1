"""A bot account in a simulated market, as the window runner drives it: raw rows in, raw rows out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from actors.context import HostContext
from actors.risk import RiskLimits
from actors.steering import Steersman
from actors.strategy_host import StrategyHost
from actors.strategy_setup import series_numbers
from actors.venues.faulty import simulated_venue
from actors.watchdog import WATCHDOG
from exchange_sim.engine.queries import ExchangeView
from exchange_sim.faults import AccountFaults
from exchange_sim.faulty_link import Spans
from exchange_sim.journal import JournalStream
from exchange_sim.latency import AccountLatency
from exchange_sim.markets.history import History
from exchange_sim.model.ids import AccountId, AssetId
from exchange_sim.model.instrument import Instrument
from exchange_sim.ports import NEVER_NS, Rows, Steering, Wishes
from exchange_sim.series import Series
from strategies.api import Strategy, Subscription, Topic


class AccountHost:
    """A strategy host on a simulated venue; an `exchange_sim.ports.Participant`.

    Parameters
    ----------
    account_id, account
        Name and number of the account in the exchange.
    strategy
        The bot, set up and not yet started.
    instruments
        All of the exchange, in its order.
    deposit_atoms, holdings_atoms
        Cash at the start, in the settlement asset of the first instrument; and what else there is, by asset.
    limits
        Of the account's risk gate.
    latency
        Of its messages.
    seed
        With the account's name, of its latencies and of the bot's own stream.
    journal
        Takes what is sent and heard.
    handler_limit_s
        Processor time after which a handler is ended.
    outbox_limit
        Commands one handler may send.
    exchange
        Answers the venue's queries, where it is at hand.
    series
        Recorded series of the market, in its order.
    faults
        Of its connection; None for a good one.
    blackouts
        Spans, (from, to) in ns, in which nothing gets through either way.

    Raises
    ------
    StrategySetupError
        The strategy names unknown instruments or series, or raises when asked for its subscriptions.
    """

    def __init__(
        self,
        account_id: AccountId,
        account: int,
        strategy: Strategy[Any],
        instruments: Sequence[Instrument],
        *,
        deposit_atoms: int,
        holdings_atoms: Mapping[AssetId, int] = MappingProxyType({}),
        limits: RiskLimits,
        latency: AccountLatency,
        seed: int,
        journal: JournalStream,
        handler_limit_s: float = 5.0,
        outbox_limit: int = 1_000,
        exchange: ExchangeView | None = None,
        series: Sequence[Series] = (),
        faults: AccountFaults | None = None,
        blackouts: Spans = (),
    ) -> None:
        self.account_id = account_id
        self.account = account
        self.venue = simulated_venue(
            account_id,
            account,
            instruments,
            latency=latency,
            seed=seed,
            exchange=exchange,
            series=series,
            faults=faults,
            blackouts=blackouts,
        )
        self.host = StrategyHost(
            account_id,
            strategy,
            self.venue,
            deposits_atoms={instruments[0].settle: deposit_atoms, **holdings_atoms},
            seed=seed,
            journal=journal,
            limits=limits,
            outbox_limit=outbox_limit,
            handler_limit_s=handler_limit_s,
            answer_timeout_ns=self.venue.answer_timeout_ns,
        )
        self.steersman = Steersman(self.host, journal)
        self._numbers = series_numbers(account_id, self.host.subscriptions, series)
        self.wishes = _wishes(self.host.subscriptions, instruments, self._numbers)
        self.venue.subscribe(self.wishes)
        self._start_ns = NEVER_NS

    @property
    def disqualified(self) -> str:
        return self.host.disqualified

    @property
    def submitted(self) -> int:
        """Orders the strategy asked for, those denied included."""
        return self.host.desk.submitted

    @property
    def denied(self) -> int:
        """Orders that the risk gate refused."""
        return self.host.tracker.denied

    def start(self, now_ns: int, history: History) -> None:
        WATCHDOG.join(self.host)
        past = [self.venue.past(number, wish.warmup, now_ns) for wish, number in self._numbers if wish.warmup]
        self.host.start(now_ns, history, past)
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
        series: Rows = (),
    ) -> None:
        self.venue.enqueue(
            order_events=order_events, trades=trades, quotes=quotes, bars=bars, books=books, series=series
        )

    def run(self, until_ns: int) -> bytes:
        self._start_ns = NEVER_NS
        self.host.run(until_ns)
        return self.venue.take_commands()

    def act(self, now_ns: int, action: Callable[[HostContext], None]) -> bytes:
        """Let somebody else act for the account at `now_ns`; return the COMMAND rows of it."""
        self.host.act(now_ns, action)
        return self.venue.take_commands()

    def leave(self, now_ns: int, reason: str) -> bytes:
        """Take the account out at `now_ns`: its orders are canceled, its position stays; return the rows."""
        self.host.context.now_ns = now_ns
        self.venue.connect()  # it may leave before it has started
        self.host.disqualify("left", reason)
        return self.venue.take_commands()

    def flush(self) -> None:
        """Let the journal have everything that was taken down so far."""
        self.host.flush()

    def steer(self, now_ns: int, steering: Steering) -> bytes:
        self.steersman.do(now_ns, steering)
        return self.venue.take_commands()

    def stop(self, now_ns: int) -> bytes:
        self.host.stop(now_ns)
        WATCHDOG.leave(self.host)
        return self.venue.take_commands()


def _wishes(
    subscriptions: Sequence[Subscription],
    instruments: Sequence[Instrument],
    series: Sequence[tuple[Subscription, int]],
) -> Wishes:
    """Return the subscriptions by the instruments' numbers."""
    numbers = {each.instrument_id: number for number, each in enumerate(instruments)}
    wanted: dict[Topic, set[tuple[int, int, int]]] = {topic: set() for topic in Topic}
    for wish in subscriptions:
        if wish.topic is Topic.SERIES:
            continue
        wanted[wish.topic].add((numbers[wish.instrument_id], wish.interval_ns, wish.depth))
    return Wishes(
        quotes=frozenset(number for number, _, _ in wanted[Topic.QUOTES]),
        trades=frozenset(number for number, _, _ in wanted[Topic.TRADES]),
        bars=frozenset((number, interval_ns) for number, interval_ns, _ in wanted[Topic.BARS]),
        books=frozenset(wanted[Topic.BOOKS]),
        series=frozenset(number for _, number in series),
    )
