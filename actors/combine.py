"""One leaderboard of several tournaments of the same bots: more evidence, or more than one driver can store.

A driver stores a few thousand matches a second. A cluster that plays more runs several tournaments at a time,
the same file with different seeds, each with a driver of its own; together they are one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from actors.config import TournamentSpec
from actors.run_folder import open_catalogue
from actors.tournament import leaderboard_of, ranked_formats, stored_specification
from analytics.leaderboard import Leaderboard
from analytics.match_table import MatchTable, match_table


class CombinedResult(msgspec.Struct, frozen=True, kw_only=True):
    """The leaderboards of several runs together, by format. `matches_done` and `_failed` are their sums."""

    runs: tuple[str, ...]
    matches_done: int
    matches_failed: int
    leaderboards: dict[str, Leaderboard]


def combine(folders: Sequence[Path]) -> CombinedResult:
    """Return the leaderboards of all matches of these runs, finished or not.

    Raises
    ------
    ValueError
        A run is no tournament, differs from the first in more than its seed and its rounds, or has a seed
        that another has: their rounds would be the same markets, and count twice.
    StorageError
        A folder holds no run.
    """
    tables: dict[str, list[MatchTable]] = {}
    first: TournamentSpec | None = None
    seeds: dict[int, str] = {}
    names, code, done, failed = [], "", 0, 0
    for folder in folders:
        with open_catalogue(folder) as catalogue:
            spec = stored_specification(catalogue, folder)
            info = catalogue.info
            own_code = info.code if info is not None else ""
            first, code = first or spec, code or own_code
            _check_alike(first, spec, folder.name)
            if own_code != code:
                raise ValueError(f"{folder.name}: expected a run of the code {code}, was {own_code}")
            if spec.seed in seeds:
                raise ValueError(
                    f"{folder.name}: expected another seed than {seeds[spec.seed]} has, was {spec.seed} too"
                )
            seeds[spec.seed] = folder.name
            names.append(folder.name)
            played, broken = catalogue.counts()
            done, failed = done + played, failed + broken
            for form in ranked_formats(spec):
                tables.setdefault(form.value, []).append(catalogue.table((form,)))
    if first is None:
        raise ValueError("runs: expected one or more, was none")
    boards = {form: leaderboard_of(_together(names, given), first, form) for form, given in tables.items()}
    return CombinedResult(
        runs=tuple(names),
        matches_done=done,
        matches_failed=failed,
        leaderboards={form: board for form, board in boards.items() if board is not None},
    )


def _check_alike(first: TournamentSpec, spec: TournamentSpec, name: str) -> None:
    change = msgspec.structs.replace
    rounds = first.tournament.rounds
    alike = change(spec, seed=first.seed, name=first.name, tournament=change(spec.tournament, rounds=rounds))
    for field in TournamentSpec.__struct_fields__:
        if getattr(alike, field) != getattr(first, field):
            raise ValueError(f"{name}: {field}: expected what the first run has, was something else")


def _together(names: Sequence[str], tables: Sequence[MatchTable]) -> MatchTable:
    """Return the tables as one; contests, matches and blocks of different runs are different."""
    bots: dict[str, int] = {}
    matches: list[tuple[str, str, str]] = []
    match, bot, figures = [], [], []
    for name, table in zip(names, tables, strict=True):
        codes = np.array([bots.setdefault(each, len(bots)) for each in table.bots], np.int64)
        match.append(table.match + len(matches))
        bot.append(codes[table.bot])
        figures.append(table.figures)
        own = zip(table.contests, table.match_ids, table.blocks, strict=True)
        matches += [
            (f"{name}/{contest}", f"{name}/{each}", f"{name}/{block}") for contest, each, block in own
        ]
    return match_table(
        matches, list(bots), np.concatenate(match), np.concatenate(bot), np.concatenate(figures)
    )
