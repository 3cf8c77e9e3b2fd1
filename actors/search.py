"""Search the configuration of one bot: ask for trials, play them, tell how they did."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from actors.bot_check import check_bots, decode_config, find_strategy
from actors.catalogue import Catalogue, RunInfo, TrialEntry
from actors.code_digest import code_digest
from actors.config import MatchFormat, SearchSpec, digest_of
from actors.config_errors import ConfigError
from actors.contest import Contest, opened_contest
from actors.match_config import BotSpec, MatchSpec
from actors.objective import objective_value, penalised_values, seed_values
from actors.progress import ShowProgress, silent
from actors.record import MatchJob
from actors.run_folder import open_catalogue
from actors.run_options import RunOptions
from actors.samplers import Params, Sampler, make_sampler
from actors.schedule import market_of_round
from actors.toml_text import toml_text
from analytics.returns import ReturnMoments
from analytics.search import SearchVerdict, judge_search
from exchange_sim.rng import derive

KIND = "search"
RESULT = "result.json"
BEST = "best.toml"


class SearchResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a search has found.

    Parameters
    ----------
    digest
        Of all trials and their matches.
    best
        The trial with the highest value (the earliest of equals), or None where every trial failed.
    best_file
        Contest file with the best configuration, readable by match and tournament.
    verdict
        How far the best may be luck; None where fewer than one trial has a value on every seed.
    """

    folder: Path
    name: str
    digest: str
    trials: tuple[TrialEntry, ...]
    best: TrialEntry | None
    best_file: Path | None
    verdict: SearchVerdict | None
    matches_done: int
    matches_failed: int
    cpu_s: float
    wall_s: float
    memory_mb: float


def run_search(spec: SearchSpec, options: RunOptions, *, show: ShowProgress = silent) -> SearchResult:
    """Play what is missing of the search and return its result.

    Raises
    ------
    ConfigError
        A bot cannot be used, the space names a field that the bot's configuration does not have, or a
        grid has a range without a step.
    RunExistsError, RunLockedError, CodeChangedError
        The run's folder cannot be used in this mode.
    RunInterruptedError
        Ctrl-C; what is finished is kept.
    MatchesFailedError, StorageError, PoolError
        See there.
    """
    info = search_info(spec)
    sampler = _sampler(spec)
    _check_space(spec)
    with opened_contest(
        info,
        options,
        jobs=sampler.trials * spec.search.seeds,
        strategies=[bot.strategy for bot in (spec.bot, *spec.company)],
        show=show,
    ) as contest:
        trials = _play_trials(spec, sampler, contest)
        result = _result(contest.folder.path, contest.folder.catalogue, spec, trials, wall_s=contest.wall_s)
        if result.best is not None:
            contest.folder.write(BEST, best_text(spec, result.best).encode())
        contest.folder.write(RESULT, _lasting(result))
        return result


def read_search(folder: Path) -> SearchResult:
    """Return the result of a search from its folder, finished or not.

    Raises
    ------
    StorageError
        There is no run in `folder`.
    ValueError
        The run is no search.
    """
    with open_catalogue(folder) as catalogue:
        info = catalogue.info
        if info is None or info.kind != KIND:
            raise ValueError(f"{folder}: expected a search, was {info.kind if info else 'an empty run'}")
        spec = msgspec.json.decode(info.spec, type=SearchSpec)
        return _result(folder, catalogue, spec, tuple(catalogue.trials()), wall_s=0.0)


def search_info(spec: SearchSpec) -> RunInfo:
    """Return what names the run of `spec`."""
    sources = check_bots((spec.bot, *spec.company))
    return RunInfo(
        kind=KIND,
        name=spec.name,
        digest=digest_of(spec),
        code=code_digest(sources),
        spec=msgspec.json.encode(spec, order="sorted").decode(),
    )


def trial_jobs(spec: SearchSpec, number: int, bot: BotSpec) -> list[MatchJob]:
    """Return the matches of one trial: the same markets and bots' seeds for every trial."""
    jobs = []
    for seed in range(spec.search.seeds):
        match_id = f"t{number:05d}-s{seed:04d}"
        jobs.append(
            MatchJob(
                position=number * spec.search.seeds + seed,
                contest=match_id,
                block=f"{seed:05d}",
                format=MatchFormat.MELEE if spec.company else MatchFormat.SOLO,
                round=seed,
                subject=bot.name,
                trial=number,
                match=MatchSpec(
                    match_id=match_id,
                    seed=derive(spec.seed, "market", seed),
                    bot_seed=derive(spec.seed, "bots", seed),
                    market=market_of_round(spec.markets, spec.search.start_step, seed),
                    settings=spec.settings,
                    bots=(bot, *spec.company),
                ),
            )
        )
    return jobs


def with_params(bot: BotSpec, params: Mapping[str, Any]) -> BotSpec:
    """Return the bot with fields of its configuration replaced; a dot leads into a nested table."""
    config = dict(bot.config)
    for path, value in params.items():
        table = config
        *outer, name = path.split(".")
        for step in outer:
            table[step] = dict(table.get(step, {}))
            table = table[step]
        table[name] = value
    return msgspec.structs.replace(bot, config=config)


def best_text(spec: SearchSpec, best: TrialEntry) -> str:
    """Return the contest file of the best configuration.

    Its seed is another than the search's: on the markets it was chosen by, the best looks better than it is.
    """
    document = {
        "name": f"{spec.name[:59]}-best",
        "seed": (spec.seed + 1) % 2**63,
        "market": spec.markets[0] if len(spec.markets) == 1 else spec.markets,
        "match": spec.settings,
        "bots": (with_params(spec.bot, best.params), *spec.company),
    }
    return (
        f"# Trial {best.number} of the search {spec.name!r}, objective {best.value!r}.\n"
        "# The seed is not the search's: these are markets the configuration was not chosen by.\n"
        f"\n{toml_text(document)}"
    )


def _play_trials(spec: SearchSpec, sampler: Sampler, contest: Contest) -> tuple[TrialEntry, ...]:
    catalogue = contest.folder.catalogue
    trials: list[TrialEntry] = []
    players: dict[str, int] = {}  # of equal configurations, the trial that plays for all
    planned = 0
    while len(trials) < sampler.trials:
        asked = sampler.ask(spec.search.batch if sampler.learns else sampler.trials)
        bots = [with_params(spec.bot, params) for params in asked]
        problems = [_problem(bot) for bot in bots]
        if not trials and all(problems):
            raise ConfigError(
                "configuration", "search.space", f"every configuration is refused: {problems[0]}"
            )
        jobs: list[MatchJob] = []
        for number, (bot, problem) in enumerate(zip(bots, problems, strict=True), start=len(trials)):
            if players.setdefault(digest_of(bot), number) == number and not problem:
                jobs += trial_jobs(spec, number, bot)
        planned += len(jobs)
        contest.expect(planned + (sampler.trials - len(trials) - len(asked)) * spec.search.seeds)
        contest.play(jobs)
        batch: list[TrialEntry] = []
        for params, bot, problem in zip(asked, bots, problems, strict=True):
            number = len(trials) + len(batch)
            player = players[digest_of(bot)]
            batch.append(_entry(spec, catalogue, params, number=number, player=player, problem=problem))
        catalogue.record_trials(batch)
        sampler.tell([trial.value for trial in batch])
        trials += batch
    return tuple(trials)


def _entry(
    spec: SearchSpec, catalogue: Catalogue, params: Params, *, number: int, player: int, problem: str
) -> TrialEntry:
    """Return the outcome of a trial from the matches of the trial that played its configuration."""
    error = problem or catalogue.trial_error(player)
    rows = [] if error else list(catalogue.trial_rows(player, spec.bot.name))
    out = next((row.disqualified for row in rows if row.disqualified), "")
    if out:
        error = f"disqualified: {out}"
    value = math.nan if error else objective_value(spec.search.objective, rows)
    values = seed_values(spec.search.objective, rows)
    return TrialEntry(number=number, params=params, value=value, values=values, error=error)


def _problem(bot: BotSpec) -> str:
    """Return what is wrong with a configuration, or nothing: fields may exclude each other."""
    try:
        decode_config(find_strategy(bot, source="", at=""), bot.config, source="search", at="")
    except ConfigError as error:
        return f"{error.path}: {error.problem}" if error.path else error.problem
    return ""


def _sampler(spec: SearchSpec) -> Sampler:
    try:
        return make_sampler(spec.search, spec.seed)
    except ValueError as error:
        field, _, problem = str(error).partition(": ")
        raise ConfigError("configuration", field, problem) from None


def _check_space(spec: SearchSpec) -> None:
    """Refuse a space that names a field the configuration does not have."""
    strategy = find_strategy(spec.bot, source="configuration", at="search")
    known = [field.encode_name for field in msgspec.structs.fields(strategy.Config)]
    for path in spec.search.space:
        if path.split(".")[0] not in known:
            raise ConfigError(
                "configuration",
                f"search.space.{path}",
                f"expected a field of {strategy.__name__}'s configuration ({', '.join(known)})",
            )


def _result(
    folder: Path, catalogue: Catalogue, spec: SearchSpec, trials: Sequence[TrialEntry], *, wall_s: float
) -> SearchResult:
    done, failed = catalogue.counts()
    cpu_s, _, memory_mb = catalogue.timings()
    digest = hashlib.blake2b(digest_size=16)
    for fields in catalogue.digests():
        digest.update(f"{' '.join(fields)}\n".encode())
    for trial in trials:
        digest.update(msgspec.json.encode(trial, order="sorted"))
    valued = [trial for trial in trials if not math.isnan(trial.value)]
    best = max(valued, key=lambda trial: trial.value, default=None)
    return SearchResult(
        folder=folder,
        name=spec.name,
        digest=digest.hexdigest(),
        trials=tuple(trials),
        best=best,
        best_file=folder / BEST if best is not None else None,
        verdict=_verdict(spec, catalogue, valued),
        matches_done=done,
        matches_failed=failed,
        cpu_s=cpu_s,
        wall_s=wall_s,
        memory_mb=memory_mb,
    )


def _verdict(spec: SearchSpec, catalogue: Catalogue, trials: Sequence[TrialEntry]) -> SearchVerdict | None:
    """Judge the trials that have a value; its `best` is the number of a trial."""
    played: list[int] = []
    scores: list[tuple[float, ...]] = []
    moments: list[ReturnMoments] = []
    for trial in trials:
        rows = list(catalogue.trial_rows(trial.number, spec.bot.name))
        if rows:  # a configuration that was tried before has none of its own
            played.append(trial.number)
            scores.append(penalised_values(spec.search.objective, rows))
            moments.append(ReturnMoments.pooled(row.moments for row in rows))
    if not played:
        return None
    verdict = judge_search(np.array(scores), moments, seed=derive(spec.seed, "verdict"))
    return msgspec.structs.replace(verdict, best=played[verdict.best])


def _lasting(result: SearchResult) -> bytes:
    """Return the result as JSON without what differs from session to session."""
    fields = msgspec.structs.asdict(result)
    for name in ("folder", "best_file", "cpu_s", "wall_s", "memory_mb"):
        del fields[name]
    return msgspec.json.format(msgspec.json.encode(fields, order="sorted"), indent=2) + b"\n"
