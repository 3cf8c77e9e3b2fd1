"""The window loop: a market and its participants advance together through simulated time.

With L the smallest one-way latency, nothing that anybody sends inside `[t, t + L)` can arrive inside it, so
the exchange and the participants may compute one window independently of each other and swap what they
sent at its end. Windows lie on the grid of multiples of L; those in which nobody has anything to do are
skipped. Whoever runs the parts of a window, and in which order, the result is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from exchange_sim.crew import Crew, News, NewsFilter
from exchange_sim.market_side import MarketSide
from exchange_sim.markets.duration import SECOND_NS
from exchange_sim.markets.history import History
from exchange_sim.ports import NEVER_NS, Helm, Participant, Rows, RunningMarket, Steering, Wishes
from exchange_sim.series import Series, SeriesBoard

CLOSING_NS = 10 * SECOND_NS
"""How long a market runs on after its participants stopped, so that their last cancels arrive."""


class MarketPort(Protocol):
    """The exchange's side as the loop sees it, here or elsewhere: `exchange_sim.market_side.MarketSide`."""

    @property
    def now_ns(self) -> int: ...

    def open(self, opening_ns: int, history: History) -> History: ...
    def push(self, commands: bytes) -> None: ...
    def advance(self, limit_ns: int, window_ns: int) -> News: ...
    def record(self) -> None: ...


class CrewPort(Protocol):
    """A crew as the loop sees it, here or elsewhere: `exchange_sim.crew.Crew`.

    What `start`, `send`, `steer` and `stop` set going is over when `receive` returns; `due_ns` holds from
    then on.
    """

    @property
    def accounts(self) -> Sequence[int]: ...
    @property
    def wishes(self) -> dict[int, Wishes]: ...
    @property
    def due_ns(self) -> int: ...

    def start(self, now_ns: int, history: History) -> None: ...
    def send(self, news: News) -> None: ...
    def steer(self, account: int, steering: Steering, now_ns: int) -> None: ...
    def stop(self, now_ns: int) -> None: ...
    def receive(self) -> bytes: ...


class FeedPort(Protocol):
    """Recorded series as they are published: `exchange_sim.series.SeriesBoard`."""

    @property
    def next_ns(self) -> int: ...

    def take(self, until_ns: int) -> Rows: ...


Watch = Callable[[float], None]
"""Told the share of the participants' span that is done, at every recorded equity."""


class WindowLoop:
    """Drives a market and its crews.

    Parameters
    ----------
    market, crews, feed
        The parts, not yet in motion.
    window_ns
        The smallest one-way latency of any participant, L.
    equity_interval_ns
        Grid of the recorded equity curves.
    opening_ns
        How long the crowd is alone before the participants start, so that they find a book.
    helm
        What is done to participants from outside; None: nothing.
    pace
        Called with the instant up to which the next window goes, before it is computed.
    """

    def __init__(
        self,
        market: MarketPort,
        crews: Sequence[CrewPort],
        feed: FeedPort,
        *,
        window_ns: int,
        equity_interval_ns: int,
        opening_ns: int = 0,
        helm: Helm | None = None,
        pace: Callable[[int], None] | None = None,
    ) -> None:
        self.market = market
        self.crews = tuple(crews)
        self.window_ns = window_ns
        self.windows = 0  # computed so far
        self._feed = feed
        self._equity_interval_ns = equity_interval_ns
        self._opening_ns = opening_ns
        self._helm = helm
        self._pace = pace
        self._filters = [NewsFilter(crew.wishes) for crew in self.crews] if len(self.crews) > 1 else []
        self._crew_of = {account: crew for crew in self.crews for account in crew.accounts}
        self._start_ns = self._end_ns = self._sample_ns = NEVER_NS

    def run(self, end_ns: int, history: History, watch: Watch | None = None) -> None:
        """Open the market, let the participants trade until `end_ns`, stop them and close.

        `history` ends where the market's path begins. The path must reach to `end_ns + CLOSING_NS`.
        """
        self.begin(end_ns, history)
        self.go_on(end_ns, watch)
        self.finish()

    def begin(self, end_ns: int, history: History) -> None:
        """Open the market and start the participants; see `run`."""
        market = self.market
        history = market.open(self._opening_ns, history)
        self._start_ns, self._end_ns = market.now_ns, end_ns
        self._feed.take(self._start_ns)
        for crew in self.crews:
            crew.start(self._start_ns, history)
        self._collect(self.crews)
        market.record()
        self._sample_ns = min(self._start_ns + self._equity_interval_ns, end_ns)

    def go_on(self, until_ns: int, watch: Watch | None = None) -> None:
        """Let everything happen before `until_ns`, which is not behind the end."""
        while self._sample_ns <= until_ns:
            sample_ns = self._sample_ns
            self._advance(sample_ns)
            self.market.record()
            if watch is not None:
                watch((sample_ns - self._start_ns) / (self._end_ns - self._start_ns))
            last = sample_ns >= self._end_ns
            self._sample_ns = NEVER_NS if last else min(sample_ns + self._equity_interval_ns, self._end_ns)
        self._advance(until_ns)

    def hand_over(self, helm: Helm, pace: Callable[[int], None] | None = None) -> None:
        """Let somebody else steer, and set the pace, from now on; see the parameters of the class."""
        self._helm, self._pace = helm, pace

    def resume(self, start_ns: int, end_ns: int, recorded: int) -> None:
        """Stand where a loop stood that began at `start_ns` and has recorded so many equities.

        The parts must stand there too, and what their participants have sent since the last window must have
        been pushed.
        """
        self._start_ns, self._end_ns = start_ns, end_ns
        sample_ns = start_ns + recorded * self._equity_interval_ns
        last = recorded and sample_ns - self._equity_interval_ns >= end_ns
        self._sample_ns = NEVER_NS if last else min(sample_ns, end_ns)

    def cut(self) -> None:
        """Let the end be now; `finish` is to follow."""
        self._end_ns = self.market.now_ns

    def finish(self) -> None:
        """Stop the participants at the end and let their last commands arrive."""
        for crew in self.crews:
            crew.stop(self._end_ns)
        self._collect(self.crews)
        self.close()

    def close(self) -> None:
        """Let the last commands of participants that have stopped arrive."""
        self._helm = None
        self._advance(self._end_ns + CLOSING_NS)
        self.market.record()

    def _advance(self, until_ns: int) -> None:
        """Let market and participants do everything that happens before `until_ns`."""
        market, feed, crews, pace = self.market, self._feed, self.crews, self._pace
        while market.now_ns < until_ns:
            limit_ns = until_ns
            if self._helm is not None:
                limit_ns = min(until_ns, self._steer(self._helm))
            first_ns = min(feed.next_ns, min([crew.due_ns for crew in crews], default=NEVER_NS))
            if first_ns < limit_ns:
                limit_ns = min(limit_ns, (first_ns // self.window_ns + 1) * self.window_ns)
            if pace is not None:
                pace(limit_ns)
            news = market.advance(limit_ns, self.window_ns)
            self.windows += 1
            if feed.next_ns < news.until_ns:
                news = news._replace(series=feed.take(news.until_ns))
            busy = []
            for crew, own in self._split(news):
                if own is not None or crew.due_ns < news.until_ns:
                    crew.send(own or News(news.until_ns))
                    busy.append(crew)
            if busy:
                self._collect(busy)

    def _split(self, news: News) -> Iterable[tuple[CrewPort, News | None]]:
        """Return each crew with what it wants of the news, None for nothing."""
        if self._filters:
            return zip(self.crews, [each.part(news) for each in self._filters], strict=True)
        return [(crew, news if any(news[1:]) else None) for crew in self.crews]

    def _collect(self, crews: Sequence[CrewPort]) -> None:
        for crew in crews:
            self.market.push(crew.receive())

    def _steer(self, helm: Helm) -> int:
        """Let what is asked for now be done, and return when something is planned next."""
        now_ns = self.market.now_ns
        for account, steering in helm.take(now_ns):
            crew = self._crew_of[account]
            crew.steer(account, steering, now_ns)
            self._collect((crew,))
        return helm.next_ns


class Simulation(WindowLoop):
    """A market and its participants in this process.

    Parameters
    ----------
    kernel
        The market, not yet in motion; its accounts are the participants', in their order.
    participants
        At most one an account.
    series
        Recorded series of the market, published on time.

    The others are those of `WindowLoop`.
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
        helm: Helm | None = None,
        pace: Callable[[int], None] | None = None,
    ) -> None:
        self.participants = tuple(participants)
        self.crew = Crew(
            {kernel.account_index(each.account_id): each for each in participants}, kernel.snapshot_depth
        )
        wishes = tuple(self.crew.wishes.values())
        self.side = MarketSide(kernel, [each.account_id for each in participants], wishes)
        super().__init__(
            self.side,
            (self.crew,),
            SeriesBoard(series, frozenset().union(*(each.series for each in wishes))),
            window_ns=window_ns,
            equity_interval_ns=equity_interval_ns,
            opening_ns=opening_ns,
            helm=helm,
            pace=pace,
        )

    def change(self, account: int, commands: bytes, window_ns: int) -> None:
        """Go on after somebody else has acted for a participant, which sends `commands`.

        `window_ns` is the smallest one-way latency from now on.
        """
        self.window_ns = window_ns
        self.side.push(commands)
        self.crew.look_again(account)
