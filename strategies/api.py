"""What a bot is: one class with synchronous handlers, the same in a simulation, on paper and live.

A strategy subclasses `Strategy` with its own configuration type and overrides the handlers it needs.
All it sees of the world is the `Context` that each handler receives: the run's clock, market data, its own
account and the means to send orders. Orders leave when the handler returns. Nothing in the context tells
which environment it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, ClassVar, Generic, Protocol, TypeVar, get_args, get_origin

import msgspec
import numpy as np

from exchange_sim.model.enums import OrderType, Side, TimeInForce
from exchange_sim.model.events import OrderEvent, OrderFilled
from exchange_sim.model.ids import AccountId, AssetId, ClientOrderId, InstrumentId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import Bar, BookSnapshot, Quote, Trade


class StrategyConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every strategy's settings. A search may vary any field.

    Parameters
    ----------
    instruments
        Symbols to trade; empty for every instrument of the market.
    """

    instruments: tuple[str, ...] = ()


class SubscriptionKind(StrEnum):
    BARS = "bars"
    QUOTES = "quotes"
    TRADES = "trades"
    BOOKS = "books"


class Subscription(msgspec.Struct, frozen=True):
    """Market data that a strategy asks for; made by `bars`, `quotes`, `trades` and `books`.

    `interval_ns` belongs to bars and books, `warmup` (bars before the first decision) to bars, `depth`
    (levels a side) to books.
    """

    kind: SubscriptionKind
    instrument_id: InstrumentId
    interval_ns: int = 0
    warmup: int = 0
    depth: int = 0


def bars(instrument_id: InstrumentId, interval_ns: int, *, warmup: int = 0) -> Subscription:
    """Ask for closed bars of one interval, and for `warmup` of them before the start."""
    return Subscription(SubscriptionKind.BARS, instrument_id, interval_ns=interval_ns, warmup=warmup)


def quotes(instrument_id: InstrumentId) -> Subscription:
    """Ask for every change of the best bid and ask."""
    return Subscription(SubscriptionKind.QUOTES, instrument_id)


def trades(instrument_id: InstrumentId) -> Subscription:
    """Ask for every trade."""
    return Subscription(SubscriptionKind.TRADES, instrument_id)


def books(instrument_id: InstrumentId, interval_ns: int, *, depth: int) -> Subscription:
    """Ask for snapshots of the best `depth` levels a side, one per interval."""
    return Subscription(SubscriptionKind.BOOKS, instrument_id, interval_ns=interval_ns, depth=depth)


class OrderState(StrEnum):
    """Where an order is in its life. The first five are open: the order may still trade."""

    PENDING_SUBMIT = "pending_submit"
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    PENDING_MODIFY = "pending_modify"
    PENDING_CANCEL = "pending_cancel"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    DENIED = "denied"


class Order(Protocol):
    """An own order as last heard of."""

    @property
    def client_order_id(self) -> ClientOrderId: ...
    @property
    def instrument_id(self) -> InstrumentId: ...
    @property
    def side(self) -> Side: ...
    @property
    def order_type(self) -> OrderType: ...
    @property
    def state(self) -> OrderState: ...
    @property
    def limit_ticks(self) -> int:
        """Limit price; 0 for a market order. While a modification is on its way: the old one."""
        ...

    @property
    def quantity_lots(self) -> int:
        """Total, what has been filled included."""
        ...

    @property
    def filled_lots(self) -> int: ...
    @property
    def leaves_lots(self) -> int: ...
    @property
    def is_open(self) -> bool:
        """Whether it may still trade."""
        ...

    @property
    def is_in_flight(self) -> bool:
        """Whether a submit, modify or cancel has not been answered yet."""
        ...


class Logger(Protocol):
    """Structured log bound to run and account: an event name and fields."""

    def debug(self, event: str, **fields: object) -> object: ...
    def info(self, event: str, **fields: object) -> object: ...
    def warning(self, event: str, **fields: object) -> object: ...


class Context(Protocol):
    """What a strategy sees and can do. Times are ns since the Unix epoch on the run's clock."""

    @property
    def now_ns(self) -> int:
        """Time of the message or timer that is being handled."""
        ...

    @property
    def account_id(self) -> AccountId: ...
    @property
    def rng(self) -> np.random.Generator:
        """The account's own random stream."""
        ...

    @property
    def log(self) -> Logger: ...
    @property
    def instruments(self) -> Mapping[InstrumentId, Instrument]:
        """The instruments this strategy trades."""
        ...

    # the account

    def position_lots(self, instrument_id: InstrumentId) -> int:
        """Return the signed position."""
        ...

    def entry_price_ticks(self, instrument_id: InstrumentId) -> float | None:
        """Return the average entry price of the open position in ticks, None without one."""
        ...

    def balance_atoms(self, asset: AssetId) -> int:
        """Return the cash in an asset, realised results and fees included."""
        ...

    def equity_atoms(self) -> int:
        """Return cash plus the unrealised result of all positions at the last known prices."""
        ...

    def open_orders(self, instrument_id: InstrumentId | None = None) -> Sequence[Order]:
        """Return the own orders that may still trade, those on their way included, oldest first."""
        ...

    def order(self, client_order_id: ClientOrderId) -> Order | None:
        """Return an own order, also a finished one while it is remembered."""
        ...

    # the market as last heard of

    def quote(self, instrument_id: InstrumentId) -> Quote | None:
        """Return the best bid and ask from the newest quote or book, None before the first."""
        ...

    def book(self, instrument_id: InstrumentId) -> BookSnapshot | None: ...

    def mid_ticks(self, instrument_id: InstrumentId) -> float | None:
        """Return the middle of a two-sided quote in ticks, else None."""
        ...

    def last_ticks(self, instrument_id: InstrumentId) -> int | None:
        """Return the last price heard of (trade, or close of a bar) in ticks."""
        ...

    # orders

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
        """Send a limit order when the handler returns; what becomes of it comes to `on_order`.

        Raises
        ------
        ValueError
            Unknown instrument, or quantity or price are not positive.
        """
        ...

    def submit_market(self, instrument_id: InstrumentId, side: Side, quantity_lots: int) -> ClientOrderId: ...

    def modify(self, client_order_id: ClientOrderId, *, quantity_lots: int, limit_ticks: int) -> None:
        """Change price and *total* quantity of an open order.

        Raises
        ------
        ValueError
            There is no such open order, or quantity or price are not positive.
        """
        ...

    def cancel(self, client_order_id: ClientOrderId) -> None:
        """Cancel an order; does nothing if it is finished or already being canceled."""
        ...

    def cancel_all(self, instrument_id: InstrumentId | None = None) -> None:
        """Cancel every order at the venue, in one instrument or in all, those unknown to us included."""
        ...

    # targets: a market order for what is missing, orders in flight counted as filled

    def target_lots(self, instrument_id: InstrumentId, lots: int) -> ClientOrderId | None:
        """Bring the signed position to `lots`; returns the order sent, None if nothing is missing."""
        ...

    def target_notional(self, instrument_id: InstrumentId, notional: float) -> ClientOrderId | None:
        """Bring the position to a signed value in the settlement asset, rounded down to whole lots.

        Does nothing while no price is known.
        """
        ...

    def target_weight(self, instrument_id: InstrumentId, weight: float) -> ClientOrderId | None:
        """Bring the position to a signed share of the equity."""
        ...

    # timers

    def set_timer(self, name: str, *, at_ns: int | None = None, every_ns: int | None = None) -> None:
        """Call `on_timer(name)` once at `at_ns`, or each `every_ns` from now on.

        Replaces a timer of that name.

        Raises
        ------
        ValueError
            Not exactly one of the two is given, or the time is not in the future.
        """
        ...

    def cancel_timer(self, name: str) -> None:
        """Forget a timer; does nothing if there is none of that name."""
        ...


C = TypeVar("C", bound=StrategyConfig)


class Strategy(Generic[C]):
    """A bot. Override `subscriptions` and the handlers it needs.

    Order of calls: `subscriptions`, `on_history` once per bars subscription with warm-up, `load` if there is
    saved state, `on_start`, then handlers in order of time, at last `on_stop`. Every event of an own order
    comes to `on_order`, a fill to `on_fill` first.
    """

    Config: ClassVar[type[Any]] = StrategyConfig
    """The configuration type, taken from the generic argument of the subclass."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for base in getattr(cls, "__orig_bases__", ()):
            origin = get_origin(base)
            if isinstance(origin, type) and issubclass(origin, Strategy):
                for argument in get_args(base):
                    if isinstance(argument, type) and issubclass(argument, StrategyConfig):
                        cls.Config = argument

    def __init__(self, config: C) -> None:
        self.config = config

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        """Return the market data wanted of `instruments`, which are those of the configuration."""
        raise NotImplementedError

    def on_history(self, ctx: Context, bars: Sequence[Bar]) -> None:
        """Take warm-up bars of one subscription, oldest first.

        Where the market is too young for enough bars of the interval asked for, they are of a shorter one
        (`bar.interval_ns` tells) and may be fewer.
        """

    def on_start(self, ctx: Context) -> None: ...

    def on_bar(self, ctx: Context, bar: Bar) -> None: ...

    def on_quote(self, ctx: Context, quote: Quote) -> None: ...

    def on_trade(self, ctx: Context, trade: Trade) -> None: ...

    def on_book(self, ctx: Context, book: BookSnapshot) -> None: ...

    def on_fill(self, ctx: Context, fill: OrderFilled) -> None: ...

    def on_order(self, ctx: Context, event: OrderEvent) -> None: ...

    def on_timer(self, ctx: Context, name: str) -> None: ...

    def on_stop(self, ctx: Context) -> None: ...

    def save(self) -> bytes:
        """Return what must survive a restart; nothing by default."""
        return b""

    def load(self, state: bytes) -> None:
        """Take up what `save` returned."""
