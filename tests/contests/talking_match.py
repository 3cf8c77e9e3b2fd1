"""A stand-in for a match whose bots print, and fail if the plan says so."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from actors.bot_output import speaking
from actors.match_config import MatchSpec
from actors.metrics.match_watch import MatchWatch
from actors.result import MatchResult
from tests.contests.fake_match import run_match as fake_match

RUN_MATCH = "tests.contests.talking_match:run_match"


def run_match(
    spec: MatchSpec,
    *,
    data_folder: Path | None,
    journal_path: Path | None = None,
    progress: Callable[[float], None] | None = None,
    watch: MatchWatch | None = None,
) -> MatchResult:
    """Let every bot say the same in every match, and one of them the match's name."""
    for bot in spec.bots:
        with speaking(bot.name):
            sys.stdout.write("hello\n")
            if bot.name == "bob":
                sys.stderr.write(f"here is {spec.match_id}\n")
    return fake_match(
        spec, data_folder=data_folder, journal_path=journal_path, progress=progress, watch=watch
    )
