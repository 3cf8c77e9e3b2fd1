"""Play one match here and keep it like any other run: folder, catalogue, series, journal."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import msgspec

from actors.bot_check import check_bots
from actors.bot_output import Say, heard
from actors.catalogue import RunInfo
from actors.code_digest import code_digest
from actors.config import MatchFormat, MatchSpec, digest_of
from actors.filing import filing_of
from actors.metrics.match_watch import MatchWatch
from actors.player import RunMatch, resident_mb
from actors.progress import PoolState, ProgressMeter, silent
from actors.record import MatchJob, record_of
from actors.result import MatchResult
from actors.run_folder import RunFolder
from actors.run_options import OpenMode, RunOptions
from actors.run_watch import RunWatch, watched_run
from actors.storage import storage_errors
from analytics.leaderboard import Leaderboard, build_leaderboard
from exchange_sim.rng import derive

KIND = "match"
JOURNAL_FILE = "match.journal"


LINES_SHOWN = 1_000
"""Of one bot, of what it prints."""


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
) -> SingleMatch:
    """Play the match in this process and return it; an earlier run of the same match is replaced.

    `progress` is called with the finished fraction, now and then; `say` is given what bots print, at once.

    Raises
    ------
    ConfigError
        A bot's strategy or configuration cannot be used.
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
    module, _, name = options.run_match.partition(":")
    run_match = cast("RunMatch", getattr(importlib.import_module(module), name))
    with RunFolder(options.root, match_info(spec), mode=OpenMode.FRESH, packed=False) as folder:
        journal = folder.path / JOURNAL_FILE
        with ExitStack() as stack:
            watched = watched_run(folder.path, spec.match_id, silent, options.metrics)
            run_watch = stack.enter_context(watched)
            if say is not None:
                stack.enter_context(heard(say, LINES_SHOWN))
            stack.enter_context(storage_errors(journal))
            result = run_match(
                spec,
                data_folder=options.data_folder,
                journal_path=journal,
                progress=_told(run_watch, progress),
                watch=MatchWatch(run_watch.metrics, spec.match_id),
            )
        record = record_of(job, result, memory_mb=resident_mb())
        folder.store([filing_of(job, record)])
        board = build_leaderboard(record.rows, null=None, seed=derive(spec.seed, "leaderboard"))
        return SingleMatch(folder=folder.path, journal=journal, result=result, leaderboard=board)


def _told(run_watch: RunWatch, progress: Callable[[float], None] | None) -> Callable[[float], None]:
    """Return what a match tells how far it is: a run of one match, and `progress`."""
    meter = ProgressMeter(1, run_watch)
    meter.workers = 1

    def tell(share: float) -> None:
        meter.tick(PoolState(1, share))
        if progress is not None:
            progress(share)

    return tell
