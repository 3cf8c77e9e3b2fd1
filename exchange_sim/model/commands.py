"""What an account asks of the exchange. Imperative, immutable, integers only."""

from __future__ import annotations

import msgspec

from exchange_sim.model.enums import (
    MarginMode,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
    TriggerSource,
)
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId


class SubmitOrder(
    msgspec.Struct, frozen=True, array_like=True, tag="submit", gc=False, forbid_unknown_fields=True
):
    """Place a new order.

    `quantity_lots` is positive, the side carries the sign; it is 0 for a close-position order.
    `limit_ticks` is the limit price of the types that have one, else 0. A post-only order is refused if it
    would take liquidity. The rules of all fields are in `docs/exchange.md`.

    Parameters
    ----------
    trigger_ticks, trigger_source
        Of a trigger order: it acts when the source reaches the price.
    trail_ticks
        Of a trailing stop: distance from the best price since acceptance.
    display_lots
        Of an iceberg: what others see at a time; 0 shows everything.
    expire_ns
        Of a GTD order: when it ends, in ns since the epoch.
    reduce_only, close_position
        Never opens or flips a position; takes the whole position as its quantity.
    linked_client_id
        An own open order of which this one is the alternative: the first to act cancels the other; 0: none.
    stop_loss_ticks, take_profit_ticks
        Triggers of a bracket's exits, which get the client order ids behind this one's; 0: none.
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
    trigger_ticks: int = 0
    trigger_source: TriggerSource = TriggerSource.LAST
    trail_ticks: int = 0
    display_lots: int = 0
    expire_ns: int = 0
    reduce_only: bool = False
    close_position: bool = False
    linked_client_id: ClientOrderId = ClientOrderId(0)
    stop_loss_ticks: int = 0
    take_profit_ticks: int = 0

    @property
    def is_plain(self) -> bool:
        """Whether the first line of a command row says all of it."""
        return not (
            self.trigger_ticks or self.trigger_source or self.trail_ticks or self.display_lots
            or self.expire_ns or self.reduce_only or self.close_position or self.linked_client_id
            or self.stop_loss_ticks or self.take_profit_ticks
        )  # fmt: skip


class ModifyOrder(
    msgspec.Struct, frozen=True, array_like=True, tag="modify", gc=False, forbid_unknown_fields=True
):
    """Change price or total quantity of a resting order.

    `quantity_lots` is the new *total*, what has been filled included, so a fill in flight cannot
    turn a modification into a larger position. A smaller total at an unchanged price keeps the place in
    the queue; anything else loses it. `trigger_ticks` is the new trigger of an order that waits for one; 0
    leaves it.
    """

    account_id: AccountId
    instrument_id: InstrumentId
    client_order_id: ClientOrderId
    quantity_lots: int
    limit_ticks: int
    trigger_ticks: int = 0


class ReplaceOrder(
    msgspec.Struct, frozen=True, array_like=True, tag="replace", gc=False, forbid_unknown_fields=True
):
    """Cancel an open order and place another in one step; refused as a whole if the first is not open."""

    account_id: AccountId
    instrument_id: InstrumentId
    replaced_client_id: ClientOrderId
    order: SubmitOrder

    @property
    def client_order_id(self) -> ClientOrderId:
        """Of the new order."""
        return self.order.client_order_id


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


class SetLeverage(
    msgspec.Struct, frozen=True, array_like=True, tag="set_leverage", gc=False, forbid_unknown_fields=True
):
    """Choose how many times its margin the account's position in an instrument may be worth."""

    account_id: AccountId
    instrument_id: InstrumentId
    leverage: int


class SetMarginMode(
    msgspec.Struct, frozen=True, array_like=True, tag="set_margin_mode", gc=False, forbid_unknown_fields=True
):
    """Choose cross or isolated margin for an instrument in which the account is flat and has no orders."""

    account_id: AccountId
    instrument_id: InstrumentId
    margin_mode: MarginMode


class MoveMargin(
    msgspec.Struct, frozen=True, array_like=True, tag="move_margin", gc=False, forbid_unknown_fields=True
):
    """Add to the margin of an isolated position, or (negative) take from it."""

    account_id: AccountId
    instrument_id: InstrumentId
    atoms: int


OrderCommand = SubmitOrder | ModifyOrder | ReplaceOrder | CancelOrder | CancelAll
"""What concerns orders."""

AccountCommand = SetLeverage | SetMarginMode | MoveMargin
"""What concerns the account's margin."""

Command = OrderCommand | AccountCommand
