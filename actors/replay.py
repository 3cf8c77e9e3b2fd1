"""A journal played again: the exchange from its commands, and every bot from what it was handed.

The bots of a match are set up anew and run on a market that applies the recorded commands. They are handed
what they were handed then, and steered as they were then, so what they send, and when, must be what the
journal says they sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from actors.config import digest_of
from actors.helm import PlannedHelm
from actors.host import AccountHost
from actors.match import build_simulation
from actors.match_config import MatchSpec
from actors.seating import build_hosts, build_strategies, first_account, opening_ns
from exchange_sim.engine_replay import EngineReplay, batches, first_state, replay_engine, restored
from exchange_sim.given import Given, decode_given
from exchange_sim.journal import JournalStream, Record, Steered, Stopped, overall_digest
from exchange_sim.journal_reader import Journal, JournalError, read_journal
from exchange_sim.kernel.recorded import RecordedMarket
from exchange_sim.ports import Steering
from exchange_sim.replay.depth.recording import RecordedDepth
from exchange_sim.simulation import CLOSING_NS, Simulation


@dataclass(frozen=True, slots=True)
class BotDifference:
    """Where a bot's replay and its journal part: number of the record, what is on record, and what came."""

    bot: str
    record: int
    expected: str
    was: str

    def __str__(self) -> str:
        return f"{self.bot}, record {self.record}: expected {self.expected}, was {self.was}"


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay found.

    `engine` is None where the journal holds no exchange. `bots` are the accounts that were played again, with
    the number of their records; `differences` name the first of each bot that differs.
    """

    journal: Journal
    engine: EngineReplay | None
    bots: tuple[tuple[str, int], ...] = ()
    differences: tuple[BotDifference, ...] = ()

    @property
    def equal(self) -> bool:
        return not self.differences and (self.engine is None or self.engine.difference is None)


class CheckedStream(JournalStream):
    """A stream that compares what is appended to it with what is on record, and writes nothing."""

    __slots__ = ("_expected", "_place", "difference", "name")

    def __init__(self, name: str, expected: Sequence[Record]) -> None:
        super().__init__(0, None)
        self.name = name
        self.difference: BotDifference | None = None
        self._expected = expected
        self._place = 0

    def flush(self, *, at_least: int = 1) -> None:  # noqa: ARG002 - there is nothing to gather for
        found = self.records
        if self.difference is None and found:
            self._compare(found)
        self._place += len(found)
        super().flush(at_least=1)

    def _compare(self, found: Sequence[Record]) -> None:
        expected = self._expected[self._place : self._place + len(found)]
        if expected == found:
            return
        for number, record in enumerate(found):
            known = expected[number] if number < len(expected) else None
            if known != record:
                text = "the end" if known is None else _text(known)
                self.difference = BotDifference(self.name, self._place + number, text, _text(record))
                return

    def finish(self) -> None:
        """Note what is on record and never came."""
        self.flush()
        if self.difference is None and self._place < len(self._expected):
            known = self._expected[self._place]
            self.difference = BotDifference(self.name, self._place, _text(known), "the end")


def _text(record: Record) -> str:
    return f"{type(record).__name__} {msgspec.json.encode(record).decode()}"


class ReplayedMatch:
    """The match of a journal under way again: hosts and runner, on the recorded market.

    Parameters
    ----------
    journal
        Of a match, with its exchange.

    Raises
    ------
    JournalError
        The journal is of something else.
    ConfigError
        A bot's strategy cannot be found, or does not take its configuration.
    """

    def __init__(self, journal: Journal) -> None:
        self.spec = match_of(journal)
        self.given = _given(journal)
        _, state = first_state(journal)
        facts = journal.header.facts
        self.end_ns = self.given.start_ns + opening_ns(self.spec) + self.spec.settings.duration_ns
        stopped = [
            each for records in journal.streams.values() for each in records if isinstance(each, Stopped)
        ]
        if stopped:  # a market in realtime may have been ended before its time
            self.end_ns = max(each.ts_ns for each in stopped)
        commands = (rows.commands for rows in batches(journal))
        market = restored(journal, state)
        self.market: RecordedMarket | RecordedDepth
        if isinstance(market, RecordedDepth):
            self.market = market
            market.follow(commands)
        else:
            self.market = RecordedMarket(
                market,
                commands,
                start_ns=self.given.start_ns,
                end_ns=self.end_ns + CLOSING_NS,
                crowd_accounts=facts.get("crowd_accounts", 0),
                snapshot_depth=self.spec.settings.book_depth,
            )
        self.streams = [CheckedStream(bot.name, journal.streams[bot.name]) for bot in self.spec.bots]
        strategies = build_strategies(self.spec)
        first = first_account(self.spec, self.market)
        self.hosts: list[AccountHost] = build_hosts(
            self.spec, strategies, self.market.instruments, first, self.streams, self.given
        )
        self.simulation: Simulation = build_simulation(self.spec, self.market, self.hosts, self.given)
        self.simulation.hand_over(PlannedHelm(_steered(journal, first)))

    def begin(self) -> None:
        self.simulation.begin(self.end_ns, self.given.history)


def match_of(journal: Journal) -> MatchSpec:
    """Return the match that a journal is of.

    Raises
    ------
    JournalError
        It is of none, or of a match of another version.
    """
    header = journal.header
    try:
        spec = msgspec.json.decode(header.configuration, type=MatchSpec)
    except msgspec.DecodeError as error:
        raise JournalError(f"{journal.name}: expected the configuration of a match: {error}") from error
    if digest_of(spec) != header.config_digest:
        raise JournalError(
            f"{journal.name}: expected configuration {header.config_digest}, was {digest_of(spec)}"
        )
    return spec


def _steered(journal: Journal, first_account: int) -> Iterator[tuple[int, int, Steering]]:
    """Yield what somebody from outside did to the bots, when, and the account's number."""
    for seat, name in enumerate(journal.header.streams):
        for record in journal.streams[name]:
            if isinstance(record, Steered):
                yield record.ts_ns, first_account + seat, Steering(record.action, record.values)


def _given(journal: Journal) -> Given:
    for frame in journal.engine:
        if frame.kind == b"Y":
            try:
                return decode_given(frame.payload)
            except msgspec.DecodeError as error:
                raise JournalError(f"{journal.name}, byte {frame.at}: {error}") from error
    raise JournalError(f"{journal.name}: expected the history given to bots, was none")


def replay_journal(path: Path, *, progress: Callable[[float], None] | None = None) -> Replay:
    """Play a journal again and return what differs.

    Parameters
    ----------
    path
        The journal. A torn tail is left out; a match that was cut short is compared as far as it goes.
    progress
        Told the share of the bots' span that is done.

    Raises
    ------
    JournalError
        A byte has changed, frames are missing, or it is a journal of another version.
    ConfigError
        A bot's strategy cannot be found.
    OSError
        The file cannot be read.
    """
    journal = read_journal(path)
    if not any(frame.kind == b"S" for frame in journal.engine):
        return Replay(journal, None)
    engine = replay_engine(journal)
    if not journal.header.configuration or not journal.header.streams or engine.difference is not None:
        return Replay(journal, engine)
    match = ReplayedMatch(journal)
    match.begin()
    if journal.complete:
        match.simulation.go_on(match.end_ns, progress)
        match.simulation.finish()
        for stream in match.streams:
            stream.finish()
        digests = [stream.hexdigest() for stream in match.streams]
        assert journal.footer is not None  # noqa: S101 - what complete means
        same = overall_digest(journal.header, digests) == journal.footer.digest
        differences = tuple(each.difference for each in match.streams if each.difference is not None)
        if not same and not differences:
            raise JournalError(f"{journal.name}: expected digest {journal.footer.digest}, was another")
    else:
        match.simulation.go_on(min(engine.now_ns, match.end_ns), progress)
        differences = tuple(
            each.difference
            for each in match.streams
            if each.difference is not None and each.difference.expected != "the end"
        )
    counts = tuple((name, len(records)) for name, records in journal.streams.items())
    return Replay(journal, engine, counts, differences)
