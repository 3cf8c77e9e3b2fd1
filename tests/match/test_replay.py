"""A match is in its journal: exchange, bots and all."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from actors.match import run_match
from actors.match_config import MatchSettings
from actors.moment import Moment
from actors.replay import replay_journal
from exchange_sim.engine.packing import pack_commands
from exchange_sim.engine_replay import Rows, batches
from exchange_sim.faults import AccountFaults, DownFaults, LinkFaults
from exchange_sim.journal_reader import read_journal
from exchange_sim.markets.duration import SECOND_NS
from exchange_sim.markets.outages import OutageSpec
from exchange_sim.markets.spec import SyntheticMarket
from exchange_sim.model.enums import CommandKind, TradingState
from tests.journal.test_engine_journal import reframed
from tests.match.test_match import CASH, MAKER, SCALPER, spec
from tests.replay.test_replay_l3_match import BITSTAMP, BOTS, DATA, _spec


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("replay") / "match.journal"
    run_match(spec(SCALPER, MAKER, CASH), journal_path=path)
    return path


def test_a_match_replays_from_its_journal(recorded: Path) -> None:
    replay = replay_journal(recorded)
    assert replay.engine is not None
    assert replay.engine.difference is None
    assert replay.differences == ()
    assert replay.engine.commands > 1_000
    assert {name for name, count in replay.bots if count > 10} == {"scalper", "maker"}


@pytest.mark.skipif(not (DATA / BITSTAMP).is_file(), reason=f"there is no recorded order stream at {DATA}")
def test_a_replayed_order_stream_is_replayed_and_forked(tmp_path: Path) -> None:
    path = tmp_path / "match.journal"
    match = msgspec.structs.replace(_spec(*BOTS), settings=MatchSettings(duration="2m"))
    result = run_match(match, data_folder=DATA, journal_path=path)
    replay = replay_journal(path)
    assert replay.equal
    assert replay.engine is not None
    assert replay.engine.commands == result.requests
    moment = Moment.reach(match, 70 * SECOND_NS, data_folder=DATA)
    resumed = moment.resume(DATA)
    resumed.go_on(resumed.end_ns)
    again = resumed.finish()
    assert (again.digest, again.market_digest) == (result.digest, result.market_digest)


def test_a_match_with_a_bad_connection_replays_and_resumes(tmp_path: Path) -> None:
    path = tmp_path / "match.journal"
    faults = AccountFaults(up=LinkFaults(drop=0.05, double=0.05, reorder=0.2), down=DownFaults(reorder=0.2))
    bot = msgspec.structs.replace(SCALPER, faults=faults)
    match = spec(bot, MAKER, duration="20s")
    result = run_match(match, journal_path=path)
    assert replay_journal(path).equal
    resumed = Moment.reach(match, 9 * SECOND_NS).resume()
    resumed.go_on(resumed.end_ns)
    assert resumed.finish().digest == result.digest


@pytest.fixture(scope="module")
def halted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The journal of a match whose exchange is down twice, books emptied the second time."""
    path = tmp_path_factory.mktemp("halted") / "match.journal"
    outages = (
        OutageSpec(after="3s", duration="2s", resting="cancel"),  # type: ignore[arg-type]
        OutageSpec(after="10s", duration="3s", announced=False, resting="cancel"),  # type: ignore[arg-type]
    )
    market = SyntheticMarket(instruments=("BTC/USDT:USDT",), volume_scale=0.2, outages=outages)
    match = msgspec.structs.replace(spec(SCALPER, MAKER, duration="20s"), market=market)
    run_match(match, journal_path=path)
    return path


def _operator_rows(path: Path, kind: CommandKind) -> list[tuple[Rows, int]]:
    """Return where the operator's commands of a kind are recorded: the batch, and the row in it."""
    found = []
    for rows in batches(read_journal(path)):
        chosen = rows.commands["kind"] == kind
        found += [(rows, int(place)) for place in np.flatnonzero(chosen)]
    return found


def test_a_match_with_outages_replays_with_the_operator_s_commands(halted: Path) -> None:
    assert replay_journal(halted).equal
    states = [
        int(rows.commands["quantity_lots"][place])
        for rows, place in _operator_rows(halted, CommandKind.SET_STATE)
    ]
    assert states == [TradingState.HALTED, TradingState.TRADING] * 2
    accounts = {
        int(rows.commands["account"][place]) for rows, place in _operator_rows(halted, CommandKind.CANCEL_ALL)
    }
    assert len(accounts) > 10


@pytest.mark.parametrize(
    ("kind", "number", "field", "value"),
    [
        (CommandKind.SET_STATE, 0, "quantity_lots", TradingState.CANCEL_ONLY),
        (CommandKind.SET_STATE, 3, "quantity_lots", TradingState.HALTED),
        (CommandKind.SET_STATE, 1, "ts_ns", 1),
        (CommandKind.CANCEL_ALL, -1, "kind", CommandKind.ADVANCE),
    ],
)
def test_an_operator_s_command_that_was_altered_is_found(
    halted: Path, tmp_path: Path, kind: CommandKind, number: int, field: str, value: int
) -> None:
    places = _operator_rows(halted, kind)
    if kind is CommandKind.CANCEL_ALL:  # of somebody who had orders
        places = [(rows, place) for rows, place in places if _wrote(rows, place)]
    assert len(places) > 3
    rows, place = places[number]
    commands = rows.commands.copy()
    commands[field][place] = commands[field][place] + 1 if field == "ts_ns" else value
    batch = msgspec.structs.replace(rows.batch, commands=pack_commands(commands))
    path = tmp_path / "altered.journal"
    path.write_bytes(reframed(halted.read_bytes(), {rows.frame.number: b"B" + msgspec.msgpack.encode(batch)}))
    replay = replay_journal(path)
    assert not replay.equal
    assert replay.engine is not None
    assert replay.engine.difference is not None
    # An event that is missing shows where the next one is expected.
    assert 0 <= replay.engine.difference.command - rows.batch.first_command - place <= 1


def _wrote(rows: Rows, place: int) -> bool:
    """Return whether a cancel of everything canceled something."""
    row = rows.commands[place]
    return bool(((rows.events["account"] == row["account"]) & (rows.events["ts_ns"] == row["ts_ns"])).any())
