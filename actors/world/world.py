"""A world: one market played by parts in processes of their own, to the same bytes as in one process.

The conductor is the window loop over links to the parts. Whatever part is lost is replaced and brought to
where the tape ends; a conductor that is lost is replaced by one that brings all parts there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec

from actors.bot_output import BotLine
from actors.config import digest_of
from actors.helm import Wheel
from actors.match_result import AccountReport, MarketReport
from actors.seating import opening_ns, window_ns
from actors.world.keeper import Standing
from actors.world.parts import Handle, Launcher, Part
from actors.world.placement import ACCOUNT, Placement
from actors.world.ports import CrewLink, FeedLink, MarketLink
from actors.world.setup import AccountFigures, CrewFacts, MarketFacts, WorldSetup
from actors.world.tape import Tape
from exchange_sim.given import Given, decode_given
from exchange_sim.ports import STEERING_ACTIONS, Steering, Wishes
from exchange_sim.simulation import WindowLoop
from strategies.plugins import StrategyNotFoundError, load_strategy

JOURNAL_FILE = "match.journal"


class WorldStoppedError(RuntimeError):
    """The world was stopped from outside; what is on its tape is kept."""


class WorldOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a world leaves: its parts' reports, the journal's digest, processor seconds of all parts."""

    market: Any
    accounts: tuple[AccountReport, ...]
    digest: str
    cpu_s: float

    @property
    def market_report(self) -> MarketReport:
        report: MarketReport = self.market
        return report


class WorldStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A world as somebody who watches sees it.

    `parts` are the names that Ray shows. `equity_atoms` are those of the last record, in the order of
    `accounts`; `deaths` are processes that were replaced; `share` is the part of the bots' span that is done;
    `said` is what the bots have printed since this conductor began.
    """

    placement: str
    state: str
    share: float = 0.0
    now_ns: int = 0
    windows: int = 0
    deaths: int = 0
    parts: tuple[str, ...] = ()
    accounts: tuple[AccountFigures, ...] = ()
    equity_atoms: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    said: tuple[BotLine, ...] = ()


class World:
    """Plays a match on parts.

    Parameters
    ----------
    setup, placement
        What is played, and how it is spread.
    launcher
        Starts processes.
    folder
        Of the tape and the journal, on this machine.
    pace
        As of `WindowLoop`.

    Methods but `play` may be called from other threads while it runs, and answer at once.
    """

    def __init__(
        self,
        setup: WorldSetup,
        placement: Placement,
        launcher: Launcher,
        folder: str,
        *,
        pace: Callable[[int], None] | None = None,
    ) -> None:
        self._setup = setup
        self._placement = placement
        self._launcher = launcher
        self._user_pace = pace
        self._wheel = Wheel()
        self._go = threading.Event()
        self._go.set()
        self._stopping = False
        self._share = 0.0
        self._state = "starting"
        self._notes: list[str] = []
        self._said: list[BotLine] = []
        self._figures: tuple[AccountFigures, ...] = ()
        spec = setup.spec
        self._tape = Tape(
            lambda: launcher.launch("journal", "journal", "keeper", folder, digest_of(spec), JOURNAL_FILE)
        )
        self._wishes: list[Wishes] = []
        self._exchange = Part(
            "exchange",
            lambda: launcher.launch("exchange", "exchange sim", "market", setup),
            self._rebuild_market,
            "exchange sim",
        )
        self._parts: list[Part] = [self._exchange]
        self._crews: list[CrewLink] = []
        self._market: MarketLink | None = None

    def play(self) -> WorldOutcome:
        """Play to the end, or go on from the tape's end, and return what is left.

        Raises
        ------
        WorldStoppedError
            `stop` was called.
        WorldError, PartFailedError
            It cannot be played.
        """
        try:
            return self._play()
        finally:
            self._state = "ended"

    def close(self) -> None:
        """End all processes; what the journal has been sent it has written."""
        for part in self._parts:
            part.close()
        self._tape.end()

    def steer(self, name: str, steering: Steering) -> None:
        """Let something be done to an account at the next edge of a window.

        Raises
        ------
        ValueError
            There is no such account or action.
        """
        names = [bot.name for bot in self._setup.spec.bots]
        if name not in names:
            raise ValueError(f"account: expected one of {', '.join(names)}, was {name!r}")
        if steering.action not in STEERING_ACTIONS:
            raise ValueError(
                f"action: expected one of {', '.join(STEERING_ACTIONS)}, was {steering.action!r}"
            )
        self._wheel.put(names.index(name), steering)

    def pause(self) -> None:
        """Let no further window begin until `resume`. Nothing of the result changes."""
        self._go.clear()

    def resume(self) -> None:
        self._go.set()

    def stop(self) -> None:
        """End at the next edge of a window; the tape keeps what is done."""
        self._stopping = True
        self._go.set()

    def status(self) -> WorldStatus:
        market = self._market
        paused = self._state == "playing" and not self._go.is_set()
        return WorldStatus(
            placement=str(self._placement),
            state="paused" if paused else self._state,
            share=self._share,
            now_ns=market.now_ns if market else 0,
            windows=market.windows if market else 0,
            deaths=self._tape.deaths + sum(part.deaths for part in self._parts),
            parts=tuple(part.title for part in self._parts),
            accounts=self._figures,
            equity_atoms=market.equities if market else (),
            notes=tuple(self._notes),
            said=tuple(self._said),
        )

    def _play(self) -> WorldOutcome:
        facts: MarketFacts = self._exchange.call("facts")
        self._wheel.first_account = facts.first_account
        self._tape.begin(facts.header)
        standing = self._tape.standing
        given = decode_given(facts.given)
        shared = self._launcher.share(facts)
        self._seat_crews(facts, shared)
        self._wishes = [wish for crew in self._crews for wish in crew.wishes.values()]
        self._exchange.rebuild()
        market = self._market = MarketLink(self._exchange, self._tape, facts.payloads)
        feed = self._feed(given, shared)
        loop = self._loop(market, feed)
        spec = self._setup.spec
        end_ns = given.start_ns + opening_ns(spec) + spec.settings.duration_ns
        self._state = "playing"
        if standing is None:
            loop.begin(end_ns, given.history)
        else:
            self._stand(loop, market, standing, end_ns)
            feed.take(standing.now_ns)
        if standing is None or not standing.ended:
            loop.go_on(end_ns, self._watch)
            loop.finish()
        elif not standing.closed:
            loop.close()
        return self._outcome()

    def _seat_crews(self, facts: MarketFacts, shared: object) -> None:
        """Start the crews and find out what they want to hear."""
        bots = self._setup.spec.bots
        crews = self._placement.crews(len(bots))
        parts = [self._crew_part(number, seats, shared) for number, seats in enumerate(crews)]
        self._parts += parts
        for part in parts:
            part.begin("facts")
        for part, seats in zip(parts, crews, strict=True):
            found: CrewFacts = part.end()
            names = {facts.first_account + seat: bots[seat].name for seat in seats}
            tellers = self._notes.append, self._said.extend
            self._crews.append(CrewLink(part, self._tape, found.wishes, names, *tellers))

    def _crew_part(self, number: int, seats: Sequence[int], shared: object) -> Part:
        bots, setup, launch = self._setup.spec.bots, self._setup, self._launcher.launch
        if self._placement.kind == ACCOUNT:
            bot = bots[seats[0]]
            kind, name = "account", bot.name
            title = f"{bot.name} {_class_name(bot.strategy)} sim"
        else:
            kind, name = "shard", f"shard-{number + 1}"
            title = f"{name} sim: {', '.join(bots[seat].name for seat in seats)}"
        return Part(name, lambda: launch(name, title, kind, setup, seats, shared), self._tape.play_to, title)

    def _feed(self, given: Given, shared: object) -> FeedLink:
        launch, parts = self._launcher.launch, []
        for number in sorted(frozenset().union(*(wish.series for wish in self._wishes))):
            series = given.series[number]
            name = f"feed-{number + 1}"
            title = f"{name} {series.metric} {series.instrument_id} sim".replace("  ", " ")
            launched = partial(launch, name, title, "feed", shared, number)
            parts.append(Part(name, launched, lambda _: None, title))
        self._parts += parts
        return FeedLink(parts, self._tape)

    def _loop(self, market: MarketLink, feed: FeedLink) -> WindowLoop:
        spec = self._setup.spec
        return WindowLoop(
            market,
            self._crews,
            feed,
            window_ns=window_ns(spec),
            equity_interval_ns=spec.settings.equity_interval_ns,
            opening_ns=opening_ns(spec),
            helm=self._wheel,
            pace=self._pace,
        )

    def _stand(self, loop: WindowLoop, market: MarketLink, standing: Standing, end_ns: int) -> None:
        """Take up everything where the tape ends."""
        for crew in self._crews:
            crew.stand()
        for crew in self._crews:
            market.push(crew.receive())
        market.now_ns = standing.now_ns
        loop.resume(standing.start_ns, end_ns, standing.recorded)

    def _outcome(self) -> WorldOutcome:
        self._tape.close()
        self._exchange.begin("finish")
        for crew in self._crews:
            crew.part.begin("finish")
        market, payloads, (commands, events), cpu_s = self._exchange.end()
        accounts: dict[int, AccountReport] = {}
        for crew in self._crews:
            reports, frames, crew_cpu_s = crew.part.end()
            accounts |= dict(zip(crew.accounts, reports, strict=True))
            payloads += frames
            cpu_s += crew_cpu_s
        footer = self._tape.finish(payloads, commands, events)
        return WorldOutcome(
            market=market,
            accounts=tuple(accounts[number] for number in sorted(accounts)),
            digest=footer.digest,
            cpu_s=cpu_s,
        )

    def _rebuild_market(self, handle: Handle) -> None:
        if self._wishes:
            handle.submit("prepare", self._wishes)
            self._tape.play_to(handle)

    def _pace(self, limit_ns: int) -> None:
        self._go.wait()
        if self._stopping:
            self._tape.settle()
            raise WorldStoppedError("the world was stopped")
        if self._user_pace is not None:
            self._user_pace(limit_ns)

    def _watch(self, share: float) -> None:
        self._share = share
        for crew in self._crews:
            crew.part.begin("figures")
        found = {each.name: each for crew in self._crews for each in crew.part.end()}
        self._figures = tuple(found[bot.name] for bot in self._setup.spec.bots)


def _class_name(strategy: str) -> str:
    """Return the name of a strategy's class; what the configuration says where it cannot be loaded here."""
    try:
        return load_strategy(strategy).__name__
    except StrategyNotFoundError:
        return strategy
