"""Ends handlers that do not return, at next to no cost for those that do."""

from __future__ import annotations

import atexit
import faulthandler
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any, Protocol
from weakref import WeakSet

from actors.faults import HandlerTimeoutError

_TICKS_PER_LIMIT = 4
_WALL_LIMITS = 10
_TICK_MAXIMUM_S = 1.0
_LAST_RESORT_LIMITS = 20

LAST_RESORT_MINIMUM_S = 60.0
"""Compiling machine code may keep the interpreter away for many seconds: that is no handler's fault."""


class Watched(Protocol):
    """What counts its calls: `calls` is odd while a handler runs, and never the same for two of them."""

    @property
    def account_id(self) -> str: ...
    @property
    def calls(self) -> int: ...
    @property
    def handler_limit_s(self) -> float: ...


class Watchdog:
    """Raises `HandlerTimeoutError` in a handler that has used more than its limit of processor time.

    A handler that waits instead of computing is ended after ten times as long on the wall clock. A repeating
    signal timer (SIGALRM) looks at the handlers' counter; so a limit is kept to within half of it. Signals
    reach only the main thread of a process: elsewhere there is no limit, and `active` stays False.

    Code that never comes back to the interpreter (a loop inside a C function) cannot be ended alone: after 20
    limits, at least `LAST_RESORT_MINIMUM_S`, the process writes to its standard error where it hangs, file,
    line and handler, and ends with status 1. A tournament plays its match elsewhere and in the end counts it
    as failed.
    """

    def __init__(self) -> None:
        self._members: WeakSet[Any] = WeakSet()
        self._watched: Watched | None = None
        self._before: tuple[Any, tuple[float, float]] | None = None
        self._seen = -1
        self._ticks = 0
        self._cpu_s = 0.0

    @property
    def active(self) -> bool:
        """Whether handlers are being watched."""
        return self._before is not None

    @property
    def watched(self) -> Watched | None:
        """The member whose handlers are being run."""
        return self._watched

    def join(self, member: Watched) -> None:
        """Be ready to watch a member, from any thread; does nothing but in the main one."""
        if threading.current_thread() is not threading.main_thread():
            return
        self._members.add(member)
        tick_s = min(each.handler_limit_s for each in self._members) / _TICKS_PER_LIMIT
        tick_s = min(tick_s, _TICK_MAXIMUM_S)
        self._put_off_the_end()
        handler = signal.signal(signal.SIGALRM, self._tick)
        timer = signal.setitimer(signal.ITIMER_REAL, tick_s, tick_s)
        if handler != self._tick:
            self._before = (handler, timer)
            atexit.register(self._disarm)

    def leave(self, member: Watched) -> None:
        """Let a member go; with the last one what was set before is set again."""
        self._members.discard(member)
        if self._before is None or self._members or threading.current_thread() is not threading.main_thread():
            return
        handler, (left_s, interval_s) = self._before
        self._disarm()
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, left_s, interval_s)
        self._before = None

    def watch(self, member: Watched | None) -> None:
        """Look at this member's handlers from now on; None for nobody's."""
        self._watched = member
        self._seen = -1

    def _disarm(self) -> None:
        """Stop the timer: after a run that was broken off, it must not outlive the interpreter's handlers."""
        atexit.unregister(self._disarm)
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _put_off_the_end(self) -> None:
        """Set the last resort anew: only an interpreter that runs comes here in time."""
        longest_s = max((each.handler_limit_s for each in self._members), default=0.0)
        if sys.__stderr__ is not None:
            after_s = max(_LAST_RESORT_LIMITS * longest_s, LAST_RESORT_MINIMUM_S)
            faulthandler.dump_traceback_later(after_s, exit=True, file=sys.__stderr__)

    def _tick(self, _signal: int, _frame: FrameType | None) -> None:
        self._put_off_the_end()
        watched = self._watched
        if watched is None or not watched.calls & 1:
            self._seen = -1
            return
        now_s = time.thread_time()
        if watched.calls != self._seen:
            self._seen = watched.calls
            self._ticks = 0
            self._cpu_s = now_s
            return
        self._ticks += 1
        limit_s = watched.handler_limit_s
        waited_s = self._ticks * signal.getitimer(signal.ITIMER_REAL)[1]
        if now_s - self._cpu_s >= limit_s or waited_s >= _WALL_LIMITS * limit_s:
            self._ticks, self._cpu_s = 0, now_s  # what unwinds has as long before it is ended in its turn
            raise HandlerTimeoutError(f"did not return within {limit_s:g} s")


WATCHDOG = Watchdog()
"""The process's one watchdog: a process has one timer."""
