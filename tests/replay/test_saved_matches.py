"""Matches on recorded depth are journaled, replayed, saved and forked like all others."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.bench.replay_record import made_record
from actors.cli.errors import ExitCode
from actors.match import MatchRun, run_match
from actors.match_config import BotSpec, MatchSettings, MatchSpec
from actors.moment import Moment
from actors.replay import replay_journal
from actors.result import MatchResult
from actors.world.placement import parse_placement
from actors.world.setup import WorldSetup
from actors.world.world import JOURNAL_FILE, World
from exchange_sim.engine.packing import pack_events
from exchange_sim.engine.snapshots import SnapshotError
from exchange_sim.engine_recovery import recover
from exchange_sim.engine_replay import batches, replay_engine
from exchange_sim.journal_reader import JournalError, parse_journal
from exchange_sim.latency import AccountLatency, LognormalLatency
from exchange_sim.markets.duration import SECOND_NS
from exchange_sim.markets.spec import MarketSpec
from exchange_sim.replay.depth.market import DepthReplay
from exchange_sim.replay.depth.replay_snapshot import packed_record, unpacked_record
from tests.cli.conftest import Arena, arena
from tests.journal.test_engine_journal import reframed
from tests.match.test_moment import same
from tests.replay.depth.histories import BTC, write_record
from tests.world.threads import Mortal

__all__ = ["arena"]  # a fixture

SECONDS = 8
KINDS = ("hybrid", "replay_l2")
BOTS = (
    BotSpec(
        name="scalper",
        strategy=f"{Path(__file__).parents[1] / 'match' / 'bots.py'}:Scalper",
        latency=AccountLatency(up=LognormalLatency(), down=LognormalLatency()),
    ),
    BotSpec(name="maker", strategy="market_maker", config={"half_spread": 0.000002}),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("records")
    write_record(made_record(BTC, (SECONDS + 2) * 20), path, "made_BTCUSDT")
    return path


def spec(kind: str, seed: int = 1) -> MatchSpec:
    return MatchSpec(
        match_id=kind,
        seed=seed,
        bot_seed=seed,
        market=msgspec.convert({"kind": kind, "instruments": ["BTC/USDT:USDT"]}, MarketSpec),
        settings=MatchSettings(duration=f"{SECONDS}s", equity_interval="4s", market_interval="3s"),
        bots=BOTS,
    )


class Played:
    """A match of each kind, with its journal's bytes and what a recorded future needs."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.spec = spec(kind)
        sink = io.BytesIO()
        run = MatchRun(self.spec, data_folder=folder, sink=sink)
        run.begin()
        for number in range(1, 26):  # in pieces that fit no step and no window
            run.go_on(run.given.start_ns + number * 301_000_007)
        run.go_on(run.end_ns)
        self.result: MatchResult = run.finish()
        self.journal = sink.getvalue()
        self.market = run.kernel


@pytest.fixture(scope="module")
def games(folder: Path) -> dict[str, Played]:
    return {kind: Played(kind, folder) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_a_journal_changes_nothing_and_rebuilds_the_run(
    kind: str, folder: Path, games: dict[str, Played], tmp_path: Path
) -> None:
    game = games[kind]
    assert same(run_match(game.spec, data_folder=folder), game.result)
    assert all(bot.fills > 5 and bot.orders and not bot.disqualified for bot in game.result.bots)
    path = tmp_path / "match.journal"
    path.write_bytes(game.journal)
    replay = replay_journal(path)
    assert replay.equal
    assert replay.engine is not None
    assert replay.engine.exchange.memory_digest() == game.market.exchange.memory_digest()
    assert replay.engine.events >= sum(bot.fills for bot in game.result.bots)
    assert replay.engine.checkpoints >= 2
    torn = tmp_path / "torn.journal"
    torn.write_bytes(game.journal[: len(game.journal) * 9 // 10])
    found = replay_journal(torn)
    assert found.equal
    assert found.journal.torn_bytes


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=3)
@given(after_ns=st.integers(1, SECONDS * SECOND_NS - 1))
def test_a_match_goes_on_from_any_moment_as_if_it_had_not_been_saved(
    kind: str, after_ns: int, folder: Path, games: dict[str, Played]
) -> None:
    game = games[kind]
    moment = Moment.load(Moment.reach(game.spec, after_ns, data_folder=folder).save(), spec=game.spec)
    match = moment.resume(folder)
    match.go_on(match.end_ns)
    assert same(match.finish(), game.result)
    if isinstance(game.market, DepthReplay):
        assert isinstance(match.kernel, DepthReplay)
        assert match.kernel.memory_digest() == game.market.memory_digest()
    assert match.kernel.exchange.memory_digest() == game.market.exchange.memory_digest()


@pytest.mark.parametrize("kind", KINDS)
def test_a_world_in_parts_journals_them_too(
    kind: str, folder: Path, games: dict[str, Played], tmp_path: Path
) -> None:
    game = games[kind]
    setup = WorldSetup(spec=game.spec, data_folder=str(folder), engine_journal=True)
    outcome = World(setup, parse_placement("shards=1"), Mortal(0, 0.0), str(tmp_path)).play()
    assert outcome.digest == game.result.digest
    replay = replay_journal(tmp_path / JOURNAL_FILE)
    assert replay.equal
    assert replay.engine is not None
    assert replay.engine.exchange.memory_digest() == game.market.exchange.memory_digest()


def test_the_first_difference_of_replayed_depth_is_named(games: dict[str, Played]) -> None:
    content = games["replay_l2"].journal
    journal = parse_journal(content)
    changed = next(iter(batches(journal)))
    events = changed.events.copy()
    number = len(events) // 2
    events["fee_atoms"][number] += 1
    batch = msgspec.structs.replace(changed.batch, events=pack_events(events))
    other = reframed(content, {changed.frame.number: b"B" + msgspec.msgpack.encode(batch)})
    found = replay_engine(parse_journal(other)).difference
    assert found is not None
    assert (found.frame, found.field) == (changed.frame.number, "fee_atoms")
    assert int(found.expected) == int(found.was) + 1 == events["fee_atoms"][number]
    assert changed.commands["ts_ns"][found.command] >= events["ts_ns"][number]
    point = [each for each in journal.engine if each.kind == b"C"][-1]
    done, count, _ = msgspec.msgpack.decode(point.payload)
    payload = b"C" + msgspec.msgpack.encode((done, count, "0" * 16))
    found = replay_engine(parse_journal(reframed(content, {point.number: payload}))).difference
    assert found is not None
    assert (found.field, found.command) == ("state", done)


def test_another_record_and_commands_that_cannot_have_been_sent_are_refused(
    games: dict[str, Played], tmp_path: Path
) -> None:
    content = games["replay_l2"].journal
    journal = parse_journal(content)
    piece = next(each for each in journal.engine if each.kind == b"D")
    rows = unpacked_record([bytes(piece.payload)])
    rows["lots"][len(rows) // 2] += 1
    other = reframed(content, {piece.number: b"D" + next(packed_record(rows))})
    with pytest.raises(JournalError, match=r"expected the record [0-9a-f]{16}, was"):
        replay_engine(parse_journal(other))
    with pytest.raises(JournalError, match="expected a piece of a record"):
        replay_engine(parse_journal(reframed(content, {piece.number: b"D" + b"nothing"})))
    batch = next(iter(batches(journal)))
    moved = msgspec.msgpack.encode(("BTC",))
    with pytest.raises(JournalError, match="expected no account"):
        replay_engine(parse_journal(reframed(content, {batch.frame.number: b"A" + moved[1:]})))
    path = tmp_path / "open.journal"
    path.write_bytes(content)
    with path.open("r+b") as sink, pytest.raises(JournalError, match="was one of replayed depth"):
        recover(path, sink)


def test_snapshots_of_something_else_are_refused(games: dict[str, Played]) -> None:
    market = games["replay_l2"].market
    assert isinstance(market, DepthReplay)
    restore = partial(DepthReplay.restore, rows=market.rows)
    assert restore(market.snapshot()).memory_digest() == market.memory_digest()
    for content, text in (
        (b"", "expected a snapshot of replayed depth, was something else"),
        (market.exchange.snapshot(), "expected a snapshot of version 1 with tables"),
        (market.snapshot()[:-20], "expected a snapshot of replayed depth, was something else"),
    ):
        with pytest.raises(SnapshotError, match=text):
            restore(content)
    with pytest.raises(SnapshotError, match="expected the record"):
        DepthReplay.restore(market.snapshot(), market.rows[1:])


@pytest.mark.parametrize("kind", KINDS)
def test_the_commands_replay_and_fork_them(kind: str, arena: Arena, folder: Path, tmp_path: Path) -> None:
    contest = tmp_path / f"{kind}.toml"
    bots = "\n".join(f'[[bots]]\nname = "{bot.name}"\nstrategy = "{bot.strategy}"\n' for bot in BOTS)
    contest.write_text(
        f'name = "{kind}"\nseed = 5\n[market]\nkind = "{kind}"\ninstruments = ["BTC/USDT:USDT"]\n'
        f'[match]\nduration = "{SECONDS}s"\nequity_interval = "4s"\nmarket_interval = "4s"\n{bots}'
    )
    data = ("--data", str(folder))
    played = arena("match", str(contest), *data, "--json")
    assert played.code == ExitCode.DONE, played.err
    replayed = arena("replay", played.document["journal"], "--json")
    assert replayed.code == ExitCode.DONE, replayed.err
    assert replayed.document["equal"]
    assert replayed.document["commands"] > 10
    forked = arena("fork", str(contest), "--at", "5s", "--without", "maker", *data, "--json")
    assert forked.code == ExitCode.DONE, forked.err
    assert forked.document["digest"] == played.document["digest"] != forked.document["digest_changed"]
    for change in (("--latency", "maker=30ms"), ("--order", "scalper buy 0.5 BTC/USDT:USDT")):
        again = arena("fork", forked.document["moment"], *change, *data, "--json")
        assert again.code == ExitCode.DONE, again.err
        assert again.document["digest"] == played.document["digest"] != again.document["digest_changed"]
        assert abs(sum(float(each["difference"]) for each in again.document["holders"])) < 1e-6
