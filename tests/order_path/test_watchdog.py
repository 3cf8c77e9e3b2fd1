"""Handlers that do not return are ended; everything else is left alone."""

from __future__ import annotations

import faulthandler
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from actors.faults import HandlerTimeoutError
from actors.watchdog import Watchdog


class Member:
    def __init__(self, limit_s: float = 0.04) -> None:
        self.calls = 0
        self.handler_limit_s = limit_s

    def call(self, handler: Callable[[], object]) -> None:
        """Run a handler as hosts do: over is over, also where it raised."""
        self.calls += 1
        try:
            handler()
        finally:
            self.calls += 1


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    """A watchdog of the test's own; what pytest itself has set is set again afterwards.

    Also after a test that failed: its timer must not ring, nor its last resort end the process, in another.
    """
    handler, timer = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    yield Watchdog()
    signal.setitimer(signal.ITIMER_REAL, 0)  # before the handler: the default one ends the process
    faulthandler.cancel_dump_traceback_later()
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, *timer)


def spin() -> None:
    while True:
        pass


def test_a_handler_that_computes_on_is_ended(watchdog: Watchdog) -> None:
    member = Member()
    watchdog.join(member)
    watchdog.watch(member)
    with pytest.raises(HandlerTimeoutError, match=r"did not return within 0\.04 s"):
        member.call(spin)
    watchdog.leave(member)


def test_a_handler_that_waits_is_ended_later(watchdog: Watchdog) -> None:
    member = Member()
    watchdog.join(member)
    watchdog.watch(member)
    with pytest.raises(HandlerTimeoutError):
        member.call(lambda: threading.Event().wait(60))
    watchdog.leave(member)


def test_a_handler_that_was_ended_has_time_to_unwind_and_no_more(
    watchdog: Watchdog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow machine may let ticks pass between the end of a handler and the note that it is over."""
    member = Member()
    watchdog.watch(member)
    member.calls = 1
    ended = []
    for tick in range(1, 20):
        monkeypatch.setattr(time, "thread_time", lambda now_s=tick / 100: now_s)
        try:
            watchdog._tick(signal.SIGALRM, None)
        except HandlerTimeoutError:
            ended.append(tick)
    assert ended == [5, 10, 14, 19]  # four hundredths of processor time after the first look, and again


def test_many_short_handlers_are_no_long_one(watchdog: Watchdog) -> None:
    member = Member()
    watchdog.join(member)
    watchdog.watch(member)
    ticks = 0

    def count(number: int, frame: object) -> None:
        nonlocal ticks
        ticks += 1
        watchdog._tick(number, None)

    signal.signal(signal.SIGALRM, count)
    while ticks < 12:  # three limits' worth of ticks, each in another call
        member.calls += 1
    watchdog.leave(member)


def test_between_handlers_and_without_a_member_nothing_is_raised(watchdog: Watchdog) -> None:
    member = Member()
    watchdog.join(member)
    for calls, watched in ((2, member), (1, None)):
        member.calls = calls
        watchdog.watch(watched)
        for _ in range(50):
            watchdog._tick(signal.SIGALRM, None)
    watchdog.leave(member)


def test_what_was_set_before_is_set_again(watchdog: Watchdog) -> None:
    rung: list[int] = []
    signal.signal(signal.SIGALRM, lambda number, frame: rung.append(number))
    signal.setitimer(signal.ITIMER_REAL, 3_000.0)
    first, second = Member(), Member(0.5)
    watchdog.join(first)
    watchdog.join(second)
    assert watchdog.active
    watchdog.leave(first)
    assert watchdog.active
    watchdog.leave(second)
    assert not watchdog.active
    assert 2_000.0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 3_000.0
    signal.raise_signal(signal.SIGALRM)
    assert rung == [signal.SIGALRM]


def test_other_threads_have_no_limit(watchdog: Watchdog) -> None:
    member = Member()
    thread = threading.Thread(target=lambda: (watchdog.join(member), watchdog.leave(member)))
    thread.start()
    thread.join()
    assert not watchdog.active


def test_a_process_whose_run_broke_off_ends_in_peace() -> None:
    code = (
        "from actors.watchdog import WATCHDOG\n"
        "class M:\n    calls = 0\n    handler_limit_s = 0.004\n"
        "m = M(); WATCHDOG.join(m)\n"
        "import atexit, threading\n"
        "atexit.register(threading.Event().wait, 0.05)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, timeout=60)  # noqa: S603
    assert (ended.returncode, ended.stderr) == (0, b"")
