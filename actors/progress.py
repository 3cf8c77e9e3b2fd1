"""How far a run is: what a progress display shows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec

from actors.filing import Filing


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """One moment of a run.

    Parameters
    ----------
    total
        Matches of the run. `done` and `failed` of them have ended, those of earlier sessions included;
        `running` are handed out.
    resumed
        Of the ended ones, how many an earlier session had finished.
    part
        Of the running matches, the shares that are played, summed; 0 where they are not known.
    elapsed_s, left_s
        Wall time of this session, and what it will still take at its pace; None before it has one.
    last
        The match that ended last, and how: empty `error` for well.
    note
        What the run waits for, or nothing.
    workers
        Processes that play.
    cpu_s
        Processor time of the matches that ended in this session.
    lines
        What bots have printed since the last moment, ready to be shown.
    """

    total: int
    done: int
    failed: int
    running: int
    resumed: int
    elapsed_s: float
    left_s: float | None
    part: float = 0.0
    last: str = ""
    error: str = ""
    note: str = ""
    workers: int = 0
    cpu_s: float = 0.0
    lines: tuple[str, ...] = ()


class PoolState(msgspec.Struct, frozen=True):
    """What those who play are doing: matches under way, how much of them is played, what they wait for."""

    running: int = 0
    part: float = 0.0
    note: str = ""


IDLE = PoolState()

ShowProgress = Callable[[Progress], None]
"""Called at every change and about once a second; must return quickly."""


def silent(_progress: Progress) -> None:
    """Show nothing."""


class ProgressMeter:
    """Counts a session's matches and estimates the time left."""

    def __init__(self, total: int, show: ShowProgress) -> None:
        self.total = total
        self.resumed = 0
        self.done = 0
        self.failed = 0
        self.workers = 0
        self.cpu_s = 0.0
        self._show = show
        self._begin = time.perf_counter()
        self._first: float | None = None  # when the first match was handed out

    def resume(self, matches: int) -> None:
        """Count matches that an earlier session has finished."""
        self.resumed += matches
        self.done += matches

    def ended(self, filings: Sequence[Filing], state: PoolState, *, lines: Sequence[str] = ()) -> None:
        """Count matches, and show the last and every one that failed, and what bots have printed."""
        for number, filing in enumerate(filings, 1):
            if filing.error:
                self.failed += 1
            else:
                self.done += 1
            self.cpu_s += filing.cpu_s
            if filing.error or number == len(filings):
                self.tick(state, last=filing.match_id, error=filing.error, lines=lines)
                lines = ()

    def tick(
        self, state: PoolState = IDLE, *, last: str = "", error: str = "", lines: Sequence[str] = ()
    ) -> None:
        """Show the state of things."""
        now = time.perf_counter()
        if state.running and self._first is None:
            self._first = now
        playing = now - self._first if self._first is not None else 0.0
        played = self.done + self.failed - self.resumed + state.part
        missing = self.total - self.done - self.failed - state.part
        left = playing / played * missing if played > 0 else None
        self._show(
            Progress(
                total=self.total,
                done=self.done,
                failed=self.failed,
                running=state.running,
                resumed=self.resumed,
                elapsed_s=now - self._begin,
                left_s=left,
                part=state.part,
                last=last,
                error=error,
                note=state.note,
                workers=self.workers,
                cpu_s=self.cpu_s,
                lines=tuple(lines),
            )
        )
