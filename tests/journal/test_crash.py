"""Killed exchanges lose and double nothing that was acknowledged; `tests.journal.crash` runs more of them."""

from __future__ import annotations

from pathlib import Path

from tests.journal.crash import check_runs


def test_forty_killed_exchanges_go_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    killed, wrong = check_runs(tmp_path, 1_001, 40)
    assert wrong == {}
    assert killed > 30
