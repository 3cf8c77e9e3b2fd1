"""How much of two processors a tournament of short matches puts to use, and what a match process weighs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from actors.bench.machine import describe_machine, family_cpu_s, installed_version
from actors.config import MatchFormat, TournamentSettings, TournamentSpec
from actors.contest import opened_contest
from actors.match_config import BotSpec, MatchSettings
from actors.player import REAL_MATCH, MatchPlayer, PlayerSetup
from actors.record import MatchJob, decode_job, encode_job
from actors.run_options import ClusterSettings, RunOptions
from actors.schedule import tournament_jobs
from actors.tournament import tournament_info
from exchange_sim.markets.spec import SyntheticMarket

MATCHES = 200
MATCHES_QUICK = 40
WORKERS = 2
DURATION = "30m"


def run(*, quick: bool = False, peers: bool = True, run_match: str = REAL_MATCH) -> dict[str, Any]:
    """Play a tournament of short matches on two workers and return the figures.

    `efficiency` is the sum of the matches' processor seconds over the workers' wall seconds, from the moment
    the workers have started until the last result is on disk; `efficiency_with_start` begins when the
    cluster is asked for. Other load on the machine lowers both, but not `processor_share`: the matches' part
    of the processor seconds of all processes, workers, driver and Ray's own. `driver_cpu_ms_per_match` is
    what this process spends on a match: handing out, taking back, writing files and catalogue.
    `match_process_mb` is the largest resident memory of a worker.
    """
    matches = MATCHES_QUICK if quick else MATCHES
    warming, measured = _jobs(WORKERS), _jobs(matches)
    with tempfile.TemporaryDirectory(prefix="arena-bench-") as folder:
        options = RunOptions(root=Path(folder), cluster=ClusterSettings(workers=WORKERS), run_match=run_match)
        begin = time.perf_counter()
        with opened_contest(tournament_info(_spec(matches)), options, jobs=matches) as contest:
            contest.play(warming)
            spent = contest.folder.catalogue.timings()[0]
            started, cpu, all_cpu = time.perf_counter(), time.process_time(), family_cpu_s()
            contest.play(measured)
            end, driver_s, all_s = (
                time.perf_counter(),
                time.process_time() - cpu,
                family_cpu_s() - all_cpu,
            )
            match_s, _, memory_mb = contest.folder.catalogue.timings()
            done, failed = contest.folder.catalogue.counts()
    figures = {
        "efficiency": (match_s - spent) / (WORKERS * (end - started)),
        "efficiency_with_start": match_s / (WORKERS * (end - begin)),
        "processor_share": (match_s - spent) / all_s,
        "match_cpu_s": (match_s - spent) / len(measured),
        "driver_cpu_ms_per_match": driver_s / len(measured) * 1e3,
        "match_process_mb": memory_mb,
        "matches_per_s": len(measured) / (end - started),
    }
    return {
        "workload": {
            "matches": len(measured),
            "workers": WORKERS,
            "bots": len(_BOTS),
            "simulated": DURATION,
            "done": done,
            "failed": failed,
        },
        "machine": msgspec.to_builtins(describe_machine()),
        "figures": figures,
        "peers": _peers(measured, run_match) if peers else {},
    }


_BOTS = (
    BotSpec(name="maker", strategy="market_maker"),
    BotSpec(name="alpha", strategy="alpha"),
    BotSpec(name="random", strategy="random"),
)


def _spec(matches: int) -> TournamentSpec:
    return TournamentSpec(
        name="bench",
        seed=1,
        markets=(SyntheticMarket(),),
        settings=MatchSettings(duration=DURATION),
        bots=_BOTS,
        tournament=TournamentSettings(formats=(MatchFormat.MELEE,), rounds=matches),
    )


def _jobs(matches: int) -> list[MatchJob]:
    """Return melees of one round each; a warming tournament of other length has other matches."""
    seed = matches  # so that the matches that warm the workers are not those that are measured
    jobs = tournament_jobs(msgspec.structs.replace(_spec(matches), seed=seed))
    return [
        msgspec.structs.replace(
            job, match=msgspec.structs.replace(job.match, match_id=f"{matches}-{job.match_id}")
        )
        for job in jobs
    ]


def _peers(jobs: Sequence[MatchJob], run_match: str) -> dict[str, float | str]:
    """Return the efficiency of a plain process pool on the same matches, which keeps no results."""
    if installed_version("joblib") is None:
        return {"joblib_efficiency": "not installed"}
    from joblib import Parallel, delayed  # noqa: PLC0415 - may be absent

    payloads = [encode_job(job) for job in jobs]
    with Parallel(n_jobs=WORKERS, batch_size=1) as pool:
        pool(delayed(_play)(payload, run_match) for payload in payloads[:WORKERS])
        begin = time.perf_counter()
        spent = pool(delayed(_play)(payload, run_match) for payload in payloads)
        wall_s = time.perf_counter() - begin
    return {"joblib_efficiency": sum(spent) / (WORKERS * wall_s)}


def _play(payload: bytes, run_match: str) -> float:
    outcome = MatchPlayer(PlayerSetup(run_match=run_match)).play(decode_job(payload))
    return outcome.cpu_s
