"""What has become of each own order: in flight is a state, and only lawful transitions happen."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from exchange_sim.model.commands import SubmitOrder
from exchange_sim.model.enums import Side
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
from exchange_sim.model.ids import ClientOrderId, InstrumentId, OrderId
from strategies.api import OrderState

_PENDING_SUBMIT, _OPEN, _PARTIAL = OrderState.PENDING_SUBMIT, OrderState.OPEN, OrderState.PARTIALLY_FILLED
_PENDING_CANCEL, _PENDING_MODIFY = OrderState.PENDING_CANCEL, OrderState.PENDING_MODIFY
_FILLED = OrderState.FILLED
_FINISHED_REMEMBERED = 10_000


class IllegalTransitionError(RuntimeError):
    """An event that cannot have happened to an order as we know it: books and venue have diverged."""


class TrackedOrder:
    """One own order; `strategies.api.Order` is its public face.

    `base` is the state without requests in flight, `canceling` and `modifying` say which are. `open_lots` is
    what may still be filled, as counted in the book's totals.
    """

    __slots__ = (
        "base",
        "canceling",
        "client_order_id",
        "filled_lots",
        "instrument_id",
        "is_open",
        "leaves_lots",
        "limit_ticks",
        "modifying",
        "order_id",
        "order_type",
        "quantity_lots",
        "side",
    )

    def __init__(self, command: SubmitOrder) -> None:
        self.client_order_id = command.client_order_id
        self.instrument_id = command.instrument_id
        self.side = command.side
        self.order_type = command.order_type
        self.limit_ticks = command.limit_ticks
        self.quantity_lots = command.quantity_lots
        self.leaves_lots = command.quantity_lots
        self.filled_lots = 0
        self.order_id = OrderId(0)
        self.base = _PENDING_SUBMIT
        self.canceling = False
        self.modifying = 0
        self.is_open = True

    @property
    def state(self) -> OrderState:
        if self.is_open:
            if self.canceling:
                return _PENDING_CANCEL
            if self.modifying:
                return _PENDING_MODIFY
        return self.base

    def __repr__(self) -> str:
        return (
            f"<order {self.client_order_id} {self.state.name} {self.side.name} "
            f"{self.filled_lots}/{self.quantity_lots} {self.instrument_id} at {self.limit_ticks}>"
        )


class OpenTotals:
    """What is open in one instrument, market orders included: lots that may still be bought and sold."""

    __slots__ = ("buy_lots", "orders", "sell_lots")

    def __init__(self) -> None:
        self.buy_lots = 0
        self.sell_lots = 0
        self.orders = 0


class OrderTracker:
    """All own orders of an account.

    Parameters
    ----------
    instruments
        What may be traded.
    remembered
        Finished orders that are still known; older ones are forgotten.
    """

    __slots__ = ("_finished", "_remembered", "_steps", "denied", "open", "orders", "rejected", "totals")

    def __init__(
        self, instruments: Sequence[InstrumentId], *, remembered: int = _FINISHED_REMEMBERED
    ) -> None:
        self.orders: dict[ClientOrderId, TrackedOrder] = {}
        self.open: dict[ClientOrderId, TrackedOrder] = {}
        self.totals = {instrument_id: OpenTotals() for instrument_id in instruments}
        self.denied = 0
        self.rejected = 0
        self._finished: deque[ClientOrderId] = deque()
        self._remembered = remembered
        self._steps = {
            OrderAccepted: self._accepted,
            OrderRejected: self._refused,
            OrderDenied: self._refused,
            OrderFilled: self._filled,
            OrderCanceled: self._ended,
            OrderExpired: self._ended,
            OrderModified: self._modified,
            CancelRejected: self._cancel_rejected,
            ModifyRejected: self._modify_rejected,
        }

    def submit(self, command: SubmitOrder) -> None:
        """Note that an order leaves.

        Raises
        ------
        IllegalTransitionError
            Its client order id was used before.
        """
        client_order_id = command.client_order_id
        if client_order_id in self.orders:
            raise IllegalTransitionError(f"client order id {client_order_id} is used twice")
        order = TrackedOrder(command)
        self.orders[client_order_id] = order
        self.open[client_order_id] = order
        totals = self.totals[command.instrument_id]
        totals.orders += 1
        if command.side is Side.BUY:
            totals.buy_lots += command.quantity_lots
        else:
            totals.sell_lots += command.quantity_lots

    def cancel(self, order: TrackedOrder) -> None:
        """Note that a cancel of an open order leaves."""
        order.canceling = True

    def cancel_all(self, instrument_id: InstrumentId | None) -> None:
        """Note that a cancel of all orders leaves."""
        for order in self.open.values():
            if instrument_id is None or order.instrument_id == instrument_id:
                order.canceling = True

    def modify(self, order: TrackedOrder) -> None:
        """Note that a modification of an open order leaves."""
        order.modifying += 1

    def handle(self, event: OrderEvent) -> None:
        """Apply what happened to an order.

        Events without a client order id, and late refusals of a cancel or modification of an order that is
        already forgotten, change nothing.

        Raises
        ------
        IllegalTransitionError
            The order is unknown, or cannot have got there from where it was.
        """
        client_order_id = event.client_order_id
        if not client_order_id:
            return
        order = self.orders.get(client_order_id)
        if order is None:
            if isinstance(event, CancelRejected | ModifyRejected):
                return
            raise IllegalTransitionError(f"{type(event).__name__} for unknown order {client_order_id}")
        self._steps[type(event)](order, event)  # type: ignore[operator]  # each step takes its type

    def _accepted(self, order: TrackedOrder, event: OrderAccepted) -> None:
        if order.base is not _PENDING_SUBMIT:
            raise _illegal(order, event)
        order.base = _OPEN
        order.order_id = event.order_id

    def _refused(self, order: TrackedOrder, event: OrderRejected | OrderDenied) -> None:
        if order.base is not _PENDING_SUBMIT:
            raise _illegal(order, event)
        if isinstance(event, OrderDenied):
            self.denied += 1
            self._finish(order, OrderState.DENIED)
        else:
            self.rejected += 1
            self._finish(order, OrderState.REJECTED)

    def _filled(self, order: TrackedOrder, event: OrderFilled) -> None:
        if order.base is not _OPEN and order.base is not _PARTIAL:
            raise _illegal(order, event)
        lots = event.quantity_lots
        if lots > order.leaves_lots or event.leaves_lots != order.leaves_lots - lots:
            raise _illegal(order, event)
        order.filled_lots += lots
        self._reduce(order, lots)
        if order.leaves_lots:
            order.base = _PARTIAL
        else:
            self._finish(order, _FILLED)

    def _ended(self, order: TrackedOrder, event: OrderCanceled | OrderExpired) -> None:
        if order.base is not _OPEN and order.base is not _PARTIAL:
            raise _illegal(order, event)
        self._finish(order, OrderState.CANCELED if isinstance(event, OrderCanceled) else OrderState.EXPIRED)

    def _modified(self, order: TrackedOrder, event: OrderModified) -> None:
        if order.base is not _OPEN and order.base is not _PARTIAL:
            raise _illegal(order, event)
        if order.modifying:
            order.modifying -= 1
        order.limit_ticks = event.limit_ticks
        order.quantity_lots = event.quantity_lots
        self._reduce(order, order.leaves_lots - event.leaves_lots)

    def _cancel_rejected(self, order: TrackedOrder, _event: CancelRejected) -> None:
        order.canceling = False

    def _modify_rejected(self, order: TrackedOrder, _event: ModifyRejected) -> None:
        if order.modifying:
            order.modifying -= 1

    def _reduce(self, order: TrackedOrder, lots: int) -> None:
        order.leaves_lots -= lots
        totals = self.totals[order.instrument_id]
        if order.side is Side.BUY:
            totals.buy_lots -= lots
        else:
            totals.sell_lots -= lots

    def _finish(self, order: TrackedOrder, state: OrderState) -> None:
        if order.leaves_lots:
            self._reduce(order, order.leaves_lots)
        self.totals[order.instrument_id].orders -= 1
        order.base = state
        order.is_open = False
        del self.open[order.client_order_id]
        finished = self._finished
        finished.append(order.client_order_id)
        if len(finished) > self._remembered:
            del self.orders[finished.popleft()]


def _illegal(order: TrackedOrder, event: OrderEvent) -> IllegalTransitionError:
    return IllegalTransitionError(f"{order!r} cannot take {event!r}")
