"""`arena doctor`: whether this machine can run the arena, and what it has."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from actors.cli import options
from actors.cli.console import out, print_json
from actors.cli.errors import CommandError, ExitCode
from actors.cli.progress import spinner
from actors.version import VERSION

_FREE_DISK_GB = 2.0
_FREE_MEMORY_GB = 1.5


class Finding(NamedTuple):
    """One line of the doctor's: `ok` False is something to repair."""

    what: str
    ok: bool
    text: str


def doctor(
    ray: Annotated[
        bool,
        typer.Option("--ray/--no-ray", help="Start a Ray cluster on this machine and play with it (5-10 s)."),
    ] = True,
    json: options.Json = False,
) -> None:
    """Check versions, cores, memory, disk, Ray and caches. Exits with 1 if something is wrong."""
    checks: list[Callable[[], Finding]] = [
        _python,
        _libraries,
        _cores,
        _memory,
        _disk,
        _shared_memory,
        _machine_code,
    ]
    checks += [_ray] if ray else []
    findings = []
    for check in checks:
        with spinner(f"Checking {check.__name__.strip('_').replace('_', ' ')}", quiet=json):
            findings.append(check())
    if json:
        print_json(document(findings))
    else:
        _print(findings)
    wrong = [finding for finding in findings if not finding.ok]
    if wrong:
        raise CommandError(f"{wrong[0].what}: {wrong[0].text}", ExitCode.FAILED)


def document(findings: list[Finding]) -> dict[str, Any]:
    """Return what `arena doctor --json` prints."""
    return {
        "ok": all(finding.ok for finding in findings),
        "findings": [finding._asdict() for finding in findings],
    }


def _print(findings: list[Finding]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        table.add_row("[green]ok[/green]" if finding.ok else "[red]repair[/red]", finding.what, finding.text)
    out().print(table)


def _python() -> Finding:
    text = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {sys.executable}"
    return Finding("Python", sys.version_info >= (3, 11), text)


def _libraries() -> Finding:
    """Compare installed versions with what the distribution asks for."""
    from packaging.requirements import Requirement

    try:
        lines = requires("bot-arena") or []
    except PackageNotFoundError:
        return Finding("Libraries", False, "bot-arena is not installed here; make install does it")
    names, wrong = [], []
    for line in lines:
        requirement = Requirement(line)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing, expected {requirement.specifier}")
            continue
        names.append(f"{requirement.name} {installed}")
        if not requirement.specifier.contains(installed, prereleases=True):
            wrong.append(f"{requirement.name}: expected {requirement.specifier}, was {installed}")
    text = "; ".join(wrong) or f"bot-arena {VERSION}, {', '.join(names)}"
    return Finding("Libraries", not wrong, text)


def _cores() -> Finding:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Finding("Cores", True, f"{usable} usable of {os.cpu_count()}: that many matches at a time")


def _memory() -> Finding:
    import psutil

    free_gb = psutil.virtual_memory().available / 1e9
    text = f"{free_gb:.1f} GB free; Ray takes about 0.5 GB and each worker up to 0.5 GB"
    return Finding("Memory", free_gb >= _FREE_MEMORY_GB, text)


def _disk() -> Finding:
    free_gb = shutil.disk_usage(Path.cwd()).free / 1e9
    return Finding("Disk", free_gb >= _FREE_DISK_GB, f"{free_gb:.1f} GB free in {Path.cwd()}")


def _shared_memory() -> Finding:
    folder = Path("/dev/shm")  # noqa: S108 - where Ray keeps its object store
    if not folder.is_dir():
        return Finding("Shared memory", True, "no /dev/shm: Ray uses the disk")
    free_mb = shutil.disk_usage(folder).free / 1e6
    slow = "" if free_mb >= 300 else ", little: Ray will use the disk, which is slower"
    return Finding("Shared memory", True, f"{free_mb:,.0f} MB free in {folder}{slow}")


def _machine_code() -> Finding:
    """Say where compiled code is kept and whether it is there."""
    from actors.cli.machine_code import cached_mb
    from exchange_sim.compiled import cache_folder

    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = "name another folder with the environment variable ARENA_CACHE_DIR"
        return Finding("Machine code", False, f"{folder} cannot be written: {error.strerror}; {hint}")
    size_mb = cached_mb()
    state = (
        f"compiled, {size_mb:.1f} MB"
        if size_mb
        else "not compiled yet: the first match takes up to a minute longer"
    )
    return Finding("Machine code", True, f"{state}, in {folder}")


def _ray() -> Finding:
    import time

    from actors.cluster import connected
    from actors.pool import PoolError
    from actors.run_options import ClusterSettings

    begin = time.perf_counter()
    try:
        with connected(ClusterSettings(workers=1)) as cluster:
            took_s = time.perf_counter() - begin
            return Finding("Ray", cluster.cpus >= 1, f"Ray {version('ray')} starts in {took_s:.1f} s")
    except PoolError as error:
        return Finding("Ray", False, str(error))
