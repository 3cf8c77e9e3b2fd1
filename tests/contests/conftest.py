"""Specifications of contests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from actors.config import SearchSpec, TournamentSpec
from actors.config_files import load_search, load_tournament
from actors.run_options import ClusterSettings, OpenMode, RunOptions
from tests.contests.fake_match import RUN_MATCH

FILE = """
name = "fake"
seed = 11

[market]
kind = "synthetic"

[match]
duration = "200s"

[tournament]
formats = ["melee", "solo", "leave_one_out"]
rounds = 3
draws = 100

[search]
bot = "ann"
method = "random"
trials = 6
seeds = 2
batch = 3
[search.space]
stop_loss = { low = 0.01, high = 0.5 }
fast = { low = 2, high = 12 }

[[bots]]
name = "ann"
strategy = "alpha"
config = { slow = 15 }

[[bots]]
name = "bob"
strategy = "random"

[[bots]]
name = "cash"
strategy = "cash"
"""
"""A contest of 3 rounds x (melee + 3 solo + 3 leave-one-out) = 21 matches, and a search of 6 x 2."""


@pytest.fixture
def contest_file(tmp_path: Path) -> Path:
    path = tmp_path / "contest.toml"
    path.write_text(FILE)
    return path


@pytest.fixture
def tournament(contest_file: Path) -> TournamentSpec:
    return load_tournament(contest_file)


@pytest.fixture
def search(contest_file: Path) -> SearchSpec:
    return load_search(contest_file)


OptionsMaker = Callable[..., RunOptions]


@pytest.fixture
def options(tmp_path: Path) -> OptionsMaker:
    """Return a maker of options: workers (0: in this process), control panel, folder of runs, mode."""

    def make(
        workers: int, *, panel: Path | None = None, root: str = "runs", mode: OpenMode = OpenMode.NEW
    ) -> RunOptions:
        return RunOptions(
            root=tmp_path / root,
            mode=mode,
            in_process=workers == 0,
            cluster=ClusterSettings(workers=workers or None),
            data_folder=panel,
            run_match=RUN_MATCH,
        )

    return make
