"""Shows how far a run is: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from actors.cli.console import span

if TYPE_CHECKING:
    from actors.progress import Progress, ShowProgress

_LINE_EVERY_S = 10.0


@contextmanager
def shown(title: str, *, quiet: bool) -> Iterator[ShowProgress]:
    """Give what a run calls with its progress; the display is taken down at the end.

    `quiet` shows only what bots print, for output that machines read.
    """
    if quiet:
        yield _write_lines
    elif sys.stderr.isatty():
        with _bar(title) as show:
            yield show
    else:
        yield _Lines(title).show


@contextmanager
def spinner(text: str, *, quiet: bool) -> Iterator[None]:
    """Show that something is going on."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(text):
        yield


def state_text(progress: Progress) -> str:
    """Return in words what the run is doing, as far as its counts do not say it."""
    parts = []
    if progress.failed:
        parts.append(f"{progress.failed} failed")
    if progress.note:
        parts.append(progress.note)
    elif not progress.running and progress.left_s is None and progress.done < progress.total:
        parts.append("starting workers")
    if progress.left_s is not None and progress.done + progress.failed < progress.total:
        parts.append(f"{span(progress.left_s)} left")
    return ", ".join(parts)


def _write_lines(progress: Progress) -> None:
    """Write what bots have printed."""
    for line in progress.lines:
        sys.stderr.write(f"{line}\n")


class _Lines:
    """Progress for logs: the first state, one line in ten seconds, the last."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._next_s = 0.0
        self._last = ""

    def show(self, progress: Progress) -> None:
        _write_lines(progress)
        over = progress.done + progress.failed == progress.total
        if progress.elapsed_s < self._next_s and not over:
            return
        self._next_s = progress.elapsed_s + _LINE_EVERY_S
        state = state_text(progress)
        line = f"{self._title}: {progress.done}/{progress.total} matches after {span(progress.elapsed_s)}"
        line = f"{line}, {state}" if state else line
        if line != self._last:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
        self._last = line


@contextmanager
def _bar(title: str) -> Iterator[ShowProgress]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[count]}", markup=False),
        TimeElapsedColumn(),
        TextColumn("{task.fields[state]}", markup=False),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, count="", state="")

        def show(progress: Progress) -> None:
            for line in progress.lines:
                bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
            bar.update(
                task,
                total=progress.total,
                completed=progress.done + progress.failed + progress.part,
                count=f"{progress.done + progress.failed}/{progress.total}",
                state=state_text(progress),
            )

        yield show
