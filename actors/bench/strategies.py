"""What a Python bot costs, idle and trading: `arena bench strategies`.

Both run through the real path: window runner, kernel and exchange, simulated venue with its latency, journal
(digest only), risk gate, order tracker, portfolio, and the strategy's handlers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from actors.bench.machine import cpu_s, describe_machine
from actors.bench.strategies_peers import measure_peers
from actors.testing.stage import SECOND_NS, Player, Stage, still_market
from exchange_sim.model.enums import Side
from exchange_sim.model.events import OrderAccepted, OrderCanceled, OrderEvent, OrderFilled
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import Quote
from exchange_sim.population.presets import mixed
from exchange_sim.population.scale import with_rates
from strategies.api import Context, Strategy, StrategyConfig, Subscription, quotes

_MID_TICKS = 600_000
_FAR_TICKS = 500_000
_RATES = 400.0
_BURST = 50
_RUNS = 3

WORKLOAD = (
    "callbacks: one bot hears all {quotes:,} quotes of a crowd of 1,000 busy agents, does nothing, latency "
    "5 ms each way; CPU seconds of the run less those of the same market without the bot "
    "(callbacks_with_market: of the whole run). Order lives: one bot sends {lives:,} orders in bursts of "
    "{burst}; half are market orders filled by another account's resting order, half limit orders that are "
    "accepted and then canceled by the bot when it hears of it; a life ends with the callback of its fill or "
    "cancellation; CPU seconds of the whole run, market and both bots. Best of {runs} runs"
)


class Idle(Strategy[StrategyConfig]):
    """Hears every quote and does nothing but count."""

    heard = 0

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        return [quotes(each.instrument_id) for each in instruments]

    def on_quote(self, ctx: Context, quote: Quote) -> None:  # noqa: ARG002 - it does nothing
        self.heard += 1


class Wall(Strategy[StrategyConfig]):
    """Rests one large order on each side."""

    lots = 100_000

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        self._symbol = instruments[0].instrument_id
        return ()

    def on_start(self, ctx: Context) -> None:
        ctx.submit_limit(self._symbol, Side.BUY, self.lots, _MID_TICKS - 1)
        ctx.submit_limit(self._symbol, Side.SELL, self.lots, _MID_TICKS + 1)


class Busy(Strategy[StrategyConfig]):
    """Sends bursts of orders and counts those whose end it has heard of."""

    ended = 0
    sent = 0

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        self._symbol = instruments[0].instrument_id
        return ()

    def on_start(self, ctx: Context) -> None:
        ctx.set_timer("burst", every_ns=SECOND_NS // 50)

    def on_timer(self, ctx: Context, name: str) -> None:  # noqa: ARG002 - there is one timer
        side = Side.BUY if ctx.position_lots(self._symbol) <= 0 else Side.SELL
        for _ in range(_BURST // 2):
            ctx.submit_limit(self._symbol, Side.BUY, 1, _FAR_TICKS)
            ctx.submit_market(self._symbol, side, 1)
        self.sent += _BURST

    def on_order(self, ctx: Context, event: OrderEvent) -> None:
        if isinstance(event, OrderAccepted):
            if event.limit_ticks == _FAR_TICKS:
                ctx.cancel(event.client_order_id)
        elif isinstance(event, OrderFilled | OrderCanceled):
            self.ended += 1


def _play(players: Sequence[Player], seconds: int, *, crowd: bool) -> float:
    """Return the CPU seconds of a run."""
    duration_ns = seconds * SECOND_NS
    market = still_market(duration_ns)
    if crowd:
        market = still_market(duration_ns, population=with_rates(mixed(1_000), _RATES))
    stage = Stage(players, market, duration_ns=duration_ns)
    start = cpu_s()
    played = stage.play()
    spent = cpu_s() - start
    for host in played.hosts:
        if host.disqualified:
            raise RuntimeError(f"benchmark bot {host.account_id}: {host.disqualified}")
    return spent


def _callbacks(seconds: int, runs: int) -> tuple[float, float, int]:
    """Return callbacks per CPU second without and with the market's own, and how many there were."""
    best, best_with_market, heard = 0.0, 0.0, 0
    for _ in range(runs):
        idle = Idle(StrategyConfig())
        with_bot = _play([Player("idle", idle)], seconds, crowd=True)
        without = _play([], seconds, crowd=True)
        heard = idle.heard
        best = max(best, heard / max(with_bot - without, 1e-9))
        best_with_market = max(best_with_market, heard / with_bot)
    return best, best_with_market, heard


def _lives(seconds: int, runs: int) -> tuple[float, int]:
    """Return complete order lives per CPU second, and how many there were."""
    best, ended = 0.0, 0
    for _ in range(runs):
        busy = Busy(StrategyConfig())
        rich = 10_000_000
        players = [
            Player("wall", Wall(StrategyConfig()), deposit=rich),
            Player("busy", busy, deposit=rich),
        ]
        spent = _play(players, seconds, crowd=False)
        if busy.ended < 0.99 * busy.sent:
            raise RuntimeError(f"benchmark: expected {busy.sent} orders to end, was {busy.ended}")
        best, ended = max(best, busy.ended / spent), busy.ended
    return best, ended


def run(*, quick: bool = False, peers: bool = True) -> dict[str, Any]:
    """Return workload, machine, figures and peers of the strategies benchmark.

    Parameters
    ----------
    quick
        A tenth of the work and one run: to see that it works, not to quote.
    peers
        Measure other frameworks where they are installed.
    """
    seconds, runs = (4, 1) if quick else (40, _RUNS)
    _play([Player("idle", Idle(StrategyConfig()))], 1, crowd=True)  # compiled code is loaded beforehand
    callbacks, with_market, heard = _callbacks(seconds, runs)
    lives, ended = _lives(seconds, runs)
    figures = {
        "callbacks_per_cpu_s": round(callbacks),
        "callbacks_with_market_per_cpu_s": round(with_market),
        "order_lives_per_cpu_s": round(lives),
    }
    return {
        "workload": WORKLOAD.format(quotes=heard, lives=ended, burst=_BURST, runs=runs),
        "machine": msgspec.to_builtins(describe_machine()),
        "figures": figures,
        "peers": measure_peers(quick=quick) if peers else {},
    }
