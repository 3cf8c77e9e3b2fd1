"""A moment of a match: saved, loaded in another process or machine, and gone on from.

The market is a copy of its tables. A bot is any Python object, so it is not copied but led to the moment
again: a new one is handed what the first was handed, and must send the same. What it was handed follows from
the journal, which is why a moment holds the journal up to it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec
import numpy as np

from actors.config import digest_of
from actors.context import HostContext
from actors.host import AccountHost
from actors.match import MatchRun
from actors.match_config import MatchSpec
from actors.replay import ReplayedMatch, match_of
from actors.seating import opening_ns
from exchange_sim.engine.snapshots import SnapshotError
from exchange_sim.engine_journal import deflate, inflate
from exchange_sim.journal import JournalStream, JournalWriter, frame
from exchange_sim.journal_reader import JournalError, parse_frames, parse_journal
from exchange_sim.kernel.feeds import Feed
from exchange_sim.kernel.kernel import Kernel
from exchange_sim.kernel.outputs import SAMPLE
from exchange_sim.latency import AccountLatency
from exchange_sim.markets.build import build_market
from exchange_sim.markets.hybrid_spec import HybridMarket
from exchange_sim.markets.replay_spec import ReplayL3Market
from exchange_sim.replay.depth.market import DepthReplay
from exchange_sim.replay.depth.recording import RecordedDepth

MOMENT_VERSION = 1


class _Saved(msgspec.Struct, frozen=True, array_like=True):
    version: int
    config_digest: str
    at_ns: int
    kernel: bytes
    samples: bytes
    journal: bytes


@dataclass(frozen=True, slots=True)
class Moment:
    """A match at one instant.

    `at_ns` is an instant of the market: everything before it has happened.
    """

    spec: MatchSpec
    at_ns: int
    kernel: bytes
    samples: bytes
    journal: bytes

    @classmethod
    def reach(cls, spec: MatchSpec, after_ns: int, *, data_folder: Path | None = None) -> Moment:
        """Play a match until `after_ns` after its bots' start and return that moment.

        Raises
        ------
        SnapshotError
            The moment is not inside the match.
        """
        if not 0 < after_ns < spec.settings.duration_ns:
            span = spec.settings.duration
            raise SnapshotError(f"at: expected a moment inside the match of {span}, was {after_ns / 1e9:g}s")
        sink = io.BytesIO()
        run = MatchRun(spec, data_folder=data_folder, sink=sink)
        run.begin()
        at_ns = run.given.start_ns + opening_ns(run.spec) + after_ns
        run.go_on(at_ns)
        for stream in run.streams:
            stream.flush(at_least=1)
        assert run.recorder is not None  # noqa: S101 - there is one because there is a sink
        run.recorder.flush()
        samples = run.simulation.side.samples.tobytes()
        return cls(run.spec, at_ns, run.kernel.snapshot(), samples, sink.getvalue())

    def save(self) -> bytes:
        """Return the moment as bytes: one frame with length and checksum."""
        saved = _Saved(
            MOMENT_VERSION, digest_of(self.spec), self.at_ns, deflate(self.kernel), deflate(self.samples),
            self.journal,
        )  # fmt: skip
        return frame(b"M" + msgspec.msgpack.encode(saved))

    @classmethod
    def load(cls, content: bytes, *, name: str = "moment", spec: MatchSpec | None = None) -> Moment:
        """Return the moment that was saved.

        `spec` is the match it must be of; None takes any.

        Raises
        ------
        SnapshotError
            The bytes are damaged or no moment, or it is of another version or configuration.
        """
        try:
            payloads = parse_frames(content, name)
        except JournalError as error:
            raise SnapshotError(str(error)) from None
        if len(payloads) != 1 or payloads[0][:1] != b"M":
            raise SnapshotError(f"{name}: expected a moment of a match, was something else")
        try:
            saved = msgspec.msgpack.decode(payloads[0][1:], type=_Saved)
        except msgspec.DecodeError as error:
            raise SnapshotError(f"{name}: expected a moment of a match: {error}") from None
        if saved.version != MOMENT_VERSION:
            raise SnapshotError(f"{name}: expected version {MOMENT_VERSION}, was {saved.version}")
        if spec is not None and digest_of(spec) != saved.config_digest:
            raise SnapshotError(
                f"{name}: expected a moment of configuration {digest_of(spec)}, was {saved.config_digest}"
            )
        try:
            found = match_of(parse_journal(saved.journal, name))
        except JournalError as error:
            raise SnapshotError(str(error)) from None
        return cls(found, saved.at_ns, inflate(saved.kernel), inflate(saved.samples), saved.journal)

    def resume(self, data_folder: Path | None = None) -> ResumedMatch:
        """Return the match under way again, at this moment.

        A market of recorded orders or depth reads them again from `data_folder`.

        Raises
        ------
        SnapshotError
            A bot does not do again what it did: its code has changed, or it is not deterministic.
        ConfigError
            A bot's strategy cannot be found.
        """
        return ResumedMatch(self, data_folder)


class ResumedMatch(MatchRun):
    """A match that goes on from a moment."""

    def __init__(self, moment: Moment, data_folder: Path | None = None) -> None:
        journal = parse_journal(moment.journal)
        replayed = ReplayedMatch(journal)
        replayed.begin()
        replayed.simulation.go_on(moment.at_ns)
        for stream in replayed.streams:
            stream.finish()
            if stream.difference is not None:
                raise SnapshotError(f"{stream.difference}: the bot does not do again what it did")
        self.spec, self.given = replayed.spec, replayed.given
        self.kernel = kernel = _market(moment, replayed, data_folder)
        self.journal = JournalWriter(journal.header)
        self.recorder = None
        self.hosts, self.simulation = replayed.hosts, replayed.simulation
        self.streams = cast("list[JournalStream]", replayed.streams)
        self.at_ns = moment.at_ns
        self._latencies = {bot.name: bot.latency for bot in self.spec.bots}
        self.simulation.side.move_to(kernel, np.frombuffer(moment.samples, SAMPLE))

    def remove(self, bot: str, reason: str) -> None:
        """Take a bot out now: its orders are canceled, its position stays."""
        del self._latencies[bot]
        self._change(bot, self._host(bot).leave(self.at_ns, reason))

    def change_latency(self, bot: str, latency: AccountLatency) -> None:
        """Let a bot's messages take another latency from now on."""
        self._latencies[bot] = latency
        host = self._host(bot)
        host.venue.change_latency(latency)
        self._change(bot, b"")

    def act(self, bot: str, action: Callable[[HostContext], None]) -> None:
        """Let somebody else act for a bot now, through its own risk gate."""
        self._change(bot, self._host(bot).act(self.at_ns, action))

    def _host(self, bot: str) -> AccountHost:
        return next(host for host in self.hosts if host.account_id == bot)

    def _change(self, bot: str, commands: bytes) -> None:
        longest = self.spec.settings.duration_ns
        window_ns = min((each.minimum_ns for each in self._latencies.values()), default=longest)
        self.simulation.change(self.kernel.account_index(bot), commands, window_ns)


def _market(moment: Moment, replayed: ReplayedMatch, data_folder: Path | None) -> Kernel | DepthReplay:
    """Return the market of a moment to which a journal was replayed.

    Raises
    ------
    SnapshotError
        The journal leads to another market.
    """
    at = replayed.market
    market: Kernel | DepthReplay
    if isinstance(at, RecordedDepth):
        market = DepthReplay.restore(moment.kernel, at.rows)
        same = market.memory_digest() == at.memory_digest()
    else:
        market = Kernel.restore(moment.kernel, _feeds(replayed.spec, data_folder))
        same = market.exchange.memory_digest() == at.exchange.memory_digest()
    if not same:
        raise SnapshotError("expected the market that the journal leads to, was another")
    return market


def _feeds(spec: MatchSpec, data_folder: Path | None) -> Sequence[Feed]:
    """Return the recorded orders or the recorded depth of a match's market, if it is made of them."""
    if not isinstance(spec.market, ReplayL3Market | HybridMarket):
        return ()
    return build_market(spec.market, spec.settings.duration_ns, spec.seed, data_folder).feeds
