"""Tournaments on a cluster of hosts give the same bytes whatever dies on the way."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tests.cluster.gate import GatedTournament
from tests.cluster.host import Machine
from tests.cluster.hosts import NOTICED_S, RAY, Hosts, wait_until
from tests.cluster.page import documented

PLAYED_S = 180.0


def _plays(host: Machine) -> bool:
    """Whether a match process runs on the host."""
    return any("Worker" in each.cmdline()[0] for each in host.processes() if each.cmdline())


def _ended(process: subprocess.Popen[str]) -> None:
    out, err = process.communicate(timeout=PLAYED_S)
    assert process.returncode == 0, f"{out}{err}"


def test_a_job_survives_a_host_that_is_switched_off(hosts: Hosts, gated: GatedTournament) -> None:
    tournament = f"{gated.file} --out {gated.root}"
    submit = documented("ray job submit", FILE=tournament, **{"http://HEAD:8265": hosts.dashboard})
    hosts.run(*submit)
    wait_until(lambda: gated.waiting() == 2, PLAYED_S, "matches on both hosts")
    lost = hosts.workers[0]
    assert all(map(_plays, hosts.workers))
    hosts.kill(lost)
    gated.open()

    def status() -> str:
        (job,) = [each for each in hosts.listed("jobs") if each["submission_id"]]
        return str(job["status"])

    wait_until(lambda: status() not in {"PENDING", "RUNNING"}, PLAYED_S, "the job's end")
    assert status() == "SUCCEEDED"
    assert gated.digest() == gated.digest_in_process


def test_a_cut_link_is_noticed_and_a_healed_host_ends_what_it_had(
    hosts: Hosts, gated: GatedTournament
) -> None:
    process = hosts.head.spawn(*gated.command("--cluster", "auto"))
    wait_until(lambda: gated.waiting() == 2, PLAYED_S, "matches on both hosts")
    away = hosts.workers[0]
    cut_ms = time.time_ns() / 1e6  # noqa: TID251 - compared with Ray's own clock
    hosts.cut(away)
    gated.open()
    _ended(process)
    assert gated.digest() == gated.digest_in_process
    (node,) = [each for each in hosts.listed("nodes") if each["node_ip"] == away.address]
    assert node["state"] == "DEAD"
    assert node["end_time_ms"] - cut_ms < NOTICED_S * 1e3
    hosts.heal(away)
    wait_until(lambda: not away.processes(), 60, "the end of a node that was given up")
    hosts.kill(away)


def test_a_killed_driver_leaves_nothing_on_the_cluster_and_is_resumed(
    hosts: Hosts, gated: GatedTournament
) -> None:
    process = hosts.head.spawn(*gated.command("--cluster", "auto"))
    wait_until(lambda: gated.waiting() == 2, PLAYED_S, "matches on both hosts")
    hosts.head.inner(process).kill()
    process.communicate()
    wait_until(lambda: not any(map(_plays, hosts.workers)), 30, "the end of the driver's match processes")
    gated.open()
    hosts.run(*gated.command("--cluster", "auto", "--resume"), timeout_s=PLAYED_S)
    assert gated.digest() == gated.digest_in_process


def test_the_clock_of_a_host_does_not_matter(
    hosts: Hosts, gated: GatedTournament, shifted_clock: dict[str, str]
) -> None:
    while hosts.workers:
        hosts.kill(hosts.workers[0])
    skewed = hosts.add_worker(**shifted_clock)
    ahead_s = float(skewed.run(sys.executable, "-c", "import time; print(time.time())").stdout) - time.time()  # noqa: TID251
    assert ahead_s > 3_000
    gated.open()
    hosts.run(*gated.command("--cluster", "auto"), timeout_s=PLAYED_S)
    assert gated.digest() == gated.digest_in_process


def test_more_workers_than_the_cluster_has_processors_are_refused(
    hosts: Hosts, gated: GatedTournament
) -> None:
    done = hosts.run(*gated.command("--cluster", "auto", "--workers", "3"), check=False)
    assert done.returncode == 4
    last = done.stderr.splitlines()[-1]
    assert last == "arena: workers: expected at most 2, the CPUs of the cluster, was 3"


def test_nobody_joins_without_the_token(hosts: Hosts, gated: GatedTournament, tmp_path: Path) -> None:
    wrong = tmp_path / "token"
    wrong.write_text("f" * 64)
    stranger = {
        "RAY_AUTH_TOKEN_PATH": str(wrong),
        "RAY_NUM_REDIS_GET_RETRIES": "2",
    }  # tries to reach the head
    listed = hosts.head.run(RAY, "job", "list", f"--address={hosts.dashboard}", check=False, **stranger)
    assert listed.returncode != 0
    assert "InvalidAuthToken" in listed.stderr
    joined = hosts.head.run(*gated.command("--cluster", hosts.address), check=False, **stranger)
    assert joined.returncode == 4
    assert joined.stderr.splitlines()[-1] == (
        f"arena: Ray on {hosts.address} cannot be used: Failed to connect to Ray cluster at {hosts.address} "
        "(does it run there, and is this machine's token that of the cluster? see docs/cluster.md)"
    )
    without = [
        "env",
        "-u",
        "RAY_AUTH_TOKEN_PATH",
        f"HOME={tmp_path}",
        *gated.command("--cluster", hosts.address),
    ]
    nameless = hosts.head.run(*without, check=False)
    assert nameless.returncode == 4
    assert nameless.stderr.splitlines()[-1] == (
        f"arena: Ray on {hosts.address} cannot be used: expected the cluster's token in RAY_AUTH_TOKEN_PATH "
        "or ~/.ray/auth_token, was none or another one; see docs/cluster.md"
    )
