"""Many short matches: batched, stored together, found quickly, and nothing grows."""

from __future__ import annotations

import gc
from pathlib import Path

import msgspec
import psutil
import pytest

# isort: off
from actors.cluster import Cluster  # before Ray: see actors.ray_environment

import ray
# isort: on

from actors.batching import ANSWER_BYTES, CALL_S, CALLS_PER_S, Pace
from actors.bench import scale
from actors.bench.scale import busy_tournament, drawn_filings
from actors.combine import combine
from actors.config import TournamentSpec
from actors.contest import opened_contest
from actors.handshake import start_failure
from actors.match_query import MatchFilter, find_matches
from actors.player import PlayerSetup
from actors.pool import PoolError
from actors.ray_pool import RayPool
from actors.run_folder import RunFolder, open_catalogue
from actors.run_options import OpenMode
from actors.schedule import tournament_jobs
from actors.tournament import run_tournament, tournament_info
from analytics.leaderboard import build_leaderboard
from exchange_sim.rng import derive
from tests.contests.conftest import OptionsMaker
from tests.contests.fake_match import RUN_MATCH, calls, make_panel


def test_calls_are_as_long_as_the_number_of_workers_asks_for() -> None:
    for workers, seconds in ((2, CALL_S), (1_000, 1_000 / CALLS_PER_S)):
        pace = Pace(workers)
        assert pace.batch(10**6) == 1, "nothing is known yet"
        pace.note(0.1, 1_000, 10)
        assert pace.batch(10**9) == pytest.approx(seconds / 0.01, abs=1)
    pace = Pace(2)
    pace.note(0.2, 1_000, 2)
    assert pace.batch(10**6) == 1, "a match of a tenth of a second goes alone"
    assert pace.batch(10**6) == 1
    large = Pace(1_000)
    large.note(0.1, ANSWER_BYTES // 4, 1)
    assert large.batch(10**9) == 4


def test_the_last_matches_are_spread_and_workers_have_work_ahead() -> None:
    pace = Pace(2)
    pace.note(0.001, 100, 1)
    assert [pace.batch(waiting) for waiting in (1, 8, 80, 800)] == [1, 1, 10, 50]
    assert [pace.wants(calls, 50 * calls) for calls in (0, 1, 2, 7, 8)] == [True, True, True, True, False]
    assert not pace.wants(2, 600), "that is more than half a second"


def test_jobs_are_made_when_they_are_asked_for(tournament: TournamentSpec) -> None:
    changed = msgspec.structs.replace(tournament.tournament, rounds=1_000_000)
    jobs = tournament_jobs(msgspec.structs.replace(tournament, tournament=changed))
    assert len(jobs) == 7_000_000
    first, last = jobs[0], jobs[-1]
    assert (first.match_id, first.position) == ("00000-melee", 0)
    assert (last.match_id, last.position, last.subject) == ("999999-leave_one_out-002", 6_999_999, "cash")
    assert jobs[7:9] == [jobs[7], jobs[8]]
    with pytest.raises(IndexError):
        jobs[len(jobs)]


def test_heap_and_object_store_stay_flat_over_a_thousand_matches(
    ray_cluster: Cluster, options: OptionsMaker
) -> None:
    spec = busy_tournament("1ms", 1_000)
    jobs = tournament_jobs(spec)

    def used() -> tuple[float, float]:
        gc.collect()
        shared = ray.cluster_resources()["object_store_memory"]
        free = ray.available_resources().get("object_store_memory", 0.0)
        return psutil.Process().memory_info().rss / 1e6, (shared - free) / 1e6

    with opened_contest(tournament_info(spec), options(2), jobs=len(jobs)) as contest:
        contest.play(jobs[:200])
        heap, store = used()
        contest.play(jobs)
        assert contest.folder.catalogue.counts() == (1_000, 0)
        after_heap, after_store = used()
    assert after_heap < heap + 10
    assert after_store < store + 2


def test_what_a_worker_had_finished_is_not_played_again_when_it_dies(
    ray_cluster: Cluster, tournament: TournamentSpec, options: OptionsMaker, tmp_path: Path
) -> None:
    deadly = tournament_jobs(tournament)[15].match_id
    panel = make_panel(tmp_path / "panel", dies_once=[deadly], busy_s=CALL_S)
    result = run_tournament(tournament, options(1, panel=panel))
    assert (result.matches_done, result.matches_failed) == (21, 0)
    assert {match_id: count for match_id, count in calls(panel).items() if count != 1} == {deadly: 2}


def test_a_worker_of_another_version_is_refused_before_it_plays(
    ray_cluster: Cluster, tournament: TournamentSpec, tmp_path: Path
) -> None:
    panel = make_panel(tmp_path / "panel")
    setup = PlayerSetup(run_match=RUN_MATCH, data_folder=str(panel))
    expected = {"bot-arena": "0.0.1", "numba": "0.1"}
    with RayPool(setup, 2, expected=expected) as pool, pytest.raises(PoolError) as caught:
        list(pool.play(tournament_jobs(tournament)))
    text = str(caught.value)
    assert text.startswith("worker on ")
    assert "bot-arena: expected 0.0.1, was " in text
    assert "numba: expected 0.1, was " in text
    assert "\n" not in text
    assert not calls(panel)


def test_a_worker_that_cannot_import_the_package_is_named_in_a_line() -> None:
    wrapped = RuntimeError(
        "The actor with name MatchWorker failed to import on the worker.\n\n"
        "Traceback (most recent call last):\n  File x.py, line 9\n"
        "ImportError: cannot import name 'refusal' from 'actors.handshake'\n"
    )
    text = start_failure(wrapped, "ray::MatchWorker.greet() (pid=7, ip=10.0.0.7, actor_id=a)")
    assert text.startswith("workers do not start: on 10.0.0.7: ImportError: cannot import name 'refusal'")
    assert "expected bot-arena" in text
    assert "\n" not in text
    assert start_failure(KeyError("x"), "") == "workers do not start: KeyError: 'x'"


def test_a_strategy_file_that_the_worker_lacks_is_named(
    ray_cluster: Cluster, tournament: TournamentSpec, tmp_path: Path
) -> None:
    reference = f"{tmp_path / 'bot.py'}:Bot"
    setup = PlayerSetup(run_match=RUN_MATCH)
    with (
        RayPool(setup, 1, expected={f"strategy {reference}": "0123456789abcdef"}) as pool,
        pytest.raises(PoolError, match=r"worker on .*bot.py:Bot: expected 0123456789abcdef, was none"),
    ):
        list(pool.play(tournament_jobs(tournament)))


def test_a_full_disk_on_a_worker_stops_the_run_and_keeps_what_is_finished(
    ray_cluster: Cluster, tournament: TournamentSpec, options: OptionsMaker, tmp_path: Path
) -> None:
    panel = make_panel(tmp_path / "panel", fills_disk=["00001-melee"])
    with pytest.raises(
        PoolError, match=r"worker on .*/full/journal: the disk is full, .* MB are free; .* --resume"
    ):
        run_tournament(tournament, options(1, panel=panel))
    make_panel(panel)
    resumed = run_tournament(tournament, options(1, panel=panel, mode=OpenMode.RESUME))
    assert (resumed.matches_done, resumed.matches_failed) == (21, 0)
    assert {match_id for match_id, count in calls(panel).items() if count != 1} == {"00001-melee"}


def test_tournaments_with_different_seeds_are_ranked_together(
    tournament: TournamentSpec, options: OptionsMaker
) -> None:
    results = [
        run_tournament(msgspec.structs.replace(tournament, seed=seed), options(0)) for seed in (11, 12)
    ]
    folders = [result.folder for result in results]
    assert combine(folders[:1]).leaderboards == results[0].leaderboards
    rows = []
    for folder in folders:
        with open_catalogue(folder) as catalogue:
            for row in catalogue.rows(["melee"]):
                own = {name: folder.name + getattr(row, name) for name in ("match_id", "contest", "block")}
                rows.append(msgspec.structs.replace(row, **own))
    both = combine(folders)
    expected = build_leaderboard(rows, null="bob", seed=derive(11, "leaderboard", "melee"), draws=100)
    assert both.leaderboards["melee"] == expected
    assert (both.matches_done, both.leaderboards["melee"].blocks) == (42, 6)
    with pytest.raises(ValueError, match=r"expected another seed than .* has, was 11 too"):
        combine([folders[0], folders[0]])
    fewer = msgspec.structs.replace(tournament, seed=13, bots=tournament.bots[:2])
    with pytest.raises(ValueError, match="bots: expected what the first run has"):
        combine([folders[0], run_tournament(fewer, options(0)).folder])


def test_the_bench_plays_what_it_says(ray_cluster: Cluster, tmp_path: Path) -> None:
    figures = scale._driver(tmp_path, 40) | scale._efficiency(tmp_path, "2ms", "2ms", 20)
    figures |= scale._catalogue(tmp_path, 100)
    share = figures.pop("processor_share_2ms")  # in a cluster whose other workers come and go: any number
    assert isinstance(share, float)
    assert len(figures) == 7
    assert min(figures.values()) > 0
    assert 0 < scale._busy(lambda: map(scale._play, scale._matches("2ms", 2))) <= 0.5


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of 3,000 stored matches."""
    spec = busy_tournament("2ms", 3_000)
    jobs = tournament_jobs(spec)
    with RunFolder(tmp_path_factory.mktemp("runs"), tournament_info(spec)) as folder:
        folder.store(drawn_filings(jobs, range(2_999, -1, -1)))  # whoever finished first
        return folder.path


def test_matches_are_found_by_what_is_asked(stored: Path) -> None:
    with open_catalogue(stored) as catalogue:
        returns = {row.match_id: row.total_return for row in catalogue.rows(["melee"]) if row.bot == "alpha"}
    best = sorted(returns, key=returns.__getitem__, reverse=True)[:10]
    wanted = MatchFilter(bot="alpha", market="synthetic", format="melee", status="done", top=10)
    assert [line.match_id for line in find_matches(stored, wanted)] == best
    everything = find_matches(stored, MatchFilter(market="BTC/USDT:USDT"))
    assert [line.match_id for line in everything] == sorted(returns)
    assert find_matches(stored, MatchFilter(status="failed")) == []
    with pytest.raises(ValueError, match=r"bot: expected one of alpha, market_maker, random, was 'beta'"):
        find_matches(stored, MatchFilter(bot="beta"))
    with pytest.raises(ValueError, match=r"market: expected one of BTC/USDT:USDT, synthetic, was 'x'"):
        find_matches(stored, MatchFilter(market="x"))


def test_a_leaderboard_from_columns_is_that_from_rows(stored: Path) -> None:
    with open_catalogue(stored) as catalogue:
        rows, table = list(catalogue.rows(["melee"])), catalogue.table(["melee"])
    assert len(rows) == len(table) == 9_000
    slow, fast = (build_leaderboard(given, null="random", seed=3) for given in (rows, table))
    assert msgspec.json.encode(slow) == msgspec.json.encode(fast)
    for row in fast.rows:
        own = [each for each in rows if each.bot == row.bot]
        assert row.return_mean == pytest.approx(sum(each.total_return for each in own) / 3_000, rel=1e-9)
        assert row.fills == sum(each.trades.fills for each in own)
        assert row.matches == 3_000
    assert fast.blocks == 3_000
