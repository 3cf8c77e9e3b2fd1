"""On what machine a figure was measured, and the clock it was measured with."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
import psutil

_LIBRARIES = ("numba", "numpy", "msgspec")


class Machine(msgspec.Struct, frozen=True):
    """What a figure depends on besides the code."""

    processor: str
    cores: int
    system: str
    python: str
    libraries: dict[str, str]


def describe_machine() -> Machine:
    return Machine(
        _processor(),
        os.cpu_count() or 1,
        f"{platform.system()} {platform.release()}",
        platform.python_version(),
        {name: installed_version(name) or "not installed" for name in _LIBRARIES},
    )


def installed_version(distribution: str) -> str | None:
    """Return the version of an installed distribution, None where it is absent."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def cpu_s() -> float:
    """Return the CPU seconds this process has used: other processes on the machine do not count."""
    return time.process_time()


def family_cpu_s() -> float:
    """Return the CPU seconds of this process and all that it has started and that still run."""
    total = 0.0
    me = psutil.Process()
    for process in (me, *me.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def best_cpu_s(runs: int, prepare: Callable[[], Callable[[], object]]) -> float:
    """Return the fewest CPU seconds of several runs.

    `prepare` is called before each run, outside the measurement, and returns what is measured. The least
    is reported because everything that disturbs a run makes it longer.
    """
    least = float("inf")
    for _ in range(runs):
        work = prepare()
        start = cpu_s()
        work()
        least = min(least, cpu_s() - start)
    return least


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
