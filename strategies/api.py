"""The Strategy API: what a bot is, what it hears and what it may do.

The same class runs in simulation, on paper and live; nothing here tells which. Handlers are synchronous and
must return: what they ask for leaves when they do. Prices are in ticks, quantities in lots, money in
atoms, times in ns since the Unix epoch on the run's clock.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, ClassVar, Generic, TypeVar, get_args

import msgspec

from exchange_sim.model.events import AccountEvent, OrderEvent, OrderFilled
from exchange_sim.model.ids import InstrumentId
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
from strategies.context import Context, Log, View
from strategies.orders import Order, OrderState

__all__ = [
    "Context",
    "Log",
    "Order",
    "OrderState",
    "Strategy",
    "StrategyConfig",
    "Subscription",
    "Topic",
    "View",
    "bars",
    "books",
    "observations",
    "quotes",
    "trades",
]


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
        """Hear that an own order traded; positions and orders already include it.

        The fills of a liquidation come here too, with client order id 0.
        """

    def on_order(self, ctx: Context, event: OrderEvent) -> None:
        """Hear every event of an own order; a fill comes here after `on_fill`."""

    def on_account(self, ctx: Context, event: AccountEvent) -> None:
        """Hear what happened to the account without an order of its own; the books already include it.

        Funding, liquidation, insurance, deleveraging, and the answers to `set_leverage`, `set_margin_mode`
        and `move_margin`.
        """

    def on_timer(self, ctx: Context, name: str) -> None: ...

    def on_stop(self, ctx: Context) -> None:
        """End: the last handler. Cancels still leave; fills of new orders would not be heard."""

    def save(self) -> bytes:
        """Return the state that decisions depend on; `load` of a new instance takes it."""
        return b""

    def load(self, state: bytes) -> None:
        """Go on from what `save` returned. Called after `subscriptions`, before `on_history`."""
