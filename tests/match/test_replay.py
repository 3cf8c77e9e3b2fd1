"""A match is in its journal: exchange, bots and all."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from actors.match import run_match
from actors.match_config import MatchSettings
from actors.moment import Moment
from actors.replay import replay_journal
from exchange_sim.faults import AccountFaults, DownFaults, LinkFaults
from exchange_sim.markets.duration import SECOND_NS
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
