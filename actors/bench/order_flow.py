"""The workload of the engine's benchmark: one stream of commands that every contender executes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from exchange_sim.engine.command_rows import pack_command
from exchange_sim.engine.exchange import Exchange
from exchange_sim.engine.layout import COMMAND
from exchange_sim.model.commands import CancelOrder, SubmitOrder
from exchange_sim.model.enums import CommandKind, OrderType, SelfTradePrevention, Side, TimeInForce
from exchange_sim.model.events import AccountEvent, OrderAccepted, OrderCanceled, OrderFilled
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId
from exchange_sim.model.instrument import Instrument

SYMBOL = InstrumentId("BTC/USDT:USDT")
ACCOUNTS = 100
RESTING_ORDERS = 1_600
TEXT = (
    "45 % resting limits, 15 % marketable limits, 5 % market, 35 % cancels by client order id, at about "
    f"{RESTING_ORDERS:,} resting orders of {ACCOUNTS} accounts in one instrument; with margin check, fees, "
    "positions and client order ids, every event written and taken"
)
MIXED_TEXT = (
    "the same with 4 % stop-limit orders, 3 % icebergs of five parts and 3 % post-only orders in place of as "
    "many resting limits"
)
_START_TICKS = 600_000
_MAKER_LOTS = 100
_TAKER_LOTS = 50  # a taker removes half a resting order: the 20 % of takers balance 45 % and 35 %
_THROUGH_TICKS = 5
_MEAN_DISTANCE_TICKS = 25
_SHARES = (0.45, 0.15, 0.05, 0.35)
_STOP_SHARE, _ICEBERG_SHARE, _POST_ONLY_SHARE = 0.04, 0.03, 0.03
_ICEBERG_PARTS = 5
_MEAN_STOP_TICKS = 8

Timed = tuple[int, SubmitOrder | CancelOrder]
"""A command with its time in ns."""


class OrderFlow(NamedTuple):
    """The same commands as objects and as rows: first those that fill the book, then those measured."""

    opening: list[Timed]
    measured: list[Timed]

    def rows(self, commands: list[Timed]) -> npt.NDArray[Any]:
        """Return commands as COMMAND rows."""
        rows = (pack_command(ts_ns, _number(command), 0, command) for ts_ns, command in commands)
        return np.frombuffer(b"".join(rows), COMMAND)


def bench_exchange() -> Exchange:
    """Return the exchange on which a flow is executed, with its accounts."""
    exchange = Exchange([Instrument.linear(SYMBOL, tick_size="0.1", lot_size="0.001")])
    for number in range(ACCOUNTS):
        exchange.open_account(_account(number), deposit="10000000")
    return exchange


def _account(number: int) -> AccountId:
    return AccountId(f"account-{number}")


def _number(command: SubmitOrder | CancelOrder) -> int:
    return int(command.account_id.rpartition("-")[2])


def command_fields(timed: Timed) -> tuple[int, ...]:
    """Return the integers of a plain command, in the order in which `Exchange.execute` takes them."""
    ts_ns, command = timed
    account = _number(command)
    if isinstance(command, CancelOrder):
        return (ts_ns, CommandKind.CANCEL, account, *[0] * 8, command.client_order_id, 0)
    return (
        ts_ns, CommandKind.SUBMIT, account, 0, command.side, command.order_type, command.time_in_force, 0,
        command.self_trade_prevention, command.limit_ticks, command.quantity_lots, command.client_order_id,
        0,
    )  # fmt: skip


class _Writer:
    """Draws commands, executes each, and so knows what is open and where the best prices are."""

    def __init__(self, seed: int, *, mixed: bool) -> None:
        self._mixed = mixed
        self._exchange = bench_exchange()
        self._random = np.random.default_rng(seed)
        self._open: list[CancelOrder] = []
        self._places: dict[int, int] = {}
        self._count = 0

    def draw(self) -> Timed:
        """Return the next command of the mix."""
        draws = (self._resting_mix, self._marketable, self._market, self._cancel)
        return draws[self._random.choice(len(draws), p=_SHARES)]()

    def resting(self, *, parts: int = 0, post_only: bool = False) -> Timed:
        """Return a limit order some ticks behind the other side."""
        quote, distance = self._exchange.quote(SYMBOL), int(self._random.geometric(1 / _MEAN_DISTANCE_TICKS))
        if self._side() is Side.BUY:
            price = (quote.ask_ticks or _START_TICKS + 1) - distance
            return self._submit(
                Side.BUY, OrderType.LIMIT, price, _MAKER_LOTS, parts=parts, post_only=post_only
            )
        price = (quote.bid_ticks or _START_TICKS - 1) + distance
        return self._submit(Side.SELL, OrderType.LIMIT, price, _MAKER_LOTS, parts=parts, post_only=post_only)

    def _resting_mix(self) -> Timed:
        """Return what the mix has for a resting limit order."""
        if not self._mixed:
            return self.resting()
        kind = self._random.random() * _SHARES[0]
        if kind < _STOP_SHARE:
            return self._stop()
        if kind < _STOP_SHARE + _ICEBERG_SHARE:
            return self.resting(parts=_ICEBERG_PARTS)
        return self.resting(post_only=kind < _STOP_SHARE + _ICEBERG_SHARE + _POST_ONLY_SHARE)

    def _stop(self) -> Timed:
        """Return a stop-limit order whose trigger is some ticks away."""
        quote, distance = self._exchange.quote(SYMBOL), int(self._random.geometric(1 / _MEAN_STOP_TICKS))
        last = self._exchange.mark_ticks(SYMBOL) or _START_TICKS
        if self._side() is Side.BUY:
            trigger = max(last, quote.ask_ticks) + distance
            return self._submit(
                Side.BUY, OrderType.STOP_LIMIT, trigger + _THROUGH_TICKS, _MAKER_LOTS, trigger=trigger
            )
        trigger = min(last, quote.bid_ticks) - distance
        return self._submit(
            Side.SELL, OrderType.STOP_LIMIT, trigger - _THROUGH_TICKS, _MAKER_LOTS, trigger=trigger
        )

    def _marketable(self) -> Timed:
        """Return a limit order through the best opposite price."""
        quote = self._exchange.quote(SYMBOL)
        if self._side() is Side.BUY:
            return self._submit(
                Side.BUY, OrderType.LIMIT, quote.ask_ticks + _THROUGH_TICKS, self._taker_lots()
            )
        return self._submit(Side.SELL, OrderType.LIMIT, quote.bid_ticks - _THROUGH_TICKS, self._taker_lots())

    def _market(self) -> Timed:
        return self._submit(self._side(), OrderType.MARKET, 0, self._taker_lots())

    def _cancel(self) -> Timed:
        """Return the cancel of any open order."""
        return self._execute(self._open[int(self._random.integers(len(self._open)))])

    def _taker_lots(self) -> int:
        """Return the largest size of a taker: more while the book is larger than it should be."""
        return max(1, _TAKER_LOTS + (len(self._open) - RESTING_ORDERS) // 4)

    def _side(self) -> Side:
        return Side(int(self._random.integers(2)))

    def _submit(
        self,
        side: Side,
        order_type: OrderType,
        price_ticks: int,
        most_lots: int,
        *,
        trigger: int = 0,
        parts: int = 0,
        post_only: bool = False,
    ) -> Timed:
        account = _account(int(self._random.integers(ACCOUNTS)))
        in_force = TimeInForce.IOC if order_type is OrderType.MARKET else TimeInForce.GTC
        lots = int(self._random.integers(1, most_lots + 1))
        command = SubmitOrder(
            account, SYMBOL, ClientOrderId(self._count + 1), side, order_type, in_force, lots, price_ticks,
            post_only, SelfTradePrevention.NONE, trigger_ticks=trigger,
            display_lots=-(-lots // parts) if parts else 0,
        )  # fmt: skip
        return self._execute(command)

    def _execute(self, command: SubmitOrder | CancelOrder) -> Timed:
        self._count += 1
        for event in self._exchange.submit(command, self._count):
            if isinstance(event, AccountEvent):
                continue
            client_id = event.client_order_id
            if isinstance(event, OrderAccepted) and event.limit_ticks > 0:
                self._places[client_id] = len(self._open)
                self._open.append(CancelOrder(event.account_id, SYMBOL, client_id))
            elif client_id in self._places and (
                isinstance(event, OrderCanceled) or (isinstance(event, OrderFilled) and not event.leaves_lots)
            ):
                place, last = self._places.pop(client_id), self._open.pop()
                if last.client_order_id != client_id:
                    self._open[place] = last
                    self._places[last.client_order_id] = place
        return self._count, command


def order_flow(count: int, seed: int = 1, *, mixed: bool = False) -> OrderFlow:
    """Return `count` commands to measure, and those that fill the book before.

    The mixed flow has stops, icebergs and post-only orders, as `MIXED_TEXT` says.
    """
    writer = _Writer(seed, mixed=mixed)
    opening = [writer.resting() for _ in range(RESTING_ORDERS)]
    return OrderFlow(opening, [writer.draw() for _ in range(count)])
