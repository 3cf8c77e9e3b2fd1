"""Where the accounts of a world live."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

_SHARDS = re.compile(r"shards\s*=\s*([0-9]{1,4})")
PROCESS, ACCOUNT, AUTO = "process", "account", "auto"


class PlacementError(ValueError):
    """A placement that does not exist, or that the cluster cannot hold."""


class Placement(msgspec.Struct, frozen=True):
    """How a world is spread over processes; nothing of it changes results.

    `kind` is `process` (everything in one), `shards` (`shards` processes share the accounts), `account` (one
    process an account) or `auto` (measured, see `actors.world.auto`).
    """

    kind: str
    shards: int = 0

    def __str__(self) -> str:
        return f"shards={self.shards}" if self.kind == "shards" else self.kind

    def crews(self, accounts: int) -> tuple[tuple[int, ...], ...]:
        """Return which accounts share a process, dealt like cards: places in the match."""
        count = accounts if self.kind == ACCOUNT else min(self.shards, accounts)
        return tuple(tuple(range(number, accounts, count)) for number in range(count))


IN_PROCESS = Placement(PROCESS)


def parse_placement(text: str) -> Placement:
    """Return the placement that a text names.

    Raises
    ------
    PlacementError
        It names none.
    """
    found = _SHARDS.fullmatch(text.strip())
    if found is not None and int(found[1]) >= 1:
        return Placement("shards", int(found[1]))
    if text.strip() in (PROCESS, ACCOUNT, AUTO):
        return Placement(text.strip())
    raise PlacementError(f"placement: expected process, account, auto or shards=N, was {text!r}")


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What the processes of a world ask a cluster for: CPUs each, and memory in MB each."""

    processes: int
    cpus: float
    memory_mb: int


def check_room(needs: Sequence[Needs], *, cpus: float, memory_mb: float, placement: Placement) -> None:
    """Refuse a placement that the cluster cannot hold: its processes would wait for a place forever.

    Raises
    ------
    PlacementError
        There are too few CPUs, or too little memory.
    """
    wanted_cpus = sum(each.processes * each.cpus for each in needs)
    wanted_mb = sum(each.processes * each.memory_mb for each in needs)
    processes = sum(each.processes for each in needs)
    if wanted_cpus > cpus + 1e-9:
        raise PlacementError(
            f"placement: expected one that fits {cpus:g} CPUs, was {placement} with {processes} processes, "
            f"which take {wanted_cpus:g}"
        )
    if wanted_mb > memory_mb:
        raise PlacementError(
            f"placement: expected one that fits {memory_mb:,.0f} MB of memory, was {placement} with "
            f"{processes} processes, which take about {wanted_mb:,} MB"
        )
