"""Figures are what the results say, and reach a port of this process."""

from __future__ import annotations

from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from actors.match_config import BotSpec
from actors.metrics.definitions import FILLS, METRICS, Metric, MetricKind
from actors.metrics.prometheus_sink import MetricsPortError, served_metrics
from actors.metrics.report import Metrics
from actors.player import MatchPlayer, PlayerSetup
from actors.progress import Progress
from tests.seeing.test_bot_output import TALKERS, job, results

SCALPER = Path(__file__).parents[1] / "match" / "bots.py"


class Noted:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.gauges: dict[tuple[str, tuple[str, ...]], float] = {}
        self.counters: dict[tuple[str, tuple[str, ...]], float] = {}

    def set(self, metric: Metric, value: float, labels: tuple[str, ...]) -> None:
        assert metric.kind is MetricKind.GAUGE
        assert len(labels) == len(metric.labels)
        self.gauges[metric.name, labels] = value

    def add(self, metric: Metric, amount: float, labels: tuple[str, ...]) -> None:
        assert metric.kind is MetricKind.COUNTER
        assert amount > 0
        self.counters[metric.name, labels] = self.counters.get((metric.name, labels), 0) + amount


def test_figures_of_a_match_are_those_of_its_result() -> None:
    noted = Noted()
    player = MatchPlayer(PlayerSetup(run="cup"), Metrics(noted))
    bots = (
        BotSpec(name="scalper", strategy=f"{SCALPER}:Scalper"),
        BotSpec(name="eve", strategy=f"{TALKERS}:Shouts"),
    )
    outcomes = [player.play(job(*bots, duration="60s")) for _ in range(2)]
    for seat, name in enumerate(("scalper", "eve")):
        played = [results(outcome)[seat] for outcome in outcomes]
        labels = ("cup", name)
        assert noted.counters.get((FILLS.name, labels), 0) == sum(each.fills for each in played)
        rejects = sum(each.denied + each.rejected for each in played)
        assert noted.counters.get(("arena_bot_rejects_total", labels), 0) == rejects
        assert noted.gauges["arena_bot_equity", labels] == pytest.approx(played[-1].final_equity, rel=1e-4)
        assert 0 <= noted.gauges["arena_bot_drawdown_ratio", labels] < 1
        assert ("arena_bot_position", labels) in noted.gauges
    assert noted.counters["arena_bot_fills_total", ("cup", "scalper")] > 0
    assert noted.counters["arena_bot_disqualified_total", ("cup", "eve")] == 2
    assert noted.gauges["arena_windows_per_second", ("cup",)] > 0
    assert noted.gauges["arena_events_per_second", ("cup",)] > 0


def test_totals_count_on_and_begin_again() -> None:
    noted = Noted()
    metrics = Metrics(noted)
    for fills in (3, 5, 5, 2, 4):  # another market began behind the third
        metrics.report_account("cup", "ann", 1.0, 0.0, fills, 0, 0.0)
    assert noted.counters == {(FILLS.name, ("cup", "ann")): 9}
    metrics.begin_market("cup", "ann")
    metrics.report_account("cup", "ann", 1.0, 0.0, 6, 0, 0.0)
    assert noted.counters == {(FILLS.name, ("cup", "ann")): 15}


def test_the_port_serves_every_metric_on_loopback_only() -> None:
    with served_metrics(0) as (metrics, port):
        metrics.report_run(
            "cup",
            Progress(total=9, done=3, failed=1, running=2, resumed=0, elapsed_s=1.0, left_s=60.0, cpu_s=4.0),
        )
        metrics.report_world("cup", 100.0, 2_000.0, 0.25)
        metrics.report_account("cup", "ann", 101.5, -20.0, 7, 2, 0.125)
        metrics.report_disqualified("cup", "ann")
        with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            text = answer.read().decode()
        samples = {
            each.name: each for family in text_string_to_metric_families(text) for each in family.samples
        }
        assert [each.name for each in METRICS if each.name not in samples] == []
        assert samples["arena_bot_equity"].value == 101.5
        assert samples["arena_bot_equity"].labels == {"run": "cup", "bot": "ann"}
        assert samples["arena_matches_done_total"].value == 3
        taken = f"--metrics-port: expected a free port of 127.0.0.1, was {port}: "
        with pytest.raises(MetricsPortError, match=taken), served_metrics(port):
            pass
    with served_metrics(port):
        pass  # it was closed
