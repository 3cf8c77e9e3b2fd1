"""A match is in its journal: exchange, bots and all."""

from __future__ import annotations

from pathlib import Path

from actors.match import run_match
from actors.replay import replay_journal
from tests.match.test_match import CASH, MAKER, SCALPER, spec


def test_a_match_replays_from_its_journal(tmp_path: Path) -> None:
    path = tmp_path / "match.journal"
    result = run_match(spec(SCALPER, MAKER, CASH), journal_path=path)
    replay = replay_journal(path)
    assert replay.engine is not None
    assert replay.equal
