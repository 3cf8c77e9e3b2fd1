"""Worlds on a cluster from the command line: steered, stopped, killed, gone on with, and nothing left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import psutil
import pytest

from actors.cli.errors import ExitCode
from actors.cluster import Cluster
from actors.world.client import ask
from actors.world.control import CONTROL_FILE, Contact
from actors.world.keeper import TAPE_FILE
from tests.cli.conftest import Arena
from tests.world.conftest import Gated
from tests.world.killing import KINDS, processes
from tests.world.test_control import beside, check_steered, steer_while_open

PROGRAM = "import sys; from actors.app import run; sys.exit(run(sys.argv[1:]))"


def world_processes() -> list[psutil.Process]:
    return [process for kind in KINDS for process in processes(kind)]


def nothing_is_left(folder: Path, port: int) -> None:
    """Control file and port are gone, and all processes go."""
    assert not (folder / CONTROL_FILE).exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    _, alive = psutil.wait_procs(world_processes(), timeout=60)
    assert alive == []


def alone(arena: Arena, gated: Gated) -> str:
    """Return the digest of the match in one process, without anybody steering."""
    (gated.folder / "came").touch()
    played = arena("match", str(gated.file), "--json", "--out", "alone")
    assert played.code == ExitCode.DONE, played.err
    (gated.folder / "came").unlink()
    digest: str = played.document["digest"]
    return digest


def test_a_world_is_steered_while_a_window_is_computed(
    ray_cluster: Cluster, arena: Arena, gated: Gated
) -> None:
    contacts: list[Contact] = []

    def steer() -> None:
        gated.wait()
        run = next(Path("runs").iterdir())
        contacts.append(msgspec.json.decode((run / CONTROL_FILE).read_bytes(), type=Contact))
        steer_while_open(gated, run)

    thread, errors = beside(steer)
    answer = arena("match", str(gated.file), "--placement", "account", "--json")
    thread.join()
    assert errors == []
    assert answer.code == ExitCode.DONE, answer.err
    document = answer.document
    check_steered(Path(document["journal"]))
    folder = Path(document["folder"])
    assert not (folder / TAPE_FILE).exists()
    nothing_is_left(folder, contacts[0].port)


def test_a_world_that_was_stopped_is_gone_on_with(ray_cluster: Cluster, arena: Arena, gated: Gated) -> None:
    expected = alone(arena, gated)
    gated.file.write_text(gated.file.read_text() + '\n[world]\nplacement = "shards=2"\n')

    def stop() -> None:
        gated.wait()
        try:
            ask(next(Path("runs").iterdir()), "stop")
        finally:
            gated.let_go()

    thread, errors = beside(stop)
    stopped = arena("match", str(gated.file))
    thread.join()
    assert errors == []
    assert stopped.code == ExitCode.INTERRUPTED
    assert "stopped; the same command with --resume goes on (runs/gated-" in stopped.err
    folder = next(Path("runs").iterdir())
    assert (folder / TAPE_FILE).stat().st_size > 0
    again = arena("match", str(gated.file))
    assert again.code == ExitCode.INPUT
    assert "a world that was stopped is here; use --resume to go on with it, or --fresh" in again.err
    here = arena("match", str(gated.file), "--placement", "process", "--resume")
    assert here.code == ExitCode.INPUT
    assert "expected shards=N or account" in here.err
    resumed = arena("match", str(gated.file), "--placement", "account", "--resume", "--json")
    assert resumed.code == ExitCode.DONE, resumed.err
    assert resumed.document["digest"] == expected
    assert not (folder / TAPE_FILE).exists()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_driver_that_is_ended_leaves_nothing_of_its_own_cluster_but_the_tape(
    how: signal.Signals, ray_cluster: Cluster, arena: Arena, gated: Gated
) -> None:
    words = ["match", str(gated.file), "--placement", "shards=2"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", PROGRAM, *words],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as driver:
        gated.wait()
        folder = next(Path("runs").iterdir())
        contact = msgspec.json.decode((folder / CONTROL_FILE).read_bytes(), type=Contact)
        there = psutil.Process(driver.pid).children(recursive=True)
        assert sum(each.cmdline()[0].startswith("ray::ShardActor") for each in there) == 2
        assert ask(folder, "status").state == "playing"
        if how is signal.SIGINT:
            os.killpg(driver.pid, how)  # as a terminal does
        else:
            driver.kill()
        gated.let_go()
        _, said = driver.communicate(timeout=120)
    _, alive = psutil.wait_procs(there, timeout=120)
    assert alive == []
    assert (folder / TAPE_FILE).exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", contact.port))
    status = arena("world", "status", folder.name)
    assert status.code == ExitCode.ENVIRONMENT
    if how is signal.SIGINT:
        assert driver.returncode == ExitCode.INTERRUPTED, said
        assert said.endswith(f"stopped; the same command with --resume goes on ({folder})\n")
        assert not (folder / CONTROL_FILE).exists()
    else:
        assert driver.returncode == -signal.SIGKILL
        assert "nobody plays this run now; the process that did was killed" in status.err


def test_a_world_whose_driver_is_killed_goes_from_a_cluster_that_stays(
    ray_cluster: Cluster, arena: Arena, gated: Gated
) -> None:
    import ray  # noqa: PLC0415 - the fixture has prepared its settings

    expected = alone(arena, gated)
    address = ray.get_runtime_context().gcs_address
    words = ["match", str(gated.file), "--placement", "account"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", PROGRAM, *words, "--cluster", address], env=environment
    ) as driver:
        gated.wait()
        there = world_processes()
        assert len(there) == 6  # conductor, exchange, journal, three accounts
        driver.kill()
        gated.let_go()
    resumed = arena(*words[:2], "--placement", "auto", "--resume", "--json")
    assert resumed.code == ExitCode.DONE, resumed.err
    assert resumed.document["digest"] == expected
    _, alive = psutil.wait_procs(there, timeout=120)
    assert alive == []
