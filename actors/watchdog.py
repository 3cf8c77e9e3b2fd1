"""Ends handlers that do not return, at next to no cost for those that do."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Protocol, Self

from actors.faults import HandlerTimeoutError

_TICKS_PER_LIMIT = 4
_WALL_LIMITS = 10


class Watched(Protocol):
    """What counts its calls: `calls` is odd while a handler runs, and never the same for two of them."""

    @property
    def calls(self) -> int: ...


class Watchdog:
    """Raises `HandlerTimeoutError` in a handler that has used more than `limit_s` of processor time.

    A handler that waits instead of computing is ended after ten times as long on the wall clock. One repeating
    signal timer looks at the handlers' counter; so a limit is kept to within half of it, and code that never
    comes back to the interpreter cannot be ended. Signals reach only the main thread of a process:
    elsewhere there is no limit, and `active` is False.

    Use as a context manager around a run; what was set before is set again afterwards.
    """

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self.active = False
        self._watched: Watched | None = None
        self._seen = -1
        self._ticks = 0
        self._cpu_s = 0.0
        self._before: tuple[Any, tuple[float, float]] | None = None

    def watch(self, watched: Watched | None) -> None:
        """Look at this one's handlers from now on; None for nobody's."""
        self._watched = watched
        self._seen = -1

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            tick_s = self.limit_s / _TICKS_PER_LIMIT
            handler = signal.signal(signal.SIGALRM, self._tick)
            self._before = (handler, signal.setitimer(signal.ITIMER_REAL, tick_s, tick_s))
            self.active = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            handler, (left_s, interval_s) = self._before
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler)
            signal.setitimer(signal.ITIMER_REAL, left_s, interval_s)
            self._before = None
        self.active = False

    def _tick(self, _signal: int, _frame: FrameType | None) -> None:
        watched = self._watched
        calls = 0 if watched is None else watched.calls
        if not calls & 1:
            self._seen = -1
            return
        now_s = time.thread_time()
        if calls != self._seen:
            self._seen = calls
            self._ticks = 0
            self._cpu_s = now_s
            return
        self._ticks += 1
        if now_s - self._cpu_s >= self.limit_s or self._ticks >= _TICKS_PER_LIMIT * _WALL_LIMITS:
            raise HandlerTimeoutError(f"did not return within {self.limit_s:g} s")
