"""The public exchange: one order at a time for people, rows for speed.

>>> from exchange_sim import Exchange, Instrument
>>> exchange = Exchange([Instrument.linear("BTC/USDT:USDT", tick_size="0.1", lot_size="0.001")])
>>> exchange.open_account("alice", deposit="100000"), exchange.open_account("bob", deposit="100000")
(0, 1)
>>> placed = exchange.limit("alice", "BTC/USDT:USDT", "buy", quantity="0.5", price="60000")
>>> fills = exchange.market("bob", "BTC/USDT:USDT", "sell", quantity="0.2")
"""

from __future__ import annotations

from operator import index as as_integer
from typing import Literal

from exchange_sim.engine.command_rows import pack_command
from exchange_sim.engine.managed_exchange import ManagedExchange
from exchange_sim.engine.row_exchange import Number
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
from exchange_sim.model.enums import CommandKind, OrderType, Reason, SelfTradePrevention, Side, TimeInForce
from exchange_sim.model.events import (
    AccountRejected,
    CancelRejected,
    ExchangeEvent,
    ModifyRejected,
    OrderRejected,
)
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId

_SUBMIT, _CANCEL, _MODIFY = int(CommandKind.SUBMIT), int(CommandKind.CANCEL), int(CommandKind.MODIFY)
_UNKNOWN = -2
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}

SideLike = Side | Literal["buy", "sell"]


class Exchange(ManagedExchange):
    """A matching engine with accounts, margin and fees for several instruments.

    There are three ways in, all with the same rules and the same events:

    * `submit` takes a command object and returns event objects; `limit`, `market`, `cancel`, `modify` and
      `cancel_all` build the command from decimal text;
    * `apply` takes an array of COMMAND rows and returns an array of EVENT rows;
    * `execute` takes the integers of one command and leaves its events in the ring, for `take_events`.

    Time only stamps events: a command without `ts_ns` happens at `now_ns`, the time of the one before it.

    Parameters
    ----------
    instruments
        At least one, all with different ids.

    Raises
    ------
    ValueError
        No instrument, or two with one id.
    """

    def submit(self, command: Command, ts_ns: int | None = None) -> list[ExchangeEvent]:
        """Execute one command and return what happened, to every account it touched, in order.

        A refusal is an event with a reason, never an exception.

        Raises
        ------
        TypeError
            A number of the command is not an integer.
        """
        if ts_ns is None:
            ts_ns = self.now_ns
        else:
            self.now_ns = ts_ns
        name = command.instrument_id
        index = -1 if name is None else self._instrument_numbers.get(name, _UNKNOWN)
        account = self._account_numbers.get(command.account_id, -1)
        if account < 0:
            return [_refusal(command, ts_ns, Reason.UNKNOWN_ACCOUNT)]
        if index == _UNKNOWN:
            return [_refusal(command, ts_ns, Reason.UNKNOWN_INSTRUMENT)]
        try:
            codes = _codes(command, account, index)
            if codes is not None:
                return self._execute(ts_ns, *codes)
            return self._execute_row(pack_command(ts_ns, account, index, command))
        except OverflowError:
            return [_refusal(command, ts_ns, Reason.INVALID_COMMAND)]

    def limit(
        self,
        account_id: str,
        instrument_id: str,
        side: SideLike,
        quantity: Number,
        price: Number,
        *,
        time_in_force: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
        self_trade_prevention: SelfTradePrevention = SelfTradePrevention.CANCEL_NEWEST,
        client_order_id: int | None = None,
        ts_ns: int | None = None,
    ) -> list[ExchangeEvent]:
        """Place a limit order; quantity and price as decimal text, on the instrument's grid.

        Without a client order id the order gets one that no such call got before; read it from the events.

        Raises
        ------
        ValueError
            Quantity or price is off the grid.
        """
        instrument = self.instrument(instrument_id)
        command = SubmitOrder(
            AccountId(account_id), instrument.instrument_id, self._client_id(client_order_id), _side(side),
            OrderType.LIMIT, time_in_force, instrument.lots(quantity), instrument.ticks(price), post_only,
            self_trade_prevention,
        )  # fmt: skip
        return self.submit(command, ts_ns)

    def market(
        self,
        account_id: str,
        instrument_id: str,
        side: SideLike,
        quantity: Number,
        *,
        self_trade_prevention: SelfTradePrevention = SelfTradePrevention.CANCEL_NEWEST,
        client_order_id: int | None = None,
        ts_ns: int | None = None,
    ) -> list[ExchangeEvent]:
        """Take what the book offers up to a quantity; raises as `limit`."""
        instrument = self.instrument(instrument_id)
        command = SubmitOrder(
            AccountId(account_id), instrument.instrument_id, self._client_id(client_order_id), _side(side),
            OrderType.MARKET, TimeInForce.IOC, instrument.lots(quantity), 0, False, self_trade_prevention,
        )  # fmt: skip
        return self.submit(command, ts_ns)

    def modify(
        self,
        account_id: str,
        instrument_id: str,
        client_order_id: int,
        quantity: Number,
        price: Number,
        *,
        ts_ns: int | None = None,
    ) -> list[ExchangeEvent]:
        """Change total quantity and price of an open order; raises as `limit`."""
        instrument = self.instrument(instrument_id)
        command = ModifyOrder(
            AccountId(account_id), instrument.instrument_id, ClientOrderId(client_order_id),
            instrument.lots(quantity), instrument.ticks(price),
        )  # fmt: skip
        return self.submit(command, ts_ns)

    def reduce(
        self,
        account_id: str,
        instrument_id: str,
        client_order_id: int,
        quantity: Number,
        *,
        ts_ns: int | None = None,
    ) -> list[ExchangeEvent]:
        """Take `quantity` off an open order, which keeps its place; all that is left or more cancels it.

        Raises as `limit`.
        """
        instrument = self.instrument(instrument_id)
        lots = instrument.lots(quantity)
        order = self.find_order(account_id, instrument_id, client_order_id)
        if order is not None and 0 < lots < order.leaves_lots:
            change = ModifyOrder(
                AccountId(account_id), instrument.instrument_id, ClientOrderId(client_order_id),
                order.quantity_lots - lots, order.price_ticks,
            )  # fmt: skip
            return self.submit(change, ts_ns)
        if lots <= 0:
            raise ValueError(f"quantity: expected more than 0, was {quantity}")
        return self.cancel(account_id, instrument_id, client_order_id, ts_ns=ts_ns)

    def cancel(
        self, account_id: str, instrument_id: str, client_order_id: int, *, ts_ns: int | None = None
    ) -> list[ExchangeEvent]:
        """Cancel an open order."""
        return self.submit(
            CancelOrder(AccountId(account_id), InstrumentId(instrument_id), ClientOrderId(client_order_id)),
            ts_ns,
        )

    def cancel_all(
        self, account_id: str, instrument_id: str | None = None, *, ts_ns: int | None = None
    ) -> list[ExchangeEvent]:
        """Cancel an account's open orders, in one instrument or in all."""
        only = None if instrument_id is None else InstrumentId(instrument_id)
        return self.submit(CancelAll(AccountId(account_id), only), ts_ns)

    def clear(self, instrument_id: str | None = None, *, ts_ns: int | None = None) -> list[ExchangeEvent]:
        """Cancel every open order of every account, in one instrument or in all, by account."""
        return [
            event
            for account in self.accounts
            for event in self.cancel_all(account, instrument_id, ts_ns=ts_ns)
        ]

    def _client_id(self, wanted: int | None) -> ClientOrderId:
        # Every order writes an event, so the number of events differs between any two calls.
        return ClientOrderId(self.event_count + 1 if wanted is None else wanted)


def _codes(command: Command, account: int, index: int) -> tuple[int, ...] | None:
    """Return the integers of a plain command behind its time, in the order of `execute`; None for others."""
    if isinstance(command, SubmitOrder):
        if not command.is_plain:
            return None
        return (
            _SUBMIT, account, index, command.side, command.order_type, command.time_in_force,
            command.post_only, command.self_trade_prevention, as_integer(command.limit_ticks),
            as_integer(command.quantity_lots), command.client_order_id, 0,
        )  # fmt: skip
    if isinstance(command, CancelOrder):
        return _CANCEL, account, index, 0, 0, 0, 0, 0, 0, 0, command.client_order_id, 0
    if isinstance(command, ModifyOrder) and not command.trigger_ticks:
        return (
            _MODIFY, account, index, 0, 0, 0, 0, 0, as_integer(command.limit_ticks),
            as_integer(command.quantity_lots), command.client_order_id, 0,
        )  # fmt: skip
    return None


def _refusal(command: Command, ts_ns: int, reason: Reason) -> ExchangeEvent:
    """Return the refusal of a command that cannot be put to the engine."""
    name = command.instrument_id or InstrumentId("")
    if isinstance(command, CancelAll):
        return CancelRejected(command.account_id, name, ClientOrderId(0), ts_ns, ts_ns, reason)
    if isinstance(command, (SetLeverage, SetMarginMode, MoveMargin)):
        return AccountRejected(command.account_id, name, ts_ns, ts_ns, reason)
    refused: type[OrderRejected | ModifyRejected | CancelRejected] = CancelRejected
    if isinstance(command, (SubmitOrder, ReplaceOrder)):
        refused = OrderRejected
    elif isinstance(command, ModifyOrder):
        refused = ModifyRejected
    return refused(command.account_id, name, command.client_order_id, ts_ns, ts_ns, reason)


def _side(side: SideLike) -> Side:
    if isinstance(side, Side):
        return side
    if side not in _SIDES:
        raise ValueError(f"side: expected 'buy' or 'sell', was {side!r}")
    return _SIDES[side]
