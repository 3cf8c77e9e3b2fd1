"""Which matches a tournament consists of, and who sits where.

A round is one market: its matches share the market's seed and the bots' seeds, whatever the format, so
they differ by who is present and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from typing import NamedTuple

import msgspec

from actors.config import MatchFormat, TournamentSpec
from actors.jobs import JobList
from actors.match_config import BotSpec, MatchSpec
from actors.record import MatchJob
from exchange_sim.markets.duration import parse_duration_ns
from exchange_sim.markets.spec import MarketSpec
from exchange_sim.rng import derive


def tournament_jobs(spec: TournamentSpec) -> JobList:
    """Return all matches of the tournament, round after round, each made when it is asked for.

    The leave-one-out format needs the match with everybody to compare with, so it brings the melee with it.
    """
    formats = set(spec.tournament.formats)
    if MatchFormat.LEAVE_ONE_OUT in formats:
        formats.add(MatchFormat.MELEE)
    names = [bot.name for bot in spec.bots]
    line_ups = [
        (form, subject)
        for form in (form for form in MatchFormat if form in formats)
        for subject in ([""] if form is MatchFormat.MELEE else names)
    ]

    @lru_cache(maxsize=1)
    def round_of(number: int) -> _Round:
        return _Round(
            market=market_of_round(spec.markets, spec.tournament.start_step, number),
            seats=round_seats(spec, number),
            seed=derive(spec.seed, "market", number),
            bot_seed=derive(spec.seed, "bots", number),
        )

    def make(position: int) -> MatchJob:
        number, index = divmod(position, len(line_ups))
        form, subject = line_ups[index]
        this = round_of(number)
        match_id = f"{number:05d}-{form}" + (f"-{names.index(subject):03d}" if subject else "")
        return MatchJob(
            position=position,
            contest=f"{number:05d}-{form}" if form is MatchFormat.SOLO else match_id,
            block=f"{number:05d}",
            format=form,
            round=number,
            subject=subject,
            match=MatchSpec(
                match_id=match_id,
                seed=this.seed,
                bot_seed=this.bot_seed,
                market=this.market,
                settings=spec.settings,
                bots=_present(form, this.seats, subject),
            ),
        )

    return JobList(spec.tournament.rounds * len(line_ups), make)


def market_of_round(markets: Sequence[MarketSpec], start_step: str | None, number: int) -> MarketSpec:
    """Return the market of a round: the markets in turn, started `start_step` later each time around."""
    market = markets[number % len(markets)]
    if start_step is None or market.start is None:
        return market
    later = timedelta(microseconds=parse_duration_ns(start_step) // 1_000 * (number // len(markets)))
    return market.at(market.start + later)


def round_seats(spec: TournamentSpec, number: int) -> tuple[BotSpec, ...]:
    """Return the bots of a round in account order, with the latencies of their seats.

    Rounds go through the rows of a Williams design in turn: over one cycle every bot has every seat equally
    often and follows every other bot equally often (the first half of an odd number's cycle alone balances
    the seats). Where markets and rows would keep step, the rows slip by one after each common cycle, so that
    every bot comes to have every seat in every market.

    References
    ----------
    E. J. Williams (1949), Experimental designs balanced for the estimation of residual effects of treatments,
    Australian Journal of Scientific Research A 2.
    """
    rows = williams_design(len(spec.bots))
    slip = number // math.lcm(len(rows), len(spec.markets))
    seats = [spec.bots[index] for index in rows[(number + slip) % len(rows)]]
    latencies = spec.tournament.latencies
    if not latencies:
        return tuple(seats)
    return tuple(
        msgspec.structs.replace(bot, latency=latencies[seat % len(latencies)])
        for seat, bot in enumerate(seats)
    )


def williams_design(size: int) -> list[list[int]]:
    """Return rows of the numbers below `size`: `size` rows where it is even, twice as many where it is odd.

    Every number stands in every column equally often, and right behind every other number equally often.
    """
    zigzag = [(column + 1) // 2 if column % 2 else (size - column // 2) % size for column in range(size)]
    rows = [[(entry + shift) % size for entry in zigzag] for shift in range(size)]
    if size % 2 and size > 1:
        rows += [row[::-1] for row in rows]
    return rows


class _Round(NamedTuple):
    """What the matches of a round share."""

    market: MarketSpec
    seats: tuple[BotSpec, ...]
    seed: int
    bot_seed: int


def _present(form: MatchFormat, seats: tuple[BotSpec, ...], subject: str) -> tuple[BotSpec, ...]:
    """Return the bots of a match in account order."""
    if form is MatchFormat.MELEE:
        return seats
    alone = form is MatchFormat.SOLO
    return tuple(bot for bot in seats if (bot.name == subject) == alone)
