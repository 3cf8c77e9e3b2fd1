"""A tournament from its specification to its leaderboards."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from actors.bot_check import check_bots
from actors.catalogue import Catalogue, RunInfo
from actors.code_digest import code_digest
from actors.config import MatchFormat, TournamentSpec, digest_of
from actors.contest import opened_contest
from actors.progress import ShowProgress, silent
from actors.run_folder import open_catalogue
from actors.run_options import RunOptions
from actors.schedule import tournament_jobs
from analytics.interaction import removal_effects
from analytics.leaderboard import Leaderboard, build_leaderboard
from analytics.match_table import MatchTable
from exchange_sim.rng import derive

KIND = "tournament"
RESULT = "result.json"


class RemovalEffect(msgspec.Struct, frozen=True, kw_only=True):
    """How much the presence of `bot` changes the return of `other` (empty: mean of all others).

    Fractions of the other's start equity; `low` and `high` are NaN below two rounds.
    """

    bot: str
    other: str
    effect: float
    low: float
    high: float
    blocks: int


class TournamentResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a tournament has shown.

    Parameters
    ----------
    digest
        Of all matches' journals: two tournaments with equal digests went the same way, order for order.
    matches_failed
        Matches that could not be played; `failures` says why, by match.
    leaderboards
        By format, melee or solo; the first of the specification's formats first.
    effects
        Of the leave-one-out format, otherwise empty.
    cpu_s
        Processor time of all matches, earlier sessions included.
    wall_s
        Of this session, without the start of the cluster.
    """

    folder: Path
    name: str
    digest: str
    matches_done: int
    matches_failed: int
    failures: dict[str, str]
    leaderboards: dict[str, Leaderboard]
    effects: tuple[RemovalEffect, ...]
    cpu_s: float
    wall_s: float
    memory_mb: float

    @property
    def leaderboard(self) -> Leaderboard | None:
        """The main table, or None where no match has ended well."""
        return next(iter(self.leaderboards.values()), None)


def tournament_info(spec: TournamentSpec) -> RunInfo:
    """Return what names the run of `spec`."""
    sources = check_bots(spec.bots)
    return RunInfo(
        kind=KIND,
        name=spec.name,
        digest=digest_of(spec),
        code=code_digest(sources),
        spec=msgspec.json.encode(spec, order="sorted").decode(),
    )


def run_tournament(
    spec: TournamentSpec, options: RunOptions, *, show: ShowProgress = silent
) -> TournamentResult:
    """Play what is missing of the tournament and return its result.

    Raises
    ------
    ConfigError
        A bot's strategy or configuration cannot be used.
    RunExistsError, RunLockedError, CodeChangedError
        The run's folder cannot be used in this mode.
    RunInterruptedError
        Ctrl-C; what is finished is kept.
    MatchesFailedError, StorageError, PoolError
        See there.
    """
    jobs = tournament_jobs(spec)
    journals = spec.tournament.journals
    with opened_contest(
        tournament_info(spec),
        options,
        jobs=len(jobs),
        strategies=[bot.strategy for bot in spec.bots],
        journals=journals,
        show=show,
    ) as contest:
        contest.play(jobs)
        result = _result(contest.folder.path, contest.folder.catalogue, spec, wall_s=contest.wall_s)
        contest.folder.write(RESULT, _lasting(result))
        return result


def read_tournament(folder: Path) -> TournamentResult:
    """Return the result of a tournament from its folder, finished or not.

    Raises
    ------
    StorageError
        There is no run in `folder`.
    ValueError
        The run is no tournament.
    """
    with open_catalogue(folder) as catalogue:
        return _result(folder, catalogue, stored_specification(catalogue, folder), wall_s=0.0)


def stored_specification(catalogue: Catalogue, folder: Path) -> TournamentSpec:
    """Return the specification a tournament was started with.

    Raises
    ------
    ValueError
        The run is no tournament.
    """
    info = catalogue.info
    if info is None or info.kind != KIND:
        raise ValueError(f"{folder}: expected a tournament, was {info.kind if info else 'an empty run'}")
    return msgspec.json.decode(info.spec, type=TournamentSpec)


def _result(folder: Path, catalogue: Catalogue, spec: TournamentSpec, *, wall_s: float) -> TournamentResult:
    done, failed = catalogue.counts()
    cpu_s, _, memory_mb = catalogue.timings()
    digest = hashlib.blake2b(digest_size=16)
    for fields in catalogue.digests():
        digest.update(f"{' '.join(fields)}\n".encode())
    return TournamentResult(
        folder=folder,
        name=spec.name,
        digest=digest.hexdigest(),
        matches_done=done,
        matches_failed=failed,
        failures=catalogue.failures(),
        leaderboards=_leaderboards(catalogue, spec),
        effects=_effects(catalogue, spec),
        cpu_s=cpu_s,
        wall_s=wall_s,
        memory_mb=memory_mb,
    )


def ranked_formats(spec: TournamentSpec) -> list[MatchFormat]:
    """Return the formats that have a leaderboard, the specification's first one first."""
    ranked = [
        MatchFormat.MELEE if form is MatchFormat.LEAVE_ONE_OUT else form for form in spec.tournament.formats
    ]
    return list(dict.fromkeys(ranked))


def leaderboard_of(table: MatchTable, spec: TournamentSpec, form: str) -> Leaderboard | None:
    """Return the leaderboard of a format's matches, or None where there are none."""
    if not len(table):
        return None
    return build_leaderboard(
        table,
        null=spec.null_bot if spec.null_bot in table.bots else None,
        seed=derive(spec.seed, "leaderboard", form),
        confidence=spec.tournament.confidence,
        alpha=spec.tournament.alpha,
        draws=spec.tournament.draws,
    )


def _leaderboards(catalogue: Catalogue, spec: TournamentSpec) -> dict[str, Leaderboard]:
    boards: dict[str, Leaderboard] = {}
    for form in ranked_formats(spec):
        board = leaderboard_of(catalogue.table((form,)), spec, form.value)
        if board is not None:
            boards[form.value] = board
    return boards


def _effects(catalogue: Catalogue, spec: TournamentSpec) -> tuple[RemovalEffect, ...]:
    if MatchFormat.LEAVE_ONE_OUT not in spec.tournament.formats:
        return ()
    rows = catalogue.rows((MatchFormat.MELEE, MatchFormat.LEAVE_ONE_OUT))
    frame = removal_effects(rows, confidence=spec.tournament.confidence)
    return tuple(msgspec.convert(record, RemovalEffect) for record in frame.to_dict("records"))


def _lasting(result: TournamentResult) -> bytes:
    """Return the result as JSON without what differs from session to session."""
    fields = msgspec.structs.asdict(result)
    for name in ("folder", "cpu_s", "wall_s", "memory_mb"):
        del fields[name]
    return msgspec.json.format(msgspec.json.encode(fields, order="sorted"), indent=2) + b"\n"
