"""A match is in its journal: exchange, bots and all."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.match import run_match
from actors.replay import replay_journal
from tests.match.test_match import CASH, MAKER, SCALPER, spec


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
