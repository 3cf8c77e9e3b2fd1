"""Orders only go where they can have gone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.tracker import IllegalTransitionError, OrderTracker
from exchange_sim.model.commands import ReplaceOrder, SubmitOrder
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
    OrderTriggered,
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


def stop(lots: int = 10, number: int = 1, **fields: Any) -> SubmitOrder:
    kind = OrderType.STOP_LIMIT if fields.get("limit_ticks") else OrderType.STOP_MARKET
    return SubmitOrder(
        "a", SYMBOL, number, Side.SELL, kind, TimeInForce.GTC, lots, trigger_ticks=90, **fields
    )  # type: ignore[arg-type]  # fmt: skip


def accepted(number: int, lots: int = 10, side: Side = Side.SELL) -> OrderAccepted:
    return OrderAccepted("a", SYMBOL, number, 0, 0, number, side, 0, lots)  # type: ignore[arg-type]


def fired(number: int, lots: int = 10) -> OrderTriggered:
    return OrderTriggered("a", SYMBOL, number, 0, 0, number, 90, lots, lots)  # type: ignore[arg-type]


def sold(number: int, lots: int, leaves: int) -> OrderFilled:
    return OrderFilled(
        "a", SYMBOL, number, 0, 0, number, 1, Side.SELL, 90, lots, leaves, 0, Liquidity.TAKER  # type: ignore[arg-type]
    )  # fmt: skip


def test_an_order_waits_fires_and_then_counts() -> None:
    tracker = OrderTracker([SYMBOL])
    tracker.submit(stop())
    order, totals = tracker.orders[1], tracker.totals[SYMBOL]  # type: ignore[index]
    tracker.handle(accepted(1))
    assert (order.state, order.waits) == (S.WAITING, True)
    assert (totals.sell_lots, totals.waiting_sell_lots, totals.orders) == (0, 10, 1)
    tracker.modify(order, 88)
    tracker.modify(order)
    tracker.handle(ModifyRejected(*HEAD, Reason.WOULD_TRIGGER_IMMEDIATELY))
    tracker.handle(OrderModified(*HEAD, 1, 0, 8, 8))
    assert (order.trigger_ticks, order.quantity_lots, totals.waiting_sell_lots) == (90, 8, 8)
    tracker.modify(order, 87)
    tracker.handle(OrderModified(*HEAD, 1, 0, 8, 8))
    assert order.trigger_ticks == 87
    tracker.handle(fired(1, 8))
    assert (order.state, order.waits, order.trigger_ticks) == (S.TRIGGERED, False, 90)
    assert (totals.sell_lots, totals.waiting_sell_lots) == (8, 0)
    with pytest.raises(IllegalTransitionError, match="order 1"):
        tracker.handle(fired(1, 8))
    tracker.handle(sold(1, 8, 0))
    assert (order.state, totals.sell_lots, totals.orders) == (S.FILLED, 0, 0)


@pytest.mark.parametrize(
    ("fields", "position", "resting", "lots"),
    [
        ({"reduce_only": True}, 4, 0, 4),
        ({"reduce_only": True}, 40, 0, 10),
        ({"reduce_only": True}, -4, 0, 0),
        ({"reduce_only": True}, 4, 3, 4),  # at the market it cuts what rests
        ({"reduce_only": True, "limit_ticks": 89}, 4, 3, 1),
        ({"reduce_only": True, "limit_ticks": 89}, 20, 3, 10),
    ],
)
def test_a_reduce_only_order_is_cut_when_it_fires(
    fields: dict[str, Any], position: int, resting: int, lots: int
) -> None:
    tracker = OrderTracker([SYMBOL], lambda _: position)
    tracker.submit(stop(**fields))
    tracker.handle(accepted(1))
    assert tracker.totals[SYMBOL].waiting_sell_lots == 0  # it can open nothing
    if resting:
        tracker.submit(
            SubmitOrder(
                "a", SYMBOL, 2, Side.SELL, OrderType.LIMIT, TimeInForce.GTC, resting, 99, reduce_only=True
            )  # type: ignore[arg-type]
        )
        tracker.handle(accepted(2, resting))
    tracker.handle(fired(1))
    order = tracker.orders[1]  # type: ignore[index]
    assert (order.quantity_lots, order.leaves_lots) == (lots, lots)
    assert tracker.totals[SYMBOL].sell_lots == lots + resting


def test_a_close_position_order_has_its_quantity_when_it_fires() -> None:
    held = 7
    tracker = OrderTracker([SYMBOL], lambda _: held)
    tracker.submit(stop(0, close_position=True))
    tracker.handle(accepted(1, 0))
    order = tracker.orders[1]  # type: ignore[index]
    assert (order.reduce_only, order.quantity_lots) == (True, 0)
    tracker.handle(fired(1, 0))
    tracker.handle(sold(1, 3, 2))  # the venue found 5 to close: it knows
    assert (order.quantity_lots, order.filled_lots, order.leaves_lots) == (5, 3, 2)


def bracket(number: int = 1) -> SubmitOrder:
    return SubmitOrder(
        "a", SYMBOL, number, Side.BUY, OrderType.LIMIT, TimeInForce.GTC, 10, 100,
        stop_loss_ticks=90, take_profit_ticks=120,
    )  # type: ignore[arg-type]  # fmt: skip


def test_a_bracket_brings_its_exits_under_the_ids_behind() -> None:
    tracker = OrderTracker([SYMBOL])
    tracker.submit(bracket())
    assert sorted(tracker.open) == [1, 2, 3]
    for number in (1, 2, 3):
        tracker.handle(accepted(number))
    assert [order.state for order in tracker.open.values()] == [S.OPEN, S.WAITING, S.WAITING]
    kinds = [order.order_type for order in tracker.open.values()]
    assert kinds == [OrderType.LIMIT, OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET]
    assert all(order.reduce_only and order.side is Side.SELL for order in list(tracker.open.values())[1:])
    for number in (2, 3):
        tracker.handle(OrderCanceled("a", SYMBOL, number, 0, 0, number, 10, Reason.LINKED_ORDER))  # type: ignore[arg-type]
    assert sorted(tracker.open) == [1]


def test_a_refused_bracket_takes_its_exits_with_it() -> None:
    tracker = OrderTracker([SYMBOL])
    tracker.submit(bracket())
    tracker.handle(REJECTED)
    assert not tracker.open
    assert {order.state for order in tracker.orders.values()} == {S.REJECTED}
    assert tracker.rejected == 1
    assert tracker.totals[SYMBOL].orders == 0


@pytest.mark.parametrize("becomes", [S.CANCELED, S.OPEN])
def test_a_replaced_order_ends_or_stays(becomes: OrderState) -> None:
    """Its cancel comes before what becomes of the new order; a refusal without one leaves it as it was."""
    tracker = OrderTracker([SYMBOL])
    tracker.submit(submit())
    tracker.handle(ACCEPTED)
    tracker.replace(ReplaceOrder("a", SYMBOL, 1, submit(5, 2)))  # type: ignore[arg-type]
    old, new = tracker.orders[1], tracker.orders[2]  # type: ignore[index]
    assert (old.state, new.state) == (S.PENDING_CANCEL, S.PENDING_SUBMIT)
    if becomes is S.CANCELED:
        tracker.handle(OrderCanceled(*HEAD, 7, 10, Reason.REPLACED))
    tracker.handle(OrderRejected("a", SYMBOL, 2, 0, 0, Reason.INSUFFICIENT_MARGIN))  # type: ignore[arg-type]
    assert new.state is S.REJECTED
    assert old.state is becomes


def test_fills_of_a_liquidation_belong_to_no_order() -> None:
    tracker = OrderTracker([SYMBOL])
    tracker.handle(sold(0, 5, 0))
    assert not tracker.orders
