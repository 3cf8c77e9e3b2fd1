"""Worlds on a cluster of hosts: a host that is switched off, or cut off, changes no byte."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from actors.config_files import load_match
from actors.match import run_match
from actors.world.keeper import TAPE_FILE
from tests.cluster.gate import ARENA
from tests.cluster.host import Host
from tests.cluster.hosts import Hosts, wait_until

PLAYED_S = 240.0
_FILE = """
name = "lost"
seed = 11

[market]
kind = "synthetic"
instruments = ["BTC/USDT:USDT"]

[match]
duration = "15s"

[[bots]]
name = "at once"
strategy = "tests.world.tempers:AtOnce"
[[bots]]
name = "late"
strategy = "tests.world.tempers:Late"
"""


@pytest.mark.parametrize("harm", ["kill", "cut"])
def test_a_world_goes_on_without_a_host(harm: str, hosts: Hosts, tmp_path: Path) -> None:
    file = tmp_path / "lost.toml"
    file.write_text(_FILE)
    root = tmp_path / "runs"
    alone = run_match(load_match(file))
    options = ("--placement", "shards=2", "--cluster", "auto", "--out", str(root), "--json")
    process = hosts.head.spawn(ARENA, "match", str(file), *options)
    half = hosts.workers[0]
    wait_until(lambda: _tape(root) > 50_000, PLAYED_S, "a world that is under way")
    assert all(map(_plays, hosts.workers))
    do: dict[str, Callable[[Host], None]] = {"kill": hosts.kill, "cut": hosts.cut}
    do[harm](half)
    out, err = process.communicate(timeout=PLAYED_S)
    assert process.returncode == 0, f"{out}{err}"
    assert out, err
    assert json.loads(out)["digest"] == alone.digest
    if harm == "cut":
        hosts.kill(half)


def _tape(root: Path) -> int:
    return sum(each.stat().st_size for each in root.glob(f"*/{TAPE_FILE}"))


def _plays(host: Host) -> bool:
    """Whether bots of a world live on the host."""
    return any("ShardActor" in each.cmdline()[0] for each in host.processes() if each.cmdline())
