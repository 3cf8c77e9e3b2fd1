"""A clock that tests move."""

from __future__ import annotations

import select
from collections.abc import Callable


class HandClock:
    """Stands still but for waiting, which takes no time."""

    def __init__(self) -> None:
        self.time_ns = 1_000
        self.waits: list[int] = []
        self.on_wait: Callable[[int], None] | None = None

    def now_ns(self) -> int:
        return self.time_ns

    def wait_until(self, at_ns: int) -> None:
        self.waits.append(at_ns - self.time_ns)
        self.time_ns = max(self.time_ns, at_ns)
        if self.on_wait is not None:
            self.on_wait(self.time_ns)
        select.select((), (), (), 0)  # lets go of the interpreter: other threads have their turn
