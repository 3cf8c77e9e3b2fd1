"""What is asked when nobody answers, and what follows from the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from actors.settlement import Settlement
from actors.tracker import OrderTracker
from exchange_sim.model.commands import (
    CancelAll,
    CancelOrder,
    ModifyOrder,
    MoveMargin,
    ReplaceOrder,
    SetLeverage,
    SubmitOrder,
)
from exchange_sim.model.enums import OrderType, Reason, Side, TimeInForce
from exchange_sim.model.events import (
    AccountRejected,
    LeverageSet,
    ModifyRejected,
    OrderAccepted,
    OrderRejected,
    StatusReported,
)
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId

SYMBOL = InstrumentId("BTC/USDT:USDT")
ME = AccountId("a")
TIMEOUT = 1_000


class Desk:
    """A tracker and its settlement, and what the venue was asked when."""

    def __init__(self) -> None:
        self.tracker = OrderTracker([SYMBOL], lossy=True)
        self.asked: list[tuple[int, list[int]]] = []
        self.settlement = Settlement(ME, self.tracker, TIMEOUT, self._ask)

    def _ask(self, numbers: Sequence[ClientOrderId], now_ns: int) -> None:
        self.asked.append((now_ns, [int(each) for each in numbers]))

    def submit(self, number: int, now_ns: int, **terms: Any) -> SubmitOrder:
        order = SubmitOrder(ME, SYMBOL, number, Side.BUY, OrderType.LIMIT, TimeInForce.GTC, 10, 100)  # type: ignore[arg-type]
        order = msgspec.structs.replace(order, **terms)
        self.tracker.submit(order)
        self.settlement.note(order, now_ns)
        return order

    def accept(self, number: int, ts_ns: int) -> None:
        self.tracker.handle(OrderAccepted(ME, SYMBOL, number, ts_ns, ts_ns, number, Side.BUY, 100, 10))  # type: ignore[arg-type]

    def answer(self, number: int, ts_ns: int) -> tuple[list[Any], bool]:
        return self.settlement.settle(StatusReported(ME, ClientOrderId(number), ts_ns, ts_ns))  # type: ignore[return-value]


def test_only_what_waits_too_long_is_asked_about_and_again() -> None:
    desk = Desk()
    desk.submit(1, 0)
    desk.submit(2, 400)
    assert desk.settlement.next_ns() == TIMEOUT
    desk.settlement.look(TIMEOUT)
    desk.accept(2, 1_100)
    desk.settlement.look(1_400)
    desk.settlement.look(2 * TIMEOUT)
    assert desk.asked == [(1_000, [1]), (2_000, [1])]
    desk.accept(1, 2_100)
    assert desk.settlement.next_ns() is None


def test_an_answer_from_before_the_request_says_nothing() -> None:
    desk = Desk()
    desk.submit(1, 0)
    assert desk.answer(1, 500) == ([], False)
    desk.settlement.look(TIMEOUT)
    (event,), again = desk.answer(1, 1_010)
    assert isinstance(event, OrderRejected)
    assert (event.reason, event.ts_exchange_ns, again) == (Reason.NOT_RECEIVED, 1_010, False)


def test_lost_changes_are_told_and_lost_cancels_are_wanted_again() -> None:
    desk = Desk()
    desk.submit(1, 0)
    desk.accept(1, 5)
    order = desk.tracker.open[ClientOrderId(1)]
    for now_ns in (10, 20):
        desk.tracker.modify(order)
        desk.settlement.note(ModifyOrder(ME, SYMBOL, ClientOrderId(1), 5, 100), now_ns)
    desk.tracker.cancel_all(None)
    desk.settlement.note(CancelAll(ME), 30)
    desk.settlement.look(1_030)
    events, again = desk.answer(1, 1_040)
    assert [type(event) for event in events] == [ModifyRejected, ModifyRejected]
    assert again
    order.canceling = False
    desk.settlement.note(CancelOrder(ME, SYMBOL, ClientOrderId(1)), 1_045)
    desk.tracker.cancel(order)
    assert desk.answer(1, 1_050) == ([], False)  # the question is older than the second cancel


def test_the_exits_of_a_bracket_do_not_answer_for_themselves() -> None:
    desk = Desk()
    desk.submit(1, 0, stop_loss_ticks=90, take_profit_ticks=120)
    desk.accept(1, 5)
    assert desk.settlement.next_ns() is None  # the exits wait for their entry
    desk.tracker.cancel_all(None)
    desk.settlement.note(CancelAll(ME), 10)
    desk.settlement.look(1_010)
    assert desk.asked == [(1_010, [1, 2, 3])]
    assert desk.answer(2, 1_020) == ([], False)
    assert desk.answer(1, 1_020) == ([], True)


def test_a_lost_replacement_leaves_the_order_as_it_was() -> None:
    desk = Desk()
    old = desk.submit(1, 0)
    desk.accept(1, 5)
    command = ReplaceOrder(ME, SYMBOL, ClientOrderId(1), msgspec.structs.replace(old, client_order_id=2))
    desk.tracker.replace(command)
    desk.settlement.note(command, 10)
    desk.settlement.look(1_010)
    ((_, asked),) = desk.asked
    assert sorted(asked) == [1, 2]
    assert desk.answer(1, 1_020) == ([], False)  # no cancel of its own: the replacement answers for it
    (event,), _ = desk.answer(2, 1_020)
    desk.tracker.handle(event)
    assert desk.answer(1, 1_020) == ([], False)
    assert list(desk.tracker.open) == [1]


def test_lost_commands_about_margin_are_told() -> None:
    desk = Desk()
    for now_ns, leverage in ((0, 5), (10, 7), (20, 5)):
        desk.settlement.note(SetLeverage(ME, SYMBOL, leverage), now_ns)
    desk.settlement.note(MoveMargin(ME, SYMBOL, 50), 30)
    desk.settlement.hear(LeverageSet(ME, SYMBOL, 40, 45, 7))
    desk.settlement.hear(LeverageSet(ME, SYMBOL, 41, 46, 7))  # the same message twice
    assert desk.settlement.next_ns() == TIMEOUT
    desk.settlement.look(TIMEOUT + 20)
    desk.settlement.note(SetLeverage(ME, SYMBOL, 9), TIMEOUT + 25)
    assert desk.asked == [(1_020, [0])]
    assert desk.settlement.next_ns() == 2 * TIMEOUT + 20
    events, again = desk.answer(0, 1_030)
    assert events == [AccountRejected(ME, SYMBOL, 1_030, 1_030, Reason.NOT_RECEIVED)] * 3
    assert not again
    for event in events:
        desk.settlement.hear(event)
    assert desk.answer(0, 1_040) == ([], False)  # the question is older than the last command
    desk.settlement.hear(LeverageSet(ME, SYMBOL, 1_040, 1_045, 9))
    assert desk.settlement.next_ns() is None
