"""The wall clock of a market in realtime: the one place where a run may look at it."""

from __future__ import annotations

import time
from threading import Event
from typing import Protocol

_SECOND_NS = 1_000_000_000


class Clock(Protocol):
    """A clock that never goes back, and somebody who waits for it. Times are in ns since any instant."""

    def now_ns(self) -> int: ...

    def wait_until(self, at_ns: int) -> None:
        """Return at that instant; at once if it is over."""


class WallClock:
    """This machine's monotonic clock."""

    def __init__(self) -> None:
        self._never = Event()

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def wait_until(self, at_ns: int) -> None:
        left_ns = at_ns - time.monotonic_ns()
        if left_ns > 0:
            self._never.wait(left_ns / _SECOND_NS)
