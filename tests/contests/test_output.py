"""What bots print in matches of a run comes home once, whoever plays; so do figures."""

from __future__ import annotations

import threading
from pathlib import Path
from urllib.request import urlopen

import msgspec

# isort: off
from actors.cluster import Cluster  # before Ray: see actors.ray_environment

import ray
# isort: on

import pytest

from actors.config import TournamentSpec
from actors.match_config import BotSpec
from actors.metrics.definitions import METRICS
from actors.metrics.ray_sink import RaySink
from actors.metrics.report import Metrics
from actors.progress import Progress
from actors.run_watch import watched_run
from actors.top import TopReader
from actors.tournament import run_tournament
from actors.world.placement import parse_placement
from actors.world.ray_world import run_world
from actors.world_watch import WorldWatch
from tests.contests.conftest import OptionsMaker
from tests.contests.fake_match import make_panel
from tests.contests.talking_match import RUN_MATCH
from tests.seeing.test_bot_output import TALKERS, job


def play(spec: TournamentSpec, options: OptionsMaker, workers: int, panel: Path) -> list[str]:
    """Return the lines the user saw."""
    shown: list[str] = []
    chosen = msgspec.structs.replace(options(workers, panel=panel, root=f"by{workers}"), run_match=RUN_MATCH)
    result = run_tournament(spec, chosen, show=lambda progress: shown.extend(progress.lines))
    assert result.matches_failed == 1
    return shown


def test_lines_come_home_once_from_any_pool(
    ray_cluster: Cluster,
    tournament: TournamentSpec,
    options: OptionsMaker,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    panel = make_panel(tmp_path / "panel", fails=["00001-solo-001"])  # bob is alone in it
    here = play(tournament, options, 0, panel)
    assert len([line for line in here if line.endswith("hello")]) == 3
    assert "[bob] here is 00001-solo-001" in here
    assert len(set(here)) == len(here)
    assert sorted(play(tournament, options, 2, panel)) == sorted(here)
    assert capfd.readouterr() == ("", "")
    logs = Path(ray._private.worker._global_node.get_logs_dir_path())
    assert "[fake bob] hello\n" in "".join(log.read_text() for log in logs.glob("worker-*.out"))


def test_a_world_on_ray_is_watched_and_its_bots_are_heard(ray_cluster: Cluster, tmp_path: Path) -> None:
    bots = [
        BotSpec(name=name, strategy=f"{TALKERS}:{kind}")
        for name, kind in (("ann", "Talks"), ("eve", "Shouts"))
    ]
    shown: list[Progress] = []
    placement = parse_placement("shards=1")
    with watched_run(tmp_path, "loud", shown.append) as run_watch:
        watch = WorldWatch("loud", run_watch)
        folder = tmp_path / "world"
        result = run_world(job(*bots).match, placement, run="loud", folder=folder, watch=watch)
        top = TopReader(tmp_path).look()
    lines = [line for progress in shown for line in progress.lines]
    for words in ("made", "asked", "two words and more", "next line", "own handler", "bye"):
        assert lines.count(f"[ann] {words}") == 1
    assert lines.count("[eve] before the fall") == 1
    assert result.bots[1].disqualified.startswith("ZeroDivisionError: no price")
    assert top.status is not None
    assert "shard-1 sim: ann, eve" in [worker.name for worker in top.status.workers]
    assert [account.account for account in top.status.accounts] == ["ann", "eve"]
    logs = Path(ray._private.worker._global_node.get_logs_dir_path())
    assert "[loud ann] made\n" in "".join(log.read_text() for log in logs.glob("worker-*.out"))


def test_ray_exports_every_metric_under_its_name(ray_cluster: Cluster) -> None:
    metrics = Metrics(RaySink())
    metrics.report_run(
        "seen",
        Progress(
            total=9, done=3, failed=1, running=2, resumed=0, elapsed_s=1.0, left_s=60.0, workers=2, cpu_s=4.0
        ),
    )
    metrics.report_world("seen", 100.0, 2_000.0, 0.25)
    metrics.report_account("seen", "ann", 101.5, -20.0, 7, 2, 0.125)
    metrics.report_disqualified("seen", "ann")
    (node,) = ray.nodes()
    address = f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics"
    missing = {f"ray_{each.name}{{" for each in METRICS}
    for _ in range(240):  # Ray passes them on every few seconds
        with urlopen(address) as answer:
            lines = [line for line in answer.read().decode().splitlines() if 'run="seen"' in line]
        missing = {name for name in missing if not any(line.startswith(name) for line in lines)}
        if not missing:
            break
        threading.Event().wait(0.25)
    assert missing == set()
    (equity,) = (line for line in lines if line.startswith("ray_arena_bot_equity"))
    assert 'bot="ann"' in equity
    assert equity.endswith(" 101.5")
