"""What the twin is made of: commands, events, orders, positions, accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from exchange_sim.model.enums import OrderType, TimeInForce

BUY, SELL = 0, 1
LAST, MARK, INDEX = 0, 1, 2

WAITING, SLEEPING, RESTING, TAKING, GONE = "waiting", "sleeping", "resting", "taking", "gone"
"""Where an order is: not triggered yet, exit of a bracket without a fill, in its queue, acting, ended."""


class Command(NamedTuple):
    """One command; `order` is a sequence number, 0 for none."""

    kind: int
    account: int = 0
    instrument: int = 0
    side: int = 0
    order_type: int = 0
    time_in_force: int = 0
    post_only: int = 0
    stp: int = 0
    price: int = 0
    quantity: int = 0
    client: int = 0
    order: int = 0
    ts: int = 0
    trigger: int = 0
    source: int = 0
    trail: int = 0
    display: int = 0
    expire: int = 0
    reduce_only: int = 0
    close_position: int = 0
    linked: int = 0
    stop_loss: int = 0
    take_profit: int = 0


class Event(NamedTuple):
    """One event, in the order of an EVENT row's fields."""

    ts: int
    order: int
    client: int
    price: int
    quantity: int
    leaves: int
    fee: int
    account: int
    instrument: int
    kind: int
    code: int


@dataclass(slots=True, eq=False)
class Order:
    """An order from its acceptance to its end; `leaves` counts hidden lots, `shown` does not."""

    sequence: int
    client: int
    account: int
    instrument: int
    side: int
    order_type: int
    time_in_force: int
    post_only: int
    stp: int
    price: int
    quantity: int
    leaves: int
    display: int = 0
    expire: int = 0
    trigger: int = 0
    trail: int = 0
    source: int = 0
    reduce_only: int = 0
    close_position: int = 0
    state: str = TAKING
    shown: int = 0
    has_traded: bool = False
    linked: list[Order] = field(default_factory=list)
    """All orders of its one-cancels-the-other group, itself included; awake exits are such a group."""
    entry: Order | None = None
    """Of an exit: the order whose bracket it belongs to."""
    exits: list[Order] = field(default_factory=list)
    """Of an entry: the exits, as long as they sleep."""
    of_bracket: bool = False

    @property
    def sign(self) -> int:
        return 1 if self.side == BUY else -1

    @property
    def is_limit(self) -> bool:
        return self.order_type in LIMIT_TYPES

    @property
    def may_rest(self) -> bool:
        return self.is_limit and self.time_in_force in RESTING_TIMES

    @property
    def waits(self) -> bool:
        return self.state in {WAITING, SLEEPING}

    @property
    def fires_upwards(self) -> bool:
        """Whether it fires when its source rises to the trigger."""
        return (self.order_type in TAKE_PROFITS) == (self.side == SELL)


LIMIT_TYPES = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT)
MARKET_TRIGGERS = (OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET, OrderType.TRAILING_STOP)
TAKE_PROFITS = (OrderType.TAKE_PROFIT_MARKET, OrderType.TAKE_PROFIT_LIMIT)
RESTING_TIMES = (TimeInForce.GTC, TimeInForce.GTD)


@dataclass(slots=True)
class Holding:
    """What an account has in an instrument; of a spot pair only the counters move."""

    lots: int = 0
    cost: int = 0
    realized: int = 0
    fees: int = 0
    volume: int = 0
    maker: int = 0
    fills: int = 0
    margin: int = 0
    funding: int = 0
    isolated: bool = False
    leverage: int = 0
    """Chosen by the account; 0: none chosen."""


@dataclass(slots=True)
class Account:
    number: int
    balances: list[int]
    holdings: list[Holding]
    orders: list[dict[int, Order]]
    """Open orders by instrument, in order of acceptance."""
    second: int = -1
    messages: int = 0
    volumes: dict[int, int] = field(default_factory=dict)
    """Atoms traded by day."""


def divide_up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
