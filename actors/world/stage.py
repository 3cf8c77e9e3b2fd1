"""Plays a match where its placement says: in this process, or as a world on a cluster."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, cast

from actors.bot_output import Say, heard
from actors.config import digest_of
from actors.dashboard import opened_dashboard
from actors.match_config import MatchSpec
from actors.metrics.match_watch import MatchWatch
from actors.player import RunMatch
from actors.progress import PoolState, ProgressMeter
from actors.result import MatchResult
from actors.run_options import RunOptions
from actors.run_watch import RunWatch
from actors.world.auto import choose
from actors.world.control import controlled
from actors.world.controls import MatchControls
from actors.world.keeper import has_begun
from actors.world.placement import AUTO, IN_PROCESS, Placement
from actors.world.probe import probe_match
from actors.world.rehearsal import Rehearsal
from actors.world_watch import WorldWatch

if TYPE_CHECKING:
    from actors.cluster import Cluster
    from actors.world.ray_world import WorldDriver


LINES_SHOWN = 1_000
"""Of one bot, of what it prints."""


class Stage:
    """Where a match is played, with all that is around it while it is.

    Parameters
    ----------
    spec
        The match.
    folder
        Of its run: tape and control file are kept there meanwhile.
    journal
        File of its journal.
    options
        How it is carried out.
    run_watch
        Reports how far it is.
    progress, say, tell, play
        As of `actors.single.play_single`.
    """

    def __init__(
        self,
        spec: MatchSpec,
        folder: Path,
        journal: Path,
        options: RunOptions,
        run_watch: RunWatch,
        *,
        progress: Callable[[float], None] | None,
        say: Say | None,
        tell: Callable[[str], None] | None,
        play: RunMatch | None = None,
    ) -> None:
        self._spec = spec
        self._folder = folder
        self._journal = journal
        self._options = options
        self._run_watch = run_watch
        self._progress = progress
        self._say = say
        self._tell = tell
        self._play = play

    def play(self) -> MatchResult:
        """Play it; see `actors.single.play_single`, which also says what is raised."""
        placement = self._options.placement
        with ExitStack() as stack:
            if placement.kind == AUTO:
                placement = self._chosen(stack)
            return self._here() if placement == IN_PROCESS else self._spread(placement, stack)

    def _here(self) -> MatchResult:
        module, _, name = self._options.run_match.partition(":")
        run_match = cast("RunMatch", getattr(importlib.import_module(module), name))
        controls = MatchControls(self._spec)
        meter = ProgressMeter(1, self._run_watch)
        meter.workers = 1
        meter.tick(PoolState(1, note="setting up"))  # machine code may have to be compiled first

        def progress(share: float) -> None:
            controls.look(share)
            meter.tick(PoolState(1, share))
            if self._progress is not None:
                self._progress(share)

        with ExitStack() as stack:
            if self._say is not None:
                stack.enter_context(heard(self._say, LINES_SHOWN))
            stack.enter_context(controlled(self._folder, controls, Rehearsal(self._spec)))
            return (self._play or run_match)(
                self._spec,
                data_folder=self._options.data_folder,
                journal_path=self._journal,
                progress=progress,
                watch=MatchWatch(self._run_watch.metrics, self._spec.match_id),
                hands=controls,
            )

    def _spread(self, placement: Placement, stack: ExitStack) -> MatchResult:
        # imported late: a match in this process need not wait a second for Ray
        from actors.metrics.ray_sink import RaySink  # noqa: PLC0415
        from actors.world.ray_world import run_world  # noqa: PLC0415

        cluster = self._connected(stack)
        self._run_watch.join_with_accounts(RaySink())
        if cluster.dashboard_url:
            way = stack.enter_context(opened_dashboard(cluster.dashboard_url, self._folder))
            self._run_watch.announce(cluster.dashboard_url, way)
        return run_world(
            self._spec,
            placement,
            run=self._folder.name,
            folder=self._folder,
            data_folder=self._options.data_folder,
            journal_path=self._journal,
            progress=self._progress,
            watch=WorldWatch(self._spec.match_id, self._run_watch),
            attend=self._attended,
        )

    def _connected(self, stack: ExitStack) -> Cluster:
        from actors.cluster import connected  # noqa: PLC0415

        return stack.enter_context(connected(self._options.cluster))

    def _attended(self, driver: WorldDriver) -> AbstractContextManager[None]:
        return controlled(self._folder, driver, Rehearsal(self._spec))

    def _chosen(self, stack: ExitStack) -> Placement:
        """Measure and choose; a world that was stopped is gone on with in shards."""
        cluster = self._options.cluster
        there = self._connected(stack).cpus if cluster.address is not None else None
        cpus = cluster.workers or there or os.cpu_count() or 1
        if has_begun(self._folder, digest_of(self._spec)):
            return Placement("shards", max(1, min(cpus, len(self._spec.bots))))
        choice = choose(probe_match(self._spec, self._options.data_folder), cpus=cpus)
        if self._tell is not None:
            self._tell(str(choice))
        return choice.placement
