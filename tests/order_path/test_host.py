"""An account's way through the whole path: orders out, events in, faults contained."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from actors.faults import StrategySetupError
from actors.risk import RiskLimits
from actors.testing.stage import BTC, FAST, SECOND_NS, Player, Stage, still_market
from exchange_sim.model.enums import Reason, Side
from exchange_sim.model.events import ModifyRejected, OrderCanceled, OrderDenied, OrderFilled, OrderModified
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import Bar, BookSnapshot, Quote, Trade
from exchange_sim.population.presets import PRESETS
from strategies.api import OrderState, StrategyConfig
from tests.order_path.bots import MID, MS, Listener, Quiet, Scripted, Wall

FAR = MID - 1_000


def play(*acts: Any, wall: bool = True, seconds: int = 3, **settings: Any) -> Scripted:
    bot = Scripted(*acts)
    players = [Player("bot", bot, **settings)]
    if wall:
        players.append(Player("wall", Wall()))
    played = Stage(players, duration_ns=seconds * SECOND_NS).play()
    assert played.hosts[0].disqualified == ""
    return bot


def test_an_order_travels_both_ways_with_its_latency() -> None:
    bot = play((100, lambda b, c: c.submit_limit(b.symbol, Side.BUY, 5, FAR)))
    assert bot.kinds == ["OrderAccepted"]
    event = bot.heard[0]
    assert event.ts_exchange_ns == 105 * MS
    assert event.ts_received_ns == 110 * MS
    assert event.client_order_id == 1


def test_a_market_order_fills_and_is_booked_before_the_strategy_hears() -> None:
    seen: list[tuple[int, OrderState]] = []

    class Looking(Scripted):
        def on_fill(self, ctx: Any, fill: OrderFilled) -> None:
            order = ctx.order(fill.client_order_id)
            seen.append((ctx.position_lots(fill.instrument_id), order.state))

    bot = Looking((100, lambda b, c: c.submit_market(b.symbol, Side.SELL, 7)))
    stage = Stage([Player("bot", bot), Player("wall", Wall())], duration_ns=SECOND_NS)
    stage.play()
    assert bot.kinds == ["OrderAccepted", "OrderFilled"]
    assert seen == [(-7, OrderState.FILLED)]
    assert stage.hosts[0].host.portfolio.balances_atoms["USDT"] == stage.kernel.exchange.balance_atoms("bot")


def test_in_flight_is_a_state() -> None:
    states: list[OrderState] = []

    def look(bot: Any, ctx: Any) -> None:
        states.append(ctx.order(1).state)

    def send(bot: Any, ctx: Any) -> None:
        ctx.submit_limit(bot.symbol, Side.BUY, 5, FAR)
        look(bot, ctx)

    def modify(bot: Any, ctx: Any) -> None:
        ctx.modify(1, quantity_lots=3)
        look(bot, ctx)

    def cancel(bot: Any, ctx: Any) -> None:
        ctx.cancel(1)
        ctx.cancel(1)  # once is enough
        look(bot, ctx)

    bot = play((100, send), (105, look), (111, look), (200, modify), (211, look), (300, cancel), (311, look))
    assert states == [
        OrderState.PENDING_SUBMIT,
        OrderState.PENDING_SUBMIT,
        OrderState.OPEN,
        OrderState.PENDING_MODIFY,
        OrderState.OPEN,
        OrderState.PENDING_CANCEL,
        OrderState.CANCELED,
    ]
    assert bot.kinds == ["OrderAccepted", "OrderModified", "OrderCanceled"]
    modified, canceled = bot.heard[1:]
    assert isinstance(modified, OrderModified)
    assert modified.quantity_lots == 3
    assert isinstance(canceled, OrderCanceled)
    assert canceled.leaves_lots == 3


def test_targets_count_what_is_under_way() -> None:
    def twice(bot: Any, ctx: Any) -> None:
        assert ctx.target_lots(bot.symbol, 10) == 1
        assert ctx.target_lots(bot.symbol, 10) is None
        assert ctx.target_lots(bot.symbol, -5) == 2

    bot = play((100, twice))
    assert sum(fill.side.sign * fill.quantity_lots for fill in bot.fills) == -5


def test_target_notional_and_weight_round_towards_zero() -> None:
    class Priced(Scripted):
        def subscriptions(self, instruments: Any) -> Any:
            super().subscriptions(instruments)
            return Listener().subscriptions(instruments)

    def check(bot: Any, ctx: Any) -> None:
        assert ctx.mid_ticks(bot.symbol) == MID
        ctx.target_notional(bot.symbol, -1_234.5)  # a lot is worth 60
        assert [order.quantity_lots for order in ctx.open_orders()] == [20]
        ctx.target_weight(bot.symbol, 0.1)  # a tenth of 100,000
        assert [order.quantity_lots for order in ctx.open_orders()] == [20, 166 + 20]

    bot = Priced((1_500, check))
    stage = Stage([Player("bot", bot), Player("wall", Wall())], duration_ns=3 * SECOND_NS)
    stage.play()
    assert stage.hosts[0].disqualified == ""
    assert stage.kernel.exchange.position("bot", "BTC/USDT:USDT").lots == 166


def test_what_the_gate_denies_never_leaves() -> None:
    def send(bot: Any, ctx: Any) -> None:
        ctx.submit_limit(bot.symbol, Side.BUY, 100, FAR)
        ctx.submit_limit(bot.symbol, Side.BUY, 1, FAR)
        ctx.submit_limit(bot.symbol, Side.BUY, 0, FAR)
        ctx.modify(77, quantity_lots=3)

    bot = play((100, send), limits=RiskLimits(order_notional=Decimal(1_000)))
    denials = [event for event in bot.heard if isinstance(event, OrderDenied)]
    assert [event.reason for event in denials] == [Reason.RISK_ORDER_NOTIONAL, Reason.RISK_INVALID_ORDER]
    assert {event.ts_received_ns for event in denials} == {100 * MS}
    unknown = [event for event in bot.heard if isinstance(event, ModifyRejected)]
    assert [event.reason for event in unknown] == [Reason.RISK_UNKNOWN_ORDER]
    assert bot.kinds.count("OrderAccepted") == 1


def test_cancel_all_at_the_stop_arrives() -> None:
    class Tidy(Scripted):
        def on_stop(self, ctx: Any) -> None:
            ctx.cancel_all()

    bot = Tidy((100, lambda b, c: c.submit_limit(b.symbol, Side.BUY, 5, FAR)))
    stage = Stage([Player("bot", bot)], duration_ns=SECOND_NS)
    stage.play()
    assert stage.kernel.exchange.open_orders("bot") == []
    assert stage.hosts[0].host.tracker.open == {}
    assert bot.kinds == ["OrderAccepted"]  # after the stop only the books are kept


def test_timers_ring_in_order_of_time_and_name() -> None:
    rung: list[tuple[int, str]] = []

    class Ringing(Quiet):
        def on_start(self, ctx: Any) -> None:
            ctx.set_timer("b", at_ns=50 * MS)
            ctx.set_timer("a", at_ns=50 * MS)
            ctx.set_timer("beat", every_ns=40 * MS)
            ctx.set_timer("never", at_ns=60 * MS)
            ctx.cancel_timer("never")
            ctx.set_timer("past", at_ns=-1)

        def on_timer(self, ctx: Any, name: str) -> None:
            rung.append((ctx.now_ns // MS, name))
            if ctx.now_ns >= 100 * MS:
                ctx.cancel_timer("beat")

    Stage([Player("bot", Ringing(StrategyConfig()))], duration_ns=SECOND_NS).play()
    assert rung == [(0, "past"), (40, "beat"), (50, "a"), (50, "b"), (80, "beat"), (120, "beat")]


def test_market_data_arrives_in_order_and_only_what_is_wanted() -> None:
    listener = Listener()
    population = PRESETS["mixed_1000"]()
    market = still_market(5 * SECOND_NS, population=population)
    played = Stage([Player("ear", listener)], market, duration_ns=5 * SECOND_NS).play()
    assert played.hosts[0].disqualified == ""
    times = [message.ts_received_ns for message in listener.heard]
    assert times == sorted(times)
    kinds = {
        kind: [m for m in listener.heard if isinstance(m, kind)] for kind in (Bar, BookSnapshot, Quote, Trade)
    }
    assert all(kinds.values())
    assert {bar.interval_ns for bar in kinds[Bar]} == {SECOND_NS}
    assert max(len(book.bids) for book in kinds[BookSnapshot]) == 3
    assert all(message.ts_received_ns - message.ts_exchange_ns == 5 * MS for message in listener.heard)
    for trade in kinds[Trade]:
        assert trade.quantity_lots > 0


def test_two_runs_are_equal_and_another_seed_is_not() -> None:
    def digest(seed: int) -> str:
        class Drawing(Scripted):
            def on_timer(self, ctx: Any, name: str) -> None:
                ctx.submit_limit(self.symbol, Side.BUY, int(ctx.rng.integers(1, 50)), FAR)

        bot = Drawing((100, print), (200, print), (300, print))
        return Stage([Player("bot", bot)], duration_ns=SECOND_NS, seed=seed).play().footer.digest

    assert digest(1) == digest(1)
    assert digest(1) != digest(2)


class Raising(Scripted):
    def on_timer(self, ctx: Any, name: str) -> None:
        ctx.submit_limit(self.symbol, Side.BUY, 1, FAR)
        if name == "001":
            raise KeyError("no such thing")


class Flooding(Scripted):
    def on_timer(self, ctx: Any, name: str) -> None:
        try:
            for _ in range(10_000):
                ctx.submit_limit(self.symbol, Side.BUY, 1, FAR)
        except Exception:  # noqa: BLE001 - the bot tries to swallow it
            self.stopped = True


class Hanging(Scripted):
    def on_timer(self, ctx: Any, name: str) -> None:
        while True:
            pass


class Insisting(Scripted):
    """Answers every denial with the same order: time would stand still."""

    def on_order(self, ctx: Any, event: Any) -> None:
        ctx.submit_limit(self.symbol, Side.BUY, 0, FAR)

    def on_timer(self, ctx: Any, name: str) -> None:
        ctx.submit_limit(self.symbol, Side.BUY, 0, FAR)


class Restless(Scripted):
    """Time goes on, but by a nanosecond a call."""

    def on_timer(self, ctx: Any, name: str) -> None:
        ctx.set_timer("000", at_ns=ctx.now_ns + 1)


class Exploding(Scripted):
    """Answers every event with fifty orders."""

    def on_timer(self, ctx: Any, name: str) -> None:
        ctx.submit_limit(self.symbol, Side.BUY, 1, FAR)

    def on_order(self, ctx: Any, event: Any) -> None:
        for _ in range(50):
            ctx.submit_limit(self.symbol, Side.BUY, 1, FAR)


class Leaving(Scripted):
    def on_timer(self, ctx: Any, name: str) -> None:
        raise SystemExit


class Floating(Scripted):
    def on_timer(self, ctx: Any, name: str) -> None:
        ctx.submit_limit(self.symbol, Side.BUY, 1.5, FAR)


class EarlyBird(Listener):
    def on_history(self, ctx: Any, bars: Any) -> None:
        ctx.submit_market(self.symbol, Side.BUY, 1)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Raising, "KeyError: 'no such thing' in on_timer (test_host.py, line"),
        (Flooding, "sent more than 1000 commands in one handler in on_timer"),
        (Hanging, "did not return within 0.2 s in on_timer"),
        (Insisting, "caused more than 10,000 commands and calls within 0.1 s"),
        (Restless, "caused more than 10,000 commands and calls within 0.1 s"),
        (Exploding, "caused more than 10,000 commands and calls within 0.1 s"),
        (Leaving, "SystemExit"),
        (Floating, "TypeError"),
    ],
)
def test_a_bot_at_fault_is_taken_out_by_name_and_the_others_go_on(kind: Any, said: str) -> None:
    bot = kind((100, print), (200, print))
    other = Scripted((500, lambda b, c: c.submit_market(b.symbol, Side.BUY, 1)))
    stage = Stage(
        [Player("bad", bot), Player("good", other), Player("wall", Wall())],
        duration_ns=SECOND_NS,
        handler_limit_s=0.2,
    )
    played = stage.play()
    assert said in played.hosts[0].disqualified
    assert played.hosts[1].disqualified == ""
    assert [fill.quantity_lots for fill in other.fills] == [1]
    assert stage.kernel.exchange.open_orders("bad") == []
    assert played.hosts[0].host.tracker.open == {}
    assert other.stopped
    assert bot.heard == [] or kind is Raising


def test_orders_in_on_history_are_a_fault() -> None:
    bar = Bar("BTC/USDT:USDT", 0, 0, SECOND_NS, -SECOND_NS, 1, 1, 1, 1, 1, 1)  # type: ignore[arg-type]
    stage = Stage([Player("bad", EarlyBird())], duration_ns=SECOND_NS)
    stage.play({("BTC/USDT:USDT", SECOND_NS): (bar,)})  # type: ignore[dict-item]
    assert "before the start" in stage.hosts[0].disqualified


def test_wrong_instruments_are_refused_before_anything_runs() -> None:
    with pytest.raises(
        StrategySetupError, match=r"bot: instruments: expected some of BTC/USDT:USDT, was 'X'"
    ):
        Stage([Player("bot", Quiet(StrategyConfig(instruments=("X",))))])


def test_a_bot_trades_only_the_instruments_of_its_configuration() -> None:
    eth = Instrument.linear("ETH/USDT:USDT", tick_size="0.01", lot_size="0.01")
    listener = Listener()
    listener.config = StrategyConfig(instruments=("ETH/USDT:USDT",))
    market = still_market(SECOND_NS, instruments=[BTC, eth], prices_ticks=[600_000.0, 300_000.0])
    Stage([Player("bot", listener)], market, duration_ns=SECOND_NS)
    assert listener.symbols == ["ETH/USDT:USDT"]


def test_a_drawdown_halts_the_account_and_cancels_its_orders() -> None:
    def lose(bot: Any, ctx: Any) -> None:
        ctx.submit_limit(bot.symbol, Side.BUY, 1, FAR)
        ctx.submit_market(bot.symbol, Side.BUY, 100)

    bot = play(
        (100, lose),
        (500, lambda b, c: c.submit_market(b.symbol, Side.SELL, 100)),
        limits=RiskLimits(drawdown=0.00001),  # the taker's fee alone is more
    )
    assert "OrderCanceled" in bot.kinds
    assert [event.reason for event in bot.heard if isinstance(event, OrderDenied)] == [Reason.RISK_HALTED]


def test_reducing_lets_exits_through() -> None:
    def lose(bot: Any, ctx: Any) -> None:
        ctx.submit_market(bot.symbol, Side.BUY, 100)

    def leave(bot: Any, ctx: Any) -> None:
        ctx.submit_market(bot.symbol, Side.BUY, 1)
        ctx.submit_market(bot.symbol, Side.SELL, 60)
        ctx.submit_market(bot.symbol, Side.SELL, 60)
        ctx.submit_market(bot.symbol, Side.SELL, 40)

    bot = play((100, lose), (500, leave), limits=RiskLimits(drawdown=0.00001, on_loss="reduce"))
    denied = [event.client_order_id for event in bot.heard if isinstance(event, OrderDenied)]
    assert denied == [2, 4]
    assert sum(fill.side.sign * fill.quantity_lots for fill in bot.fills) == 0


def test_latency_of_each_account_is_its_own() -> None:
    slow = FAST.__class__(up=FAST.up.__class__(delay_us=50_000), down=FAST.down)
    first = Scripted((100, lambda b, c: c.submit_market(b.symbol, Side.BUY, 1_000)))
    second = Scripted((90, lambda b, c: c.submit_market(b.symbol, Side.BUY, 1_000)))
    Stage(
        [Player("slow", second, latency=slow), Player("fast", first), Player("wall", Wall(1_500, 1))],
        duration_ns=SECOND_NS,
    ).play()
    assert sum(fill.quantity_lots for fill in first.fills) == 1_000
    assert sum(fill.quantity_lots for fill in second.fills) == 500
