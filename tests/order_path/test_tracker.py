"""Orders only go where they can have gone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.tracker import IllegalTransitionError, OrderTracker
from exchange_sim.model.commands import SubmitOrder
from exchange_sim.model.enums import Liquidity, OrderType, Reason, Side, TimeInForce
from exchange_sim.model.events import (
    CancelRejected,
    ModifyRejected,
    OrderAccepted,
    OrderCanceled,
    OrderDenied,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderModified,
    OrderRejected,
)
from exchange_sim.model.ids import InstrumentId
from strategies.api import OrderState

SYMBOL = InstrumentId("BTC/USDT:USDT")
HEAD: Any = ("a", SYMBOL, 1, 0, 0)
S = OrderState


def submit(lots: int = 10, number: int = 1, side: Side = Side.BUY) -> SubmitOrder:
    return SubmitOrder("a", SYMBOL, number, side, OrderType.LIMIT, TimeInForce.GTC, lots, 100)  # type: ignore[arg-type]


def filled(lots: int, leaves: int) -> OrderFilled:
    return OrderFilled(*HEAD, 7, 1, Side.BUY, 100, lots, leaves, 0, Liquidity.MAKER)


ACCEPTED = OrderAccepted(*HEAD, 7, Side.BUY, 100, 10)
REJECTED = OrderRejected(*HEAD, Reason.INVALID_PRICE)
DENIED = OrderDenied(*HEAD, Reason.RISK_HALTED)
CANCELED = OrderCanceled(*HEAD, 7, 10, Reason.CANCELED_BY_USER)
EXPIRED = OrderExpired(*HEAD, 7, 10, Reason.IOC_REMAINDER)
MODIFIED = OrderModified(*HEAD, 7, 99, 8, 8)
CANCEL_REJECTED = CancelRejected(*HEAD, Reason.UNKNOWN_ORDER)
MODIFY_REJECTED = ModifyRejected(*HEAD, Reason.INVALID_PRICE)


@pytest.mark.parametrize(
    ("events", "state", "leaves"),
    [
        ([], S.PENDING_SUBMIT, 10),
        ([ACCEPTED], S.OPEN, 10),
        ([REJECTED], S.REJECTED, 0),
        ([DENIED], S.DENIED, 0),
        ([ACCEPTED, filled(4, 6)], S.PARTIALLY_FILLED, 6),
        ([ACCEPTED, filled(4, 6), filled(6, 0)], S.FILLED, 0),
        ([ACCEPTED, CANCELED], S.CANCELED, 0),
        ([ACCEPTED, filled(4, 6), EXPIRED], S.EXPIRED, 0),
        ([ACCEPTED, MODIFIED], S.OPEN, 8),
        ([ACCEPTED, MODIFIED, filled(8, 0)], S.FILLED, 0),
        ([ACCEPTED, filled(10, 0), CANCEL_REJECTED], S.FILLED, 0),
        ([ACCEPTED, CANCELED, MODIFY_REJECTED], S.CANCELED, 0),
    ],
)
def test_lawful_lives(events: list[OrderEvent], state: OrderState, leaves: int) -> None:
    tracker = OrderTracker([SYMBOL])
    tracker.submit(submit())
    order = tracker.orders[1]  # type: ignore[index]
    for event in events:
        tracker.handle(event)
    assert order.state is state
    assert order.leaves_lots == leaves
    assert tracker.totals[SYMBOL].buy_lots == leaves
    assert order.is_open == (state in {S.PENDING_SUBMIT, S.OPEN, S.PARTIALLY_FILLED})


@pytest.mark.parametrize(
    "events",
    [
        [filled(1, 9)],
        [CANCELED],
        [EXPIRED],
        [MODIFIED],
        [ACCEPTED, ACCEPTED],
        [ACCEPTED, REJECTED],
        [ACCEPTED, DENIED],
        [ACCEPTED, filled(11, -1)],
        [ACCEPTED, filled(4, 5)],
        [ACCEPTED, filled(10, 0), filled(1, 0)],
        [ACCEPTED, CANCELED, filled(1, 9)],
        [ACCEPTED, CANCELED, CANCELED],
        [REJECTED, ACCEPTED],
        [ACCEPTED, CANCELED, MODIFIED],
    ],
)
def test_unlawful_steps_raise(events: list[OrderEvent]) -> None:
    tracker = OrderTracker([SYMBOL])
    tracker.submit(submit())
    for event in events[:-1]:
        tracker.handle(event)
    with pytest.raises(IllegalTransitionError, match="order 1"):
        tracker.handle(events[-1])


def test_requests_in_flight_show_and_end() -> None:
    tracker = OrderTracker([SYMBOL])
    tracker.submit(submit())
    order = tracker.orders[1]  # type: ignore[index]
    tracker.cancel(order)
    assert order.state is S.PENDING_CANCEL  # asked for before the acceptance came back
    tracker.handle(ACCEPTED)
    assert order.state is S.PENDING_CANCEL
    tracker.handle(CANCEL_REJECTED)
    assert order.state is S.OPEN
    tracker.modify(order)
    tracker.modify(order)
    tracker.handle(MODIFIED)
    assert order.state is S.PENDING_MODIFY
    tracker.handle(MODIFY_REJECTED)
    assert order.state is S.OPEN


def test_an_id_is_used_once() -> None:
    tracker = OrderTracker([SYMBOL])
    tracker.submit(submit())
    with pytest.raises(IllegalTransitionError, match="used twice"):
        tracker.submit(submit())


def test_events_of_unknown_orders() -> None:
    tracker = OrderTracker([SYMBOL])
    tracker.handle(CANCEL_REJECTED)
    with pytest.raises(IllegalTransitionError, match="unknown order 1"):
        tracker.handle(ACCEPTED)


def test_finished_orders_are_forgotten_after_a_bound() -> None:
    tracker = OrderTracker([SYMBOL], remembered=3)
    for number in range(1, 9):
        tracker.submit(submit(number=number))
        tracker.handle(OrderRejected("a", SYMBOL, number, 0, 0, Reason.INVALID_PRICE))  # type: ignore[arg-type]
    assert sorted(tracker.orders) == [6, 7, 8]
    assert tracker.rejected == 8


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 4), st.integers(1, 9)), max_size=60))
@settings(deadline=None)
def test_totals_equal_a_recount(steps: list[tuple[int, int, int]]) -> None:
    """Any sequence of lawful steps: the running totals are what one counts over all open orders."""
    tracker = OrderTracker([SYMBOL])
    numbers = 0
    for action, which, lots in steps:
        alive = sorted(tracker.open)
        if action == 0 or not alive:
            numbers += 1
            tracker.submit(submit(lots, numbers, Side(lots % 2)))
            continue
        order = tracker.open[alive[which % len(alive)]]
        head: Any = ("a", SYMBOL, order.client_order_id, 0, 0)
        if order.base is S.PENDING_SUBMIT:
            refused = OrderRejected(*head, Reason.INVALID_PRICE)
            accepted = OrderAccepted(*head, 1, order.side, 100, order.quantity_lots)
            tracker.handle(refused if action == 1 else accepted)
        elif action == 1:
            tracker.handle(OrderCanceled(*head, 1, order.leaves_lots, Reason.CANCELED_BY_USER))
        elif action == 2:
            tracker.modify(order)
            total = order.filled_lots + lots
            tracker.handle(OrderModified(*head, 1, 101, total, lots))
        else:
            part = min(lots, order.leaves_lots)
            left = order.leaves_lots - part
            tracker.handle(OrderFilled(*head, 1, 1, order.side, 100, part, left, 0, Liquidity.MAKER))
        open_orders = [each for each in tracker.orders.values() if each.is_open]
        totals = tracker.totals[SYMBOL]
        assert totals.buy_lots == sum(each.leaves_lots for each in open_orders if each.side is Side.BUY)
        assert totals.sell_lots == sum(each.leaves_lots for each in open_orders if each.side is Side.SELL)
        assert totals.orders == len(open_orders) == len(tracker.open)
        for each in tracker.orders.values():
            assert each.filled_lots + each.leaves_lots == each.quantity_lots or not each.is_open


def test_on_a_lossy_connection_a_finished_order_can_come_to_life() -> None:
    tracker = OrderTracker([SYMBOL], lossy=True)
    tracker.submit(submit())
    order = tracker.orders[1]  # type: ignore[index]
    tracker.handle(REJECTED)
    tracker.handle(ACCEPTED)  # it was only late
    assert tracker.revived == [1]
    tracker.handle(filled(4, 6))
    assert (order.state, tracker.totals[SYMBOL].buy_lots, tracker.totals[SYMBOL].orders) == (
        S.PARTIALLY_FILLED,
        6,
        1,
    )
    tracker.handle(REJECTED)  # of a copy
    tracker.handle(filled(6, 0))
    tracker.handle(REJECTED)
    assert order.state is S.FILLED
    tracker.handle(ACCEPTED)  # a copy that came when the order had ended
    assert (order.state, order.filled_lots, tracker.totals[SYMBOL].buy_lots) == (S.OPEN, 0, 10)
    assert tracker.revived == [1, 1]
    with pytest.raises(IllegalTransitionError, match="order 1"):
        tracker.handle(ACCEPTED)
