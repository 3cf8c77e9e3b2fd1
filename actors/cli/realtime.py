"""Shows a market in realtime: where to join it, how it keeps to the clock, how it was."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from actors.cli.console import span
from actors.cli.errors import CommandError

if TYPE_CHECKING:
    from actors.match_config import MatchSpec
    from actors.realtime.pacer import PaceReport
    from actors.realtime.run import RealtimeReport, RealtimeRunner, RealtimeStatus

_LINE_EVERY_NS = 10_000_000_000
_SECOND_NS = 1_000_000_000
_CLEAR = "\r\x1b[K"


@contextmanager
def realtime_runner(spec: MatchSpec, speed: float, port: int, *, quiet: bool) -> Iterator[RealtimeRunner]:
    """Give what plays a match in realtime and shows on stderr how it goes.

    `quiet` shows the keys and where to join only.

    Raises
    ------
    CommandError
        The speed is out of range.
    """
    from actors.realtime.pacer import SPEED_MAXIMUM, SPEED_MINIMUM
    from actors.realtime.run import RealtimeRunner

    if not SPEED_MINIMUM <= speed <= SPEED_MAXIMUM:
        expected = f"a speed from {SPEED_MINIMUM:g} to {SPEED_MAXIMUM:g}"
        raise CommandError(f"--realtime: expected {expected}, was {speed:g}")
    line = LiveLine(spec.match_id, sys.stderr, live=sys.stderr.isatty())

    def announce(chosen: int, drawn: Mapping[str, str]) -> None:
        sys.stderr.write(f"{spec.match_id}: outside accounts join at 127.0.0.1:{chosen}\n")
        for account, key in drawn.items():
            sys.stderr.write(f"{spec.match_id}: the key of {account} is {key} (it is not shown again)\n")
        sys.stderr.flush()

    try:
        if quiet:
            yield RealtimeRunner(speed, port=port, announce=announce)
        else:
            yield RealtimeRunner(speed, port=port, announce=announce, show=line.show)
    finally:
        line.clear()


class LiveLine:
    """One line that changes on a terminal; elsewhere a line in ten seconds.

    Parameters
    ----------
    title
        Of the match.
    file
        To write to.
    live
        Whether it is a terminal.
    """

    def __init__(self, title: str, file: TextIO, *, live: bool) -> None:
        self._title = title
        self._file = file
        self._live = live
        self._next_ns = 0
        self._kept_up = True
        self._drawn = False

    def show(self, status: RealtimeStatus) -> None:
        """Show one moment; that a market cannot keep up, or can again, stays on the screen."""
        pace = status.pace
        if pace.keeps_up != self._kept_up:
            self._kept_up = pace.keeps_up
            self.clear()
            self._write(f"{self._title}: {verdict(pace)}\n")
        if self._live:
            width = shutil.get_terminal_size().columns - 1  # a line that wraps could not be taken away
            self._write(f"{_CLEAR}{f'{self._title} {moment(status)}'[:width]}")
            self._drawn = True
        else:
            wall_ns = int(status.passed_ns / pace.speed)
            if wall_ns >= self._next_ns:
                self._next_ns = wall_ns + _LINE_EVERY_NS
                self._write(f"{self._title} {moment(status)}\n")

    def clear(self) -> None:
        """Take the changing line away."""
        if self._drawn:
            self._drawn = False
            self._write(_CLEAR)

    def _write(self, text: str) -> None:
        self._file.write(text)
        self._file.flush()


def moment(status: RealtimeStatus) -> str:
    """Return one moment in short; the jitter is the p99."""
    pace = status.pace
    joined = f", {status.connected} joined" if status.connected else ""
    return (
        f"x{pace.speed:g}: {span(status.passed_ns / _SECOND_NS)} of {span(status.duration_ns / _SECOND_NS)}, "
        f"lag {status.lag_ms:.1f} (p50 {pace.lag.p50:.1f}, p99 {pace.lag.p99:.1f}, "
        f"max {pace.lag.max:.1f}), jitter {pace.jitter.p99:.1f} ms{joined}"
    )


def verdict(pace: PaceReport) -> str:
    """Return in words whether the market keeps up."""
    if pace.keeps_up:
        return f"the market keeps up again at x{pace.speed:g}"
    return (
        f"the market cannot keep up at x{pace.speed:g}: it reaches x{pace.attainable:.3g} on this machine "
        "and falls further behind; it goes on without waiting"
    )


def realtime_lines(report: RealtimeReport) -> list[str]:
    """Return how a market in realtime has gone, a line each."""
    pace, lag, jitter = report.pace, report.pace.lag, report.pace.jitter
    ended = "" if report.complete else ", ended before its time"
    lines = [
        f"Realtime: x{pace.reached:.4g} of x{pace.speed:g} in slices of {pace.slice_ms:g} ms{ended}",
        f"Lag p50 {lag.p50:.2f} ms, p99 {lag.p99:.2f} ms, max {lag.max:.2f} ms",
        f"Jitter p50 {jitter.p50:.2f} ms, p99 {jitter.p99:.2f} ms, max {jitter.max:.2f} ms",
    ]
    if pace.attainable is not None:
        times = "once" if pace.behind == 1 else f"{pace.behind} times"
        state = "had caught up at the end" if pace.keeps_up else "was behind at the end"
        reached = f"without waiting it reached x{pace.attainable:.3g}"
        lines.append(f"The market could not keep up {times} and {state}: {reached}")
    lines += [
        f"{each.name}: joined {each.joined:,}, {each.commands:,} commands in, {each.messages:,} messages out"
        for each in report.outside
    ]
    return lines


def realtime_document(report: RealtimeReport) -> Any:
    """Return what `--json` prints of it."""
    import msgspec

    return msgspec.to_builtins(report)
