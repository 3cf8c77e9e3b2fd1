"""Read contest files: TOML in, resolved specifications out, one-line errors."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from actors.config import ContestFile, SearchSpec, TournamentSettings, TournamentSpec
from actors.config_errors import ConfigError, convert
from actors.match_config import BotSpec, MatchSpec, check_unique_names
from actors.realtime.trader import OUTSIDE
from actors.world.placement import Placement, parse_placement
from exchange_sim.rng import derive


class _BotsFile(msgspec.Struct, frozen=True, kw_only=True):
    """The bots of a file, whatever else it holds."""

    bots: tuple[BotSpec, ...] = ()


def read_contest(path: Path) -> ContestFile:
    """Return the contest file at `path`, with a name and with the bots of `bots_from` added.

    The name is the file's stem where the file gives none. Relative paths in `bots_from` and of strategies
    start at the folder of the file they are written in.

    Raises
    ------
    ConfigError
        The file cannot be read, is no TOML, or a field is wrong.
    """
    contest = convert(_read_toml(path), ContestFile, source=path)
    bots = [_placed(bot, path.parent) for bot in contest.bots]
    for index, name in enumerate(contest.bots_from):
        other = path.parent / name
        if not other.is_file():
            raise ConfigError(path, f"bots_from[{index}]", f"expected a file that exists, was {name!r}")
        bots.extend(
            _placed(bot, other.parent) for bot in convert(_read_toml(other), _BotsFile, source=other).bots
        )
    if not bots:
        raise ConfigError(path, "bots", "expected at least one [[bots]] table, was missing")
    try:
        check_unique_names(tuple(bots))
    except ValueError as error:
        raise _own_error(path, error) from None
    return msgspec.structs.replace(
        contest, name=contest.name or _name_from(path), bots=tuple(bots), bots_from=()
    )


def load_match(path: Path, *, seed: int | None = None, outside: bool = False) -> MatchSpec:
    """Return the match of a contest file: all bots in its first market, in the order they are written.

    `seed` replaces the file's. `outside` says whether there may be accounts that others trade.
    """
    contest = read_contest(path)
    if not outside:
        _refuse_outside(path, contest)
    chosen = contest.seed if seed is None else seed
    try:
        return MatchSpec(
            match_id=contest.name or path.stem,
            seed=derive(chosen, "market", 0),
            bot_seed=derive(chosen, "bots", 0),
            market=contest.markets[0],
            settings=contest.match,
            bots=contest.bots,
        )
    except ValueError as error:
        raise _own_error(path, error) from None


def load_placement(path: Path) -> Placement:
    """Return how a contest file wants a match to be spread over processes."""
    return parse_placement(read_contest(path).world.placement)


def load_tournament(path: Path, *, seed: int | None = None, rounds: int | None = None) -> TournamentSpec:
    """Return the tournament of a contest file; `seed` and `rounds` replace the file's.

    A file without a `[tournament]` table gives the default tournament over its bots.

    Raises
    ------
    ConfigError
        As `read_contest`, or fields do not fit together.
    """
    contest = read_contest(path)
    _refuse_outside(path, contest)
    settings = contest.tournament or TournamentSettings()
    if rounds is not None:
        settings = msgspec.structs.replace(settings, rounds=rounds)
    try:
        return TournamentSpec(
            name=contest.name or path.stem,
            seed=contest.seed if seed is None else seed,
            markets=contest.markets,
            settings=contest.match,
            bots=contest.bots,
            tournament=settings,
        )
    except ValueError as error:
        raise _own_error(path, error) from None


def load_search(path: Path, *, seed: int | None = None, trials: int | None = None) -> SearchSpec:
    """Return the search of a contest file; `seed` and `trials` replace the file's.

    Raises
    ------
    ConfigError
        As `read_contest`, there is no `[search]` table, or fields do not fit together.
    """
    contest = read_contest(path)
    _refuse_outside(path, contest)
    settings = contest.search
    if settings is None:
        raise ConfigError(path, "search", "expected a [search] table, was missing")
    if trials is not None:
        settings = msgspec.structs.replace(settings, trials=trials)
    names = [bot.name for bot in contest.bots]
    name = settings.bot if settings.bot is not None else names[0]
    if name not in names or (settings.bot is None and len(names) > 1):
        given = "missing" if settings.bot is None else repr(settings.bot)
        raise ConfigError(path, "search.bot", f"expected one of {', '.join(names)}, was {given}")
    try:
        return SearchSpec(
            name=contest.name or path.stem,
            seed=contest.seed if seed is None else seed,
            markets=contest.markets,
            settings=contest.match,
            bot=contest.bots[names.index(name)],
            company=tuple(bot for bot in contest.bots if bot.name != name),
            search=settings,
        )
    except ValueError as error:
        raise _own_error(path, error) from None


def _refuse_outside(path: Path, contest: ContestFile) -> None:
    """Refuse accounts that somebody outside trades.

    Raises
    ------
    ConfigError
        There is one.
    """
    for index, bot in enumerate(contest.bots):
        if bot.strategy == OUTSIDE:
            problem = f"expected a strategy, was {OUTSIDE!r}: such accounts need arena match --realtime SPEED"
            raise ConfigError(path, f"bots[{index}].strategy", problem)


def _placed(bot: BotSpec, folder: Path) -> BotSpec:
    """Return the bot with the path of its strategy file made independent of the contest file.

    A file below the working folder keeps a relative path, so that a checkout anywhere gives the same digests.
    """
    location, _, name = bot.strategy.rpartition(":")
    if not location.endswith(".py"):
        return bot
    path = (folder / location).expanduser().resolve()
    here = Path.cwd()
    shown = path.relative_to(here) if path.is_relative_to(here) else path
    return msgspec.structs.replace(bot, strategy=f"{shown.as_posix()}:{name}")


def _read_toml(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise ConfigError(path, "", "expected a TOML file, was missing") from None
    except IsADirectoryError:
        raise ConfigError(path, "", "expected a TOML file, was a folder") from None
    except UnicodeDecodeError as error:
        raise ConfigError(path, "", f"expected UTF-8 text: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path, "", f"expected TOML: {error}") from None
    except OSError as error:
        raise ConfigError(path, "", f"expected a readable file: {error.strerror}") from None


def _own_error(path: Path, error: ValueError) -> ConfigError:
    field, _, problem = str(error).partition(": ")
    return ConfigError(path, field, problem)


def _name_from(path: Path) -> str:
    """Return the file's stem as a name the pattern allows."""
    kept = "".join(
        letter if (letter.isascii() and letter.isalnum()) or letter in "_.+@-" else "-"
        for letter in path.stem
    )
    return kept.strip("-_.+@")[:64] or "contest"
