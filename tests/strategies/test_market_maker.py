"""Quotes by hand: prices, sizes, what is replaced, and what happens when the venue disagrees."""

from __future__ import annotations

from typing import Any

import pytest

from exchange_sim.model.enums import Side
from strategies.api import OrderState, Topic
from strategies.market_maker import MarketMaker, MarketMakerConfig
from strategies.sizing import Sizer
from tests.strategies.desk import BTC, ETH, INSTRUMENTS, MINUTE_NS, Desk, bar, book

MID = 1_000_000
"""100,000 quote units in ticks of 0.1; one lot of 0.001 is worth 100, so 500 units are 5 lots."""


def _started(**settings: Any) -> tuple[MarketMaker, Desk]:
    bot, desk = MarketMaker(MarketMakerConfig(instruments=(BTC,), **settings)), Desk()
    desk.instruments = {BTC: INSTRUMENTS[0]}
    bot.subscriptions(INSTRUMENTS[:1])
    bot.on_start(desk)
    desk.take()
    return bot, desk


def _quoting(mid: int = MID, **settings: Any) -> tuple[MarketMaker, Desk]:
    """Return a maker whose two quotes rest."""
    bot, desk = _started(**settings)
    _look(bot, desk, mid)
    desk.acknowledge()
    desk.take()
    return bot, desk


def _look(bot: MarketMaker, desk: Desk, mid: int) -> list[tuple[object, ...]]:
    """Show a market around `mid` and let the maker look."""
    desk.books[BTC] = book(mid - 1, mid + 1)
    bot.on_timer(desk, "requote")
    return desk.take()


def test_defaults_are_those_stated() -> None:
    config = MarketMakerConfig()
    assert (config.requote, config.half_spread, config.order_notional) == ("500ms", 0.0015, 500)
    assert (config.width_threshold, config.width_slope, config.max_widening) == (0.01, 0.5, 3)
    assert (config.skew_weight, config.cash_reserve) == (0.5, 0.1)
    assert (config.bands_interval, config.bands_period, config.bands_deviations) == ("1m", 20, 2)


def test_start_cancels_what_is_there_and_looks_each_half_second() -> None:
    bot, desk = MarketMaker(MarketMakerConfig()), Desk(now_ns=10_200_000_000)
    wanted = bot.subscriptions(INSTRUMENTS)
    assert [(each.instrument_id, each.interval_ns) for each in wanted if each.topic is Topic.BOOKS] == [
        (BTC, 500_000_000),
        (ETH, 500_000_000),
    ]
    assert {(each.interval_ns, each.warmup) for each in wanted if each.topic is Topic.BARS} == {
        (MINUTE_NS, 20)
    }
    bot.on_start(desk)
    assert desk.take() == [("cancel_all", BTC), ("cancel_all", ETH)]
    # snapshots are taken each half second on the clock, the first look follows the next one by 50 ms
    assert desk.timers == {"requote": (10_550_000_000, 500_000_000)}


def test_stop_cancels_everything() -> None:
    bot, desk = _quoting()
    bot.on_stop(desk)
    assert desk.take() == [("cancel_all", BTC)]
    assert desk.timers == {}


def test_both_sides_at_a_calm_mid() -> None:
    bot, desk = _started()
    assert _look(bot, desk, MID) == [
        ("limit", BTC, Side.BUY, 5, 998_500),
        ("limit", BTC, Side.SELL, 4, 1_001_500),  # 5 lots would be worth 500.75
    ]
    assert all(order.post_only for order in desk.orders.values())


@pytest.mark.parametrize(
    ("closes", "factor"),
    [
        ([1_000_000] * 20, 1.0),
        ([995_000, 1_005_000] * 10, 1.5),  # sd 0.5 % of the mean: width 2 %
        ([990_000, 1_010_000] * 10, 2.5),  # width 4 %
        ([900_000, 1_100_000] * 10, 3.0),  # width 40 %, capped
        ([900_000, 1_100_000] * 9, 1.0),  # only 18 closes: not known yet
    ],
)
def test_wild_markets_widen_the_quotes(closes: list[int], factor: float) -> None:
    bot, desk = _started()
    for number, close in enumerate(closes, start=1):
        bot.on_bar(desk, bar(close, number))
    prices = [order[4] for order in _look(bot, desk, MID)]
    assert prices == [1_000_000 - 1_500 * factor, 1_000_000 + 1_500 * factor]


def test_history_counts_for_the_width_once() -> None:
    bot, desk = _started()
    shown = [bar(close, number) for number, close in enumerate([995_000, 1_005_000] * 10, start=1)]
    bot.on_history(desk, shown)
    for each in shown:
        bot.on_bar(desk, each)
    assert _look(bot, desk, MID)[0][4] == 1_000_000 - 2_250


@pytest.mark.parametrize(
    ("lots", "bid", "ask"),
    [
        (50, 998_125, 1_001_125),  # long 5,000 of 10,000: skew 0.5, both 375 lower
        (-50, 998_875, 1_001_875),
        (100, None, 1_000_750),  # full: skew 1, no bid
        (200, None, 1_000_750),
        (-100, 999_250, None),
    ],
)
def test_inventory_moves_both_quotes(lots: int, bid: int | None, ask: int | None) -> None:
    bot, desk = _started()
    desk.positions[BTC] = lots
    assert {order[2]: order[4] for order in _look(bot, desk, MID)} == {
        side: price for side, price in ((Side.BUY, bid), (Side.SELL, ask)) if price is not None
    }


def test_inventory_bound_shrinks_the_side_that_adds() -> None:
    bot, desk = _started()
    desk.positions[BTC] = 97
    sizes = {order[2]: order[3] for order in _look(bot, desk, MID)}
    assert sizes == {Side.BUY: 3, Side.SELL: 4}  # 300 units are left of 10,000


def test_inventory_bound_by_instrument() -> None:
    bot, desk = _started(max_inventory_by_instrument={BTC: 20_000.0})
    desk.positions[BTC] = 100
    assert {order[2]: order[4] for order in _look(bot, desk, MID)} == {
        Side.BUY: 998_125,
        Side.SELL: 1_001_125,
    }


def test_unknown_instrument_in_the_bounds_is_named() -> None:
    bot = MarketMaker(MarketMakerConfig(max_inventory_by_instrument={"XRP/USDT:USDT": 1.0}))
    with pytest.raises(
        ValueError, match=r"max_inventory_by_instrument: expected symbols among BTC.*'XRP/USDT:USDT'"
    ):
        bot.subscriptions(INSTRUMENTS)


@pytest.mark.parametrize(
    ("equity", "lots", "sizes"),
    [
        (10_000.0, 0, {Side.BUY: 5, Side.SELL: 4}),
        (10_000.0, 87, {Side.BUY: 3, Side.SELL: 4}),  # 9,000 may be bound, 8,700 are
        (10_000.0, 95, {Side.SELL: 4}),  # more is bound than may be: only less
        (10_000.0, -95, {Side.BUY: 5}),
        (300.0, 0, {Side.BUY: 2, Side.SELL: 2}),
        (-50.0, 0, {}),
    ],
)
def test_ten_percent_stay_cash(equity: float, lots: int, sizes: dict[Side, int]) -> None:
    bot, desk = _started(max_inventory=1e6)
    desk.equity, desk.positions[BTC] = equity, lots
    assert {order[2]: order[3] for order in _look(bot, desk, MID)} == sizes


def test_cash_is_shared_by_the_instruments() -> None:
    bot, desk = MarketMaker(MarketMakerConfig()), Desk(equity=1_000.0)
    desk.books = {BTC: book(MID - 1, MID + 1), ETH: book(299_999, 300_001, name=ETH)}
    bot.subscriptions(INSTRUMENTS)
    bot.on_start(desk)
    desk.take()
    bot.on_timer(desk, "requote")
    values = {
        name: max(Sizer(desk.instruments[name]).value(each.leaves_lots, each.limit_ticks) for each in orders)
        for name in (BTC, ETH)
        if (orders := desk.open_desk_orders(name))
    }
    assert values[BTC] == pytest.approx(499.25)
    assert 397.0 < values[ETH] <= 900 - 499.25


def test_unchanged_quotes_stay() -> None:
    bot, desk = _quoting()
    assert _look(bot, desk, MID) == []


def test_a_changed_price_is_one_modification() -> None:
    bot, desk = _quoting()
    assert _look(bot, desk, MID + 1_000) == [
        ("modify", Side.BUY, 5, 999_498),  # 1,001,000 less 1,501.5, rounded down
        ("modify", Side.SELL, 4, 1_002_502),
    ]


def test_only_the_side_that_changed_is_replaced() -> None:
    bot, desk = _quoting()
    desk.fill(desk.resting(Side.SELL), 1, 1_001_500)
    desk.positions[BTC] = 0  # sold elsewhere: the price stays, only the size is short
    assert _look(bot, desk, MID) == [("modify", Side.SELL, 5, 1_001_500)]  # total: 1 filled and 4 more


def test_a_side_with_an_order_on_its_way_is_left_alone() -> None:
    bot, desk = _started()
    _look(bot, desk, MID)
    assert _look(bot, desk, MID + 500) == []
    desk.resting(Side.BUY).state = OrderState.OPEN
    assert [order[:2] for order in _look(bot, desk, MID + 500)] == [("modify", Side.BUY)]
    assert _look(bot, desk, MID + 900) == []
    desk.acknowledge()
    assert [order[1] for order in _look(bot, desk, MID + 900)] == [Side.BUY, Side.SELL]


def test_after_a_jump_the_side_in_the_way_moves_first() -> None:
    bot, desk = _quoting()
    assert [order[1] for order in _look(bot, desk, MID + 10_000)] == [Side.SELL, Side.BUY]
    desk.acknowledge()
    assert [order[1] for order in _look(bot, desk, MID - 10_000)] == [Side.BUY, Side.SELL]


def test_a_filled_or_rejected_quote_is_placed_anew() -> None:
    bot, desk = _quoting()
    desk.resting(Side.SELL).state = OrderState.REJECTED
    assert _look(bot, desk, MID) == [("limit", BTC, Side.SELL, 4, 1_001_500)]
    desk.acknowledge()
    desk.fill(desk.resting(Side.BUY), 5, 998_500)
    assert [order[0] for order in _look(bot, desk, MID)] == ["limit", "modify"]


def test_a_refused_change_cancels_the_stale_quote() -> None:
    bot, desk = _quoting()
    _look(bot, desk, MID + 1_000)
    order = desk.resting(Side.BUY)
    bot.on_order(desk, desk.refuse_change(order))
    assert desk.take() == [("cancel", order.client_order_id)]


def test_a_second_order_on_a_side_is_canceled() -> None:
    bot, desk = _quoting()
    extra = desk.add_order(Side.BUY, 5, 900_000)
    desk.acknowledge()
    assert _look(bot, desk, MID) == [("cancel", extra.client_order_id)]


def test_tolerance_keeps_a_quote_that_is_nearly_right() -> None:
    bot, desk = _quoting(requote_tolerance_bps=2.0)
    assert _look(bot, desk, MID + 150) == []
    assert [order[0] for order in _look(bot, desk, MID + 300)] == ["modify", "modify"]


def test_own_quotes_are_not_the_market() -> None:
    bot, desk = _quoting()
    desk.books[BTC] = book(998_500, 1_001_500, lots=4)  # our 5 and 4 lots at most
    desk.lasts[BTC] = MID + 2_000
    bot.on_timer(desk, "requote")
    assert desk.take()[0] == ("modify", Side.BUY, 4, MID + 2_000 - 1_503)


def test_without_any_price_quotes_are_withdrawn() -> None:
    bot, desk = _quoting()
    desk.books[BTC] = book(None, None)
    bot.on_timer(desk, "requote")
    assert [order[0] for order in desk.take()] == ["cancel", "cancel"]


def test_before_any_price_there_are_no_quotes() -> None:
    bot, desk = _started()
    bot.on_timer(desk, "requote")
    assert desk.take() == []


def test_with_one_side_only_the_quote_stays_behind_it() -> None:
    bot, desk = _started()
    desk.lasts[BTC] = MID
    desk.books[BTC] = book(None, 990_000)  # far below the last trade
    bot.on_timer(desk, "requote")
    assert [order[4] for order in desk.take()] == [989_999, 1_001_500]


def test_a_new_maker_goes_on_with_the_saved_width() -> None:
    bot, desk = _started()
    shown = [bar(close, number) for number, close in enumerate([995_000, 1_005_000] * 10, start=1)]
    for each in shown:
        bot.on_bar(desk, each)
    again = MarketMaker(MarketMakerConfig(instruments=(BTC,)))
    again.subscriptions(INSTRUMENTS[:1])
    again.load(bot.save())
    again.on_history(desk, shown)
    again.on_start(desk)
    desk.take()
    assert _look(again, desk, MID)[0][4] == 1_000_000 - 2_250
    assert again.save() == bot.save()
