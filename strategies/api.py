"""The Strategy API: what a bot is, what it hears and what it may do.

The same class runs in simulation, on paper and live; nothing here tells which. Handlers are synchronous and
must return: what they ask for leaves when they do. Prices are in ticks, quantities in lots, money in
atoms, times in ns since the Unix epoch on the run's clock.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import IntEnum
from typing import Any, ClassVar, Generic, Protocol, TypeVar, get_args

import msgspec
import numpy as np

from exchange_sim.model.enums import Side, TimeInForce
from exchange_sim.model.events import OrderEvent, OrderFilled
from exchange_sim.model.ids import AccountId, AssetId, ClientOrderId, InstrumentId, OrderId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import (
    Bar,
    BookSnapshot,
    FundingRate,
    MarkPrice,
    Observation,
    Quote,
    SeriesMessage,
    Trade,
)
from exchange_sim.series import EVERYWHERE


class Topic(IntEnum):
    """Kinds of market data."""

    BARS = 1
    QUOTES = 2
    TRADES = 3
    BOOKS = 4
    SERIES = 5


class Subscription(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One stream of market data, made by `bars`, `quotes`, `trades`, `books` or `observations`."""

    topic: Topic
    instrument_id: InstrumentId
    interval_ns: int = 0
    warmup: int = 0
    depth: int = 0
    metric: str = ""

    def __post_init__(self) -> None:
        if self.topic in (Topic.BARS, Topic.BOOKS) and self.interval_ns <= 0:
            raise ValueError(f"interval_ns: expected more than 0, was {self.interval_ns}")
        if self.warmup < 0:
            raise ValueError(f"warmup: expected 0 or more bars, was {self.warmup}")
        if self.topic is Topic.BOOKS and self.depth <= 0:
            raise ValueError(f"depth: expected 1 level or more, was {self.depth}")
        if self.topic is Topic.SERIES and not self.metric:
            raise ValueError("metric: expected the name of a series, was empty")


def bars(instrument_id: InstrumentId, interval_ns: int, *, warmup: int = 0) -> Subscription:
    """Ask for closed bars, and for the last `warmup` of them before the start (`on_history`)."""
    return Subscription(Topic.BARS, instrument_id, interval_ns, warmup)


def quotes(instrument_id: InstrumentId) -> Subscription:
    """Ask for every change of the best bid and ask."""
    return Subscription(Topic.QUOTES, instrument_id)


def trades(instrument_id: InstrumentId) -> Subscription:
    """Ask for every trade of the market."""
    return Subscription(Topic.TRADES, instrument_id)


def books(instrument_id: InstrumentId, interval_ns: int, *, depth: int = 10) -> Subscription:
    """Ask for the best `depth` levels of both sides, each `interval_ns` on the clock's grid."""
    return Subscription(Topic.BOOKS, instrument_id, interval_ns, depth=depth)


def observations(metric: str, instrument_id: InstrumentId = EVERYWHERE, *, warmup: int = 0) -> Subscription:
    """Ask for a recorded series of the market, and for its last `warmup` values (`on_series_history`).

    `instrument_id` is left out for a series about no instrument in particular. Values come to
    `on_observation`; those of the metric `funding` to `on_funding`, of `mark` to `on_mark`.
    """
    return Subscription(Topic.SERIES, instrument_id, warmup=warmup, metric=metric)


class OrderState(IntEnum):
    """Where an order is in its life, as far as the account knows."""

    PENDING_SUBMIT = 1  # on its way to the venue
    OPEN = 2
    PARTIALLY_FILLED = 3
    PENDING_CANCEL = 4  # may still be filled
    PENDING_MODIFY = 5  # may still be filled
    FILLED = 6
    CANCELED = 7
    REJECTED = 8  # by the venue
    EXPIRED = 9
    DENIED = 10  # by our own risk gate: it never left


class Order(Protocol):
    """An own order, read only. It changes as events come in; compare values, not objects kept from before."""

    @property
    def client_order_id(self) -> ClientOrderId: ...
    @property
    def order_id(self) -> OrderId:
        """The venue's number, 0 until the order is accepted."""

    @property
    def instrument_id(self) -> InstrumentId: ...
    @property
    def side(self) -> Side: ...
    @property
    def limit_ticks(self) -> int:
        """Limit price; 0 for a market order. A modification counts once the venue confirms it."""

    @property
    def quantity_lots(self) -> int:
        """Total quantity, what is filled included."""

    @property
    def filled_lots(self) -> int: ...
    @property
    def leaves_lots(self) -> int:
        """What may still be filled; 0 once the order is finished."""

    @property
    def state(self) -> OrderState: ...
    @property
    def is_open(self) -> bool:
        """Whether the order is on its way or at the venue: anything but finished."""


class Log(Protocol):
    """Where a bot writes what it thinks. Every line carries the account and the run's time."""

    def info(self, event: str, **fields: object) -> None: ...
    def warning(self, event: str, **fields: object) -> None: ...
    def error(self, event: str, **fields: object) -> None: ...


class Context(Protocol):
    """A bot's view of its account and markets, and what it can ask for.

    Everything shown is what has *reached* the account: events under way are not in it.
    """

    @property
    def now_ns(self) -> int: ...
    @property
    def account_id(self) -> AccountId: ...
    @property
    def rng(self) -> np.random.Generator:
        """The bot's own random stream, keyed by the run's seed and the account's name."""

    @property
    def log(self) -> Log: ...
    @property
    def instruments(self) -> Mapping[InstrumentId, Instrument]:
        """The instruments this bot trades."""

    def position_lots(self, instrument_id: InstrumentId) -> int:
        """Return the signed position; 0 for none."""

    def entry_price(self, instrument_id: InstrumentId) -> float | None:
        """Return the average price of the open position in ticks, None without one."""

    def balance_atoms(self, asset_id: AssetId) -> int:
        """Return cash: deposits, realised profit and fees, without the value of open positions."""

    def equity_atoms(self) -> int:
        """Return cash plus the open positions' profit at the last known mid (else last) prices."""

    def free_cash_atoms(self) -> int:
        """Return equity less the initial margin of positions and open orders; may be negative."""

    def quote(self, instrument_id: InstrumentId) -> Quote | None:
        """Return the last known best bid and ask, from quotes or book snapshots; None before the first."""

    def book(self, instrument_id: InstrumentId) -> BookSnapshot | None:
        """Return the last book snapshot, None before the first."""

    def observation(self, metric: str, instrument_id: InstrumentId = EVERYWHERE) -> Observation | None:
        """Return the last known value of a series that was asked for, None before the first."""

    def mid_ticks(self, instrument_id: InstrumentId) -> float | None:
        """Return the middle of the last known quote, None where a side is empty or none is known."""

    def last_ticks(self, instrument_id: InstrumentId) -> int | None:
        """Return the last known trade price: of a trade, a bar's close or an own fill, warm-up included."""

    def open_orders(self, instrument_id: InstrumentId | None = None) -> Sequence[Order]:
        """Return the orders that are under way or at the venue, oldest first."""

    def order(self, client_order_id: ClientOrderId) -> Order | None:
        """Return an own order; None if it is unknown or finished long ago."""

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
        """Send a limit order. What a venue or the risk gate thinks of it comes back as an event."""

    def submit_market(self, instrument_id: InstrumentId, side: Side, quantity_lots: int) -> ClientOrderId:
        """Send a market order; what the book cannot fill expires."""

    def modify(
        self,
        client_order_id: ClientOrderId,
        *,
        quantity_lots: int | None = None,
        limit_ticks: int | None = None,
    ) -> None:
        """Change the total quantity or the price of an own open order; None leaves it as it is.

        Only a smaller total at the same price keeps the place in the queue.
        """

    def cancel(self, client_order_id: ClientOrderId) -> None:
        """Cancel an own order. Nothing happens if it is finished or already being canceled."""

    def cancel_all(self, instrument_id: InstrumentId | None = None) -> None:
        """Cancel every own order, those the venue knows and we have forgotten included."""

    def target_lots(self, instrument_id: InstrumentId, lots: int) -> ClientOrderId | None:
        """Send the market order that leads from position and open orders to `lots`; None if none is needed.

        The leaves of open orders count as filled.
        """

    def target_notional(self, instrument_id: InstrumentId, notional: Decimal | float) -> ClientOrderId | None:
        """Do the same for a signed value in units of the settlement asset, at the mid (else last) price.

        The quantity is rounded towards zero.

        Raises
        ------
        ValueError
            No price of the instrument is known yet, or `notional` is not finite.
        """

    def target_weight(self, instrument_id: InstrumentId, weight: float) -> ClientOrderId | None:
        """Do the same for a signed share of the equity: -0.5 is half of it, short."""

    def set_timer(self, name: str, *, at_ns: int | None = None, every_ns: int | None = None) -> None:
        """Let `on_timer` be called: once at `at_ns`, or each `every_ns` from `at_ns` (else from now) on.

        A timer of that name is replaced. A time that has passed means as soon as this handler returns.

        Raises
        ------
        ValueError
            Neither time is given, or `every_ns` is not positive.
        """

    def cancel_timer(self, name: str) -> None:
        """Forget a timer; one that does not exist is no error."""


class StrategyConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a strategy. Subclass it, with bounds: `period: Annotated[int, Meta(ge=2)] = 20`.

    Parameters
    ----------
    instruments
        Symbols to trade; empty for every instrument of the market.
    """

    instruments: tuple[str, ...] = ()


C = TypeVar("C", bound=StrategyConfig)


class Strategy(ABC, Generic[C]):
    """A bot. Subclass `Strategy[MyConfig]`, say what to hear, and override the handlers that matter.

    One instance trades one account. All state that decisions depend on belongs into the instance, and into
    `save` and `load` if a run may be interrupted; nothing may come from clocks, files or global draws.
    """

    Config: ClassVar[type[StrategyConfig]] = StrategyConfig
    """The configuration's type, taken from the generic argument."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for base in cls.__dict__.get("__orig_bases__", ()):
            for argument in get_args(base):
                if isinstance(argument, type) and issubclass(argument, StrategyConfig):
                    cls.Config = argument

    def __init__(self, config: C) -> None:
        self.config = config

    @abstractmethod
    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        """Return what to hear, given the instruments to trade. Called once, before anything else."""

    def on_history(self, ctx: Context, bars: Sequence[Bar]) -> None:
        """Hear the warm-up bars of one bars subscription, oldest first, before `on_start`.

        Where the market is young there may be fewer than asked for, or bars of a shorter interval
        (`interval_ns` of each bar says so). No orders can be sent here.
        """

    def on_series_history(self, ctx: Context, values: Sequence[SeriesMessage]) -> None:
        """Hear the warm-up values of one series, oldest first, before `on_start`. No orders can be sent."""

    def on_start(self, ctx: Context) -> None:
        """Begin: the first handler that may send orders."""

    def on_bar(self, ctx: Context, bar: Bar) -> None: ...
    def on_quote(self, ctx: Context, quote: Quote) -> None: ...
    def on_trade(self, ctx: Context, trade: Trade) -> None: ...
    def on_book(self, ctx: Context, book: BookSnapshot) -> None: ...
    def on_observation(self, ctx: Context, observation: Observation) -> None: ...
    def on_funding(self, ctx: Context, funding: FundingRate) -> None: ...
    def on_mark(self, ctx: Context, mark: MarkPrice) -> None: ...

    def on_fill(self, ctx: Context, fill: OrderFilled) -> None:
        """Hear that an own order traded; positions and orders already include it."""

    def on_order(self, ctx: Context, event: OrderEvent) -> None:
        """Hear every event of an own order; a fill comes here after `on_fill`."""

    def on_timer(self, ctx: Context, name: str) -> None: ...

    def on_stop(self, ctx: Context) -> None:
        """End: the last handler. Cancels still leave; fills of new orders would not be heard."""

    def save(self) -> bytes:
        """Return the state that decisions depend on; `load` of a new instance takes it."""
        return b""

    def load(self, state: bytes) -> None:
        """Go on from what `save` returned. Called after `subscriptions`, before `on_history`."""
