"""A Ray cluster over hosts: a head that plays nothing and workers, as `deploy/` describes them."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from tests.cluster.host import Host, Machine, Switch, clean_environment
from tests.cluster.page import documented

NOTICED_S = 10.0
"""A host that is gone is known to be so within this time, with these settings (docs/cluster.md):"""

HEALTH = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "1000",
    "RAY_health_check_failure_threshold": "3",
    # how a node notices that the head is out of reach, and how long it goes on then
    "RAY_grpc_client_keepalive_time_ms": "2000",
    "RAY_grpc_client_keepalive_timeout_ms": "3000",
    "RAY_gcs_rpc_server_reconnect_timeout_s": "5",
}
RAY = str(Path(sys.executable).with_name("ray"))
START_S = 120.0
_STORE_BYTES = "100000000"
_ASK = """
import pathlib, sys, urllib.request
token = pathlib.Path(sys.argv[2]).read_text()
request = urllib.request.Request(sys.argv[1], headers={"Authorization": f"Bearer {token}"})
print(urllib.request.urlopen(request, timeout=10).read().decode())
"""


class Hosts:
    """Head and workers. Use it as a context manager.

    Parameters
    ----------
    switch
        What the hosts hang on.
    folder
        Seen by all hosts at the same path; the token and the logs lie there.
    """

    def __init__(self, switch: Switch, folder: Path) -> None:
        self.folder = folder
        self._switch = switch
        self._token = folder / "token"
        self.environment = cluster_environment(self._token)
        self._started = 0
        self.workers: list[Machine] = []
        self.head: Machine = self.new_host()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for host in (*self.workers, self.head):
            host.close()

    @property
    def address(self) -> str:
        """Of the cluster: HOST:PORT."""
        return f"{self.head.address}:6379"

    @property
    def dashboard(self) -> str:
        """Where jobs are sent."""
        return f"http://{self.head.address}:8265"

    def new_host(self) -> Host:
        """Return a host that is in no cluster yet."""
        return Host(self._switch, [self.folder], self.environment)

    def start(self, workers: int = 2) -> None:
        """Start the head and then the workers, one after the other."""
        self.head.environment["RAY_ADDRESS"] = self.address
        self._start(self.head, [*documented("ray start --head"), f"--dashboard-host={self.head.address}"])
        for _ in range(workers):
            self.add_worker()

    def add_worker(self, cpus: int = 1, **environment: str) -> Machine:
        """Start a host that joins the cluster, and wait until the cluster has it."""
        host = self.new_host()
        host.environment.update(environment)
        self.workers.append(host)
        join = documented("ray start --address", HEAD=self.head.address)
        self._start(host, [*join, f"--num-cpus={cpus}"])
        return host

    def kill(self, worker: Machine) -> None:
        """Switch a worker off, as by pulling its plug."""
        self.workers.remove(worker)
        worker.close()

    def cut(self, worker: Machine) -> None:
        """Cut the link of a worker, which goes on by itself."""
        worker.unplug()

    def heal(self, worker: Machine) -> None:
        """Mend the link of a worker. Ray takes no node back that it thought dead: its processes end."""
        worker.plug()

    def run(self, *words: str, timeout_s: float = 60, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command on the head; see `Machine.run`."""
        return self.head.run(*words, timeout_s=timeout_s, check=check)

    def listed(self, kind: str) -> list[dict[str, Any]]:
        """Return what the cluster says of its `nodes`, `actors` or `jobs`, by Ray's state interface."""
        url = f"{self.dashboard}/api/v0/{kind}?detail=true&limit=1000"
        answer = json.loads(self.run(sys.executable, "-c", _ASK, url, str(self._token)).stdout)
        rows: list[dict[str, Any]] = answer["data"]["result"]["result"]
        return rows

    def _start(self, host: Machine, command: list[str]) -> None:
        self._started += 1
        log = self.folder / f"node-{self._started}.log"
        own = ["--block", f"--node-ip-address={host.address}", f"--object-store-memory={_STORE_BYTES}"]
        node = host.spawn(*command, *own, log=log)
        wait_until(
            lambda: "--block" in log.read_text() or node.poll() is not None,
            START_S,
            f"{log}: a node that starts",
        )
        assert node.poll() is None, log.read_text()


def cluster_environment(token: Path) -> dict[str, str]:
    """Return the settings of a cluster's processes; its token is drawn and put into a file."""
    token.write_text(secrets.token_hex(32))
    token.chmod(0o600)
    return clean_environment(
        RAY_AUTH_MODE="token",
        RAY_AUTH_TOKEN_PATH=str(token),
        RAY_USAGE_STATS_ENABLED="0",
        RAY_worker_niceness="0",
        RAY_enable_worker_prestart="0",
        **HEALTH,
    )


def wait_until(met: Callable[[], bool], limit_s: float, what: str) -> None:
    """Return as soon as the condition is met.

    Raises
    ------
    AssertionError
        It was not within the limit.
    """
    end = time.monotonic() + limit_s
    pause = threading.Event()
    while not met():
        assert time.monotonic() < end, f"{what}: expected within {limit_s:g} s"
        pause.wait(0.1)
