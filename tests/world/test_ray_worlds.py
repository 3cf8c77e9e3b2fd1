"""Worlds on a real cluster: the bytes of one process, also when processes are killed."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from actors.cluster import Cluster
from actors.config_files import load_match
from actors.match import run_match
from actors.match_config import MatchSpec
from actors.replay import replay_journal
from actors.result import MatchResult
from actors.world.parts import WorldError
from actors.world.placement import PlacementError, parse_placement
from actors.world.ray_world import run_world
from actors.world.world import WorldStatus
from exchange_sim.rng import generator
from tests.world.killing import KINDS, kill_one, play, processes
from tests.world.test_worlds import BOTS

CONTEST = f"""
name = "killed"
seed = 3

[market]
kind = "synthetic"
instruments = ["BTC/USDT:USDT"]
[[market.series]]
file = "mood.csv"
metric = "mood"
column = "mood"
interval = "1s"
stamp = "moment"

[match]
duration = "20s"
equity_interval = "5s"

[[bots]]
name = "scalper"
strategy = "{BOTS}:Scalper"
[[bots]]
name = "listener"
strategy = "{Path(__file__).with_name("listeners.py")}:Moody"
[[bots]]
name = "maker"
strategy = "market_maker"
config = {{ half_spread = 0.00005 }}
"""


START_S = 1_735_689_600


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[MatchSpec, Path]:
    """A match with a recorded series, and its data folder."""
    folder = tmp_path_factory.mktemp("data")
    rows = [f"{(START_S + second) * 1_000},{(-1) ** second * (second + 1)}" for second in range(-5, 80)]
    (folder / "mood.csv").write_text("\n".join(["timestamp,mood", *rows]) + "\n")
    file = folder / "contest.toml"
    file.write_text(CONTEST)
    return load_match(file), folder


@pytest.fixture(scope="module")
def alone(world: tuple[MatchSpec, Path]) -> MatchResult:
    spec, folder = world
    return run_match(spec, data_folder=folder)


def same(found: MatchResult, expected: MatchResult) -> None:
    assert found.digest == expected.digest
    assert found.market_digest == expected.market_digest
    assert found.equity.tobytes() == expected.equity.tobytes()
    assert found.fills.tobytes() == expected.fills.tobytes()
    assert found.bots == expected.bots


def test_accounts_in_actors_of_their_own_give_the_bytes_of_one_process(
    ray_cluster: Cluster, world: tuple[MatchSpec, Path], alone: MatchResult, tmp_path: Path
) -> None:
    spec, folder = world
    assert all(bot.fills for bot in alone.bots[:2])
    journal = tmp_path / "world.journal"
    found = run_world(
        spec,
        parse_placement("account"),
        run="equal",
        folder=tmp_path / "world",
        data_folder=folder,
        journal_path=journal,
    )
    same(found, alone)
    assert replay_journal(journal).equal
    assert not list((tmp_path / "world").iterdir())
    assert not any(processes(kind) for kind in KINDS)


class _Killer:
    """Kills one process of each kind, one at every look at a world that is playing."""

    def __init__(self, *kinds: str) -> None:
        self.left = list(kinds)
        self._draws = generator(7, "killer")

    def __call__(self, status: WorldStatus) -> None:
        if status.state == "playing" and self.left and kill_one(self.left[0], self._draws):
            self.left.pop(0)


@pytest.mark.parametrize(
    ("placement", "kinds"),
    [
        ("account", ("AccountActor", "FeedActor", "ExchangeActor", "JournalActor", "ConductorActor")),
        ("shards=2", ("ConductorActor", "ShardActor", "JournalActor", "ShardActor", "ExchangeActor")),
    ],
)
def test_a_world_survives_the_death_of_every_kind_of_process(
    placement: str,
    kinds: tuple[str, ...],
    ray_cluster: Cluster,
    world: tuple[MatchSpec, Path],
    alone: MatchResult,
    tmp_path: Path,
) -> None:
    spec, folder = world
    killer = _Killer(*kinds)
    found = play(spec, placement, tmp_path, data_folder=folder, look=killer, run=f"killed {placement}")
    same(found, alone)
    assert not killer.left


def test_a_placement_that_the_cluster_cannot_hold_is_refused(
    ray_cluster: Cluster, world: tuple[MatchSpec, Path], tmp_path: Path
) -> None:
    spec, folder = world
    crowd = tuple(msgspec.structs.replace(spec.bots[2], name=f"maker-{n}") for n in range(80))
    spec = msgspec.structs.replace(spec, bots=crowd)
    with pytest.raises(PlacementError, match="expected one that fits 5 CPUs, was account with 83 processes"):
        play(spec, "account", tmp_path, data_folder=folder)


def test_a_strategy_that_is_missing_where_it_is_to_play_is_named(
    ray_cluster: Cluster, world: tuple[MatchSpec, Path], tmp_path: Path
) -> None:
    spec, folder = world
    bots = (*spec.bots[:2], msgspec.structs.replace(spec.bots[2], strategy="nowhere.py:Bot"))
    with pytest.raises(WorldError, match=r"maker: ConfigError: .*nowhere\.py"):
        play(msgspec.structs.replace(spec, bots=bots), "account", tmp_path, data_folder=folder)
    assert not any(processes(kind) for kind in KINDS)
