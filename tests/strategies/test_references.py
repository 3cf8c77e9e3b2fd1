"""Cash, buy and hold, and the random null."""

from __future__ import annotations

from collections import Counter

from exchange_sim.model.enums import Side
from exchange_sim.model.ids import InstrumentId
from exchange_sim.rng import generator
from strategies.api import OrderState
from strategies.references import (
    BuyAndHold,
    BuyAndHoldConfig,
    Cash,
    CashConfig,
    RandomConfig,
    RandomTrader,
)
from tests.strategies.desk import BTC, ETH, INSTRUMENTS, MINUTE_NS, Desk, bar

PRICE = 1_000_000
"""100,000 quote units; one lot of BTC is worth 100."""
ETH_PRICE = 300_000
"""3,000 quote units; one lot of ETH is worth 3."""


def test_cash_hears_nothing_and_sends_nothing() -> None:
    bot, desk = Cash(CashConfig()), Desk()
    assert bot.subscriptions(INSTRUMENTS) == ()
    bot.on_start(desk)
    bot.on_bar(desk, bar(PRICE, 1))
    bot.on_stop(desk)
    assert desk.take() == []


def _holder(*, invested: float = 0.95) -> tuple[BuyAndHold, Desk]:
    bot, desk = BuyAndHold(BuyAndHoldConfig(invested=invested)), Desk()
    bot.subscriptions(INSTRUMENTS)
    return bot, desk


def test_buys_equal_parts_at_once_where_the_history_tells_a_price() -> None:
    bot, desk = _holder()
    bot.on_history(desk, [bar(PRICE - 7, 1), bar(PRICE, 2)])
    bot.on_history(desk, [bar(ETH_PRICE, 2, name=ETH)])
    bot.on_start(desk)
    # 47,500 each: 475 lots of 100, 15,833 lots of 3
    assert desk.take() == [("market", BTC, Side.BUY, 475), ("market", ETH, Side.BUY, 15_833)]


def test_buys_at_the_first_bar_of_a_young_market_and_only_once() -> None:
    bot, desk = _holder(invested=0.5)
    bot.on_start(desk)
    assert desk.take() == []
    bot.on_bar(desk, bar(PRICE, 1))
    assert desk.take() == [("market", BTC, Side.BUY, 250)]
    bot.on_bar(desk, bar(PRICE, 2))  # on its way
    desk.fill_market(PRICE)
    bot.on_bar(desk, bar(PRICE // 2, 3))  # cheaper, but it has bought
    bot.on_stop(desk)
    assert desk.take() == []


def test_what_the_book_did_not_give_is_bought_later() -> None:
    bot, desk = _holder()
    bot.on_start(desk)
    bot.on_bar(desk, bar(PRICE, 1))
    desk.fill_market(PRICE, lots=400)
    desk.take()
    bot.on_bar(desk, bar(PRICE, 2))
    assert desk.take() == [("market", BTC, Side.BUY, 75)]
    desk.drop(OrderState.REJECTED)
    bot.on_bar(desk, bar(PRICE, 3))
    assert desk.take() == [("market", BTC, Side.BUY, 75)]


def test_a_remainder_below_the_minimum_is_let_go() -> None:
    bot, desk = _holder()
    bot.on_start(desk)
    bot.on_bar(desk, bar(ETH_PRICE, 1, name=ETH))
    desk.fill_market(ETH_PRICE, lots=15_832)
    desk.take()
    bot.on_bar(desk, bar(ETH_PRICE, 2, name=ETH))  # one lot is worth 3, the minimum is 5
    assert desk.take() == []


def test_a_restart_neither_buys_more_nor_forgets_the_rest() -> None:
    bot, desk = _holder()
    bot.on_start(desk)
    bot.on_bar(desk, bar(PRICE, 1))
    desk.fill_market(PRICE, lots=400)
    desk.take()
    again = BuyAndHold(BuyAndHoldConfig())
    again.subscriptions(INSTRUMENTS)
    again.load(bot.save())
    desk.equity = 500_000.0
    again.on_history(desk, [bar(PRICE // 2, 2)])
    again.on_start(desk)
    assert desk.take() == [("market", BTC, Side.BUY, 75)]


def _random(seed: int, hours: int = 200, name: InstrumentId = BTC) -> tuple[list[tuple[int, int]], Desk]:
    """Return the (time, position) after every order that a random trader sent and had filled."""
    bot = RandomTrader(RandomConfig())
    desk = Desk(instruments={each.instrument_id: each for each in INSTRUMENTS}, rng=generator(seed, "bot"))
    desk.lasts = {BTC: PRICE, ETH: ETH_PRICE}
    bot.subscriptions(INSTRUMENTS)
    bot.on_start(desk)
    seen: list[tuple[int, int]] = []
    while True:
        due, timer = min((at_ns, key) for key, (at_ns, _) in desk.timers.items() if at_ns is not None)
        if due > hours * 60 * MINUTE_NS:
            return seen, desk
        desk.now_ns = due
        bot.on_timer(desk, timer)
        for order in desk.open_desk_orders():
            desk.fill(order, order.quantity_lots, desk.lasts[order.instrument_id])
            if order.instrument_id == name:
                seen.append((due, desk.position_lots(name)))
        desk.orders.clear()  # all finished: the desk stays fast


def test_random_positions_are_long_short_or_out_with_equal_chance() -> None:
    seen, _ = _random(3)
    counts = Counter(lots for _, lots in seen)
    assert set(counts) == {-25, 0, 25}  # 2,500 units
    assert all(count > 0.28 * len(seen) for count in counts.values())
    # a decision each 5 minutes on average, two thirds of them change something
    assert 0.9 < len(seen) / (200 * 12 * 2 / 3) < 1.1


def test_random_times_and_directions_come_from_the_given_stream() -> None:
    assert _random(3, hours=20)[0] == _random(3, hours=20)[0]
    assert _random(3, hours=20)[0] != _random(4, hours=20)[0]


def test_random_does_nothing_without_a_price_or_with_an_order_on_its_way() -> None:
    bot, desk = RandomTrader(RandomConfig()), Desk()
    bot.on_start(desk)
    for _ in range(50):
        bot.on_timer(desk, BTC)
    assert desk.take() == []
    desk.lasts[BTC] = PRICE
    for _ in range(50):
        bot.on_timer(desk, BTC)
    assert len(desk.take()) == 1


def test_random_keeps_its_next_times_over_a_restart() -> None:
    bot, desk = RandomTrader(RandomConfig()), Desk()
    bot.on_start(desk)
    again, later = RandomTrader(RandomConfig()), Desk(rng=generator(9, "bot"))
    again.load(bot.save())
    again.on_start(later)
    assert later.timers == desk.timers
    late = Desk(now_ns=10**15, rng=generator(9, "bot"))
    again.on_start(late)
    assert all(at_ns is not None and at_ns > 10**15 for at_ns, _ in late.timers.values())
