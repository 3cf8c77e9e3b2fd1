"""However a run with an own cluster ends, its host is as before: no process, port, file or shared memory."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from actors.config_files import load_tournament
from actors.own_session import last_error, own_session
from actors.player import PlayerSetup
from actors.schedule import tournament_jobs
from actors.warm import encode_order
from tests.cluster.gate import GatedTournament
from tests.cluster.host import Host
from tests.cluster.hosts import wait_until

LIMIT_S = 180.0
CLEARED_S = 30.0


def _left(host: Host) -> list[object]:
    return [*host.processes(), *host.ports(), *host.files()]


def _spawned(hosts: Sequence[Host], gated: GatedTournament, *options: str) -> list[subprocess.Popen[str]]:
    """Start a run on each host, all at the same time, and wait until each has a match at the gate."""
    runs = [
        host.spawn(*gated.command("--workers", "1", "--out", str(gated.root / str(number)), *options))
        for number, host in enumerate(hosts)
    ]
    wait_until(lambda: gated.waiting() == len(hosts), LIMIT_S, "a match on every host")
    return runs


def test_a_run_that_is_stopped_leaves_nothing(new_host: Callable[[], Host], gated: GatedTournament) -> None:
    hosts = [new_host() for _ in range(3)]
    interrupted, terminated, killed = runs = _spawned(hosts, gated)
    hosts[0].interrupt(interrupted)
    hosts[1].inner(terminated).terminate()
    hosts[2].inner(killed).kill()
    said = [run.communicate(timeout=LIMIT_S)[1] for run in runs]
    assert [run.returncode for run in runs] == [3, 3, -signal.SIGKILL]
    for text in said[:2]:
        last = text.splitlines()[-1]
        assert last.startswith("arena: stopped after 0 of 12 matches; the same command with --resume goes on")
        assert "Traceback" not in text
    for host in hosts[:2]:
        assert _left(host) == []
    wait_until(lambda: not _left(hosts[2]), CLEARED_S, "nothing left after kill -9")


def test_a_run_that_ends_or_fails_leaves_nothing(
    new_host: Callable[[], Host], gated: GatedTournament
) -> None:
    hosts = [new_host(), new_host()]
    full = gated.root / "1"  # the second run's folder, on its host alone a small disk
    full.mkdir(parents=True)
    hosts[1].run("mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(full))
    well, failed = runs = _spawned(hosts, gated, "--rounds", "2")
    gated.open()
    said = [run.communicate(timeout=LIMIT_S)[1] for run in runs]
    assert well.returncode == 0, said[0]
    assert failed.returncode == 4, said[1]
    assert "the disk is full" in said[1].splitlines()[-1]
    assert [_left(host) for host in hosts] == [[], []]


def test_ray_that_cannot_start_is_one_line_and_leaves_nothing(
    new_host: Callable[[], Host], gated: GatedTournament
) -> None:
    host = new_host()
    done = host.run(*gated.command("--workers", "1"), check=False, timeout_s=LIMIT_S, RAY_TMPDIR="/none")
    assert done.returncode == 4
    assert done.stderr.splitlines()[-1] == "arena: /none: cannot be written: No such file or directory"
    assert _left(host) == []


def test_the_last_error_of_rays_servers_is_found(tmp_path: Path) -> None:
    logs = tmp_path / "session_2026-01-01_00-00-00_1_1" / "logs"
    logs.mkdir(parents=True)
    assert last_error(tmp_path) == ""
    lines = [
        "[2026-01-01 00:00:00,1 I 1 1] (raylet) main.cc:1: fine",
        "[2026-01-01 00:00:00,2 E 1 1] (raylet) port",
    ]
    (logs / "raylet.out").write_text("\n".join([*lines, "[2026-01-01 00:00:00,3 I 1 1] (raylet) end\n"]))
    assert last_error(tmp_path) == "raylet: (raylet) port"


def test_compiling_ends_with_the_process_that_wanted_it(tournament_file: GatedTournament) -> None:
    spec = load_tournament(tournament_file.file)
    order = encode_order(PlayerSetup(run_match="tests.cluster.endless:run_match"), tournament_jobs(spec)[0])
    words = [sys.executable, "-m", "actors.warm"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as compiling:
        assert compiling.stdin is not None
        assert compiling.stdout is not None
        compiling.stdin.write(order)
        compiling.stdin.flush()
        assert compiling.stdout.readline() == b"up\n"
        compiling.stdin.close()
        assert compiling.wait(timeout=60) == 1


_WRITES = """
import sys
log = open(sys.argv[1], "w")
sys.stdout.write("up\\n")
sys.stdout.flush()
sys.stdin.read()
"""


def test_a_session_ends_who_writes_to_its_folder() -> None:
    with ExitStack() as stack:
        with own_session() as folder:
            log = folder / "left.log"
            words = [sys.executable, "-c", _WRITES, str(log)]
            writer = stack.enter_context(
                subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            )
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"up\n"
            reader = stack.enter_context(subprocess.Popen(["tail", "-f", str(log)]))
        assert writer.wait(timeout=30) == -signal.SIGKILL
        assert not folder.exists()
        assert reader.poll() is None, "whoever only reads a log goes on"
        reader.kill()
