"""The public exchange: one order at a time for people, rows for speed.

>>> from exchange_sim import Exchange, Instrument
>>> exchange = Exchange([Instrument.linear("BTC/USDT:USDT", tick_size="0.1", lot_size="0.001")])
>>> exchange.open_account("alice", deposit="100000"), exchange.open_account("bob", deposit="100000")
(0, 1)
>>> placed = exchange.limit("alice", "BTC/USDT:USDT", "buy", quantity="0.5", price="60000")
>>> fills = exchange.market("bob", "BTC/USDT:USDT", "sell", quantity="0.2")
"""

from __future__ import annotations

from exchange_sim.engine.order_exchange import OrderExchange, SideLike
from exchange_sim.engine.row_exchange import Number
from exchange_sim.model.commands import CancelAll, CancelOrder, ModifyOrder
from exchange_sim.model.events import ExchangeEvent
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId

__all__ = ["Exchange", "SideLike"]


class Exchange(OrderExchange):
    """A matching engine with accounts, margin and fees for several instruments.

    There are three ways in, all with the same rules and the same events:

    * `submit` takes a command object and returns event objects; `limit`, `market`, `stop`, `take_profit`,
      `trailing_stop`, `bracket`, `oco`, `close_position`, `replace`, `modify`, `cancel` and others build the
      command from decimal text;
    * `apply` takes an array of COMMAND rows and returns an array of EVENT rows;
    * `execute` takes the integers of one command and leaves its events in the ring, for `take_events`.

    Time is that of commands: one without `ts_ns` happens at `now_ns`, the time of the one before it. Orders
    whose time is over end before the next command; `advance` lets time pass.

    Parameters
    ----------
    instruments
        At least one, all with different ids.

    Raises
    ------
    ValueError
        No instrument, or two with one id.
    """

    def modify(
        self,
        account_id: str,
        instrument_id: str,
        client_order_id: int,
        quantity: Number,
        price: Number,
        *,
        trigger: Number = 0,
        ts_ns: int | None = None,
    ) -> list[ExchangeEvent]:
        """Change total quantity and price of an open order, and the trigger of one that waits.

        The price of a market type is not looked at. Raises as `limit`.
        """
        instrument = self.instrument(instrument_id)
        command = ModifyOrder(
            AccountId(account_id), instrument.instrument_id, ClientOrderId(client_order_id),
            instrument.lots(quantity), instrument.ticks(price), instrument.ticks(trigger),
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
