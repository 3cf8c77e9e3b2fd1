"""One cluster of hosts for the whole session, single hosts, and a tournament that tests can stop."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.cluster.gate import GatedTournament
from tests.cluster.host import Host, NoHostsError, Switch, clean_environment
from tests.cluster.hosts import Hosts
from tests.cluster.nodes import NodesOnOneHost


@pytest.fixture(scope="session")
def switch() -> Iterator[Switch]:
    """What hosts hang on; skips where this machine permits no namespaces."""
    try:
        opened = Switch()
    except NoHostsError as error:
        pytest.skip(str(error))
    with opened:
        yield opened


@pytest.fixture(scope="session")
def running_hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """A cluster that tests share, in namespaces where this machine permits them."""
    folder = tmp_path_factory.getbasetemp()
    with ExitStack() as stack:
        try:
            hosts = stack.enter_context(Hosts(stack.enter_context(Switch()), folder))
        except NoHostsError:
            hosts = stack.enter_context(NodesOnOneHost(folder))
        hosts.start(workers=0)
        yield hosts


@pytest.fixture
def hosts(running_hosts: Hosts) -> Iterator[Hosts]:
    """A running cluster of a head and two workers that play; tests may kill workers and cut their links."""
    while len(running_hosts.workers) < 2:
        running_hosts.add_worker()
    yield running_hosts
    running_hosts.head.end_spawned()


@pytest.fixture
def new_host(switch: Switch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Host]]:
    """Make hosts on which nothing runs yet; the tests' own folders are the same there."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(
            closing(Host(switch, [tmp_path_factory.getbasetemp()], clean_environment()))
        )


@pytest.fixture(scope="session")
def tournament_file(tmp_path_factory: pytest.TempPathFactory) -> GatedTournament:
    return GatedTournament(tmp_path_factory.mktemp("gated"), rounds=4)


@pytest.fixture
def gated(tournament_file: GatedTournament, tmp_path: Path) -> GatedTournament:
    """A tournament of 12 matches whose gate is closed, not played yet."""
    tournament_file.root = tmp_path / "runs"
    tournament_file.close()
    return tournament_file


_CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
static const long ahead_s = 3600;
int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *)) dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += ahead_s;
    return failed;
}
int gettimeofday(struct timeval *now, void *zone) {
    struct timespec exact;
    int failed = clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return failed;
}
time_t time(time_t *now) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (now) *now = exact.tv_sec;
    return exact.tv_sec;
}
"""


@pytest.fixture(scope="session")
def shifted_clock(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings with which a process sees a wall clock that is an hour ahead."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("a shifted clock: expected a C compiler (cc), found none")
    folder = tmp_path_factory.mktemp("clock")
    (folder / "clock.c").write_text(_CLOCK)
    library = folder / "clock.so"
    command = [compiler, "-shared", "-fPIC", "-o", str(library), str(folder / "clock.c"), "-ldl"]
    subprocess.run(command, check=True)
    return {"LD_PRELOAD": str(library)}
