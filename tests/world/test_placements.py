"""Property: whoever plays, however slow their messages, wherever they live, whatever dies: the same bytes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.match import run_match
from actors.match_config import BotSpec, MatchSettings, MatchSpec
from actors.world.placement import parse_placement
from exchange_sim.latency import AccountLatency, ConstantLatency, LognormalLatency
from exchange_sim.markets.spec import SyntheticMarket
from tests.world.test_worlds import play
from tests.world.threads import Mortal

TEMPERS = Path(__file__).with_name("tempers.py")

_links = st.one_of(
    st.builds(ConstantLatency, delay_us=st.integers(1_000, 400_000)),
    st.builds(
        LognormalLatency,
        minimum_us=st.integers(1_000, 20_000),
        jitter_us=st.integers(100, 50_000),
        maximum_us=st.just(500_000),
    ),
)
_latencies = st.builds(AccountLatency, up=_links, down=_links)
_bots = st.lists(
    st.tuples(st.sampled_from(["AtOnce", "Late", "Never", "Bursts"]), _latencies), min_size=1, max_size=4
)


def match(seed: int, bots: list[tuple[str, AccountLatency]]) -> MatchSpec:
    return MatchSpec(
        match_id="property",
        seed=seed,
        bot_seed=seed + 1,
        market=SyntheticMarket(instruments=("BTC/USDT:USDT", "ETH/USDT:USDT")),
        settings=MatchSettings(duration="4s", equity_interval="1s", market_interval="2s"),
        bots=tuple(
            BotSpec(name=f"{temper}-{number}", strategy=f"{TEMPERS}:{temper}", latency=latency)
            for number, (temper, latency) in enumerate(bots)
        ),
    )


@given(
    seed=st.integers(0, 2**32),
    bots=_bots,
    placement=st.sampled_from(["account", "shards=1", "shards=2", "shards=3"]),
    chance=st.sampled_from([0.0, 0.002]),
)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_same_bytes(
    seed: int, bots: list[tuple[str, AccountLatency]], placement: str, chance: float
) -> None:
    spec = match(seed, bots)
    alone = run_match(spec)
    launcher = Mortal(seed, chance)
    with tempfile.TemporaryDirectory() as folder:
        found = play(spec, parse_placement(placement), Path(folder), launcher)
    assert found.digest == alone.digest, launcher.deaths
    assert found.market_digest == alone.market_digest
    assert found.equity.tobytes() == alone.equity.tobytes()
    assert found.fills.tobytes() == alone.fills.tobytes()
    assert found.bots == alone.bots


def test_the_tempers_are_what_they_are_called() -> None:
    bots = [(temper, AccountLatency()) for temper in ("AtOnce", "Late", "Never", "Bursts")]
    at_once, late, never, bursts = run_match(match(1, bots)).bots
    assert min(at_once.fills, late.fills) > 5
    assert never.orders == 0
    assert bursts.orders == 40
