"""What has become of each own order: in flight is a state, and only lawful transitions happen."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from actors.tracked import OpenTotals, TrackedOrder
from exchange_sim.model.commands import ReplaceOrder, SubmitOrder
from exchange_sim.model.enums import OrderType, TimeInForce
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
from exchange_sim.model.ids import ClientOrderId, InstrumentId
from strategies.orders import OrderState

__all__ = ["IllegalTransitionError", "OpenTotals", "OrderTracker", "TrackedOrder"]

_PENDING_SUBMIT, _OPEN, _PARTIAL = OrderState.PENDING_SUBMIT, OrderState.OPEN, OrderState.PARTIALLY_FILLED
_WAITING, _TRIGGERED, _FILLED = OrderState.WAITING, OrderState.TRIGGERED, OrderState.FILLED
_ACTING = frozenset({_OPEN, _PARTIAL, _TRIGGERED})
_AT_VENUE = _ACTING | {_WAITING}
_FINISHED_REMEMBERED = 10_000


class IllegalTransitionError(RuntimeError):
    """An event that cannot have happened to an order as we know it: books and venue have diverged."""


class OrderTracker:
    """All own orders of an account.

    Parameters
    ----------
    instruments
        What may be traded.
    position_lots
        Tells what the account holds in an instrument; reduce-only orders that fire are cut to it.
    remembered
        Finished orders that are still known; older ones are forgotten.
    lossy
        Whether the connection may lose, double or delay commands. Then a finished order may come to life:
        one that was given up for lost arrives late, or a copy of one that has ended does. Its owner does not
        want it any more: `revived` has its id until somebody takes it.
    """

    __slots__ = (
        "_finished",
        "_lossy",
        "_position_lots",
        "_remembered",
        "_steps",
        "denied",
        "open",
        "orders",
        "rejected",
        "revived",
        "totals",
    )

    def __init__(
        self,
        instruments: Sequence[InstrumentId],
        position_lots: Callable[[InstrumentId], int] = lambda _: 0,
        *,
        remembered: int = _FINISHED_REMEMBERED,
        lossy: bool = False,
    ) -> None:
        self._lossy = lossy
        self.revived: list[ClientOrderId] = []
        self._position_lots = position_lots
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
            OrderTriggered: self._triggered,
        }

    def submit(self, command: SubmitOrder) -> None:
        """Note that an order leaves, with the exits that it brings.

        Raises
        ------
        IllegalTransitionError
            Its client order id was used before, or one of its exits'.
        """
        order = self._enter(command)
        if command.stop_loss_ticks or command.take_profit_ticks:
            exits = [self._enter(each) for each in exits_of(command)]
            order.exits = tuple(each.client_order_id for each in exits)
            for each in (order, *exits):
                each.group = order.client_order_id
        linked = self.open.get(command.linked_client_id)
        if linked is not None:
            order.group = linked.group = linked.group or linked.client_order_id

    def replace(self, command: ReplaceOrder) -> None:
        """Note that an order leaves that takes the place of another.

        Raises
        ------
        IllegalTransitionError
            Its client order id was used before.
        """
        self.submit(command.order)
        self.orders[command.order.client_order_id].replaces = command.replaced_client_id
        replaced = self.open.get(command.replaced_client_id)
        if replaced is not None:
            replaced.canceling = True

    def _enter(self, command: SubmitOrder) -> TrackedOrder:
        client_order_id = command.client_order_id
        if client_order_id in self.orders:
            raise IllegalTransitionError(f"client order id {client_order_id} is used twice")
        order = TrackedOrder(command)
        self.orders[client_order_id] = order
        self.open[client_order_id] = order
        totals = self.totals[command.instrument_id]
        totals.orders += 1
        totals.count(order, command.quantity_lots)
        return order

    def cancel(self, order: TrackedOrder) -> None:
        """Note that a cancel of an open order leaves."""
        order.canceling = True

    def cancel_all(self, instrument_id: InstrumentId | None) -> None:
        """Note that a cancel of all orders leaves."""
        for order in self.open.values():
            if instrument_id is None or order.instrument_id == instrument_id:
                order.canceling = True

    def modify(self, order: TrackedOrder, trigger_ticks: int = 0) -> None:
        """Note that a modification of an open order leaves; 0 leaves its trigger as it is."""
        order.modifying += 1
        order.triggers.append(trigger_ticks)

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
            if order.is_open or not self._lossy:
                raise _illegal(order, event)
            self._revive(order)
        order.base = _WAITING if order.waits else _OPEN
        order.order_id = event.order_id
        if event.quantity_lots != order.leaves_lots:  # close-position: what there was to close
            self._reduce(order, order.leaves_lots - event.quantity_lots)
            order.quantity_lots = event.quantity_lots

    def _refused(self, order: TrackedOrder, event: OrderRejected | OrderDenied) -> None:
        if order.base is not _PENDING_SUBMIT:
            if self._lossy and isinstance(event, OrderRejected):
                return  # of a copy: the order itself got further
            raise _illegal(order, event)
        if isinstance(event, OrderDenied):
            self.denied += 1
            state = OrderState.DENIED
        else:
            self.rejected += 1
            state = OrderState.REJECTED
        self._finish(order, state)
        for number in order.exits:
            self._finish(self.orders[number], state)
        replaced = self.open.get(order.replaces)
        if replaced is not None:  # it would have ended before
            replaced.canceling = False

    def _revive(self, order: TrackedOrder) -> None:
        """Make a finished order one that has just been sent."""
        self._finished.remove(order.client_order_id)
        self.open[order.client_order_id] = order
        self.totals[order.instrument_id].orders += 1
        order.is_open = True
        order.waits = order.order_type.waits
        order.canceling = False
        order.modifying = 0
        order.triggers.clear()
        order.filled_lots = 0
        self._reduce(order, -order.quantity_lots)
        self.revived.append(order.client_order_id)

    def _triggered(self, order: TrackedOrder, event: OrderTriggered) -> None:
        if order.base is not _WAITING:
            raise _illegal(order, event)
        lots = order.leaves_lots
        self._reduce(order, lots)
        order.waits = False
        order.base = _TRIGGERED
        order.trigger_ticks = event.trigger_ticks
        if order.reduce_only:
            most = self._reducible(order)
            lots = most if order.close_position else min(lots, most)
            order.quantity_lots = lots
        self._reduce(order, -lots)

    def _reducible(self, order: TrackedOrder) -> int:
        """Return what an order that has just fired can reduce, as the exchange cuts it without an event."""
        held = self._position_lots(order.instrument_id)
        most = max(0, -order.side.sign * held)
        if not order.order_type.has_limit:
            return most
        resting = sum(
            each.leaves_lots
            for each in self.open.values()
            if each.reduce_only
            and not each.waits
            and each.base is not _PENDING_SUBMIT
            and each is not order
            and each.instrument_id == order.instrument_id
            and (not order.group or each.group != order.group)  # linked orders end before it is cut
        )
        return max(0, most - resting)

    def _filled(self, order: TrackedOrder, event: OrderFilled) -> None:
        if order.base not in _ACTING:
            raise _illegal(order, event)
        lots = event.quantity_lots
        if event.leaves_lots != order.leaves_lots - lots:
            if not (order.reduce_only and order.base is _TRIGGERED):
                raise _illegal(order, event)
            # The venue says what it has cut the order to.
            order.quantity_lots = lots + event.leaves_lots
            self._reduce(order, order.leaves_lots - order.quantity_lots)
        if lots > order.leaves_lots:
            raise _illegal(order, event)
        order.filled_lots += lots
        self._reduce(order, lots)
        if order.leaves_lots:
            order.base = _PARTIAL
        else:
            self._finish(order, _FILLED)

    def _ended(self, order: TrackedOrder, event: OrderCanceled | OrderExpired) -> None:
        if order.base not in _AT_VENUE:
            raise _illegal(order, event)
        self._finish(order, OrderState.CANCELED if isinstance(event, OrderCanceled) else OrderState.EXPIRED)

    def _modified(self, order: TrackedOrder, event: OrderModified) -> None:
        if order.base not in _AT_VENUE:
            raise _illegal(order, event)
        if order.modifying:
            order.modifying -= 1
            # Nothing but its owner changes an order that waits, so the oldest request is the one that is met.
            order.trigger_ticks = order.triggers.popleft() or order.trigger_ticks
        order.limit_ticks = event.limit_ticks
        order.quantity_lots = event.quantity_lots
        self._reduce(order, order.leaves_lots - event.leaves_lots)

    def _cancel_rejected(self, order: TrackedOrder, _event: CancelRejected) -> None:
        order.canceling = False

    def _modify_rejected(self, order: TrackedOrder, _event: ModifyRejected) -> None:
        if order.modifying:
            order.modifying -= 1
            order.triggers.popleft()

    def _reduce(self, order: TrackedOrder, lots: int) -> None:
        order.leaves_lots -= lots
        self.totals[order.instrument_id].count(order, -lots)

    def _finish(self, order: TrackedOrder, state: OrderState) -> None:
        if order.leaves_lots:
            self._reduce(order, order.leaves_lots)
        self.totals[order.instrument_id].orders -= 1
        order.base = state
        order.waits = False
        order.is_open = False
        del self.open[order.client_order_id]
        finished = self._finished
        finished.append(order.client_order_id)
        if len(finished) > self._remembered:
            del self.orders[finished.popleft()]


def exits_of(entry: SubmitOrder) -> tuple[SubmitOrder, ...]:
    """Return the exits that a bracket's entry brings, as the exchange makes them: stop first."""
    kinds = (
        (1, OrderType.STOP_MARKET, entry.stop_loss_ticks),
        (2, OrderType.TAKE_PROFIT_MARKET, entry.take_profit_ticks),
    )
    return tuple(
        SubmitOrder(
            entry.account_id, entry.instrument_id, ClientOrderId(entry.client_order_id + offset),
            entry.side.opposite, order_type, TimeInForce.GTC, entry.quantity_lots, trigger_ticks=trigger,
            trigger_source=entry.trigger_source, reduce_only=True,
        )
        for offset, order_type, trigger in kinds
        if trigger
    )  # fmt: skip


def _illegal(order: TrackedOrder, event: OrderEvent) -> IllegalTransitionError:
    return IllegalTransitionError(f"{order!r} cannot take {event!r}")
