"""A hand-driven account for strategies: records what they send, the test says what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from exchange_sim.model.enums import Liquidity, OrderType, Reason, Side, TimeInForce
from exchange_sim.model.events import ModifyRejected, OrderFilled
from exchange_sim.model.ids import AccountId, AssetId, ClientOrderId, InstrumentId, OrderId, TradeId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import Bar, BookSnapshot, Quote
from exchange_sim.rng import generator
from strategies.api import Order, OrderState

BTC = InstrumentId("BTC/USDT:USDT")
ETH = InstrumentId("ETH/USDT:USDT")
SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
ACCOUNT = AccountId("bot")

INSTRUMENTS = (
    Instrument.linear(BTC, tick_size="0.1", lot_size="0.001", minimum_notional="5"),
    Instrument.linear(ETH, tick_size="0.01", lot_size="0.001", minimum_notional="5"),
)


def bar(close: int, number: int, *, name: InstrumentId = BTC, interval_ns: int = MINUTE_NS) -> Bar:
    """Return the bar number `number` (from 1) that ends at `number` intervals."""
    end = number * interval_ns
    return Bar(name, end, end, interval_ns, end - interval_ns, close, close, close, close, 1, 1)


def book(bid: int | None, ask: int | None, *, name: InstrumentId = BTC, lots: int = 1_000) -> BookSnapshot:
    bids = () if bid is None else ((bid, lots),)
    asks = () if ask is None else ((ask, lots),)
    return BookSnapshot(name, 0, 0, bids, asks)


@dataclass
class DeskOrder:
    client_order_id: ClientOrderId
    instrument_id: InstrumentId
    side: Side
    quantity_lots: int
    limit_ticks: int = 0
    post_only: bool = False
    state: OrderState = OrderState.PENDING_SUBMIT
    filled_lots: int = 0
    trigger_ticks: int = 0
    waits: bool = False
    reduce_only: bool = False

    @property
    def order_type(self) -> OrderType:
        return OrderType.LIMIT if self.limit_ticks else OrderType.MARKET

    @property
    def order_id(self) -> OrderId:
        return OrderId(0)

    @property
    def is_open(self) -> bool:
        return self.state <= OrderState.PENDING_MODIFY

    @property
    def leaves_lots(self) -> int:
        return self.quantity_lots - self.filled_lots if self.is_open else 0


class DeskLog:
    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def info(self, event: str, **fields: object) -> None:
        self.lines.append((event, fields))

    warning = info
    error = info


@dataclass
class Desk:
    """A `Context`. `sent` lists what the strategy asked for since it was last emptied with `take`."""

    instruments: Mapping[InstrumentId, Instrument] = field(
        default_factory=lambda: {each.instrument_id: each for each in INSTRUMENTS}
    )
    account_id: AccountId = ACCOUNT
    now_ns: int = 0
    equity: float = 100_000.0
    positions: dict[InstrumentId, int] = field(default_factory=dict)
    entries: dict[InstrumentId, float] = field(default_factory=dict)
    books: dict[InstrumentId, BookSnapshot] = field(default_factory=dict)
    lasts: dict[InstrumentId, int] = field(default_factory=dict)
    orders: dict[ClientOrderId, DeskOrder] = field(default_factory=dict)
    timers: dict[str, tuple[int | None, int | None]] = field(default_factory=dict)
    sent: list[tuple[object, ...]] = field(default_factory=list)
    log: DeskLog = field(default_factory=DeskLog)
    rng: np.random.Generator = field(default_factory=lambda: generator(1, "bot"))

    # what the test does

    def take(self) -> list[tuple[object, ...]]:
        """Return what was sent and forget it."""
        taken, self.sent = self.sent, []
        return taken

    def acknowledge(self) -> None:
        """Let everything that is on its way arrive and rest."""
        for order in self.orders.values():
            if order.state is OrderState.PENDING_CANCEL:
                order.state = OrderState.CANCELED
            elif order.is_open:
                order.state = OrderState.PARTIALLY_FILLED if order.filled_lots else OrderState.OPEN

    def fill(self, order: DeskOrder, lots: int, price: int) -> OrderFilled:
        """Trade `lots` of an order; the average price of a position moves as at the exchange."""
        name = order.instrument_id
        before, change = self.positions.get(name, 0), order.side.sign * lots
        after = before + change
        if before * change >= 0:
            entry = self.entries.get(name, 0.0)
            self.entries[name] = (abs(before) * entry + lots * price) / abs(after)
        elif before * after < 0:
            self.entries[name] = float(price)
        self.positions[name] = after
        order.filled_lots += lots
        leaves = order.quantity_lots - order.filled_lots
        order.state = OrderState.PARTIALLY_FILLED if leaves else OrderState.FILLED
        return OrderFilled(
            ACCOUNT,
            name,
            order.client_order_id,
            self.now_ns,
            self.now_ns,
            OrderId(1),
            TradeId(1),
            order.side,
            price,
            lots,
            leaves,
            0,
            Liquidity.TAKER,
        )

    def fill_market(self, price: int, lots: int | None = None) -> None:
        """Fill the one order on its way at `price`, completely or for `lots`; the rest expires."""
        (order,) = self.open_desk_orders()
        self.fill(order, order.quantity_lots if lots is None else lots, price)
        if order.is_open:
            order.state = OrderState.EXPIRED

    def drop(self, state: OrderState) -> None:
        """Finish every open order without a fill."""
        for order in self.open_desk_orders():
            order.state = state

    def refuse_change(self, order: DeskOrder) -> ModifyRejected:
        order.state = OrderState.OPEN
        return ModifyRejected(
            ACCOUNT, order.instrument_id, order.client_order_id, 0, 0, Reason.INSUFFICIENT_MARGIN
        )

    def open_desk_orders(self, name: InstrumentId | None = None) -> list[DeskOrder]:
        return [each for each in self.orders.values() if each.is_open and name in {None, each.instrument_id}]

    def resting(self, side: Side, name: InstrumentId = BTC) -> DeskOrder:
        """Return the one open order of a side."""
        (order,) = (each for each in self.open_desk_orders(name) if each.side is side)
        return order

    def add_order(self, side: Side, lots: int, ticks: int, *, post_only: bool = False) -> DeskOrder:
        """Put an order that is on its way."""
        key = ClientOrderId(len(self.orders) + 1)
        self.orders[key] = DeskOrder(key, BTC, side, lots, ticks, post_only)
        return self.orders[key]

    # what the strategy sees

    def position_lots(self, instrument_id: InstrumentId) -> int:
        return self.positions.get(instrument_id, 0)

    def entry_price(self, instrument_id: InstrumentId) -> float | None:
        return self.entries.get(instrument_id) if self.positions.get(instrument_id) else None

    def balance_atoms(self, asset_id: AssetId) -> int:
        return self.equity_atoms()

    def equity_atoms(self) -> int:
        return round(self.equity * 10**8)

    def free_cash_atoms(self) -> int:
        return self.equity_atoms()

    def quote(self, instrument_id: InstrumentId) -> Quote | None:
        raise NotImplementedError

    def book(self, instrument_id: InstrumentId) -> BookSnapshot | None:
        return self.books.get(instrument_id)

    def mid_ticks(self, instrument_id: InstrumentId) -> float | None:
        found = self.books.get(instrument_id)
        if found is None or not found.bids or not found.asks:
            return None
        return (found.bids[0][0] + found.asks[0][0]) / 2

    def last_ticks(self, instrument_id: InstrumentId) -> int | None:
        return self.lasts.get(instrument_id)

    def open_orders(self, instrument_id: InstrumentId | None = None) -> Sequence[Order]:
        return self.open_desk_orders(instrument_id)

    def order(self, client_order_id: ClientOrderId) -> Order | None:
        return self.orders.get(client_order_id)

    # what the strategy asks for

    def submit_limit(
        self,
        instrument_id: InstrumentId,
        side: Side,
        quantity_lots: int,
        limit_ticks: int,
        *,
        time_in_force: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
    ) -> ClientOrderId:
        assert time_in_force is TimeInForce.GTC
        self.sent.append(("limit", instrument_id, side, quantity_lots, limit_ticks))
        order = self.add_order(side, quantity_lots, limit_ticks, post_only=post_only)
        order.instrument_id = instrument_id
        return order.client_order_id

    def submit_market(self, instrument_id: InstrumentId, side: Side, quantity_lots: int) -> ClientOrderId:
        self.sent.append(("market", instrument_id, side, quantity_lots))
        order = self.add_order(side, quantity_lots, 0)
        order.instrument_id = instrument_id
        return order.client_order_id

    def modify(
        self,
        client_order_id: ClientOrderId,
        *,
        quantity_lots: int | None = None,
        limit_ticks: int | None = None,
    ) -> None:
        order = self.orders[client_order_id]
        assert order.is_open
        order.quantity_lots = order.quantity_lots if quantity_lots is None else quantity_lots
        order.limit_ticks = order.limit_ticks if limit_ticks is None else limit_ticks
        order.state = OrderState.PENDING_MODIFY
        self.sent.append(("modify", order.side, order.quantity_lots, order.limit_ticks))

    def cancel(self, client_order_id: ClientOrderId) -> None:
        order = self.orders[client_order_id]
        if order.is_open and order.state is not OrderState.PENDING_CANCEL:
            order.state = OrderState.PENDING_CANCEL
            self.sent.append(("cancel", client_order_id))

    def cancel_all(self, instrument_id: InstrumentId | None = None) -> None:
        self.sent.append(("cancel_all", instrument_id))
        for order in self.open_desk_orders(instrument_id):
            order.state = OrderState.PENDING_CANCEL

    def target_lots(self, instrument_id: InstrumentId, lots: int) -> ClientOrderId | None:
        coming = sum(each.side.sign * each.leaves_lots for each in self.open_desk_orders(instrument_id))
        change = lots - self.position_lots(instrument_id) - coming
        if not change:
            return None
        return self.submit_market(instrument_id, Side.BUY if change > 0 else Side.SELL, abs(change))

    def target_notional(self, instrument_id: InstrumentId, notional: Decimal | float) -> ClientOrderId | None:
        raise NotImplementedError

    def target_weight(self, instrument_id: InstrumentId, weight: float) -> ClientOrderId | None:
        raise NotImplementedError

    def set_timer(self, name: str, *, at_ns: int | None = None, every_ns: int | None = None) -> None:
        self.timers[name] = (at_ns, every_ns)

    def cancel_timer(self, name: str) -> None:
        self.timers.pop(name, None)
