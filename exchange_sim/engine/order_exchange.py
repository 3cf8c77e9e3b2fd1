"""New orders of every type from decimal text."""

from __future__ import annotations

from typing import Literal

from exchange_sim.engine.command_exchange import CommandExchange
from exchange_sim.engine.row_exchange import Number
from exchange_sim.model.commands import CancelOrder, ReplaceOrder, SubmitOrder
from exchange_sim.model.enums import OrderType, SelfTradePrevention, Side, TimeInForce, TriggerSource
from exchange_sim.model.events import ExchangeEvent, OrderAccepted
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId

_SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_NO_SELF_TRADE = SelfTradePrevention.CANCEL_NEWEST

SideLike = Side | Literal["buy", "sell"]


class OrderExchange(CommandExchange):
    """The part of `Exchange` that places orders; see there.

    Prices and quantities are decimal text on the instrument's grid: what is off it raises ValueError. What
    the exchange refuses is an event with a reason, never an exception. Without a client order id an order
    gets one that no order got before; read it from the events. Those are above `AUTOMATIC_CLIENT_IDS`
    (10**18): a chosen one up there raises ValueError.
    """

    def limit(
        self,
        account_id: str,
        instrument_id: str,
        side: SideLike,
        quantity: Number,
        price: Number,
        *,
        time_in_force: TimeInForce | None = None,
        post_only: bool = False,
        self_trade_prevention: SelfTradePrevention = _NO_SELF_TRADE,
        display: Number | None = None,
        expire_ns: int = 0,
        reduce_only: bool = False,
        linked_client_id: int = 0,
        client_order_id: int | None = None,
        ts_ns: int | None = None,
    ) -> list[ExchangeEvent]:
        """Place a limit order; with `display` an iceberg, with `linked_client_id` an alternative of another.

        It rests until canceled, or until `expire_ns`, unless a time in force is given.
        """
        instrument = self.instrument(instrument_id)
        order = SubmitOrder(
            AccountId(account_id), instrument.instrument_id, self._client_id(client_order_id), _side(side),
            OrderType.LIMIT, _in_force(time_in_force, expire_ns), instrument.lots(quantity),
            instrument.ticks(price), post_only, self_trade_prevention,
            display_lots=0 if display is None else instrument.lots(display), expire_ns=expire_ns,
            reduce_only=reduce_only, linked_client_id=ClientOrderId(linked_client_id),
        )  # fmt: skip
        return self.submit(order, ts_ns)

    def market(
        self,
        account_id: str,
        instrument_id: str,
        side: SideLike,
        quantity: Number,
        *,
        reduce_only: bool = False,
        self_trade_prevention: SelfTradePrevention = _NO_SELF_TRADE,
        client_order_id: int | None = None,
        ts_ns: int | None = None,
    ) -> list[ExchangeEvent]:
        """Take what the book offers up to a quantity."""
        instrument = self.instrument(instrument_id)
        order = SubmitOrder(
            AccountId(account_id), instrument.instrument_id, self._client_id(client_order_id), _side(side),
            OrderType.MARKET, TimeInForce.IOC, instrument.lots(quantity), 0, False, self_trade_prevention,
            reduce_only=reduce_only,
        )  # fmt: skip
        return self.submit(order, ts_ns)

    def close_position(
        self,
        account_id: str,
        instrument_id: str,
        *,
        client_order_id: int | None = None,
        ts_ns: int | None = None,
    ) -> list[ExchangeEvent]:
        """Take what the book offers to close an account's position."""
        instrument = self.instrument(instrument_id)
        side = Side.SELL if self.position(account_id, instrument_id).lots > 0 else Side.BUY
        order = SubmitOrder(
            AccountId(account_id), instrument.instrument_id, self._client_id(client_order_id), side,
            OrderType.MARKET, TimeInForce.IOC, 0, close_position=True,
        )  # fmt: skip
        return self.submit(order, ts_ns)

    def stop(
        self,
        account_id: str,
        instrument_id: str,
        side: SideLike,
        quantity: Number | None,
        trigger: Number,
        price: Number | None = None,
        *,
        source: TriggerSource = TriggerSource.LAST,
        expire_ns: int = 0,
        reduce_only: bool = False,
        linked_client_id: int = 0,
        client_order_id: int | None = None,
        ts_ns: int | None = None,
    ) -> list[ExchangeEvent]:
        """Place a stop order: a buy acts when the source rises to the trigger, a sell when it falls to it.

        It then is a market order, or with `price` a limit order. Without a quantity it closes the position.
        """
        types = (OrderType.STOP_MARKET, OrderType.STOP_LIMIT)
        order = self._waiting(
            account_id, instrument_id, side, quantity, types, trigger, price, source, expire_ns, reduce_only,
            linked_client_id, self._client_id(client_order_id),
        )  # fmt: skip
        return self.submit(order, ts_ns)

    def take_profit(
        self,
        account_id: str,
        instrument_id: str,
        side: SideLike,
        quantity: Number | None,
        trigger: Number,
        price: Number | None = None,
        *,
        source: TriggerSource = TriggerSource.LAST,
        expire_ns: int = 0,
        reduce_only: bool = False,
        linked_client_id: int = 0,
        client_order_id: int | None = None,
        ts_ns: int | None = None,
    ) -> list[ExchangeEvent]:
        """Place a take-profit order: a buy acts when the source falls to the trigger, a sell when it rises.

        Else as `stop`.
        """
        types = (OrderType.TAKE_PROFIT_MARKET, OrderType.TAKE_PROFIT_LIMIT)
        order = self._waiting(
            account_id, instrument_id, side, quantity, types, trigger, price, source, expire_ns, reduce_only,
            linked_client_id, self._client_id(client_order_id),
        )  # fmt: skip
        return self.submit(order, ts_ns)

    def trailing_stop(
        self,
        account_id: str,
        instrument_id: str,
        side: SideLike,
        quantity: Number | None,
        trail: Number,
        *,
        source: TriggerSource = TriggerSource.LAST,
        expire_ns: int = 0,
        reduce_only: bool = False,
        client_order_id: int | None = None,
        ts_ns: int | None = None,
    ) -> list[ExchangeEvent]:
        """Place a stop whose trigger follows the source at the distance `trail` (in price)."""
        instrument = self.instrument(instrument_id)
        order = SubmitOrder(
            AccountId(account_id), instrument.instrument_id, self._client_id(client_order_id), _side(side),
            OrderType.TRAILING_STOP, _in_force(None, expire_ns),
            0 if quantity is None else instrument.lots(quantity), trail_ticks=instrument.ticks(trail),
            trigger_source=source, expire_ns=expire_ns, reduce_only=reduce_only,
            close_position=quantity is None,
        )  # fmt: skip
        return self.submit(order, ts_ns)

    def bracket(
        self,
        account_id: str,
        instrument_id: str,
        side: SideLike,
        quantity: Number,
        price: Number | None = None,
        *,
        stop_loss: Number | None = None,
        take_profit: Number | None = None,
        source: TriggerSource = TriggerSource.LAST,
        client_order_id: int | None = None,
        ts_ns: int | None = None,
    ) -> list[ExchangeEvent]:
        """Place an entry (a market order without `price`) that brings its stop and its target with it.

        They get the two client order ids behind the entry's.
        """
        instrument = self.instrument(instrument_id)
        limited = price is not None
        order = SubmitOrder(
            AccountId(account_id), instrument.instrument_id, self._client_id(client_order_id), _side(side),
            OrderType.LIMIT if limited else OrderType.MARKET, TimeInForce.GTC if limited else TimeInForce.IOC,
            instrument.lots(quantity), 0 if price is None else instrument.ticks(price), trigger_source=source,
            stop_loss_ticks=0 if stop_loss is None else instrument.ticks(stop_loss),
            take_profit_ticks=0 if take_profit is None else instrument.ticks(take_profit),
        )  # fmt: skip
        return self.submit(order, ts_ns)

    def oco(
        self,
        account_id: str,
        instrument_id: str,
        side: SideLike,
        quantity: Number,
        price: Number,
        trigger: Number,
        *,
        source: TriggerSource = TriggerSource.LAST,
        reduce_only: bool = False,
        client_order_id: int | None = None,
        ts_ns: int | None = None,
    ) -> list[ExchangeEvent]:
        """Place a limit order and a stop-market order, of which the first to act cancels the other.

        The stop gets the client order id behind the limit order's; if it is refused the limit order goes too.
        """
        events = self.limit(
            account_id, instrument_id, side, quantity, price, post_only=True, reduce_only=reduce_only,
            client_order_id=client_order_id, ts_ns=ts_ns,
        )  # fmt: skip
        first = events[-1]
        if not isinstance(first, OrderAccepted):
            return events
        client = first.client_order_id
        types = (OrderType.STOP_MARKET, OrderType.STOP_LIMIT)
        stop = self._waiting(
            account_id, instrument_id, side, quantity, types, trigger, None, source, 0, reduce_only, client,
            ClientOrderId(client + 1),
        )  # fmt: skip
        second = self.submit(stop)
        if not isinstance(second[0], OrderAccepted):
            second += self.submit(CancelOrder(AccountId(account_id), InstrumentId(instrument_id), client))
        return events + second

    def replace(
        self,
        account_id: str,
        instrument_id: str,
        replaced_client_id: int,
        side: SideLike,
        quantity: Number,
        price: Number,
        *,
        client_order_id: int | None = None,
        ts_ns: int | None = None,
    ) -> list[ExchangeEvent]:
        """Cancel an open order and place a limit order in one step."""
        instrument = self.instrument(instrument_id)
        order = SubmitOrder(
            AccountId(account_id), instrument.instrument_id, self._client_id(client_order_id), _side(side),
            OrderType.LIMIT, TimeInForce.GTC, instrument.lots(quantity), instrument.ticks(price),
        )  # fmt: skip
        command = ReplaceOrder(
            order.account_id, order.instrument_id, ClientOrderId(replaced_client_id), order
        )
        return self.submit(command, ts_ns)

    def _waiting(
        self,
        account_id: str,
        instrument_id: str,
        side: SideLike,
        quantity: Number | None,
        types: tuple[OrderType, OrderType],
        trigger: Number,
        price: Number | None,
        source: TriggerSource,
        expire_ns: int,
        reduce_only: bool,  # noqa: FBT001 - passed on
        linked_client_id: int,
        client_order_id: ClientOrderId,
    ) -> SubmitOrder:
        """Return an order that waits: of the first of two types without a price, of the second with one."""
        instrument = self.instrument(instrument_id)
        return SubmitOrder(
            AccountId(account_id), instrument.instrument_id, client_order_id, _side(side),
            types[price is not None], _in_force(None, expire_ns),
            0 if quantity is None else instrument.lots(quantity),
            0 if price is None else instrument.ticks(price), trigger_ticks=instrument.ticks(trigger),
            trigger_source=source, expire_ns=expire_ns, reduce_only=reduce_only,
            close_position=quantity is None, linked_client_id=ClientOrderId(linked_client_id),
        )  # fmt: skip


def _in_force(chosen: TimeInForce | None, expire_ns: int) -> TimeInForce:
    if chosen is not None:
        return chosen
    return TimeInForce.GTD if expire_ns else TimeInForce.GTC


def _side(side: SideLike) -> Side:
    if isinstance(side, Side):
        return side
    if side not in _SIDES:
        raise ValueError(f"side: expected 'buy' or 'sell', was {side!r}")
    return _SIDES[side]
