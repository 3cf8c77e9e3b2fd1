"""Known answers: where an order stands in a recorded queue, and what fills it."""

from __future__ import annotations

import math

import pytest

from exchange_sim.model.enums import OrderType, TimeInForce
from exchange_sim.replay.depth.models import LogQueue, PowerQueue, QueueModel, RiskAverseQueue
from tests.replay.depth.histories import (
    ASK,
    BID,
    BUY,
    SELL,
    Depth,
    Print,
    cancel,
    fills,
    order,
    play,
    record,
    replay,
)

BOOK: Depth = (0, [(BID, 1000, 50), (BID, 999, 40), (ASK, 1002, 30), (ASK, 1003, 60)])


def ahead(market: object, client_id: int) -> float:
    """Return the lots ahead of an own order."""
    exchange, places = market.exchange, market._tables._tables["places"]  # type: ignore[attr-defined]
    orders = [each for each in exchange.queue("BTC/USDT:USDT") if each.client_order_id == client_id]
    (row,) = places[places["order_id"] == orders[0].order_id]
    return float(row["ahead_lots"])


def test_trades_at_the_price_reach_an_order_when_those_ahead_are_gone() -> None:
    prints: list[Print] = [
        (10, SELL, 1000, 30),
        (20, BUY, 1000, 99),
        (30, SELL, 1000, 25),
        (40, SELL, 1000, 9),
    ]
    market = replay(record([BOOK, (100, [(BID, 999, 41)])], prints))
    market.push(order(5, 1, BUY, 1000, 10))
    events = play(market, 60)
    # 50 lots ahead: 30 + 25 leave 5 for the order, the next trade fills the other 5 of its 9
    assert fills(events) == [(30, 1, 1000, 5, 1), (40, 1, 1000, 5, 1)]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (RiskAverseQueue(), 50.0),
        # 30 of 80 lots left; ahead 50, behind 30: the share f(30) / (f(30) + f(50)) came from behind
        (PowerQueue(exponent=1.0), 50.0 - 30.0 * (1.0 - 30.0 / 80.0)),
        (PowerQueue(exponent=3.0), 50.0 - 30.0 * (1.0 - 30.0**3 / (30.0**3 + 50.0**3))),
        (LogQueue(), 50.0 - 30.0 * (1.0 - math.log(1.03) / (math.log(1.03) + math.log(1.05)))),
    ],
)
def test_a_fall_of_the_total_moves_the_order_as_its_model_says(model: QueueModel, expected: float) -> None:
    market = replay(record([BOOK, (10, [(BID, 1000, 80)]), (20, [(BID, 1000, 50)])]), model=model)
    market.push(order(5, 1, BUY, 1000, 10))
    play(market, 15)
    assert ahead(market, 1) == 50.0
    play(market, 25)
    assert ahead(market, 1) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("model", [RiskAverseQueue(), PowerQueue(), LogQueue()])
def test_a_fall_that_trades_explain_is_not_counted_twice(model: QueueModel) -> None:
    depth: list[Depth] = [BOOK, (10, [(BID, 1000, 80)]), (20, [(BID, 1000, 60)])]
    market = replay(record(depth, [(15, SELL, 1000, 20)]), model=model)
    market.push(order(5, 1, BUY, 1000, 10))
    play(market, 25)
    assert ahead(market, 1) == 30.0


def test_nobody_is_behind_more_than_there_is() -> None:
    market = replay(record([BOOK, (10, [(BID, 1000, 7)]), (20, [(BID, 1000, 90)])]))
    market.push(order(5, 1, BUY, 1000, 10))
    play(market, 25)
    assert ahead(market, 1) == 7.0


def test_a_trade_through_an_order_fills_it_up_to_its_quantity() -> None:
    market = replay(record([BOOK, (100, [(BID, 999, 41)])], [(10, SELL, 999, 8), (20, SELL, 999, 45)]))
    market.push(order(5, 1, BUY, 1001, 10))  # inside the spread: nobody ahead
    market.push(order(5, 2, BUY, 999, 10))
    events = play(market, 60)
    # of the 45, 2 go to the better order, 40 to the queue, 3 to the order in it
    assert fills(events) == [(10, 1, 1001, 8, 1), (20, 1, 1001, 2, 1), (20, 2, 999, 3, 1)]


def test_recorded_lots_that_reach_an_order_trade_once() -> None:
    depth: list[Depth] = [
        BOOK,
        (10, [(BID, 1000, 0), (ASK, 1000, 4)]),
        (20, [(ASK, 1003, 61)]),
        (30, [(ASK, 1000, 5)]),
    ]
    market = replay(record(depth))
    market.push(order(5, 1, BUY, 1001, 10))
    assert fills(play(market, 25)) == [(10, 1, 1001, 4, 1)]
    assert fills(play(market, 40)) == [(30, 1, 1001, 5, 1)]  # the level changed: all of it is new


def test_own_orders_at_one_price_share_what_reaches_them() -> None:
    prints: list[Print] = [(20, SELL, 1000, 53), (30, SELL, 1000, 20)]
    market = replay(record([BOOK, (100, [(BID, 999, 41)])], prints), ("bot", "other"))
    market.push(order(5, 1, BUY, 1000, 10))
    market.push(order(6, 2, BUY, 1000, 10, account=2))
    events = play(market, 60)
    assert fills(events) == [(20, 1, 1000, 3, 1), (30, 1, 1000, 7, 1), (30, 2, 1000, 10, 1)]


def test_takers_consume_recorded_levels_until_the_record_changes_them() -> None:
    market = replay(record([BOOK, (20, [(ASK, 1002, 31)]), (100, [(BID, 999, 41)])]))
    market.push(order(5, 1, BUY, 0, 40, order_type=OrderType.MARKET))
    market.push(order(6, 2, BUY, 1002, 5, time_in_force=TimeInForce.IOC))
    market.push(order(7, 3, BUY, 1003, 55))
    market.push(order(25, 4, BUY, 1003, 1))
    market.push(order(26, 5, SELL, 999, 95))
    events = play(market, 90)
    assert fills(events) == [
        (5, 1, 1002, 30, 0),
        (5, 1, 1003, 10, 0),
        (7, 3, 1003, 50, 0),  # the rest of 5 waits at 1003, and takes 5 of the 31 that come at 1002
        (20, 3, 1003, 5, 1),
        (25, 4, 1002, 1, 0),
        (26, 5, 1000, 50, 0),
        (26, 5, 999, 40, 0),
    ]
    market.exchange.check_conservation()


def test_a_taker_meets_recorded_lots_ahead_of_another_bots_order_first() -> None:
    market = replay(record([BOOK, (100, [(BID, 999, 41)])], [(10, SELL, 1000, 20)]), ("bot", "other"))
    market.push(order(5, 1, BUY, 1000, 10))
    market.push(order(15, 2, SELL, 1000, 35, account=2, time_in_force=TimeInForce.IOC))
    events = play(market, 60)
    # 30 recorded lots are still ahead of the bid, then its 10 lots would come: 5 are left
    assert fills(events) == [(15, 2, 1000, 30, 0), (15, 2, 1000, 5, 0), (15, 1, 1000, 5, 1)]


def test_post_only_and_cancel_behave_as_on_the_exchange() -> None:
    market = replay(record([BOOK, (100, [(BID, 999, 41)])], [(30, SELL, 1000, 500)]))
    market.push(order(5, 1, BUY, 1002, 10, post_only=1))
    market.push(order(6, 2, BUY, 1000, 10, post_only=1))
    market.push(cancel(20, 2))
    kinds = play(market, 60)["kind"].tolist()
    assert [int(kind) for kind in kinds] == [2, 1, 4]
