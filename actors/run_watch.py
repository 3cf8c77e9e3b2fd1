"""Who is told how far a run is: the display, metrics, and the status file that `arena top` reads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from actors.dashboard import TOKEN_FILE
from actors.metrics.report import Metrics, Sink
from actors.progress import Progress, ShowProgress
from actors.status import StatusFile, WorkerStatus

_EVERY_S = 1.0


class Roster(Protocol):
    """Knows who is at work: a pool of workers, or the conductor of a world."""

    def roster(self) -> tuple[WorkerStatus, ...]:
        """Return those at work and what they are doing."""


class RunWatch:
    """Passes progress on: to the display always, to the others about once a second and at the end.

    Attributes
    ----------
    metrics
        Where figures go: the caller's, if any, and the status file.
    roster
        Who is at work, once somebody is.
    """

    def __init__(self, status: StatusFile, run: str, show: ShowProgress, metrics: Metrics | None) -> None:
        self.metrics = Metrics(status) if metrics is None else metrics.with_sink(status)
        self.roster: Roster | None = None
        self._clusters: list[Metrics] = []
        self._status = status
        self._run = run
        self._show = show
        self._next_s = 0.0
        self._notices: list[str] = []

    def __call__(self, progress: Progress) -> None:
        if self._notices:
            progress = msgspec.structs.replace(progress, lines=(*self._notices, *progress.lines))
            self._notices.clear()
        self._show(progress)
        now_s = time.perf_counter()
        over = progress.done + progress.failed >= progress.total
        if now_s < self._next_s and not over:
            return
        self._next_s = now_s + _EVERY_S
        for metrics in (self.metrics, *self._clusters):
            metrics.report_run(self._run, progress)
        self._status.write(progress, self.roster.roster() if self.roster is not None else ())

    def join(self, sink: Sink) -> None:
        """Report the run to a cluster too, whose workers report markets and accounts themselves."""
        self._clusters.append(Metrics(sink))

    def join_with_accounts(self, sink: Sink) -> None:
        """Report everything to a cluster too: nobody there reports markets and accounts."""
        self.metrics = self.metrics.with_sink(sink)

    def announce(self, dashboard: str, line: str) -> None:
        """Tell where the dashboard is: to the status file its address, to the display a line."""
        self._status.dashboard = dashboard
        self._notices.append(line)


@contextmanager
def watched_run(
    folder: Path, run: str, show: ShowProgress, metrics: Metrics | None = None
) -> Iterator[RunWatch]:
    """Give what is told of the run kept in `folder`; its status file goes at the end.

    A dashboard's token that a killed process has left there goes at once: its cluster is gone.
    """
    (folder / TOKEN_FILE).unlink(missing_ok=True)
    status = StatusFile(folder, run)
    try:
        yield RunWatch(status, run, show, metrics)
    finally:
        status.close()
