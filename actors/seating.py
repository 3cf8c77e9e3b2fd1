"""The bots of a match on their seats: strategies and accounts, wherever they are to play."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors.bot_check import decode_config, find_strategy
from actors.bot_output import speaking
from actors.host import AccountHost
from actors.match_config import MatchSpec
from exchange_sim.given import Given
from exchange_sim.journal import JournalStream
from exchange_sim.markets.depth_spec import ReplayL2Market
from exchange_sim.markets.duration import SECOND_NS
from exchange_sim.markets.hybrid_spec import HybridMarket
from exchange_sim.markets.outages import blackouts
from exchange_sim.markets.replay_spec import ReplayL3Market
from exchange_sim.markets.spec import outages_of
from exchange_sim.model.ids import AccountId
from exchange_sim.model.instrument import Instrument
from exchange_sim.ports import RunningMarket
from strategies.api import Strategy

OPENING_NS = 30 * SECOND_NS
"""How long the crowd makes a market of its own before the bots start."""


def build_hosts(
    spec: MatchSpec,
    strategies: Sequence[Strategy[Any]],
    instruments: Sequence[Instrument],
    first_account: int,
    streams: Sequence[JournalStream],
    given: Given,
) -> list[AccountHost]:
    """Return the bots' accounts, each with the stream that takes down what it does.

    The first bot has the exchange's account number `first_account`, the others follow.
    """
    return [
        build_host(spec, seat, strategy, instruments, first_account + seat, stream, given)
        for seat, (strategy, stream) in enumerate(zip(strategies, streams, strict=True))
    ]


def build_host(
    spec: MatchSpec,
    seat: int,
    strategy: Strategy[Any],
    instruments: Sequence[Instrument],
    account: int,
    stream: JournalStream,
    given: Given,
) -> AccountHost:
    """Return the account of the bot at a seat."""
    bot = spec.bots[seat]
    return AccountHost(
        AccountId(bot.name),
        account,
        strategy,
        instruments,
        deposit_atoms=bot.deposit_atoms,
        holdings_atoms=bot.holdings_atoms,
        limits=bot.risk,
        latency=bot.latency,
        seed=spec.bot_seed,
        journal=stream,
        handler_limit_s=spec.settings.handler_limit_s,
        outbox_limit=spec.settings.outbox_limit,
        series=given.series,
        faults=bot.faults,
        blackouts=blackouts(outages_of(spec.market), given.start_ns + opening_ns(spec)),
    )


def build_strategies(spec: MatchSpec) -> list[Strategy[Any]]:
    """Return the bots' strategies, not yet started."""
    return [build_strategy(spec, seat) for seat in range(len(spec.bots))]


def build_strategy(spec: MatchSpec, seat: int) -> Strategy[Any]:
    """Return the strategy of the bot at a seat, not yet started."""
    bot = spec.bots[seat]
    with speaking(bot.name):
        strategy = find_strategy(bot, source="match", at=f"bots[{seat}]")
        return strategy(decode_config(strategy, bot.config, source="match", at=f"bots[{seat}].config"))


def first_account(spec: MatchSpec, kernel: RunningMarket) -> int:
    """Return the exchange's number of the first bot's account; the others follow it."""
    return kernel.account_index(spec.bots[0].name) if spec.bots else 0


def window_ns(spec: MatchSpec) -> int:
    """Return the smallest one-way latency of any bot, in ns; the match's duration without bots."""
    return min((bot.latency.minimum_ns for bot in spec.bots), default=spec.settings.duration_ns)


def opening_ns(spec: MatchSpec) -> int:
    """Return how long the market is alone before the bots start: a recorded book is there at once."""
    recorded = isinstance(spec.market, ReplayL2Market | ReplayL3Market | HybridMarket)
    return 0 if recorded else OPENING_NS
