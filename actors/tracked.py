"""One own order and what is open in an instrument, as the tracker keeps them."""

from __future__ import annotations

from collections import deque

from exchange_sim.model.commands import SubmitOrder
from exchange_sim.model.enums import Side
from exchange_sim.model.ids import ClientOrderId, OrderId
from strategies.orders import OrderState


class TrackedOrder:
    """One own order; `strategies.api.Order` is its public face.

    `base` is the state without requests in flight, `canceling` and `modifying` say which are. `triggers` are
    the triggers that modifications in flight ask for, 0 for none. `replaces` is the order whose place this
    one takes, `exits` are the orders a bracket's entry brings, `group` names the orders it is linked with
    (0: none).
    """

    __slots__ = (
        "base",
        "canceling",
        "client_order_id",
        "close_position",
        "exits",
        "filled_lots",
        "group",
        "instrument_id",
        "is_open",
        "leaves_lots",
        "limit_ticks",
        "modifying",
        "order_id",
        "order_type",
        "quantity_lots",
        "reduce_only",
        "replaces",
        "side",
        "trigger_ticks",
        "triggers",
        "waits",
    )

    def __init__(self, command: SubmitOrder) -> None:
        self.client_order_id = command.client_order_id
        self.instrument_id = command.instrument_id
        self.side = command.side
        self.order_type = command.order_type
        self.limit_ticks = command.limit_ticks
        self.trigger_ticks = command.trigger_ticks
        self.quantity_lots = command.quantity_lots
        self.leaves_lots = command.quantity_lots
        self.reduce_only = command.reduce_only or command.close_position
        self.close_position = command.close_position
        self.waits = command.order_type.waits
        self.filled_lots = 0
        self.order_id = OrderId(0)
        self.base = OrderState.PENDING_SUBMIT
        self.canceling = False
        self.modifying = 0
        self.triggers: deque[int] = deque()
        self.replaces = ClientOrderId(0)
        self.group = ClientOrderId(0)
        self.exits: tuple[ClientOrderId, ...] = ()
        self.is_open = True

    @property
    def state(self) -> OrderState:
        if self.is_open:
            if self.canceling:
                return OrderState.PENDING_CANCEL
            if self.modifying:
                return OrderState.PENDING_MODIFY
        return self.base

    def __repr__(self) -> str:
        return (
            f"<order {self.client_order_id} {self.state.name} {self.side.name} "
            f"{self.filled_lots}/{self.quantity_lots} {self.instrument_id} at {self.limit_ticks}>"
        )


class OpenTotals:
    """What is open in one instrument.

    `buy_lots` and `sell_lots` may be bought and sold by orders that act or are on their way to, market orders
    included; `waiting_buy_lots` and `waiting_sell_lots` by orders that wait for a trigger, without those that
    can only reduce. `orders` counts all of them.
    """

    __slots__ = ("buy_lots", "orders", "sell_lots", "waiting_buy_lots", "waiting_sell_lots")

    def __init__(self) -> None:
        self.buy_lots = 0
        self.sell_lots = 0
        self.waiting_buy_lots = 0
        self.waiting_sell_lots = 0
        self.orders = 0

    def count(self, order: TrackedOrder, lots: int) -> None:
        """Add lots of an order; negative to take them off."""
        if order.waits:
            if order.reduce_only:
                return
            if order.side is Side.BUY:
                self.waiting_buy_lots += lots
            else:
                self.waiting_sell_lots += lots
        elif order.side is Side.BUY:
            self.buy_lots += lots
        else:
            self.sell_lots += lots
