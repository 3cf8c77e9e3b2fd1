"""What the exchange (or our own risk gate) says happened. Past tense, immutable, integers only.

Every event carries the time at the exchange and the time at which the account learned of it, both
in ns since the Unix epoch on the run's clock.
"""

from __future__ import annotations

import msgspec

from exchange_sim.model.enums import Liquidity, MarginMode, Reason, Side
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

    `fee_atoms` is positive when paid, in the instrument's settlement asset; a spot buyer pays in the base
    asset where fees are taken from what is received. `leaves_lots` is what is still open after this fill.
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
    """The remainder of an order that may not rest (IOC, market) or whose time is over is gone."""

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


class OrderTriggered(msgspec.Struct, frozen=True, array_like=True, tag="triggered", gc=False):
    """The trigger of a waiting order was reached: it acts now, under the same ids."""

    account_id: AccountId
    instrument_id: InstrumentId
    client_order_id: ClientOrderId
    ts_exchange_ns: int
    ts_received_ns: int
    order_id: OrderId
    trigger_ticks: int
    quantity_lots: int
    leaves_lots: int


class FundingPaid(msgspec.Struct, frozen=True, array_like=True, tag="funding", gc=False):
    """A position paid (positive) or received funding, at its value at the mark price."""

    account_id: AccountId
    instrument_id: InstrumentId
    ts_exchange_ns: int
    ts_received_ns: int
    mark_ticks: int
    lots: int
    paid_atoms: int


class PositionLiquidated(msgspec.Struct, frozen=True, array_like=True, tag="liquidated", gc=False):
    """Equity fell below maintenance: the exchange closes a position or a part of it.

    `bankruptcy_ticks` is the price at which nothing of the margin is left; `order_id` that of the
    liquidation order, whose fills follow as the account's, with client order id 0.
    """

    account_id: AccountId
    instrument_id: InstrumentId
    ts_exchange_ns: int
    ts_received_ns: int
    order_id: OrderId
    bankruptcy_ticks: int
    quantity_lots: int
    position_lots: int


class InsurancePaid(msgspec.Struct, frozen=True, array_like=True, tag="insurance", gc=False):
    """The account paid a liquidation fee (positive), or got from the insurance fund (negative)."""

    account_id: AccountId
    instrument_id: InstrumentId
    ts_exchange_ns: int
    ts_received_ns: int
    price_ticks: int
    quantity_lots: int
    paid_atoms: int


class PositionDeleveraged(msgspec.Struct, frozen=True, array_like=True, tag="deleveraged", gc=False):
    """A part of a position was closed against a bankrupt one, at that one's bankruptcy price, without fee."""

    account_id: AccountId
    instrument_id: InstrumentId
    ts_exchange_ns: int
    ts_received_ns: int
    side: Side
    price_ticks: int
    quantity_lots: int


class LeverageSet(msgspec.Struct, frozen=True, array_like=True, tag="leverage_set", gc=False):
    """The account's leverage in an instrument is this from now on."""

    account_id: AccountId
    instrument_id: InstrumentId
    ts_exchange_ns: int
    ts_received_ns: int
    leverage: int


class MarginModeSet(msgspec.Struct, frozen=True, array_like=True, tag="margin_mode_set", gc=False):
    """The account's margin mode in an instrument is this from now on."""

    account_id: AccountId
    instrument_id: InstrumentId
    ts_exchange_ns: int
    ts_received_ns: int
    margin_mode: MarginMode


class MarginMoved(msgspec.Struct, frozen=True, array_like=True, tag="margin_moved", gc=False):
    """So much was added to (negative: taken from) an isolated position's margin."""

    account_id: AccountId
    instrument_id: InstrumentId
    ts_exchange_ns: int
    ts_received_ns: int
    atoms: int


class AccountRejected(msgspec.Struct, frozen=True, array_like=True, tag="account_rejected", gc=False):
    """A command about the account's margin was refused."""

    account_id: AccountId
    instrument_id: InstrumentId
    ts_exchange_ns: int
    ts_received_ns: int
    reason: Reason


class StatusReported(msgspec.Struct, frozen=True, array_like=True, tag="status", gc=False):
    """The venue's answer to a question about an order.

    Everything that had happened to the account's orders by `ts_exchange_ns` has been heard: an order of which
    nothing was heard by then has not been received.
    """

    account_id: AccountId
    client_order_id: ClientOrderId
    ts_exchange_ns: int
    ts_received_ns: int


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
    | OrderTriggered
)
"""What happens to an order."""

AccountEvent = (
    FundingPaid
    | PositionLiquidated
    | InsurancePaid
    | PositionDeleveraged
    | LeverageSet
    | MarginModeSet
    | MarginMoved
    | AccountRejected
)
"""What happens to an account without an order of its own."""

ExchangeEvent = OrderEvent | AccountEvent

__all__ = [
    "AccountEvent",
    "AccountRejected",
    "CancelRejected",
    "ExchangeEvent",
    "FundingPaid",
    "InsurancePaid",
    "LeverageSet",
    "MarginModeSet",
    "MarginMoved",
    "ModifyRejected",
    "OrderAccepted",
    "OrderCanceled",
    "OrderDenied",
    "OrderEvent",
    "OrderExpired",
    "OrderFilled",
    "OrderModified",
    "OrderRejected",
    "OrderTriggered",
    "PositionDeleveraged",
    "PositionLiquidated",
    "StatusReported",
]
