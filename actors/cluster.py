"""Start or join the Ray cluster the workers live on."""

from __future__ import annotations

import json
import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.request import urlopen

# isort: off
from actors.ray_environment import draw_token  # before Ray: see there

import msgspec
import ray
# isort: on

from actors.own_session import last_error, own_session
from actors.pool import PoolError
from actors.run_options import ClusterSettings

_ANSWER_S = 5.0
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
        More workers are asked for than the cluster has CPUs, or it has none: some would wait for a place
        forever.
    """
    if cpus < 1:
        raise PoolError("cluster: expected a CPU or more for matches, was none on any of its nodes")
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
    with ExitStack() as stack:
        # with an own cluster all goes that it has left, at an address there is nothing to clear up
        folder = stack.enter_context(own_session()) if settings.address is None else None
        stack.callback(ray.shutdown)
        url = _start(settings, folder)
        if folder is None:
            refuse_open_cluster(url)
        _stop_by_sigterm(stack)
        yield Cluster(_cpus(), url)


def refuse_open_cluster(url: str) -> None:
    """Refuse a joined cluster that takes work from anybody, as far as its dashboard at `url` tells.

    Raises
    ------
    PoolError
        It has no token authentication, and this process was not told to do without.
    """
    if os.environ.get("RAY_AUTH_MODE") != "token" or not url:
        return
    try:
        with urlopen(f"{url}/api/authentication_mode", timeout=_ANSWER_S) as answer:  # noqa: S310 - Ray's own
            mode = json.load(answer)["authentication_mode"]
    except (OSError, ValueError, KeyError):  # out of reach from here, or of another version
        return
    if mode != "token":
        raise PoolError(
            f"cluster: expected token authentication, was {mode}, so it runs what anybody sends; start it "
            "with RAY_AUTH_MODE=token, or set RAY_AUTH_MODE=disabled to join it all the same"
        )


def _stop_by_sigterm(stack: ExitStack) -> None:
    """Make SIGTERM stop a run as Ctrl-C does: Ray's own handler would print where it was and abort."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)
        stack.callback(signal.signal, signal.SIGTERM, signal.SIG_DFL)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _start(settings: ClusterSettings, folder: Path | None) -> str:
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
            "_temp_dir": str(folder),
        }
    attempts = _START_ATTEMPTS if folder is not None else 1
    for attempt in range(1, attempts + 1):
        try:
            url = ray.init(**options).dashboard_url
        except ray.exceptions.AuthenticationError as error:
            raise PoolError(
                f"Ray on {settings.address or 'this machine'} cannot be used: expected the cluster's token "
                "in RAY_AUTH_TOKEN_PATH or ~/.ray/auth_token, was none or another one; see docs/cluster.md"
            ) from error
        except (ConnectionError, RuntimeError, TimeoutError, ValueError) as error:
            ray.shutdown()
            if attempt == attempts:
                where = settings.address or "this machine"
                hint = (
                    "does it run there, and is this machine's token that of the cluster? see docs/cluster.md"
                )
                cause = f"{error} ({hint})" if folder is None else last_error(folder) or error
                raise PoolError(f"Ray on {where} cannot be used: {cause}") from error
        else:
            _quieten()
            return f"http://{url}" if url else ""
    return ""


def _cpus() -> int:
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]  # Ray's gap
    return int(resources.get("CPU", 0))


def _quieten() -> None:
    """Let what raylets say of dead processes go to the log instead of standard output.

    Ray prints it there, between the results of a command, and has no setting for it; whoever lost the process
    reports it in words of its own.
    """

    def log(data: dict[str, Any], ignore_prefix: bool) -> None:  # noqa: ARG001, FBT001 - as Ray calls it
        for line in data["lines"]:
            logging.getLogger("bot_arena.ray").debug("%s", line)

    if hasattr(ray._private.worker, "print_to_stdstream"):  # noqa: SLF001
        ray._private.worker.print_to_stdstream = log  # noqa: SLF001
