"""The life of a position: entries, exits, orders on their way, partial fills, refusals, restarts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange_sim.model.enums import Side
from strategies.alpha import Alpha, AlphaConfig
from strategies.api import OrderState, Topic
from strategies.directional import Directional, DirectionalConfig
from strategies.mean_reversion import MeanReversion, MeanReversionConfig
from strategies.momentum import Momentum, MomentumConfig
from strategies.signals import Signal
from tests.strategies.desk import BTC, ETH, INSTRUMENTS, MINUTE_NS, SECOND_NS, Desk, bar, book

PRICE = 1_000_000
"""100,000 quote units in ticks of 0.1; one lot of 0.001 is worth 100."""


class ScriptConfig(DirectionalConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    take_profit: float | None = 0.04
    trade_notional: float = 3_000.0


class ScriptSignal(Signal):
    """Enters as the script says and leaves where it says `"out"`."""

    def __init__(self, script: Iterable[int | str]) -> None:
        super().__init__()
        self._script = iter(script)
        self._now: int | str = 0

    def update(self, close: float) -> int:
        self._now = next(self._script, 0)
        return self._now if isinstance(self._now, int) else 0

    def leaves(self, direction: int, close: float) -> bool:
        return self._now == "out"


class Scripted(Directional[ScriptConfig]):
    script: tuple[int | str, ...] = ()

    def make_signal(self) -> Signal:
        return ScriptSignal(self.script)

    def warmup_bars(self) -> int:
        return 7


def _started(*script: int | str, **settings: Any) -> tuple[Scripted, Desk]:
    bot, desk = Scripted(ScriptConfig(**settings)), Desk()
    bot.script = script
    bot.subscriptions(INSTRUMENTS)
    bot.on_start(desk)
    assert desk.take() == []
    return bot, desk


def _entered(direction: int = 1, *later: int | str, **settings: Any) -> tuple[Scripted, Desk]:
    """Return a bot that holds 30 lots entered at 100,000."""
    bot, desk = _started(direction, *later, **settings)
    bot.on_bar(desk, bar(PRICE, 1))
    desk.take()
    desk.fill_market(PRICE)
    return bot, desk


def test_subscriptions() -> None:
    wanted = Scripted(ScriptConfig(bar_interval="5s", exit_check="2s")).subscriptions(INSTRUMENTS)
    bars = [
        (each.instrument_id, each.interval_ns, each.warmup) for each in wanted if each.topic is Topic.BARS
    ]
    books = [
        (each.instrument_id, each.interval_ns, each.depth) for each in wanted if each.topic is Topic.BOOKS
    ]
    assert bars == [(BTC, 5 * SECOND_NS, 7), (ETH, 5 * SECOND_NS, 7)]
    assert books == [(BTC, 2 * SECOND_NS, 1), (ETH, 2 * SECOND_NS, 1)]


@pytest.mark.parametrize(("direction", "side"), [(1, Side.BUY), (-1, Side.SELL)])
def test_an_entry_is_one_market_order_of_the_notional(direction: int, side: Side) -> None:
    bot, desk = _started(direction)
    bot.on_bar(desk, bar(PRICE, 1))
    assert desk.take() == [("market", BTC, side, 30)]


def test_instruments_are_independent() -> None:
    bot, desk = _started(1)
    bot.on_bar(desk, bar(PRICE, 1))
    bot.on_bar(desk, bar(300_000, 1, name=ETH))  # 3,000 units: one lot of 0.001 is worth 3
    assert desk.take() == [("market", BTC, Side.BUY, 30), ("market", ETH, Side.BUY, 1_000)]


def test_nothing_is_sent_while_the_entry_is_on_its_way() -> None:
    bot, desk = _started(1, 1, -1)
    bot.on_bar(desk, bar(PRICE, 1))
    desk.take()
    bot.on_bar(desk, bar(PRICE, 2))
    bot.on_book(desk, book(1, 2))
    bot.on_bar(desk, bar(PRICE, 3))  # wants to be short now
    assert desk.take() == []
    desk.fill_market(PRICE)
    bot.on_book(desk, book(PRICE, PRICE + 1))
    assert desk.take() == [("market", BTC, Side.SELL, 60)]


def test_no_second_entry_in_the_same_direction() -> None:
    bot, desk = _entered(1, 1, 1)
    bot.on_bar(desk, bar(PRICE, 2))
    bot.on_bar(desk, bar(PRICE, 3))
    assert desk.take() == []


def test_an_opposite_entry_closes_and_opens_in_one_order() -> None:
    bot, desk = _entered(1, -1)
    bot.on_bar(desk, bar(PRICE, 2))
    assert desk.take() == [("market", BTC, Side.SELL, 60)]
    desk.fill_market(PRICE)
    bot.on_book(desk, book(PRICE, PRICE + 1))
    assert desk.position_lots(BTC) == -30
    assert desk.take() == []


def test_an_opposite_entry_that_is_too_small_closes_only() -> None:
    bot, desk = _entered(1, -1)
    bot.on_bar(desk, bar(40_000_000, 2))  # one lot costs 4,000
    assert desk.take() == [("market", BTC, Side.SELL, 30)]


def test_signal_exit() -> None:
    bot, desk = _entered(-1, 0, "out")
    bot.on_bar(desk, bar(PRICE, 2))
    assert desk.take() == []
    bot.on_bar(desk, bar(PRICE, 3))
    assert desk.take() == [("market", BTC, Side.BUY, 30)]
    assert desk.log.lines[-1][1]["reason"] == "signal"


@pytest.mark.parametrize(
    ("direction", "bid", "ask", "reason"),
    [
        (1, 980_001, 980_002, None),
        (1, 980_000, 990_000, "stop"),  # a long is closed at the bid
        (1, 1_039_999, 1_050_000, None),
        (1, 1_040_000, 1_040_001, "target"),
        (-1, 1_000_000, 1_019_999, None),
        (-1, 1_000_000, 1_020_000, "stop"),  # a short at the ask
        (-1, 900_000, 960_001, None),
        (-1, 900_000, 960_000, "target"),
        (1, None, 970_000, None),  # nobody to sell to
    ],
)
def test_stop_and_target(direction: int, bid: int | None, ask: int, reason: str | None) -> None:
    bot, desk = _entered(direction)
    bot.on_book(desk, book(bid, ask))
    if reason is None:
        assert desk.take() == []
    else:
        assert desk.take() == [("market", BTC, Side.SELL if direction > 0 else Side.BUY, 30)]
        assert desk.log.lines[-1][1]["reason"] == reason


def test_time_exit_after_max_bars() -> None:
    bot, desk = _entered(1, max_bars=3)
    for number in (2, 3):
        bot.on_bar(desk, bar(PRICE, number))
        assert desk.take() == []
    bot.on_bar(desk, bar(PRICE, 4))
    assert desk.take() == [("market", BTC, Side.SELL, 30)]
    assert desk.log.lines[-1][1]["reason"] == "time"


def test_leaving_is_insisted_on() -> None:
    bot, desk = _entered(1)
    bot.on_book(desk, book(970_000, 970_001))
    desk.fill_market(970_000, lots=10)
    desk.take()
    bot.on_book(desk, book(1_000_000, 1_000_001))  # the price is back, the decision stands
    assert desk.take() == [("market", BTC, Side.SELL, 20)]
    desk.drop(OrderState.REJECTED)
    bot.on_bar(desk, bar(PRICE, 2))
    assert desk.take() == [("market", BTC, Side.SELL, 20)]
    desk.fill_market(PRICE)
    bot.on_book(desk, book(PRICE, PRICE + 1))
    assert desk.take() == []


def test_a_partial_entry_is_a_smaller_position() -> None:
    bot, desk = _started(1)
    bot.on_bar(desk, bar(PRICE, 1))
    desk.fill_market(PRICE, lots=4)
    desk.take()
    bot.on_book(desk, book(PRICE, PRICE + 1))
    bot.on_bar(desk, bar(PRICE, 2))
    assert desk.take() == []
    bot.on_book(desk, book(970_000, 970_001))
    assert desk.take() == [("market", BTC, Side.SELL, 4)]


@pytest.mark.parametrize("state", [OrderState.REJECTED, OrderState.DENIED, OrderState.EXPIRED])
def test_a_refused_entry_is_forgotten_and_the_next_one_works(state: OrderState) -> None:
    bot, desk = _started(1, 0, 1)
    bot.on_bar(desk, bar(PRICE, 1))
    desk.drop(state)
    desk.take()
    bot.on_book(desk, book(PRICE, PRICE + 1))
    bot.on_bar(desk, bar(PRICE, 2))
    assert desk.take() == []
    bot.on_bar(desk, bar(PRICE, 3))
    assert desk.take() == [("market", BTC, Side.BUY, 30)]


def test_a_refused_reversal_still_closes() -> None:
    bot, desk = _entered(1, -1)
    bot.on_bar(desk, bar(PRICE, 2))
    desk.drop(OrderState.REJECTED)
    desk.take()
    bot.on_book(desk, book(PRICE, PRICE + 1))
    assert desk.take() == [("market", BTC, Side.SELL, 30)]


def test_dust_that_no_order_can_close_is_left_alone() -> None:
    bot, desk = _entered(1, "out")
    bot.on_bar(desk, bar(400, 2))  # a lot is worth 0.04, all 30 together 1.2, the minimum is 5
    assert desk.take() == []


def test_a_position_found_at_the_start_is_managed() -> None:
    bot, desk = Scripted(ScriptConfig()), Desk()
    desk.positions[BTC], desk.entries[BTC] = -12, float(PRICE)
    bot.subscriptions(INSTRUMENTS)
    bot.on_start(desk)
    bot.on_book(desk, book(PRICE, PRICE + 1))
    assert desk.take() == []
    bot.on_book(desk, book(PRICE, 1_020_000))
    assert desk.take() == [("market", BTC, Side.BUY, 12)]


def test_stopping_sends_nothing() -> None:
    bot, desk = _entered(1)
    bot.on_stop(desk)
    assert desk.take() == []


def test_history_warms_without_trading_and_bars_count_once() -> None:
    bot, desk = Scripted(ScriptConfig()), Desk()
    bot.script = (1, 1, -1)
    bot.subscriptions(INSTRUMENTS)
    bot.on_history(desk, [bar(PRICE, 1), bar(PRICE, 2)])
    bot.on_history(desk, [bar(PRICE, 2)])
    bot.on_start(desk)
    assert desk.take() == []
    bot.on_bar(desk, bar(PRICE, 2))
    assert desk.take() == []
    bot.on_bar(desk, bar(PRICE, 3))
    assert desk.take() == [("market", BTC, Side.SELL, 30)]


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        (Alpha, AlphaConfig(fast=2, slow=3, rsi_period=2)),
        (Momentum, MomentumConfig(macd_fast=2, macd_slow=4, macd_signal=2, trend=5, bar_interval="1m")),
        (MeanReversion, MeanReversionConfig(bands_period=4, bands_deviations=1.0, max_bars=5)),
    ],
)
@settings(max_examples=15, deadline=None)
@given(
    steps=st.lists(st.integers(-20_000, 20_000), min_size=20, max_size=60),
    cut=st.integers(0, 19),
    fills=st.lists(st.sampled_from(["all", "part", "none"]), min_size=60, max_size=60),
)
def test_saved_half_way_it_goes_on_the_same(
    kind: type[Directional[Any]], config: Any, steps: list[int], cut: int, fills: list[str]
) -> None:
    def play(*, restart: bool) -> list[tuple[object, ...]]:
        bot, desk = kind(config), Desk()
        bot.subscriptions(INSTRUMENTS)
        bot.on_start(desk)
        price, seen = PRICE, []
        for number, (step, outcome) in enumerate(zip(steps, fills, strict=False), start=1):
            price = max(500_000, price + step)
            minute = bar(price, number)
            seen.append(minute)
            bot.on_bar(desk, minute)
            bot.on_book(desk, book(price - 1, price + 1))
            for order in desk.open_desk_orders():
                lots = {"all": order.quantity_lots, "part": (order.quantity_lots + 1) // 2, "none": 0}[
                    outcome
                ]
                if lots:
                    desk.fill(order, lots, price)
                if order.is_open:
                    order.state = OrderState.EXPIRED
            if restart and number == cut:
                state, bot = bot.save(), kind(config)
                bot.subscriptions(INSTRUMENTS)
                bot.load(state)
                bot.on_history(desk, seen)  # no `on_start`: that may send earlier what is due at the next bar
        return desk.take()

    assert play(restart=True) == play(restart=False)


def test_a_position_is_left_at_the_restart_if_the_bars_in_between_say_so() -> None:
    first, desk = _entered(1, max_bars=3)
    again = Scripted(first.config)
    again.subscriptions(INSTRUMENTS)
    again.load(first.save())
    again.on_history(desk, [bar(PRICE, number) for number in (1, 2, 3, 4)])  # 3 of them are new
    assert desk.take() == []
    again.on_start(desk)
    assert desk.take() == [("market", BTC, Side.SELL, 30)]


def test_state_of_an_instrument_no_longer_traded_is_dropped() -> None:
    first, desk = _entered(1)
    state = first.save()
    second = Scripted(ScriptConfig())
    second.subscriptions(INSTRUMENTS[1:])
    second.load(state)
    second.on_start(desk)
    second.on_bar(desk, bar(300_000, 9, name=ETH))
    assert b"BTC" not in second.save()


def test_defaults_are_those_stated() -> None:
    alpha, momentum, reversion = AlphaConfig(), MomentumConfig(), MeanReversionConfig()
    assert (alpha.fast, alpha.slow, alpha.rsi_period, alpha.rsi_overbought, alpha.rsi_oversold) == (
        9,
        21,
        14,
        70,
        30,
    )
    assert (alpha.stop_loss, alpha.take_profit, alpha.trade_notional, alpha.bar_interval) == (
        0.02,
        0.04,
        3000,
        "1m",
    )
    assert alpha.max_bars is None
    macd = (momentum.macd_fast, momentum.macd_slow, momentum.macd_signal, momentum.trend)
    assert macd == (12, 26, 9, 50)
    bracket = (momentum.stop_loss, momentum.take_profit, momentum.trade_notional, momentum.bar_interval)
    assert bracket == (0.015, 0.03, 2500, "5s")
    assert momentum.max_bars is None
    bands = (reversion.bands_period, reversion.bands_deviations, reversion.rsi_period)
    assert bands == (20, 2, 14)
    assert (reversion.rsi_low, reversion.rsi_high) == (40, 60)
    assert (reversion.stop_loss, reversion.take_profit, reversion.max_bars) == (0.015, None, 30)
    assert (reversion.trade_notional, reversion.bar_interval) == (2500, "1m")


def test_minute_bars_are_minutes() -> None:
    wanted = Alpha(AlphaConfig()).subscriptions(INSTRUMENTS)
    assert {each.interval_ns for each in wanted if each.topic is Topic.BARS} == {MINUTE_NS}
