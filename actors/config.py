"""What a contest file says: markets, bots, the match, the tournament and the search.

One TOML file describes all of it; `match`, `tournament` and `search` read the tables they need, so the same
file serves all three::

    name = "demo"
    seed = 7

    [market]
    kind = "synthetic"
    instruments = ["BTC/USDT:USDT"]

    [match]
    duration = "10m"

    [tournament]
    formats = ["melee", "solo"]
    rounds = 8

    [[bots]]
    name = "maker"
    strategy = "market_maker"

Structs are frozen and refuse unknown fields. A digest of the decoded structs names a run, so comments and
the order of tables do not matter.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated

import msgspec

from actors.match_config import (
    BotSpec,
    Count,
    MatchSettings,
    MatchSpec,
    Name,
    Seed,
    check_holdings,
    check_unique_names,
)
from actors.search_config import Dimension, ObjectiveSpec, SearchSettings
from actors.world.placement import parse_placement
from exchange_sim.latency import AccountLatency
from exchange_sim.markets.duration import Duration
from exchange_sim.markets.spec import AnchoredMarket, MarketSpec, SyntheticMarket

__all__ = [
    "AnchoredMarket",
    "BotSpec",
    "ContestFile",
    "Dimension",
    "MatchFormat",
    "MatchSettings",
    "MatchSpec",
    "ObjectiveSpec",
    "SearchSettings",
    "SearchSpec",
    "SyntheticMarket",
    "TournamentSettings",
    "TournamentSpec",
    "WorldSettings",
    "digest_of",
]


class MatchFormat(StrEnum):
    """Who meets whom in one round's market."""

    MELEE = "melee"
    SOLO = "solo"
    LEAVE_ONE_OUT = "leave_one_out"


class TournamentSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which matches a tournament is made of.

    Parameters
    ----------
    formats
        *melee*: all bots in one market; *solo*: each alone against the same background;
        *leave_one_out*: all but one, for every one. All matches of one round share the market's randomness.
    rounds
        Independent markets. With several `[[market]]` tables the rounds take them in turn.
    start_step
        Moves the market's start by this much from round to round, so that rounds on recorded history see
        different days. Left out: every round has the same start and differs by its seed.
    latencies
        Latencies that belong to seats rather than bots: they rotate over the bots from round to round.
        Empty: every bot keeps its own.
    null_bot
        Name of the bot that stands for luck; the others are tested against it. Left out: the first bot whose
        strategy is `random`, if there is one.
    confidence
        Of the intervals.
    alpha
        Chance that any bot is wrongly said to beat the null.
    draws
        Resampled tournaments behind the ratings' intervals.
    journals
        Keep the journal of every match.
    """

    formats: Annotated[tuple[MatchFormat, ...], msgspec.Meta(min_length=1)] = (MatchFormat.MELEE,)
    rounds: Count = 10
    start_step: Duration | None = None
    latencies: tuple[AccountLatency, ...] = ()
    null_bot: str | None = None
    confidence: Annotated[float, msgspec.Meta(gt=0.5, lt=1.0)] = 0.9
    alpha: Annotated[float, msgspec.Meta(gt=0.0, lt=0.5)] = 0.05
    draws: Annotated[int, msgspec.Meta(ge=100, le=1_000_000)] = 1_000
    journals: bool = False

    def __post_init__(self) -> None:
        if len(set(self.formats)) != len(self.formats):
            raise ValueError(f"formats: expected every format once, was {[str(f) for f in self.formats]}")


class WorldSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a match is spread over processes; nothing of it changes results, so it is in no digest.

    Parameters
    ----------
    placement
        `process`, `shards=N`, `account` or `auto`; `arena match --placement` comes before it.
    """

    placement: str = "process"

    def __post_init__(self) -> None:
        parse_placement(self.placement)


class ContestFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole contest file as written. `bots_from` names files whose `[[bots]]` are added to this one's."""

    name: Name | None = None
    seed: Seed = 1
    market: MarketSpec | Annotated[tuple[MarketSpec, ...], msgspec.Meta(min_length=1)]
    match: MatchSettings = MatchSettings()
    bots: tuple[BotSpec, ...] = ()
    bots_from: tuple[str, ...] = ()
    tournament: TournamentSettings | None = None
    search: SearchSettings | None = None
    world: WorldSettings = WorldSettings()

    @property
    def markets(self) -> tuple[MarketSpec, ...]:
        return self.market if isinstance(self.market, tuple) else (self.market,)


class TournamentSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tournament, resolved."""

    name: Name
    seed: Seed
    markets: Annotated[tuple[MarketSpec, ...], msgspec.Meta(min_length=1)]
    settings: MatchSettings
    bots: Annotated[tuple[BotSpec, ...], msgspec.Meta(min_length=1)]
    tournament: TournamentSettings = TournamentSettings()

    def __post_init__(self) -> None:
        check_unique_names(self.bots)
        check_holdings(self.bots, self.markets)
        names = [bot.name for bot in self.bots]
        if self.tournament.null_bot is not None and self.tournament.null_bot not in names:
            raise ValueError(
                f"tournament.null_bot: expected one of {', '.join(names)}, was {self.tournament.null_bot!r}"
            )
        if MatchFormat.LEAVE_ONE_OUT in self.tournament.formats and len(names) < 2:
            raise ValueError("tournament.formats: expected at least 2 bots for leave_one_out, was 1")
        _check_starts(self.markets, self.tournament.start_step)
        if self.tournament.latencies:
            for index, bot in enumerate(self.bots):
                if bot.latency != AccountLatency():
                    raise ValueError(
                        f"bots[{index}].latency: expected none, because [tournament] gives latencies to seats"
                    )

    @property
    def null_bot(self) -> str | None:
        """Name of the bot that stands for luck, or None."""
        if self.tournament.null_bot is not None:
            return self.tournament.null_bot
        return next((bot.name for bot in self.bots if bot.strategy == "random"), None)


class SearchSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A search, resolved: `bot` varies, `company` plays in every match with it."""

    name: Name
    seed: Seed
    markets: Annotated[tuple[MarketSpec, ...], msgspec.Meta(min_length=1)]
    settings: MatchSettings
    bot: BotSpec
    company: tuple[BotSpec, ...] = ()
    search: SearchSettings

    def __post_init__(self) -> None:
        check_unique_names((self.bot, *self.company))
        check_holdings((self.bot, *self.company), self.markets)
        _check_starts(self.markets, self.search.start_step)


def _check_starts(markets: tuple[MarketSpec, ...], start_step: str | None) -> None:
    for index, market in enumerate(markets):
        if start_step is not None and market.start is None:
            raise ValueError(f"market[{index}].start: expected a time with start_step, was missing")


def digest_of(spec: msgspec.Struct) -> str:
    """Return the 16 hexadecimal digits that name a specification's content."""
    return hashlib.blake2b(msgspec.json.encode(spec, order="sorted"), digest_size=8).hexdigest()
