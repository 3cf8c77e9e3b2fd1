"""What has become of requests that nobody answers: the venue is asked by client order id, never sent again.

A connection that loses messages leaves an order in flight for ever. After a time on the run's clock the venue
is asked about it. Its answer comes behind everything that had happened to the account before, so an order
that is still in flight then was never received. Commands about leverage and margin have no id: the venue
is asked about all of them as `NO_ORDER`, and an answer is that of the oldest one which it fits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from actors.tracker import OrderTracker, TrackedOrder
from exchange_sim.model.commands import (
    CancelAll,
    CancelOrder,
    Command,
    ModifyOrder,
    MoveMargin,
    ReplaceOrder,
    SetLeverage,
    SetMarginMode,
    SubmitOrder,
)
from exchange_sim.model.enums import Reason
from exchange_sim.model.events import (
    AccountEvent,
    AccountRejected,
    LeverageSet,
    MarginModeSet,
    MarginMoved,
    ModifyRejected,
    OrderEvent,
    OrderRejected,
    StatusReported,
)
from exchange_sim.model.ids import AccountId, ClientOrderId
from strategies.orders import OrderState

NO_ORDER = ClientOrderId(0)
"""Stands for the account's commands about leverage and margin where the venue is asked and answers."""

_SENT_BY_ID = SubmitOrder | ReplaceOrder | ModifyOrder | CancelOrder
_Margin = SetLeverage | SetMarginMode | MoveMargin


class Settlement:
    """Keeps an account's requests in view until they are answered.

    Parameters
    ----------
    account_id
        Whose they are.
    tracker
        The account's.
    timeout_ns
        How long an answer is waited for before the venue is asked, and asked again.
    ask
        Asks the venue about orders at a time in ns; each answer comes back as a `StatusReported`.
    """

    __slots__ = (
        "_account_id",
        "_ask",
        "_asked_ns",
        "_margins",
        "_margins_asked_ns",
        "_requested_ns",
        "_submitted",
        "_timeout_ns",
        "_tracker",
    )

    def __init__(
        self,
        account_id: AccountId,
        tracker: OrderTracker,
        timeout_ns: int,
        ask: Callable[[Sequence[ClientOrderId], int], None],
    ) -> None:
        self._account_id = account_id
        self._tracker = tracker
        self._timeout_ns = timeout_ns
        self._ask = ask
        self._requested_ns: dict[ClientOrderId, int] = {}
        self._asked_ns: dict[ClientOrderId, int] = {}
        self._submitted: set[ClientOrderId] = set()
        self._margins: list[tuple[_Margin, int]] = []
        self._margins_asked_ns = 0

    def note(self, command: Command, now_ns: int) -> None:
        """Note that a request leaves."""
        if isinstance(command, CancelAll):
            for order in self._tracker.open.values():
                if order.canceling:
                    self._requested_ns[order.client_order_id] = now_ns
        elif isinstance(command, _SENT_BY_ID):
            self._requested_ns[command.client_order_id] = now_ns
            if isinstance(command, SubmitOrder | ReplaceOrder):
                self._submitted.add(command.client_order_id)
            if isinstance(command, ReplaceOrder):
                self._requested_ns[command.replaced_client_id] = now_ns
        else:
            self._margins.append((command, now_ns))

    def hear(self, event: AccountEvent) -> None:
        """Note what has happened to the account: the oldest request that it may answer is answered."""
        for place, (command, _) in enumerate(self._margins):
            if _answers(event, command):
                del self._margins[place]
                return

    def next_ns(self) -> int | None:
        """Return when to `look` next, None while nothing is in flight."""
        times = [
            max(self._requested_ns[number], self._asked_ns.get(number, 0)) + self._timeout_ns
            for number in self._in_flight()
        ]
        times += [max(sent_ns, self._margins_asked_ns) + self._timeout_ns for _, sent_ns in self._margins]
        return min(times, default=None)

    def look(self, now_ns: int) -> None:
        """Ask about every request that has waited for too long."""
        overdue = [
            number
            for number in self._in_flight()
            if now_ns - max(self._requested_ns[number], self._asked_ns.get(number, 0)) >= self._timeout_ns
        ]
        self._asked_ns.update(dict.fromkeys(overdue, now_ns))
        if any(
            now_ns - max(sent_ns, self._margins_asked_ns) >= self._timeout_ns for _, sent_ns in self._margins
        ):
            self._margins_asked_ns = now_ns
            overdue.append(NO_ORDER)
        if overdue:
            self._ask(overdue, now_ns)

    def settle(self, report: StatusReported) -> tuple[Sequence[OrderEvent | AccountRejected], bool]:
        """Return what the answer says has happened, as events, and whether a cancel must be sent again.

        Nothing follows from an answer to a question asked before the newest request.
        """
        number = report.client_order_id
        if number == NO_ORDER:
            return self._settle_margins(report), False
        order = self._tracker.open.get(number)
        if order is None or not _in_flight(order):
            return [], False
        if self._requested_ns.get(number, 0) > self._asked_ns.get(number, -1):
            return [], False
        head = (self._account_id, order.instrument_id, number, report.ts_exchange_ns, report.ts_received_ns)
        if order.base is OrderState.PENDING_SUBMIT:
            if number not in self._submitted:
                return [], False  # an exit of a bracket: its entry answers for it
            return [OrderRejected(*head, Reason.NOT_RECEIVED)], False
        lost: list[OrderEvent] = [ModifyRejected(*head, Reason.NOT_RECEIVED)] * order.modifying
        return lost, order.canceling and not self._is_being_replaced(number)

    def _settle_margins(self, report: StatusReported) -> list[AccountRejected]:
        """Return the refusals of commands about margin that were sent before the question and got lost."""
        head = (report.ts_exchange_ns, report.ts_received_ns, Reason.NOT_RECEIVED)
        return [
            AccountRejected(self._account_id, command.instrument_id, *head)
            for command, sent_ns in self._margins
            if sent_ns <= self._margins_asked_ns
        ]

    def _is_being_replaced(self, number: ClientOrderId) -> bool:
        """Return whether an order is to end by another's taking its place: that one answers for both."""
        return any(
            each.replaces == number and each.base is OrderState.PENDING_SUBMIT
            for each in self._tracker.open.values()
        )

    def _in_flight(self) -> list[ClientOrderId]:
        """Return the open orders with an unanswered request, and forget what is answered or finished."""
        waiting = [
            number
            for number in self._requested_ns
            if (order := self._tracker.open.get(number)) is not None and _in_flight(order)
        ]
        self._requested_ns = {number: self._requested_ns[number] for number in waiting}
        self._asked_ns = {number: self._asked_ns[number] for number in waiting if number in self._asked_ns}
        self._submitted.intersection_update(waiting)
        return waiting


def _in_flight(order: TrackedOrder) -> bool:
    return order.base is OrderState.PENDING_SUBMIT or order.canceling or order.modifying > 0


def _answers(event: AccountEvent, command: _Margin) -> bool:
    """Return whether an event may be what a command about leverage or margin came to."""
    if event.instrument_id != command.instrument_id:
        return False
    if isinstance(command, SetLeverage):
        done = isinstance(event, LeverageSet) and event.leverage == command.leverage
    elif isinstance(command, SetMarginMode):
        done = isinstance(event, MarginModeSet) and event.margin_mode == command.margin_mode
    else:
        done = isinstance(event, MarginMoved) and event.atoms == command.atoms
    return done or isinstance(event, AccountRejected)
