"""Any number of workers gives the same bytes, whatever happens to the workers."""

from __future__ import annotations

from pathlib import Path

import pytest

# isort: off
from actors.cluster import Cluster, worker_count  # before Ray: see actors.ray_environment

import ray
# isort: on

from actors.config import TournamentSpec
from actors.contest import RunInterruptedError
from actors.player import PlayerSetup
from actors.pool import PoolError
from actors.progress import Progress
from actors.ray_pool import RayPool
from actors.run_options import ClusterSettings, OpenMode
from actors.schedule import tournament_jobs
from actors.share_board import ShareBoard, ShareReporter
from actors.tournament import run_tournament
from tests.contests.comparison import kept
from tests.contests.conftest import OptionsMaker
from tests.contests.fake_match import RUN_MATCH, calls, make_panel


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_number_of_workers_does_not_matter(
    ray_cluster: Cluster, tournament: TournamentSpec, options: OptionsMaker, workers: int
) -> None:
    here = run_tournament(tournament, options(0, root="here"))
    there = run_tournament(tournament, options(workers))
    assert kept(there.folder) == kept(here.folder)
    assert there.digest == here.digest

    @ray.remote(num_cpus=ray_cluster.cpus)
    def needs_every_processor() -> bool:
        return True

    assert ray.get(needs_every_processor.remote(), timeout=60), "a worker is left behind"


def test_matches_of_a_worker_that_dies_are_played_elsewhere_and_the_run_can_be_stopped(
    ray_cluster: Cluster, tournament: TournamentSpec, options: OptionsMaker, tmp_path: Path
) -> None:
    whole = run_tournament(tournament, options(0, root="whole"))
    panel = make_panel(tmp_path / "panel", dies_once=["00000-melee", "00001-solo-000"])

    def stop(progress: Progress) -> None:
        if progress.done >= 12:
            raise KeyboardInterrupt

    with pytest.raises(RunInterruptedError) as caught:
        run_tournament(tournament, options(2, panel=panel), show=stop)
    assert caught.value.done >= 12
    before = calls(panel)
    assert before["00000-melee"] == 2
    resumed = run_tournament(tournament, options(2, panel=panel, mode=OpenMode.RESUME))
    assert kept(resumed.folder) == kept(whole.folder)
    assert resumed.matches_failed == 0


def test_a_match_that_always_kills_its_worker_fails_and_the_others_go_on(
    ray_cluster: Cluster, tournament: TournamentSpec, tmp_path: Path
) -> None:
    jobs = tournament_jobs(tournament)[:8]
    deadly = jobs[3].match_id
    setup = PlayerSetup(run_match=RUN_MATCH, data_folder=str(make_panel(tmp_path / "panel", dies=[deadly])))
    with RayPool(setup, 1, label="deaths") as pool:
        ended = {filing.match_id: filing.error for some in pool.play(jobs) for filing in some or ()}
    failed = {match_id: error for match_id, error in ended.items() if error}
    assert ended.keys() == {job.match_id for job in jobs}
    assert list(failed) == [deadly]
    assert "the worker died 3 times while playing it" in failed[deadly]
    assert calls(tmp_path / "panel")[deadly] >= 3


def test_workers_that_cannot_start_end_the_run(ray_cluster: Cluster, tournament: TournamentSpec) -> None:
    setup = PlayerSetup(run_match="tests.contests.no_such_module:run_match")
    with pytest.raises(PoolError, match=r"workers do not start: .*no_such_module"), RayPool(setup, 1) as pool:
        list(pool.play(tournament_jobs(tournament)[:1]))


def test_the_board_says_how_far_a_match_is(ray_cluster: Cluster) -> None:
    board = ShareBoard("test")
    reporter = ShareReporter(board.name, "long")
    reporter._next_s = 0.0
    reporter(0.1)  # nobody has put up a board yet: nothing happens
    while board._answer is None:
        board.look(["long"])
    reporter._next_s = 0.0
    reporter(0.75)
    reporter(0.8)  # too soon after the last
    ray.get(board._actor.read.remote(["long"]))
    ray.wait([board._answer])
    board.look(["long"])
    ray.wait([board._answer])
    board.look(["long"])
    assert board.part(["long", "other"]) == 0.75
    board.close()


def test_more_workers_than_processors_are_refused() -> None:
    with pytest.raises(PoolError, match="workers: expected at most 2, the CPUs of the cluster, was 3"):
        worker_count(ClusterSettings(workers=3), 2, 10)
    with pytest.raises(PoolError, match="cluster: expected a CPU or more for matches, was none"):
        worker_count(ClusterSettings(), 0, 10)
    assert worker_count(ClusterSettings(), 8, 3) == 3
    assert worker_count(ClusterSettings(workers=2), 8, 100) == 2
