"""What many matches cost the driver, how busy short ones keep two processors, how fast results are found."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import psutil

from actors.bench.busy_match import RUN_MATCH, drawn_result, run_match
from actors.bench.machine import describe_machine, family_cpu_s, installed_version
from actors.cli.runs import runs_document
from actors.cluster import connected
from actors.config import MatchFormat, TournamentSettings, TournamentSpec
from actors.contest import Contest, opened_contest
from actors.filing import Filing, filing_of
from actors.jobs import JobList
from actors.match_config import BotSpec, MatchSettings, MatchSpec
from actors.match_query import MatchFilter, find_matches
from actors.record import MatchJob, record_of
from actors.run_folder import RunFolder
from actors.run_options import ClusterSettings, RunOptions
from actors.schedule import tournament_jobs
from actors.tournament import read_tournament, tournament_info
from exchange_sim.markets.spec import SyntheticMarket
from exchange_sim.rng import generator

WORKERS = 2
_BOTS = tuple(BotSpec(name=name, strategy=name) for name in ("market_maker", "alpha", "random"))
_STORED_AT_ONCE = 50


def run(*, quick: bool = False, peers: bool = True) -> dict[str, Any]:
    """Return the figures; matches are stand-ins that compute for as long as they say.

    `driver_cpu_ms_per_match` and `driver_mb` are this process's, of a run of matches of a millisecond.
    `efficiency_1s` and `efficiency_100ms` are processor seconds of the matches' own work over the workers'
    wall seconds, without the start of the cluster, everything stored; `processor_share_...` is the same work
    over the processor seconds of all processes, which other load on the machine does not lower.
    `insert_ms_per_match`, `runs_s`, `leaderboard_s` and `filter_s` are about a catalogue of many finished
    matches, in processor seconds.
    """
    tiny, tenths, seconds, stored = (500, 60, 8, 5_000) if quick else (10_000, 400, 40, 100_000)
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="arena-bench-") as folder:
        root = Path(folder)
        with connected(ClusterSettings(workers=WORKERS)):
            figures |= _driver(root, tiny)
            for name, duration, matches in (("100ms", "100ms", tenths), ("1s", "1s", seconds)):
                figures |= _efficiency(root, name, duration, matches)
        figures |= _catalogue(root, stored)
    return {
        "workload": {
            "matches": {"1ms": tiny, "100ms": tenths, "1s": seconds},
            "workers": WORKERS,
            "bots": len(_BOTS),
            "catalogue": stored,
        },
        "machine": msgspec.to_builtins(describe_machine()),
        "figures": figures,
        "peers": _peers(tenths, seconds) if peers else {},
    }


def _driver(root: Path, matches: int) -> dict[str, float]:
    with _opened(root, "1ms", matches) as (contest, jobs):
        contest.play(jobs[:WORKERS])
        cpu = time.process_time()
        contest.play(jobs)
        spent = time.process_time() - cpu
    return {"driver_cpu_ms_per_match": spent / matches * 1e3, "driver_mb": _resident_mb()}


def _efficiency(root: Path, name: str, duration: str, matches: int) -> dict[str, float]:
    with _opened(root, duration, matches + WORKERS) as (contest, jobs):
        contest.play(jobs[:WORKERS])
        catalogue = contest.folder.catalogue
        before, begin, cpu = catalogue.timings()[0], time.perf_counter(), family_cpu_s()
        contest.play(jobs)
        wall_s, all_s = time.perf_counter() - begin, family_cpu_s() - cpu
        work_s = catalogue.timings()[0] - before
    return {f"efficiency_{name}": work_s / (WORKERS * wall_s), f"processor_share_{name}": work_s / all_s}


@contextmanager
def _opened(root: Path, duration: str, matches: int) -> Iterator[tuple[Contest, JobList]]:
    spec = busy_tournament(duration, matches)
    options = RunOptions(root=root, cluster=ClusterSettings(workers=WORKERS), run_match=RUN_MATCH)
    with opened_contest(tournament_info(spec), options, jobs=matches) as contest:
        yield contest, tournament_jobs(spec)


def busy_tournament(duration: str, matches: int) -> TournamentSpec:
    """Return a tournament of melees that take `duration` of processor time each."""
    return TournamentSpec(
        name=f"busy-{duration}",
        seed=1,
        markets=(SyntheticMarket(),),
        settings=MatchSettings(duration=duration, equity_interval=duration, market_interval=duration),
        bots=_BOTS,
        tournament=TournamentSettings(formats=(MatchFormat.MELEE,), rounds=matches),
    )


def _catalogue(root: Path, matches: int) -> dict[str, float]:
    spec = busy_tournament("2ms", matches)
    jobs = tournament_jobs(spec)
    with RunFolder(root, tournament_info(spec)) as folder:
        spent = 0.0
        for first in range(0, matches, _STORED_AT_ONCE):
            filings = drawn_filings(jobs, range(first, min(first + _STORED_AT_ONCE, matches)))
            begin = time.process_time()
            folder.store(filings)
            spent += time.process_time() - begin
        path = folder.path
    best = MatchFilter(bot="alpha", format="melee", market="synthetic", status="done", top=20)
    return {
        "insert_ms_per_match": spent / matches * 1e3,
        "runs_s": _timed(lambda: runs_document(root, kind="tournament")),
        "leaderboard_s": _timed(lambda: read_tournament(path)),
        "filter_s": _timed(lambda: find_matches(path, best)),
    }


def drawn_filings(jobs: Sequence[MatchJob], positions: Iterable[int]) -> list[Filing]:
    """Return what would be kept of these matches but their series: one match's record with drawn returns."""
    pattern = msgspec.structs.replace(record_of(jobs[0], drawn_result(jobs[0].match)), series={})
    filings = []
    for job in (jobs[position] for position in positions):
        returns = generator(job.match.bot_seed, "return").normal(0.0, 0.01, len(pattern.bots)).tolist()
        changed = {"match_id": job.match_id, "contest": job.contest, "block": job.block}
        drawn = zip(pattern.bots, pattern.rows, returns, strict=True)
        bots, rows = zip(
            *(
                (
                    msgspec.structs.replace(bot, total_return=value),
                    msgspec.structs.replace(row, total_return=value, **changed),
                )
                for bot, row, value in drawn
            ),
            strict=True,
        )
        record = msgspec.structs.replace(pattern, match_id=job.match_id, bots=bots, rows=rows)
        filings.append(filing_of(job, record))
    return filings


def _timed(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def _resident_mb() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6


def _peers(tenths: int, seconds: int) -> dict[str, float | str]:
    """Return the efficiency of plain process pools on the same work, which keep no results."""
    work = {"100ms": _matches("100ms", tenths), "1s": _matches("1s", seconds)}
    found: dict[str, float | str] = {}
    with multiprocessing.get_context("spawn").Pool(WORKERS) as pool:
        pool.map(_play, _matches("1ms", WORKERS))
        for name, matches in work.items():
            found[f"multiprocessing_efficiency_{name}"] = _busy(partial(pool.imap_unordered, _play, matches))
    if installed_version("joblib") is None:
        return {**found, "joblib_efficiency_100ms": "not installed"}
    from joblib import Parallel, delayed  # noqa: PLC0415 - may be absent

    with Parallel(n_jobs=WORKERS) as pool:
        pool(delayed(_play)(match) for match in _matches("1ms", WORKERS))
        for name, matches in work.items():
            found[f"joblib_efficiency_{name}"] = _busy(
                partial(pool, [delayed(_play)(each) for each in matches])
            )
    return found


def _matches(duration: str, count: int) -> list[MatchSpec]:
    return [job.match for job in tournament_jobs(busy_tournament(duration, count))]


def _busy(play: Callable[[], Iterable[float]]) -> float:
    begin = time.perf_counter()
    spent = sum(play())
    return spent / (WORKERS * (time.perf_counter() - begin))


def _play(match: MatchSpec) -> float:
    return run_match(match).cpu_s
