"""Start or join the Ray cluster the workers live on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# isort: off
from actors.ray_environment import draw_token  # before Ray: see there

import msgspec
import ray
# isort: on

from actors.pool import PoolError
from actors.run_options import ClusterSettings

_START_ATTEMPTS = 2  # "node timed out during startup" mostly means a busy machine


class Cluster(msgspec.Struct, frozen=True):
    """A cluster this process is connected to: its CPUs, and the dashboard's address where there is one."""

    cpus: int
    dashboard_url: str


def worker_count(settings: ClusterSettings, cpus: int, jobs: int) -> int:
    """Return how many workers to start: never more than there are jobs.

    Raises
    ------
    PoolError
        More workers are asked for than the cluster has CPUs: some would wait for a place forever.
    """
    if settings.workers is not None and settings.workers > cpus:
        raise PoolError(f"workers: expected at most {cpus}, the CPUs of the cluster, was {settings.workers}")
    return max(1, min(settings.workers or cpus, jobs))


@contextmanager
def connected(settings: ClusterSettings) -> Iterator[Cluster]:
    """Join the cluster at the address, or start one; leave or end it afterwards.

    A process that is connected already stays so, and keeps its cluster.

    Raises
    ------
    PoolError
        The cluster cannot be reached or does not start.
    """
    if ray.is_initialized():
        yield Cluster(_cpus(), "")
        return
    url = _start(settings)
    try:
        yield Cluster(_cpus(), url)
    finally:
        ray.shutdown()


def _start(settings: ClusterSettings) -> str:
    """Connect, and return the dashboard's address (empty where there is none)."""
    options: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False, "namespace": "arena"}
    if settings.address is not None:
        options["address"] = settings.address
    else:
        draw_token()
        options |= {
            "num_cpus": settings.workers or os.cpu_count() or 1,
            "include_dashboard": settings.dashboard,
            "object_store_memory": settings.object_store_mb * 1_000_000,
        }
    attempts = _START_ATTEMPTS if settings.address is None else 1
    for attempt in range(1, attempts + 1):
        try:
            url = ray.init(**options).dashboard_url
        except (ConnectionError, RuntimeError, TimeoutError, ValueError) as error:
            ray.shutdown()
            if attempt == attempts:
                where = settings.address or "this machine"
                raise PoolError(f"Ray on {where} cannot be used: {error}") from error
        else:
            return f"http://{url}" if url else ""
    return ""


def _cpus() -> int:
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]  # Ray's gap
    return int(resources.get("CPU", 0))
