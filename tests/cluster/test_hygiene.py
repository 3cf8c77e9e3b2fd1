"""However a run with an own cluster ends, its host is as before: no process, port, file or shared memory."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

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


def test_a_run_that_ends_well_leaves_nothing(host: Host, gated: GatedTournament) -> None:
    gated.open()
    host.run(*gated.command("--workers", "1", "--rounds", "1"), timeout_s=LIMIT_S)
    assert _left(host) == []


@pytest.mark.parametrize(
    ("how", "code"),
    [
        (signal.SIGINT, 3),  # to the whole group of processes, as a terminal does
        (signal.SIGTERM, 3),
        (signal.SIGKILL, -signal.SIGKILL),
    ],
    ids=["Ctrl-C", "SIGTERM", "SIGKILL"],
)
def test_a_run_that_is_stopped_leaves_nothing(
    host: Host, gated: GatedTournament, how: signal.Signals, code: int
) -> None:
    process = host.spawn(*gated.command("--workers", "1"))
    wait_until(lambda: gated.waiting() == 1, LIMIT_S, "a match at the gate")
    if how is signal.SIGINT:
        host.interrupt(process)
    else:
        host.inner(process).send_signal(how)
    _, err = process.communicate(timeout=LIMIT_S)
    assert process.returncode == code
    wait_until(lambda: not _left(host), CLEARED_S, "nothing left")
    if code > 0:
        last = err.splitlines()[-1]
        assert last.startswith("arena: stopped after 0 of 12 matches; the same command with --resume goes on")
        assert "Traceback" not in err


def test_a_run_that_fails_leaves_nothing(host: Host, gated: GatedTournament) -> None:
    gated.open()
    full = "/tmp/full"  # noqa: S108 - of the host, which goes with it
    host.run("mkdir", full)
    host.run("mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", full)
    done = host.run(*gated.command("--workers", "1", "--out", full), check=False, timeout_s=LIMIT_S)
    assert done.returncode == 4, done.stderr
    assert "the disk is full" in done.stderr.splitlines()[-1]
    host.run("umount", full)
    host.run("rmdir", full)
    assert _left(host) == []


def test_ray_that_cannot_start_is_one_line_and_leaves_nothing(host: Host, gated: GatedTournament) -> None:
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
