"""Who plays whom, where they sit, and what the matches of a round share."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from actors.config import AnchoredMarket, MatchFormat, TournamentSpec
from actors.config_files import load_tournament
from actors.schedule import market_of_round, round_seats, tournament_jobs, williams_design
from exchange_sim.latency import AccountLatency, ConstantLatency


@given(st.integers(1, 24))
def test_a_design_gives_every_seat_and_every_neighbour_equally_often(size: int) -> None:
    rows = williams_design(size)
    cycles = len(rows) // size
    assert all(sorted(row) == list(range(size)) for row in rows)
    for first in range(0, len(rows), size):
        block = rows[first : first + size]
        assert all(len({row[seat] for row in block}) == size for seat in range(size))
    followers = Counter(pair for row in rows for pair in itertools.pairwise(row))
    assert set(followers.values()) <= {cycles}
    assert len(followers) == size * (size - 1)


def test_matches_of_a_round_share_the_market_and_the_bots_luck(tournament: TournamentSpec) -> None:
    jobs = tournament_jobs(tournament)
    for number in range(3):
        of_round = [job for job in jobs if job.round == number]
        assert Counter(job.format for job in of_round) == {"melee": 1, "solo": 3, "leave_one_out": 3}
        assert len({(job.match.seed, job.match.bot_seed, job.block) for job in of_round}) == 1
    assert len({job.match.seed for job in jobs}) == 3
    assert [job.position for job in jobs] == list(range(len(jobs)))
    assert len({job.match_id for job in jobs}) == len(jobs)


def test_formats_seat_the_bots_they_are_about(tournament: TournamentSpec) -> None:
    for job in tournament_jobs(tournament):
        present = {bot.name for bot in job.match.bots}
        if job.format is MatchFormat.MELEE:
            assert present == {"ann", "bob", "cash"}
        elif job.format is MatchFormat.SOLO:
            assert present == {job.subject}
        else:
            assert present == {"ann", "bob", "cash"} - {job.subject}


def test_solo_matches_of_a_round_are_one_contest(tournament: TournamentSpec) -> None:
    solo = [job for job in tournament_jobs(tournament) if job.format is MatchFormat.SOLO]
    assert len({job.contest for job in solo}) == 3
    assert all(len({job.contest for job in solo if job.round == number}) == 1 for number in range(3))


def test_leave_one_out_brings_the_match_with_everybody(tournament: TournamentSpec) -> None:
    settings = msgspec.structs.replace(tournament.tournament, formats=(MatchFormat.LEAVE_ONE_OUT,), rounds=1)
    jobs = tournament_jobs(msgspec.structs.replace(tournament, tournament=settings))
    assert Counter(job.format for job in jobs) == {"melee": 1, "leave_one_out": 3}


def test_latencies_of_seats_rotate_over_the_bots(tournament: TournamentSpec) -> None:
    slow, fast = (
        AccountLatency(up=ConstantLatency(delay_us=delay), down=ConstantLatency(delay_us=delay))
        for delay in (9_000, 1_000)
    )
    settings = msgspec.structs.replace(tournament.tournament, latencies=(slow, fast, fast), rounds=6)
    spec = msgspec.structs.replace(tournament, tournament=settings)
    slow_rounds = Counter(
        bot.name for number in range(6) for bot in round_seats(spec, number) if bot.latency == slow
    )
    assert slow_rounds == {"ann": 2, "bob": 2, "cash": 2}


def test_rounds_on_history_take_the_markets_in_turn_and_move_on(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(
        """
        [[market]]
        kind = "anchored"
        instruments = ["BTC/USDT:USDT"]
        start = 2025-05-01T00:00:00Z
        [[market]]
        kind = "anchored"
        instruments = ["ETH/USDT:USDT"]
        start = 2025-05-11T00:00:00Z
        [tournament]
        rounds = 4
        start_step = "1d"
        [[bots]]
        name = "ann"
        strategy = "alpha"
        """
    )
    spec = load_tournament(path)
    markets = [market_of_round(spec.markets, spec.tournament.start_step, number) for number in range(4)]
    assert all(isinstance(market, AnchoredMarket) for market in markets)
    assert [market.start.day for market in markets if market.start is not None] == [1, 11, 2, 12]
    assert [job.match.market for job in tournament_jobs(spec)] == markets


def test_a_new_bot_does_not_change_the_others_luck(tournament: TournamentSpec) -> None:
    fewer = msgspec.structs.replace(tournament, bots=tournament.bots[:2])
    seeds = [[job.match.seed for job in tournament_jobs(spec)] for spec in (tournament, fewer)]
    assert list(dict.fromkeys(seeds[0])) == list(dict.fromkeys(seeds[1]))


def test_every_bot_comes_to_every_seat_of_every_market(tournament: TournamentSpec) -> None:
    """As many markets as seats must not tie each seat to one market for good."""
    bots = tuple(msgspec.structs.replace(tournament.bots[0], name=f"bot-{number}") for number in range(4))
    settings = msgspec.structs.replace(tournament.tournament, null_bot=None)
    spec = msgspec.structs.replace(
        tournament, bots=bots, markets=tournament.markets[:1] * 4, tournament=settings
    )
    met = {
        (number % 4, seat, bot.name)
        for number in range(16)
        for seat, bot in enumerate(round_seats(spec, number))
    }
    assert len(met) == 4 * 4 * 4
