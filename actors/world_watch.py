"""Shows a world that is played on a cluster: to `arena top`, to metrics, and its bots' output to the user."""

from __future__ import annotations

import time

from actors.bot_output import NewLines
from actors.progress import PoolState, ProgressMeter
from actors.run_watch import RunWatch
from actors.status import WorkerStatus
from actors.world.world import WorldStatus
from exchange_sim.model.instrument import ASSET_SCALE

_ATOMS = 10.0**ASSET_SCALE


class WorldWatch:
    """Told now and then how a world stands; see `actors.world.ray_world.WorldDriver.play`.

    Parameters
    ----------
    run
        Name of the run.
    run_watch
        Who is told. Figures of accounts go to its metrics: nobody else reports them.
    """

    def __init__(self, run: str, run_watch: RunWatch) -> None:
        self._run = run
        self._told = run_watch
        self._meter = ProgressMeter(1, run_watch)
        self._new = NewLines()
        self._noted: set[str] = set()
        self._peaks: dict[str, int] = {}
        self._then = (time.perf_counter(), 0)  # wall time and windows of the last look
        self._parts: tuple[WorkerStatus, ...] = ()
        run_watch.roster = self
        self._meter.tick(PoolState(1, note="starting its processes"))

    def roster(self) -> tuple[WorkerStatus, ...]:
        return self._parts

    def look(self, status: WorldStatus) -> None:
        """Pass on how the world stands."""
        doing = f"window {status.windows:,}"
        self._parts = tuple(WorkerStatus(name=title, doing=doing) for title in status.parts)
        self._meter.workers = len(self._parts)
        self._report(status)
        notes = [status.state] if status.state not in ("playing", "ended") else []
        if status.deaths:
            notes.append(f"{status.deaths} lost processes were replaced")
        self._meter.done = int(status.share >= 1.0)
        played = PoolState() if self._meter.done else PoolState(1, status.share, ", ".join(notes))
        lines = [note for note in status.notes if note not in self._noted]
        self._noted.update(lines)
        self._meter.tick(played, lines=[*lines, *self._new.of(status.said)])

    def _report(self, status: WorldStatus) -> None:
        now_s, (then_s, windows) = time.perf_counter(), self._then
        self._then = now_s, status.windows
        metrics = self._told.metrics
        metrics.report_world(self._run, max(0, status.windows - windows) / max(now_s - then_s, 1e-9))
        for figures, equity in zip(status.accounts, status.equity_atoms, strict=False):
            peak = self._peaks[figures.name] = max(self._peaks.get(figures.name, equity), equity)
            metrics.report_account(
                self._run,
                figures.name,
                equity / _ATOMS,
                figures.position_atoms / _ATOMS,
                figures.fills,
                figures.denied + figures.rejected,
                max(0.0, 1.0 - equity / peak) if peak > 0 else 0.0,
            )
