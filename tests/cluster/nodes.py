"""A cluster without hosts, where a machine permits no namespaces: Ray's own `cluster_utils`.

It runs in a process of its own, `python -m tests.cluster.nodes`, that obeys a line a time (`add CPUS`,
`kill NUMBER`) and ends its cluster with its input: settings and token are that process's, not the tests'.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.cluster.host import ROOT, Machine
from tests.cluster.hosts import Hosts, cluster_environment

_STORE_BYTES = 100_000_000


class Node(Machine):
    """A node on this machine: its raylet and that one's children. It has no link of its own."""

    def __init__(
        self, raylet: int, address: str, environment: dict[str, str], close: Callable[[], object]
    ) -> None:
        super().__init__(address, environment)
        self._raylet = psutil.Process(raylet)
        self._close = close

    def processes(self) -> list[psutil.Process]:
        return [self._raylet, *self._raylet.children(recursive=True)] if self._raylet.is_running() else []

    def unplug(self) -> None:
        pytest.skip("a cut link: expected hosts in namespaces, which this machine does not permit")

    def plug(self) -> None:
        """Nothing to mend."""

    def close(self) -> None:
        self._close()


class NodesOnOneHost(Hosts):
    """Head and workers without hosts: no link can be cut, and no worker has settings of its own."""

    def __init__(self, folder: Path) -> None:
        self._session = Path(tempfile.mkdtemp(prefix="arena-"))
        self._token = folder / "token"
        self.folder = folder
        self.environment = {**cluster_environment(self._token), "RAY_TMPDIR": str(self._session)}
        self.workers = []
        self._added = 0
        self._cluster = subprocess.Popen(
            [sys.executable, "-m", "tests.cluster.nodes"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self.environment,
            cwd=ROOT,
            text=True,
        )
        self._address, dashboard, raylet = self._answer()
        self._dashboard = f"http://{dashboard}"
        settings = {**self.environment, "RAY_ADDRESS": self._address}
        self.head = Node(int(raylet), self._address.rpartition(":")[0], settings, self._end)

    def __exit__(self, *_: object) -> None:
        self.head.close()

    def start(self, workers: int = 2) -> None:
        for _ in range(workers):
            self.add_worker()

    @property
    def address(self) -> str:
        return self._address

    @property
    def dashboard(self) -> str:
        return self._dashboard

    def add_worker(self, cpus: int = 1, **environment: str) -> Machine:
        if environment:
            pytest.skip("settings of one host: expected namespaces, which this machine does not permit")
        number, self._added = self._added, self._added + 1
        (raylet,) = self._ask("add", cpus)
        address = self.head.address
        self.workers.append(Node(int(raylet), address, self.environment, lambda: self._ask("kill", number)))
        return self.workers[-1]

    def _end(self) -> None:
        self._cluster.communicate(timeout=60)
        shutil.rmtree(self._session, ignore_errors=True)

    def _ask(self, word: str, value: int) -> list[str]:
        assert self._cluster.stdin is not None
        self._cluster.stdin.write(f"{word} {value}\n")
        self._cluster.stdin.flush()
        return self._answer()

    def _answer(self) -> list[str]:
        assert self._cluster.stdout is not None
        for line in self._cluster.stdout:
            if line.startswith("answer "):
                return line.split()[1:]
        raise AssertionError("Ray's cluster_utils: expected an answer, was the end of its process")


def _answer(*words: object) -> None:
    sys.stdout.write(" ".join(["answer", *map(str, words)]) + "\n")
    sys.stdout.flush()


def _raylet(node: Any) -> int:
    return int(node.all_processes["raylet"][0].process.pid)


def _main() -> None:
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - only this process is to have a Ray

    head = {
        "num_cpus": 0,
        "include_dashboard": True,
        "dashboard_agent_listen_port": None,  # any: its usual one may be taken by another cluster
        "object_store_memory": _STORE_BYTES,
    }
    cluster = Cluster(initialize_head=True, head_node_args=head)
    _answer(cluster.address, cluster.webui_url, _raylet(cluster.head_node))
    nodes = []
    for line in sys.stdin:
        word, value = line.split()
        if word == "add":
            nodes.append(cluster.add_node(num_cpus=int(value), object_store_memory=_STORE_BYTES))
            _answer(_raylet(nodes[-1]))
        else:
            cluster.remove_node(nodes[int(value)], allow_graceful=False)
            _answer("gone")
    cluster.shutdown()


if __name__ == "__main__":
    _main()
