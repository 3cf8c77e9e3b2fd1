"""The workload of the engine's benchmark: one stream of commands that every contender executes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from exchange_sim.engine.exchange import Exchange
from exchange_sim.engine.layout import COMMAND
from exchange_sim.model.enums import CommandKind, EventKind, OrderType, SelfTradePrevention, TimeInForce
from exchange_sim.model.instrument import Instrument

SYMBOL = "BTC/USDT:USDT"
ACCOUNTS = 100
RESTING_ORDERS = 1_600
TEXT = (
    "45 % resting limits, 15 % marketable limits, 5 % market, 35 % cancels by client order id, at about "
    f"{RESTING_ORDERS:,} resting orders of {ACCOUNTS} accounts in one instrument; with margin check, fees, "
    "positions, self-trade prevention off, all events written and taken"
)
_START_TICKS = 600_000
_MAKER_LOTS = 100
_TAKER_LOTS = 50
_SECOND_NS = 1_000_000_000


class OrderFlow(NamedTuple):
    """COMMAND rows: first those that fill the book, then those that are measured."""

    opening: npt.NDArray[Any]
    measured: npt.NDArray[Any]


def bench_exchange() -> Exchange:
    """Return the exchange on which a flow is executed, with its accounts."""
    exchange = Exchange([Instrument.linear(SYMBOL, tick_size="0.1", lot_size="0.001")])
    for number in range(ACCOUNTS):
        exchange.open_account(f"account-{number}", deposit="10000000")
    return exchange


class _Writer:
    """Draws commands, executes each, and so knows what is open and where the best prices are."""

    def __init__(self, count: int, seed: int) -> None:
        self.rows = np.zeros(count, COMMAND)
        self.written = 0
        self._exchange = bench_exchange()
        self._random = np.random.default_rng(seed)
        self._open: list[int] = []
        self._places: dict[int, int] = {}
        self._owners: dict[int, int] = {}

    def resting(self) -> None:
        """A limit order a few ticks behind the other side."""
        side = int(self._random.integers(2))
        quote = self._exchange.quote(SYMBOL)
        distance = int(self._random.geometric(0.04))
        if side == 0:
            price = (quote.ask_ticks or _START_TICKS + 1) - distance
        else:
            price = (quote.bid_ticks or _START_TICKS - 1) + distance
        self._submit(side, OrderType.LIMIT, price, _MAKER_LOTS)

    def marketable(self) -> None:
        """A limit order through the best opposite price."""
        side = int(self._random.integers(2))
        quote = self._exchange.quote(SYMBOL)
        price = quote.ask_ticks + 5 if side == 0 else max(1, quote.bid_ticks - 5)
        self._submit(side, OrderType.LIMIT, price, _TAKER_LOTS)

    def market(self) -> None:
        self._submit(int(self._random.integers(2)), OrderType.MARKET, 0, _TAKER_LOTS)

    def cancel(self) -> None:
        """A cancel of any open order."""
        client_id = self._open[int(self._random.integers(len(self._open)))]
        row = self._next_row(CommandKind.CANCEL, self._owners[client_id])
        row["client_order_id"] = client_id
        self._execute(row)

    def draw(self) -> None:
        draw = self._random.random()
        if draw < 0.45:
            self.resting()
        elif draw < 0.60:
            self.marketable()
        elif draw < 0.65:
            self.market()
        else:
            self.cancel()

    def _submit(self, side: int, order_type: OrderType, price_ticks: int, most_lots: int) -> None:
        account = int(self._random.integers(ACCOUNTS))
        row = self._next_row(CommandKind.SUBMIT, account)
        row["side"], row["order_type"], row["price_ticks"] = side, order_type, price_ticks
        row["time_in_force"] = TimeInForce.IOC if order_type is OrderType.MARKET else TimeInForce.GTC
        row["quantity_lots"] = self._random.integers(1, most_lots + 1)
        row["client_order_id"] = self.written
        row["stp"] = SelfTradePrevention.NONE
        self._owners[self.written] = account
        self._execute(row)

    def _next_row(self, kind: CommandKind, account: int) -> Any:
        row = self.rows[self.written]
        self.written += 1
        row["ts_ns"] = _SECOND_NS + self.written
        row["kind"], row["account"] = kind, account
        return row

    def _execute(self, row: Any) -> None:
        start = self.written - 1
        for event in self._exchange.apply(self.rows[start : self.written]).tolist():
            client_id, leaves, kind = event[2], event[5], event[9]
            if kind == EventKind.ACCEPTED and row["order_type"] == OrderType.LIMIT:
                self._places[client_id] = len(self._open)
                self._open.append(client_id)
            elif client_id in self._places and (kind == EventKind.CANCELED or leaves == 0):
                place, last = self._places.pop(client_id), self._open.pop()
                if last != client_id:
                    self._open[place] = last
                    self._places[last] = place


def order_flow(count: int, seed: int = 1) -> OrderFlow:
    """Return `count` commands to measure, and those that fill the book before."""
    writer = _Writer(RESTING_ORDERS + count, seed)
    for _ in range(RESTING_ORDERS):
        writer.resting()
    for _ in range(count):
        writer.draw()
    return OrderFlow(writer.rows[:RESTING_ORDERS], writer.rows[RESTING_ORDERS:])
