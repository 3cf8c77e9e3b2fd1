"""A world that is steered: the same bytes in any placement, whatever part dies when."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.match import run_match
from actors.replay import replay_journal
from actors.world.placement import parse_placement
from actors.world.setup import WorldSetup
from actors.world.world import JOURNAL_FILE, World
from exchange_sim.ports import Steering
from tests.match.test_steering import Unsteady
from tests.world.test_worlds import SHORT
from tests.world.threads import Mortal

SEED = 4


def unsteady() -> Unsteady:
    """Return one that does all it does within the short match."""
    hands = Unsteady(SEED)
    hands.left = [(window // 5, deed) for window, deed in hands.left]
    return hands


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("steered") / "match.journal"
    hands = unsteady()
    played = run_match(SHORT, journal_path=path, hands=hands)
    assert hands.left == []
    assert replay_journal(path).equal
    assert played.digest != run_match(SHORT).digest
    return played.digest


@pytest.mark.parametrize(
    ("placement", "seed", "chance"),
    [("shards=2", 0, 0.0), ("account", 0, 0.0), *(("shards=2", seed, 0.004) for seed in range(1, 9))],
)
def test_a_steered_world_gives_the_bytes_of_one_process(
    placement: str, seed: int, chance: float, alone: str, tmp_path: Path
) -> None:
    hands, launcher = unsteady(), Mortal(seed, chance)
    steered: list[tuple[str, Steering]] = []

    def pace(limit_ns: int) -> None:
        hands.pace(limit_ns)
        for name, steering in steered:
            world.steer(name, steering)
        steered.clear()

    hands.steer = lambda name, steering: steered.append((name, steering))  # type: ignore[method-assign]
    setup = WorldSetup(spec=SHORT, engine_journal=True)
    world = World(setup, parse_placement(placement), launcher, str(tmp_path), pace=pace)
    outcome = world.play()
    assert hands.left == []
    assert outcome.digest == alone, f"seed {seed}: {launcher.deaths}"
    assert replay_journal(tmp_path / JOURNAL_FILE).equal
    refused = [note for note in world.status().notes if "was refused" in note]
    assert len(refused) == 3
    assert "maker: set was refused: values: " in "".join(refused)


def test_names_that_are_not_there_are_refused(tmp_path: Path) -> None:
    world = World(WorldSetup(spec=SHORT), parse_placement("account"), Mortal(0, 0.0), str(tmp_path))
    with pytest.raises(ValueError, match="account: expected one of scalper, maker, cash, was 'nobody'"):
        world.steer("nobody", Steering("pause"))
    with pytest.raises(ValueError, match="action: expected one of pause, resume, stop, set, was 'sell'"):
        world.steer("cash", Steering("sell"))
