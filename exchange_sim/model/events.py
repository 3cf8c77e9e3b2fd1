"""What the exchange (or our own risk gate) says happened. Past tense, immutable, integers only.

Every event carries the time at the exchange and the time at which the account learned of it, both
in ns since the Unix epoch on the run's clock.
"""

from __future__ import annotations

import msgspec

from exchange_sim.model.enums import Liquidity, Reason, Side
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId, OrderId, TradeId


class OrderAccepted(msgspec.Struct, frozen=True, array_like=True, tag="accepted", gc=False):
    account_id: AccountId
    instrument_id: InstrumentId
    client_order_id: ClientOrderId
    ts_exchange_ns: int
    ts_received_ns: int
    order_id: OrderId
    side: Side
    limit_ticks: int
    quantity_lots: int


class OrderRejected(msgspec.Struct, frozen=True, array_like=True, tag="rejected", gc=False):
    """The venue refused the order."""

    account_id: AccountId
    instrument_id: InstrumentId
    client_order_id: ClientOrderId
    ts_exchange_ns: int
    ts_received_ns: int
    reason: Reason
    text: str = ""


class OrderDenied(msgspec.Struct, frozen=True, array_like=True, tag="denied", gc=False):
    """Our own risk gate refused the order: it never left. Both times are the time of the denial."""

    account_id: AccountId
    instrument_id: InstrumentId
    client_order_id: ClientOrderId
    ts_exchange_ns: int
    ts_received_ns: int
    reason: Reason
    text: str = ""


class OrderFilled(msgspec.Struct, frozen=True, array_like=True, tag="filled", gc=False):
    """A part or all of an order traded.

    `fee_atoms` is in the instrument's settlement asset, positive when paid. `leaves_lots` is what
    is still open after this fill.
    """

    account_id: AccountId
    instrument_id: InstrumentId
    client_order_id: ClientOrderId
    ts_exchange_ns: int
    ts_received_ns: int
    order_id: OrderId
    trade_id: TradeId
    side: Side
    price_ticks: int
    quantity_lots: int
    leaves_lots: int
    fee_atoms: int
    liquidity: Liquidity


class OrderCanceled(msgspec.Struct, frozen=True, array_like=True, tag="canceled", gc=False):
    account_id: AccountId
    instrument_id: InstrumentId
    client_order_id: ClientOrderId
    ts_exchange_ns: int
    ts_received_ns: int
    order_id: OrderId
    leaves_lots: int
    reason: Reason


class OrderExpired(msgspec.Struct, frozen=True, array_like=True, tag="expired", gc=False):
    """The remainder of an order that may not rest (IOC, market) is gone."""

    account_id: AccountId
    instrument_id: InstrumentId
    client_order_id: ClientOrderId
    ts_exchange_ns: int
    ts_received_ns: int
    order_id: OrderId
    leaves_lots: int
    reason: Reason


class OrderModified(msgspec.Struct, frozen=True, array_like=True, tag="modified", gc=False):
    account_id: AccountId
    instrument_id: InstrumentId
    client_order_id: ClientOrderId
    ts_exchange_ns: int
    ts_received_ns: int
    order_id: OrderId
    limit_ticks: int
    quantity_lots: int
    leaves_lots: int


class CancelRejected(msgspec.Struct, frozen=True, array_like=True, tag="cancel_rejected", gc=False):
    account_id: AccountId
    instrument_id: InstrumentId
    client_order_id: ClientOrderId
    ts_exchange_ns: int
    ts_received_ns: int
    reason: Reason


class ModifyRejected(msgspec.Struct, frozen=True, array_like=True, tag="modify_rejected", gc=False):
    """The order stays as it was."""

    account_id: AccountId
    instrument_id: InstrumentId
    client_order_id: ClientOrderId
    ts_exchange_ns: int
    ts_received_ns: int
    reason: Reason


OrderEvent = (
    OrderAccepted
    | OrderRejected
    | OrderDenied
    | OrderFilled
    | OrderCanceled
    | OrderExpired
    | OrderModified
    | CancelRejected
    | ModifyRejected
)

__all__ = [
    "CancelRejected",
    "ModifyRejected",
    "OrderAccepted",
    "OrderCanceled",
    "OrderDenied",
    "OrderEvent",
    "OrderExpired",
    "OrderFilled",
    "OrderModified",
    "OrderRejected",
]
