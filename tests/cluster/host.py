"""Hosts for tests: each with its own network address, processes, /tmp and /dev/shm, on one machine.

A host is a set of Linux namespaces, made as an ordinary user. All hosts hang on one bridge, which has a
network namespace of its own: nothing of the machine's network is touched or reached. A host's processes end
with its first one, which ends with the process that made it, so nothing is left however a test run ends.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

import psutil

from exchange_sim.compiled import cache_folder

ROOT = Path(__file__).parents[2]
_TOOLS = ("unshare", "nsenter", "setpriv", "mount", "ip", "sleep")
_TIED = ("setpriv", "--pdeathsig", "KILL")
_SHARED = (ROOT, Path(sys.prefix), Path(sys.base_prefix), cache_folder().parent)
_PREFIX = "10.77.0"


class NoHostsError(RuntimeError):
    """This machine does not permit namespaces; the text says what failed."""


class Switch:
    """The network between hosts: a bridge in a namespace of its own."""

    def __init__(self) -> None:
        missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
        if sys.platform != "linux" or missing:
            raise NoHostsError(f"hosts in namespaces: expected Linux with {', '.join(missing or _TOOLS)}")
        self._hosts = 0
        # its `cat` ends when this process does: nobody else has the other end of its input
        self._process = subprocess.Popen(
            [
                *_TIED,
                "unshare",
                "--user",
                "--map-root-user",
                "--net",
                "sh",
                "-c",
                "echo ready; exec sleep inf",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        _await_ready(self._process)
        try:
            self.run("ip", "link", "add", "bridge", "type", "bridge")
            self.run("ip", "link", "set", "bridge", "up")
        except subprocess.CalledProcessError as error:
            self.close()
            raise NoHostsError(f"hosts in namespaces: {error.stderr.decode().strip()}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take the bridge away. Hosts are closed by those who opened them."""
        _end(self._process)

    @property
    def inside(self) -> list[str]:
        """The beginning of a command that is to run here."""
        return [
            "nsenter",
            "--target",
            str(self._process.pid),
            "--user",
            "--preserve-credentials",
            "--net",
            "--",
        ]

    def run(self, *words: str) -> None:
        """Run a command beside the bridge."""
        subprocess.run([*self.inside, *words], check=True, capture_output=True)

    def number(self) -> int:
        """Return the number of a new host."""
        self._hosts += 1
        return self._hosts


class Machine(ABC):
    """Where commands and nodes of a cluster run.

    Attributes
    ----------
    address
        Its address in the network.
    environment
        Of every command that runs here.
    """

    def __init__(self, address: str, environment: Mapping[str, str]) -> None:
        self.address = address
        self.environment = dict(environment)
        self._spawned: list[subprocess.Popen[str]] = []

    def command(self, *words: str) -> list[str]:
        """Return the command line that runs `words` here."""
        return list(words)

    @staticmethod
    def inner(spawned: subprocess.Popen[str]) -> psutil.Process:
        """Return the process of a spawned command itself."""
        return psutil.Process(spawned.pid)

    @abstractmethod
    def processes(self) -> list[psutil.Process]:
        """Return what runs here."""

    @abstractmethod
    def unplug(self) -> None:
        """Cut the link: what is sent from now on is lost, and nobody is told."""

    @abstractmethod
    def plug(self) -> None:
        """Mend the link."""

    @abstractmethod
    def close(self) -> None:
        """Switch it off, as by pulling its plug."""

    def spawn(self, *words: str, log: Path | None = None, **environment: str) -> subprocess.Popen[str]:
        """Start a command here; what it prints goes to `log`, or to pipes."""
        put = log.open("a") if log is not None else None
        try:
            process = subprocess.Popen(
                self.command(*words),
                stdin=subprocess.DEVNULL,
                stdout=put or subprocess.PIPE,
                stderr=put or subprocess.PIPE,
                text=True,
                env={**self.environment, **environment},
                cwd=ROOT,
                process_group=0,
            )
        finally:
            if put is not None:
                put.close()
        if log is None:
            self._spawned.append(process)
        return process

    def end_spawned(self) -> None:
        """End the commands that a test has started here and not waited for, those with a log apart."""
        for process in self._spawned:
            if process.poll() is None:
                self.inner(process).kill()
                process.communicate()
        self._spawned.clear()

    def run(
        self, *words: str, timeout_s: float = 60, check: bool = True, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command here to its end.

        Raises
        ------
        AssertionError
            It has failed, and `check` is set; the text is what it printed.
        """
        with self.spawn(*words, **environment) as process:
            try:
                out, err = process.communicate(timeout=timeout_s)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        assert not check or process.returncode == 0, f"{' '.join(words)}: {out}{err}"
        return subprocess.CompletedProcess(words, process.returncode, out, err)


class Host(Machine):
    """One machine, as far as its processes can tell.

    Parameters
    ----------
    switch
        What it hangs on.
    shared
        Folders that are the same on all hosts even where they lie under /tmp.
    environment
        Of every command that runs here.
    """

    def __init__(self, switch: Switch, shared: Iterable[Path], environment: Mapping[str, str]) -> None:
        number = switch.number()
        self._switch = switch
        self._port = f"port{number}"
        super().__init__(f"{_PREFIX}.{number}", environment)
        spaces = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        folders = self._shared = [each.resolve() for each in (*_SHARED, *shared)]
        first = [sys.executable, "-m", "tests.cluster.host_init", *map(str, folders)]
        self._process = subprocess.Popen(
            [*_TIED, *switch.inside, *spaces, *first],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
        )
        _await_ready(self._process)
        # setpriv, nsenter and unshare become one another, the host's first process is their child
        self._first = psutil.Process(self._process.pid).children()[0]
        pair = f"{self._port} type veth peer name eth0 netns {self._first.pid}"
        switch.run("ip", "link", "add", *pair.split())
        switch.run("ip", "link", "set", self._port, "master", "bridge", "up")
        self.run("ip", "address", "add", f"{self.address}/24", "dev", "eth0")
        self.run("ip", "link", "set", "eth0", "up")
        # leads nowhere; with it a process that asks which of its addresses faces the world gets this one
        self.run("ip", "route", "add", "default", "via", f"{_PREFIX}.254")

    def command(self, *words: str) -> list[str]:
        """Return the command line that runs `words` here."""
        spaces = ["--user", "--preserve-credentials", "--net", "--mount", "--pid"]
        return ["nsenter", "--target", str(self._first.pid), *spaces, "--", *words]

    def interrupt(self, spawned: subprocess.Popen[str]) -> None:
        """Press Ctrl-C: every process here of the command's group is told."""
        group = os.getpgid(spawned.pid)
        for each in self.processes():
            if os.getpgid(each.pid) == group:
                each.send_signal(signal.SIGINT)

    @staticmethod
    def inner(spawned: subprocess.Popen[str]) -> psutil.Process:
        """Return the process of a spawned command itself."""
        return psutil.Process(spawned.pid).children()[0]

    def processes(self) -> list[psutil.Process]:
        """Return what runs here, but for the first process."""
        space = _space(self._first.pid)
        found = [
            psutil.Process(pid) for pid in psutil.pids() if pid != self._first.pid and _space(pid) == space
        ]
        return [each for each in found if _alive(each)]

    def ports(self) -> list[str]:
        """Return the TCP and UDP ports that are listened on here."""
        listed = self.run("ss", "-H", "-l", "-t", "-u", "-n").stdout.splitlines()
        return [line.split()[4] for line in listed]

    def files(self) -> list[str]:
        """Return what lies in /tmp and /dev/shm here, but for what the tests share with their hosts."""
        found = []
        for place in ("tmp", "dev/shm"):
            folder = Path(f"/proc/{self._first.pid}/root/{place}")
            found += [Path("/") / place / each.relative_to(folder) for each in sorted(folder.rglob("*"))]
        return [str(each) for each in found if not self._is_shared(each)]

    def _is_shared(self, path: Path) -> bool:
        """Whether it lies in a shared folder, or leads to one."""
        return any(path.is_relative_to(each) or each.is_relative_to(path) for each in self._shared)

    def unplug(self) -> None:
        """Cut the link: what is sent from now on is lost, and nobody is told."""
        self._switch.run("ip", "link", "set", self._port, "down")

    def plug(self) -> None:
        """Mend the link."""
        self._switch.run("ip", "link", "set", self._port, "up")

    def close(self) -> None:
        """Switch the host off, as by pulling its plug."""
        if self._first.is_running():
            self._first.kill()
        _end(self._process)


def _space(pid: int) -> str | None:
    """Return the process namespace of a process; None where it has ended or is somebody else's."""
    try:
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    except OSError:
        return None


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _await_ready(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    assert process.stderr is not None
    if process.stdout.readline() != b"ready\n":
        said = process.stderr.read().decode().strip().splitlines()
        _end(process)
        raise NoHostsError(f"hosts in namespaces: {said[-1] if said else 'the first process ended'}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def clean_environment(**settings: str) -> dict[str, str]:
    """Return this process's environment without Ray's settings, which its own clusters have left there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return {**kept, "PYTHONPATH": str(ROOT), **settings}
