"""One kind of machine in a cluster, and what of a tournament fits on it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import msgspec

PLACE_BYTES = 700_000_000
"""Memory that a match process may take; measured: 350 MB, and 450 MB for matches of days."""


class ClusterFileError(ValueError):
    """A cluster description that cannot work; the text names the place, the value and what was expected."""


class NodeKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of node: CPUs and memory in bytes where the file says them, and how many there may be."""

    name: str
    least: int
    most: int
    cpus: float | None = None
    memory_bytes: int | None = None

    @property
    def places(self) -> int:
        """Match processes that fit on one; 0 where the file does not say what the node has."""
        if self.cpus is None:
            return 0
        by_memory = self.memory_bytes // PLACE_BYTES if self.memory_bytes is not None else int(self.cpus)
        return min(int(self.cpus), by_memory)


def checked_kind(
    at: str, name: str, cpus: float | None, memory_bytes: int | None, least: int, most: int
) -> NodeKind:
    """Return a kind of node; one that starts no match process must say so with 0 CPUs.

    Raises
    ------
    ClusterFileError
        CPUs are missing, or the node has CPUs but no memory for a match process.
    """
    if cpus is None:
        raise ClusterFileError(f"{at}.resources.CPU: expected the number of CPUs, was none")
    if cpus < 0 or 0 < cpus < 1:
        raise ClusterFileError(f"{at}.resources.CPU: expected 0, or 1 or more, was {cpus}")
    if cpus >= 1 and memory_bytes is not None and memory_bytes < PLACE_BYTES:
        raise ClusterFileError(
            f"{at}.resources.memory: expected {PLACE_BYTES} bytes or more (a match process), "
            f"was {memory_bytes}"
        )
    return NodeKind(name=name, least=least, most=most, cpus=cpus, memory_bytes=memory_bytes)


def unknown_key(place: str, key: str, known: Iterable[str]) -> ClusterFileError:
    """Return the error for a key that nobody knows."""
    names = sorted(known)
    close = difflib.get_close_matches(key, names, 1)
    meant = f"perhaps {close[0]}" if close else f"one of {', '.join(names)}"
    return ClusterFileError(f"{place}: unknown key, expected {meant}")
