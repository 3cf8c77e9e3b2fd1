"""Worlds without Ray: any placement gives the bytes of one process, whatever part dies when."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from actors.match import run_match, with_latencies
from actors.match_config import BotSpec, MatchSettings, MatchSpec
from actors.match_result import match_result
from actors.result import MatchResult
from actors.world.placement import Placement, parse_placement
from actors.world.setup import SeatError, WorldSetup
from actors.world.world import World
from exchange_sim.latency import AccountLatency, LognormalLatency
from exchange_sim.markets.spec import SyntheticMarket
from exchange_sim.rng import generator
from tests.world.threads import Mortal

BOTS = Path(__file__).parents[1] / "match" / "bots.py"
JITTER = AccountLatency(up=LognormalLatency(), down=LognormalLatency())
SPEC = MatchSpec(
    match_id="world",
    seed=5,
    bot_seed=6,
    market=SyntheticMarket(instruments=("BTC/USDT:USDT", "SOL/USDT:USDT")),
    settings=MatchSettings(duration="20s", equity_interval="5s"),
    bots=(
        BotSpec(name="scalper", strategy=f"{BOTS}:Scalper", latency=JITTER),
        BotSpec(name="maker", strategy="market_maker", config={"half_spread": 0.00005}),
        BotSpec(name="cash", strategy="cash"),
    ),
)


def play(
    spec: MatchSpec,
    placement: Placement,
    folder: Path,
    launcher: Mortal,
    pace: Callable[[int], None] | None = None,
) -> MatchResult:
    setup = WorldSetup(spec=with_latencies(spec, None))
    world = World(setup, placement, launcher, str(folder), pace=pace)
    outcome = world.play()
    return match_result(spec, outcome.digest, outcome.market_report, outcome.accounts)


@pytest.fixture(scope="module")
def alone() -> MatchResult:
    return run_match(SPEC)


@pytest.mark.parametrize("placement", ["account", "shards=1", "shards=2"])
def test_any_placement_gives_the_bytes_of_one_process(
    placement: str, alone: MatchResult, tmp_path: Path
) -> None:
    launcher = Mortal(0, 0.0)
    found = play(SPEC, parse_placement(placement), tmp_path, launcher)
    assert ("maker MarketMaker sim" in launcher.launched) == (placement == "account")
    assert found.digest == alone.digest
    assert found.market_digest == alone.market_digest
    assert found.equity.tobytes() == alone.equity.tobytes()
    assert found.fills.tobytes() == alone.fills.tobytes()
    assert found.bots == alone.bots


SHORT = msgspec.structs.replace(
    SPEC, settings=MatchSettings(duration="4s", equity_interval="1s", market_interval="1s")
)


@pytest.fixture(scope="module")
def short() -> MatchResult:
    return run_match(SHORT)


@pytest.mark.parametrize("seed", range(24))
def test_whatever_part_dies_the_bytes_stay(seed: int, short: MatchResult, tmp_path: Path) -> None:
    placement = parse_placement(("account", "shards=2")[seed % 2])
    launcher = Mortal(seed, 0.002)
    found = play(SHORT, placement, tmp_path, launcher)
    assert found.digest == short.digest, f"seed {seed}: {launcher.deaths}"
    assert found.market_digest == short.market_digest
    assert found.fills.tobytes() == short.fills.tobytes()
    assert found.bots == short.bots


class _CutOffError(Exception):
    """The conductor is gone, from one moment to the next."""


@pytest.mark.parametrize("seed", range(6))
def test_a_conductor_that_dies_again_and_again_is_resumed(
    seed: int, short: MatchResult, tmp_path: Path
) -> None:
    draws = generator(seed, "conductor")
    lives, done = 0, None
    while done is None:
        lives += 1
        left = int(draws.integers(1, 600))

        def pace(_limit_ns: int) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise _CutOffError

        with contextlib.suppress(_CutOffError):
            done = play(SHORT, parse_placement("shards=2"), tmp_path, Mortal(seed + lives, 0.0005), pace)
    assert lives > 1
    assert done.digest == short.digest, f"seed {seed}"
    assert done.market_digest == short.market_digest
    assert done.bots == short.bots


def test_a_bot_that_keeps_killing_its_process_is_taken_out_and_named(tmp_path: Path) -> None:
    killer = BotSpec(name="killer", strategy=f"{Path(__file__).with_name('killers.py')}:Killer")
    spec = msgspec.structs.replace(SHORT, bots=(*SHORT.bots, killer))
    whole = play(spec, parse_placement("shards=1"), tmp_path / "one", Mortal(1, 0.0))
    split = play(spec, parse_placement("account"), tmp_path / "many", Mortal(2, 0.001))
    found = whole.bots[-1]
    assert found.disqualified == "its process died 3 times in the same place"
    assert found.canceled == found.orders == 1
    assert [bot.disqualified for bot in whole.bots[:-1]] == ["", "", ""]
    assert whole.bots[0].fills > 10
    assert (split.digest, split.bots) == (whole.digest, whole.bots)


def test_a_bot_that_kills_its_process_at_the_start_is_taken_out(tmp_path: Path) -> None:
    killer = BotSpec(name="killer", strategy=f"{Path(__file__).with_name('killers.py')}:AtStart")
    spec = msgspec.structs.replace(SHORT, bots=(*SHORT.bots, killer))
    whole = play(spec, parse_placement("shards=1"), tmp_path / "one", Mortal(1, 0.0))
    split = play(spec, parse_placement("account"), tmp_path / "many", Mortal(2, 0.001))
    assert whole.bots[-1].disqualified
    assert (split.digest, split.bots) == (whole.digest, whole.bots)


class _DiesOnce(Mortal):
    """Lets one part die over one window."""

    def __init__(self, part: str, window: int) -> None:
        super().__init__(0, 0.0)
        self._part, self._left = part, window

    def fate(self, part: str, method: str) -> str:
        self._left -= (part, method) == (self._part, "send")
        if self._left == 0:
            self._left = -1
            return "after"
        return "lives"


def test_a_bot_that_does_something_else_when_it_is_rebuilt_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOODY_LIVES", "0")
    moody = BotSpec(name="moody", strategy=f"{Path(__file__).with_name('killers.py')}:Moody")
    spec = msgspec.structs.replace(SHORT, bots=(*SHORT.bots, moody))
    with pytest.raises(SeatError, match="moody: expected bots that do again what they did"):
        play(spec, parse_placement("account"), tmp_path, _DiesOnce("moody", 3))
