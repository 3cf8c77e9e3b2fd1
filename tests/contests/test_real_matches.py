"""Real matches, short ones: the same bytes here and on a worker."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from actors.cluster import Cluster
from actors.config import MatchFormat, TournamentSpec
from actors.config_files import load_tournament
from actors.player import REAL_MATCH
from actors.run_options import RunOptions
from actors.tournament import read_tournament, run_tournament
from tests.contests.comparison import kept
from tests.contests.conftest import OptionsMaker

FILE = """
name = "real"
seed = 3

[market]
kind = "synthetic"
instruments = ["BTC/USDT:USDT", "ETH/USDT:USDT"]
history = "1h"

[match]
duration = "2m"

[tournament]
formats = ["melee", "solo"]
rounds = 2
draws = 100
journals = true

[[bots]]
name = "maker"
strategy = "market_maker"
[bots.latency.up]
kind = "lognormal"

[[bots]]
name = "random"
strategy = "random"
config = { mean_gap = "5s" }
"""


@pytest.fixture
def real(tmp_path: Path) -> TournamentSpec:
    path = tmp_path / "real.toml"
    path.write_text(FILE)
    return load_tournament(path)


def real_options(made: RunOptions) -> RunOptions:
    return msgspec.structs.replace(made, run_match=REAL_MATCH)


def test_a_worker_gives_the_same_bytes_as_this_process(
    ray_cluster: Cluster, real: TournamentSpec, options: OptionsMaker
) -> None:
    here = run_tournament(real, real_options(options(0, root="here")))
    there = run_tournament(real, real_options(options(1)))
    assert kept(there.folder) == kept(here.folder)
    assert (there.digest, there.matches_done, there.matches_failed) == (here.digest, 6, 0)
    assert there.memory_mb < 500
    board = there.leaderboards[MatchFormat.MELEE]
    assert {row.bot for row in board.rows} == {"maker", "random"}
    assert next(row.fills for row in board.rows if row.bot == "random") > 0
    assert read_tournament(there.folder).leaderboards.keys() == there.leaderboards.keys()
