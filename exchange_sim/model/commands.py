"""What an account asks of the exchange. Imperative, immutable, integers only."""

from __future__ import annotations

import msgspec

from exchange_sim.model.enums import OrderType, SelfTradePrevention, Side, TimeInForce
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId


class SubmitOrder(
    msgspec.Struct, frozen=True, array_like=True, tag="submit", gc=False, forbid_unknown_fields=True
):
    """Place a new order.

    `quantity_lots` is positive, the side carries the sign. `limit_ticks` is the limit price of a
    LIMIT order and 0 for a MARKET order. A post-only order is refused if it would take liquidity.
    """

    account_id: AccountId
    instrument_id: InstrumentId
    client_order_id: ClientOrderId
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity_lots: int
    limit_ticks: int = 0
    post_only: bool = False
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.CANCEL_NEWEST


class ModifyOrder(
    msgspec.Struct, frozen=True, array_like=True, tag="modify", gc=False, forbid_unknown_fields=True
):
    """Change price or total quantity of a resting order.

    `quantity_lots` is the new *total*, what has been filled included, so a fill in flight cannot
    turn a modification into a larger position. A smaller total at an unchanged price keeps the place in
    the queue; anything else loses it.
    """

    account_id: AccountId
    instrument_id: InstrumentId
    client_order_id: ClientOrderId
    quantity_lots: int
    limit_ticks: int


class CancelOrder(
    msgspec.Struct, frozen=True, array_like=True, tag="cancel", gc=False, forbid_unknown_fields=True
):
    """Take a resting order from the book."""

    account_id: AccountId
    instrument_id: InstrumentId
    client_order_id: ClientOrderId


class CancelAll(
    msgspec.Struct, frozen=True, array_like=True, tag="cancel_all", gc=False, forbid_unknown_fields=True
):
    """Take every resting order of the account, or of the account in one instrument, from the book."""

    account_id: AccountId
    instrument_id: InstrumentId | None = None


Command = SubmitOrder | ModifyOrder | CancelOrder | CancelAll
