"""An own order as a strategy sees it."""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol

from exchange_sim.model.enums import OrderType, Side
from exchange_sim.model.ids import ClientOrderId, InstrumentId, OrderId


class OrderState(IntEnum):
    """Where an order is in its life, as far as the account knows."""

    PENDING_SUBMIT = 1  # on its way to the venue
    OPEN = 2
    PARTIALLY_FILLED = 3
    PENDING_CANCEL = 4  # may still be filled
    PENDING_MODIFY = 5  # may still be filled
    FILLED = 6
    CANCELED = 7
    REJECTED = 8  # by the venue
    EXPIRED = 9
    DENIED = 10  # by our own risk gate: it never left
    WAITING = 11  # at the venue, for its trigger
    TRIGGERED = 12  # its trigger was reached and it acts; not filled yet


class Order(Protocol):
    """An own order, read only. It changes as events come in; compare values, not objects kept from before."""

    @property
    def client_order_id(self) -> ClientOrderId: ...
    @property
    def order_id(self) -> OrderId:
        """The venue's number, 0 until the order is accepted."""

    @property
    def instrument_id(self) -> InstrumentId: ...
    @property
    def side(self) -> Side: ...
    @property
    def order_type(self) -> OrderType: ...
    @property
    def limit_ticks(self) -> int:
        """Limit price; 0 where the type has none. A modification counts once the venue confirms it."""

    @property
    def trigger_ticks(self) -> int:
        """Price at which a trigger order acts; 0 for others, and for a trailing stop that still follows."""

    @property
    def waits(self) -> bool:
        """Whether the order's trigger has not been reached: it is in no queue and holds no margin."""

    @property
    def reduce_only(self) -> bool:
        """Whether the order can do nothing but reduce a position."""

    @property
    def quantity_lots(self) -> int:
        """Total quantity, what is filled included; 0 for a close-position order that waits."""

    @property
    def filled_lots(self) -> int: ...
    @property
    def leaves_lots(self) -> int:
        """What may still be filled; 0 once the order is finished."""

    @property
    def state(self) -> OrderState: ...
    @property
    def is_open(self) -> bool:
        """Whether the order is on its way or at the venue: anything but finished."""
