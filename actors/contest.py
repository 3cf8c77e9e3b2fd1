"""Play the matches of a run that are not finished yet, and keep what they leave.

Tournament and search are both made of this: a list of jobs, a folder that remembers, and somebody who plays.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from actors.bot_output import NewLines
from actors.catalogue import RunInfo
from actors.dashboard import opened_dashboard
from actors.filing import match_digest
from actors.jobs import selected
from actors.player import PlayerSetup
from actors.pool import InProcessPool, Pool
from actors.progress import PoolState, ProgressMeter, ShowProgress, silent
from actors.record import MatchJob
from actors.run_folder import RunFolder
from actors.run_options import RunOptions
from actors.run_watch import watched_run

_HOPELESS = 5  # matches that fail before any has succeeded, after which the rest is not tried


class RunInterruptedError(Exception):
    """The run was stopped. What is finished is kept.

    Attributes
    ----------
    folder
        Of the run.
    done, total
        Matches finished, and matches of the run as far as they are known.
    """

    def __init__(self, folder: Path, done: int, total: int) -> None:
        self.folder = folder
        self.done = done
        self.total = total
        super().__init__(
            f"stopped after {done} of {total} matches; the same command with --resume goes on ({folder})"
        )


class MatchesFailedError(RuntimeError):
    """Every match tried so far has failed: the rest would too."""


OpenPool = Callable[[Callable[[PoolState], None]], Pool]
"""Gives a pool that plays, when there is something to play; it may tell how far it is in between."""


class Contest:
    """A run that is being played.

    Attributes
    ----------
    folder
        Where its results are kept.
    wall_s
        Spent playing in this session, without the start of the cluster.
    """

    def __init__(self, folder: RunFolder, open_pool: OpenPool, show: ShowProgress, *, total: int) -> None:
        self.folder = folder
        self.wall_s = 0.0
        self._open_pool = open_pool
        self._pool: Pool | None = None
        self._meter = ProgressMeter(total, show)
        self._new_lines = NewLines()
        self._succeeded = bool(folder.catalogue.counts()[0])

    def expect(self, matches: int) -> None:
        """Correct the number of matches of the run."""
        self._meter.total = matches

    def play(self, jobs: Sequence[MatchJob]) -> None:
        """Play those of `jobs` that are not finished.

        A match that fails is recorded with its error and the others go on.

        Raises
        ------
        RunInterruptedError
            Ctrl-C.
        MatchesFailedError
            The first matches all failed.
        StorageError, PoolError
            See there.
        """
        catalogue = self.folder.catalogue
        missing: Sequence[int] = range(len(jobs))
        if any(catalogue.counts()):
            missing = [
                index
                for index, job in enumerate(jobs)
                if catalogue.spec_digest(job.match_id) != match_digest(job)
            ]
        self._meter.resume(len(jobs) - len(missing))
        self._meter.tick()
        if not missing:
            return
        try:
            pool = self._pool = self._pool or self._open_pool(self._meter.tick)
            self._meter.workers = pool.workers
            begin = time.perf_counter()
            for ended in pool.play(selected(jobs, missing)):
                if ended is None:
                    self._meter.tick(pool.state)
                    continue
                self.folder.store(ended)
                self._succeeded = self._succeeded or not all(filing.error for filing in ended)
                lines = self._new_lines.of(line for filing in ended for line in filing.said)
                self._meter.ended(ended, pool.state, lines=lines)
                if not self._succeeded and self._meter.failed >= min(_HOPELESS, self._meter.total):
                    raise MatchesFailedError(
                        f"the first {self._meter.failed} matches all failed: {ended[-1].error}"
                    )
            self.wall_s += time.perf_counter() - begin
        except KeyboardInterrupt:
            raise RunInterruptedError(self.folder.path, self._meter.done, self._meter.total) from None


@contextmanager
def opened_contest(
    info: RunInfo,
    options: RunOptions,
    *,
    jobs: int,
    strategies: Sequence[str] = (),
    journals: bool = False,
    show: ShowProgress = silent,
) -> Iterator[Contest]:
    """Open the folder of the run, find somebody to play, and clean up afterwards.

    `jobs` is the number of matches of the run, as far as it is known; `strategies` are the bots'.

    Raises
    ------
    RunExistsError, RunLockedError, CodeChangedError, StorageError, PoolError
        See there.
    """
    setup = PlayerSetup(
        run_match=options.run_match,
        data_folder=str(options.data_folder.resolve()) if options.data_folder is not None else None,
        working_folder=str(Path.cwd()),
        search_path=tuple(sys.path),
        journals=journals,
        run=info.name,
    )
    with (
        RunFolder(options.root, info, mode=options.mode) as folder,
        watched_run(folder.path, info.name, show, options.metrics) as run_watch,
        ExitStack() as stack,
    ):

        def open_pool(watch: Callable[[PoolState], None]) -> Pool:
            if options.in_process:
                here = stack.enter_context(InProcessPool(setup, watch, run_watch.metrics))
                run_watch.roster = here
                return here
            # imported late: a run in this process, or one that is complete, need not wait a second for Ray
            from actors.cluster import connected, worker_count  # noqa: PLC0415
            from actors.handshake import fingerprint  # noqa: PLC0415
            from actors.metrics.ray_sink import RaySink  # noqa: PLC0415
            from actors.ray_pool import RayPool  # noqa: PLC0415

            cluster = stack.enter_context(connected(options.cluster))
            workers = worker_count(options.cluster, cluster.cpus, jobs)
            run_watch.join(RaySink())
            if cluster.dashboard_url:
                way = stack.enter_context(opened_dashboard(cluster.dashboard_url, folder.path))
                run_watch.announce(cluster.dashboard_url, way)
            expected = fingerprint(strategies)
            pool = stack.enter_context(RayPool(setup, workers, label=info.name, expected=expected))
            run_watch.roster = pool
            return pool

        yield Contest(folder, open_pool, run_watch, total=jobs)
