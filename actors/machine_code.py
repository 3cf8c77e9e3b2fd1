"""Whether this node's machine code of the market is compiled, and who does it if not."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path

from exchange_sim.compiled import cache_folder

_MARK = ".warm"


def is_compiled() -> bool:
    """Return whether a whole match has been compiled on this node from these sources."""
    return (cache_folder() / _MARK).exists()


def compile_once(work: Callable[[], None]) -> bool:
    """Do `work` unless somebody on this node has; wait for whoever is at it. Says if it did it.

    Workers that start together on a cold node would otherwise each compile the same for a minute.
    """
    mark: Path = cache_folder() / _MARK
    mark.parent.mkdir(parents=True, exist_ok=True)
    with mark.with_name(f"{_MARK}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if mark.exists():
            return False
        work()
        mark.touch()
        return True
