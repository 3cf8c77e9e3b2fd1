"""Play one match and keep it like any other run: folder, catalogue, series, journal."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import msgspec

from actors.bot_check import check_bots
from actors.bot_output import Say
from actors.catalogue import RunInfo
from actors.code_digest import code_digest
from actors.config import MatchFormat, MatchSpec, digest_of
from actors.filing import filing_of
from actors.player import RunMatch, resident_mb
from actors.progress import Progress
from actors.record import MatchJob, record_of
from actors.result import MatchResult
from actors.run_folder import (
    CodeChangedError,
    RunExistsError,
    RunFolder,
    is_worked_on,
    open_catalogue,
    run_path,
)
from actors.run_options import OpenMode, RunOptions
from actors.run_watch import watched_run
from actors.storage import storage_errors
from actors.world.keeper import has_begun
from actors.world.placement import PROCESS, PlacementError
from actors.world.stage import Stage
from analytics.leaderboard import Leaderboard, build_leaderboard
from exchange_sim.rng import derive

KIND = "match"
JOURNAL_FILE = "match.journal"


class SingleMatch(msgspec.Struct, frozen=True, kw_only=True):
    """A match that was played and the folder that keeps it."""

    folder: Path
    journal: Path
    result: MatchResult
    leaderboard: Leaderboard


def match_info(spec: MatchSpec) -> RunInfo:
    """Return what names the run of `spec`."""
    sources = check_bots(spec.bots)
    return RunInfo(
        kind=KIND,
        name=spec.match_id,
        digest=digest_of(spec),
        code=code_digest(sources),
        spec=msgspec.json.encode(spec, order="sorted").decode(),
    )


def play_single(
    spec: MatchSpec,
    options: RunOptions,
    *,
    progress: Callable[[float], None] | None = None,
    say: Say | None = None,
    tell: Callable[[str], None] | None = None,
    play: RunMatch | None = None,
) -> SingleMatch:
    """Play the match and return it; an earlier run of the same match is replaced.

    Parameters
    ----------
    options
        `placement` says where the bots live; with `mode` RESUME a world that was stopped is gone on with.
    progress
        Called with the finished fraction, now and then.
    say
        Given what bots print in this process, at once.
    tell
        Given lines for the user: what bots print elsewhere, what was chosen, what went wrong on the way.
    play
        Plays it, in this process, in place of what `options` name.

    Raises
    ------
    ConfigError
        A bot's strategy or configuration cannot be used.
    RunExistsError
        A world that was stopped is there, and nobody said what to do with it.
    CodeChangedError
        It was started by other code.
    PlacementError
        The cluster cannot hold it.
    WorldError
        It cannot be played.
    WorldStoppedError
        Somebody has stopped it.
    StorageError
        The disk is full or the folder cannot be written.
    """
    job = MatchJob(
        position=0,
        contest=spec.match_id,
        block="00000",
        format=MatchFormat.MELEE,
        round=0,
        match=spec,
    )

    def show(now: Progress) -> None:
        if tell is not None:
            for line in now.lines:
                tell(line)

    info = match_info(spec)
    with RunFolder(options.root, info, mode=_mode(options, info), packed=False) as folder:
        journal = folder.path / JOURNAL_FILE
        with ExitStack() as stack:
            watched = watched_run(folder.path, spec.match_id, show, options.metrics)
            run_watch = stack.enter_context(watched)
            stack.enter_context(storage_errors(journal))
            stage = Stage(
                spec,
                folder.path,
                journal,
                options,
                run_watch,
                progress=progress,
                say=say,
                tell=tell,
                play=play,
            )
            result = stage.play()
        record = record_of(job, result, memory_mb=resident_mb())
        folder.store([filing_of(job, record)])
        board = build_leaderboard(record.rows, null=None, seed=derive(spec.seed, "leaderboard"))
        return SingleMatch(folder=folder.path, journal=journal, result=result, leaderboard=board)


def _mode(options: RunOptions, info: RunInfo) -> OpenMode:
    """Return how to open the folder: what is finished is replaced, what is not is gone on with if wanted."""
    folder = run_path(options.root, info)
    if options.mode is OpenMode.FRESH or not has_begun(folder, info.digest) or is_worked_on(folder):
        return OpenMode.FRESH
    if options.mode is OpenMode.NEW:
        raise RunExistsError(
            f"{folder}: a world that was stopped is here; use --resume to go on with it, or --fresh to start "
            "again"
        )
    if options.placement.kind == PROCESS:
        raise PlacementError(
            "placement: expected shards=N or account to go on with the world that was stopped, was process"
        )
    with open_catalogue(folder) as catalogue:
        known = catalogue.info
    if known is not None and known.code != info.code:
        raise CodeChangedError(
            f"{folder}: this world was started by other code ({known.code}, now {info.code}), so it would "
            "not go on as it began; use --fresh to start again"
        )
    return OpenMode.RESUME
