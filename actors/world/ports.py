"""Market, crews and feeds of a world as the window loop sees them, each in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from actors.bot_output import BotLine
from actors.world.parts import DEATHS_MAXIMUM, Part, PartFailedError, WorldError
from actors.world.setup import Answer
from actors.world.steps import Advanced, Begun, Ended, Recorded, Steered
from actors.world.tape import Tape
from exchange_sim.crew import News
from exchange_sim.given import Given, decode_given, encode_given
from exchange_sim.markets.history import History
from exchange_sim.ports import NEVER_NS, Rows, Steering, Wishes

_PREFETCHED = 1_000

_EXPELLED = f"its process died {DEATHS_MAXIMUM} times in the same place"


class MarketLink:
    """A world's exchange; an `exchange_sim.simulation.MarketPort`.

    Parameters
    ----------
    part
        The exchange.
    tape
        Of the world.
    payloads
        Frames that the exchange made before it began.
    """

    def __init__(self, part: Part, tape: Tape, payloads: tuple[bytes, ...]) -> None:
        self.part = part
        self.now_ns = 0
        self.equities: tuple[int, ...] = ()
        self.windows = 0
        self._tape = tape
        self._payloads = payloads
        self._pushed: list[bytes] = []

    def open(self, opening_ns: int, history: History) -> History:  # noqa: ARG002 - the exchange knows both
        self.now_ns, given = self.part.call("open")
        self._tape.open(Begun(self.now_ns, given), self._payloads)
        return decode_given(given).history

    def push(self, commands: bytes) -> None:
        if commands:
            self._pushed.append(commands)

    def advance(self, limit_ns: int, window_ns: int) -> News:
        self._tape.close()
        commands = b"".join(self._pushed)
        self._pushed.clear()
        fields, payloads = self.part.call("advance", commands, limit_ns, window_ns)
        news = News(*fields)
        self._tape.open(Advanced(commands, limit_ns, window_ns, *news[:6]), payloads)
        self.now_ns = news.until_ns
        self.windows += 1
        return news

    def record(self) -> None:
        self._tape.close()
        self.equities = self.part.call("record")
        self._tape.open(Recorded())


class CrewLink:
    """A crew of a world; an `exchange_sim.simulation.CrewPort`.

    Parameters
    ----------
    part
        The crew.
    tape
        Of the world.
    wishes
        What its participants want to hear, by account.
    names
        Of the accounts.
    note
        Told what goes wrong, a line each.
    say
        Given what the bots print.
    """

    def __init__(
        self,
        part: Part,
        tape: Tape,
        wishes: dict[int, Wishes],
        names: dict[int, str],
        note: Callable[[str], None],
        say: Callable[[Sequence[BotLine]], None],
    ) -> None:
        self.part = part
        self.wishes = wishes
        self.due_ns = NEVER_NS
        self._tape = tape
        self._names = names
        self._note = note
        self._say = say
        self._news: News | None = None
        self._begun: Begun | None = None

    @property
    def accounts(self) -> Sequence[int]:
        return tuple(self.wishes)

    def start(self, now_ns: int, history: History) -> None:
        self._begun = Begun(now_ns, encode_given(Given(now_ns, history)))
        self.part.begin("start", self._begun, ())

    def send(self, news: News) -> None:
        self._news = news
        self.part.begin("send", tuple(news), ())

    def steer(self, account: int, steering: Steering, now_ns: int) -> None:
        self._tape.open(Steered(account, now_ns, steering))
        self.part.begin("steer", account, steering, now_ns)

    def stop(self, now_ns: int) -> None:
        self._tape.open_ended(Ended(now_ns))
        self.part.begin("stop", now_ns)

    def stand(self) -> None:
        """Find out where a crew stands that has caught up; `receive` has what it sent last."""
        self.part.begin("standing")

    def receive(self) -> bytes:
        try:
            answer: Answer = self.part.end(deaths_maximum=DEATHS_MAXIMUM)
        except PartFailedError as error:
            if self._news is None and self._begun is None:
                raise WorldError(f"{self.part.name}: {error}") from error
            answer = self._without_culprit()
        self._news = self._begun = None
        self._tape.add(answer.payloads)
        self.due_ns = answer.due_ns
        if answer.said:
            self._say(answer.said)
        if answer.refused:
            self._note(answer.refused)
        return answer.commands

    def _without_culprit(self) -> Answer:
        """Find out over which accounts the process dies, take them out, and do the rest of the call."""
        expelled: list[tuple[int, str]] = []
        while (culprit := self._culprit(expelled)) is not None:
            expelled.append((culprit, _EXPELLED))
            self._tape.expel(culprit, _EXPELLED)
            self._note(f"{self._names[culprit]} was taken out: {_EXPELLED}")
        method, argument = self._call()
        self.part.replace(method, argument, expelled)
        answer: Answer = self.part.end()
        return answer

    def _culprit(self, expelled: Sequence[tuple[int, str]]) -> int | None:
        """Return an account over which the process dies again and again, None if there is none left."""
        known = {account for account, _ in expelled}
        deaths = {account: 0 for account in self.accounts if account not in known}
        method, argument = self._call()
        while deaths:
            for number, account in enumerate(deaths):
                if number == 0:
                    self.part.replace(f"{method}_to", account, argument, expelled)
                else:
                    self.part.begin(f"{method}_to", account, argument, ())
                try:
                    self.part.end(deaths_maximum=1)
                except PartFailedError:
                    deaths[account] += 1
                    if deaths[account] >= DEATHS_MAXIMUM:
                        return account
                    break
            else:
                return None
        return None

    def _call(self) -> tuple[str, object]:
        if self._news is not None:
            return "send", tuple(self._news)
        return "start", self._begun


class FeedLink:
    """The recorded series of a world; an `exchange_sim.simulation.FeedPort`.

    Parameters
    ----------
    parts
        One a series.
    tape
        Of the world.
    """

    def __init__(self, parts: Sequence[Part], tape: Tape) -> None:
        self.parts = tuple(parts)
        self._tape = tape
        self._ahead: list[list[tuple[int, ...]]] = [[] for _ in parts]
        self._places = [0] * len(parts)
        for number in range(len(parts)):
            self._fetch(number)

    @property
    def next_ns(self) -> int:
        return min((rows[0][0] for rows in self._ahead if rows), default=NEVER_NS)

    def take(self, until_ns: int) -> Rows:
        taken: list[tuple[int, ...]] = []
        for number, rows in enumerate(self._ahead):
            while rows and rows[0][0] < until_ns:
                taken.append(rows.pop(0))
                if not rows:
                    self._fetch(number)
        taken.sort()
        self._tape.add_series(tuple(taken))  # type: ignore[arg-type]  # rows of three numbers
        return taken

    def _fetch(self, number: int) -> None:
        rows = self.parts[number].call("rows", self._places[number], _PREFETCHED)
        self._places[number] += len(rows)
        self._ahead[number].extend(map(tuple, rows))
