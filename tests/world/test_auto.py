"""One process or shards: what a probe measures, and what is chosen."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest

from actors.bench.worlds import Pace
from actors.match_config import BotSpec, MatchSettings
from actors.world.auto import SHARD_S, START_S, WINDOW_S, choose
from actors.world.placement import parse_placement
from actors.world.probe import Probe, probe_match
from exchange_sim.markets.duration import SECOND_NS
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import BookSnapshot
from strategies.api import Context, Strategy, StrategyConfig, Subscription, books
from tests.match.test_match import spec


class Clock:
    """Shows what bots have spent."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


CLOCK = Clock()


class CostConfig(StrategyConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`cost_s` is what a snapshot costs."""

    cost_s: float


class Costly(Strategy[CostConfig]):
    """Spends of the test's clock, at every snapshot, and prints."""

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        return [books(instruments[0].instrument_id, SECOND_NS, depth=3)]

    def on_book(self, ctx: Context, book: BookSnapshot) -> None:
        CLOCK.now_s += self.config.cost_s


def costly(name: str, cost_s: float) -> BotSpec:
    return BotSpec(name=name, strategy="tests.world.test_auto:Costly", config={"cost_s": cost_s})


def test_a_probe_times_every_bot_and_ends_in_time(capsys: pytest.CaptureFixture[str]) -> None:
    match = spec(costly("dear", 0.5), costly("cheap", 0.125), duration="60s")
    CLOCK.now_s = 0.0
    probe = probe_match(match, clock=CLOCK, limit_s=5.0)
    assert probe.bots_s.sum(axis=0).tolist() == [4.0, 1.0]
    assert probe.bots_s.max(axis=0).tolist() == [0.5, 0.125]
    assert probe.market_s == 0.0
    assert probe.share == pytest.approx(8 / 60, abs=0.02)
    assert capsys.readouterr() == ("", "")


def test_a_match_that_is_over_in_time_is_played_to_its_end() -> None:
    match = msgspec.structs.replace(
        spec(costly("dear", 0.5)),
        settings=MatchSettings(duration="4s", equity_interval="1s", market_interval="1s"),
    )
    probe = probe_match(match, clock=CLOCK, limit_s=5.0)
    assert probe.share == 1.0
    assert probe.bots_s.sum() == 2.0


def probe_of(bots_s: list[float], *, share: float, windows: int = 100, market_s: float = 0.05) -> Probe:
    return Probe(bots_s=np.tile(bots_s, (windows, 1)), market_s=market_s, share=share)


def test_heavy_bots_of_a_long_match_are_spread() -> None:
    probe = probe_of([0.005] * 8, share=0.001)
    choice = choose(probe, cpus=2)
    assert choice.placement == parse_placement("shards=2")
    expected = START_S + 1_000 * (0.05 + 100 * (0.020 + WINDOW_S + 2 * SHARD_S))
    assert choice.seconds == {"process": pytest.approx(4_050), "shards=2": pytest.approx(expected)}
    assert choose(probe, cpus=4).placement == parse_placement("shards=4")
    assert str(choice) == (
        "Placement: shards=2 (a window: market 0.5 ms, bots 40 ms; the match: process 4,050 s, "
        f"shards=2 {expected:,.0f} s)"
    )


@pytest.mark.parametrize(
    ("bots_s", "share", "cpus"),
    [
        ([0.0001] * 16, 0.001, 2),  # light bots
        ([0.005] * 8, 0.5, 2),  # soon over
        ([0.005] * 8, 0.001, 1),  # no second processor
        ([0.04], 0.001, 2),  # nobody to share with
        ([0.04] + [0.0] * 7, 0.001, 2),  # one does all the work
        ([], 1.0, 2),  # nobody at all
    ],
)
def test_one_process_is_kept_where_shards_do_not_pay(bots_s: list[float], share: float, cpus: int) -> None:
    assert choose(probe_of(bots_s, share=share), cpus=cpus).placement == parse_placement("process")


def test_bots_that_take_turns_do_not_gain() -> None:
    """Their sums are equal, but in no window do both compute."""
    bots_s = np.zeros((100, 2))
    bots_s[::2, 0] = bots_s[1::2, 1] = 0.04
    assert choose(Probe(bots_s, 0.05, 0.001), cpus=2).placement == parse_placement("process")


def test_the_benchmark_counts_windows_between_the_first_and_the_last_share() -> None:
    now = [0.0, 10.0, 14.0, 20.0, 30.0]
    pace = Pace(lambda: now.pop(0))
    for share in (0.0, 0.1, 0.3, 0.6, 0.6):
        pace(share)
    assert pace.windows_per_s(100) == pytest.approx(50 / 10)
