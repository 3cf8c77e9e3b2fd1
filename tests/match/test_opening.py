"""Before its bots start, a market has a book and young bars."""

from __future__ import annotations

from collections.abc import Sequence

from actors.match import run_match
from actors.match_config import BotSpec
from actors.seating import OPENING_NS
from exchange_sim.markets.duration import SECOND_NS
from exchange_sim.model.enums import Side
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import Bar
from strategies.api import Context, Strategy, StrategyConfig, Subscription, bars
from tests.match.test_match import spec

LAST_BAR_NS: dict[str, int] = {}


class EagerConfig(StrategyConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing to set."""


class Eager(Strategy[EagerConfig]):
    """Buys at the very start and remembers how fresh its history was."""

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        return [bars(each.instrument_id, 5 * SECOND_NS, warmup=20) for each in instruments]

    def on_history(self, ctx: Context, history: Sequence[Bar]) -> None:
        LAST_BAR_NS[history[-1].instrument_id] = history[-1].ts_exchange_ns

    def on_start(self, ctx: Context) -> None:
        for name in ctx.instruments:
            ctx.submit_market(name, Side.BUY, 10)


def test_the_first_order_of_a_match_finds_a_book() -> None:
    result = run_match(spec(BotSpec(name="eager", strategy="tests.match.test_opening:Eager"), duration="20s"))
    assert result.bots[0].disqualified == ""
    first = {int(fill["instrument"]): int(fill["ts_ns"]) for fill in reversed(result.fills)}
    assert set(first) == {0, 1}
    assert max(first.values()) - result.start_ns < SECOND_NS
    assert result.end_ns - result.start_ns >= 20 * SECOND_NS


def test_warm_up_reaches_to_the_start_of_the_bots() -> None:
    result = run_match(spec(BotSpec(name="eager", strategy="tests.match.test_opening:Eager"), duration="20s"))
    assert OPENING_NS > 5 * SECOND_NS
    for end_ns in LAST_BAR_NS.values():
        assert 0 <= result.start_ns - end_ns <= 5 * SECOND_NS
