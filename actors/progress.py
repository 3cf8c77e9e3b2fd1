"""How far a run is: what a progress display shows."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """One moment of a run.

    Parameters
    ----------
    total
        Matches of the run. `done` and `failed` of them have ended, those of earlier sessions included;
        `running` are handed out.
    resumed
        Of the ended ones, how many an earlier session had finished.
    elapsed_s, left_s
        Wall time of this session, and what it will still take at its pace; None before the first match.
    last
        The match that ended last, and how: empty `error` for well.
    note
        What the run waits for, or nothing.
    """

    total: int
    done: int
    failed: int
    running: int
    resumed: int
    elapsed_s: float
    left_s: float | None
    last: str = ""
    error: str = ""
    note: str = ""


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
        self._show = show
        self._begin = time.perf_counter()

    def resume(self, matches: int) -> None:
        """Count matches that an earlier session has finished."""
        self.resumed += matches
        self.done += matches

    def ended(self, match_id: str, error: str, running: int, note: str) -> None:
        """Count a match and show it."""
        if error:
            self.failed += 1
        else:
            self.done += 1
        self.tick(running, note, last=match_id, error=error)

    def tick(self, running: int, note: str, *, last: str = "", error: str = "") -> None:
        """Show the state of things."""
        elapsed = time.perf_counter() - self._begin
        ended = self.done + self.failed - self.resumed
        left = elapsed / ended * (self.total - self.done - self.failed) if ended else None
        self._show(
            Progress(
                total=self.total,
                done=self.done,
                failed=self.failed,
                running=running,
                resumed=self.resumed,
                elapsed_s=elapsed,
                left_s=left,
                last=last,
                error=error,
                note=note,
            )
        )
