"""Market maker: a quote on each side of the mid, wider in wild markets, leaning against its inventory.

Every `requote` the bot works out, per instrument, with `mid` the middle between the best foreign bid and ask,
`width` the Bollinger width ((upper - lower) / middle) of the closes of `bands_interval` bars and `net` the
value of its position:

    wide = 1 + max(0, (width - width_threshold) / width_threshold) * width_slope, at most max_widening
    half = half_spread * mid * wide
    skew = net / max_inventory, within [-1, 1]
    bid  = mid - half * (1 + skew_weight * skew)
    ask  = mid + half * (1 - skew_weight * skew)

rounded away from the mid to whole ticks, and quotes `order_notional` on each side. Beyond the formulas:

* It looks a tenth of the interval after each book snapshot is taken (they come on the clock's grid), so that
  the snapshot has arrived and is still fresh.
* `max_inventory` is a bound too: a side is quoted smaller, or not at all, where a fill would take the
  position beyond it.
* Cash is what of the equity is not bound as the value of positions. A quote that would, if filled, leave less
  than `cash_reserve` of the equity as cash is made smaller or withdrawn; quotes that reduce a position
  always stand.
* A quote is replaced only if its price or size changed, by one modification: cancel and new would leave a gap
  or, with a fill on its way, twice the size, while a modification names the new *total*. An order whose
  change was refused is canceled, since its price is stale.
* Quotes are post-only: a price that the market has reached in the meantime is not taken.
* A side with an order on its way is left alone until the answer is there.
* Where only one foreign side exists, or none, the last trade stands in for the mid, and the quote stays
  behind the side that exists; before any price is known there are no quotes.
* Until `bands_period` closes are known, half-spreads are not widened. Warm-up bars of a shorter interval (a
  young market) count like those asked for: their width is too small by about the square root of the
  intervals' ratio until own bars have replaced them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, field

from exchange_sim.markets.duration import Duration, parse_duration_ns
from exchange_sim.model.enums import Side
from exchange_sim.model.events import ModifyRejected, OrderEvent
from exchange_sim.model.ids import InstrumentId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import Bar
from strategies.api import Context, Order, OrderState, Strategy, StrategyConfig, Subscription, bars, books
from strategies.indicators import Bollinger
from strategies.quoting import (
    exposure_growth,
    foreign_view,
    inventory_skew,
    side_room,
    skewed_prices,
)
from strategies.sizing import Sizer, passive_ticks, quote_units
from strategies.widening import Widener, WidenerState

BOOK_DEPTH = 5
"""Levels asked for: own quotes cover at most one a side, the rest shows the foreign market."""

_TIMER = "requote"
_IN_FLIGHT = frozenset({OrderState.PENDING_SUBMIT, OrderState.PENDING_MODIFY, OrderState.PENDING_CANCEL})


class MarketMakerConfig(StrategyConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of `MarketMaker`.

    Parameters
    ----------
    requote
        Time between two looks at the market.
    half_spread
        Distance of each quote from the mid in a calm market, as a fraction of the mid.
    order_notional
        Value of each quote in quote units; rounded down to whole lots.
    max_inventory
        Largest value of the position in one instrument, in quote units, long or short.
    max_inventory_by_instrument
        The same for single instruments, by symbol.
    cash_reserve
        Share of the equity that stays cash.
    skew_weight
        Share of the half-spread by which a full inventory moves both quotes.
    bands_interval, bands_period, bands_deviations
        Length and number of the bars of the Bollinger bands, and their distance from the middle in
        standard deviations.
    width_threshold
        Bollinger width up to which quotes are not widened, as a fraction of the middle band.
    width_slope
        Widening per multiple of the threshold beyond it.
    max_widening
        Largest factor on the half-spread.
    requote_tolerance_bps
        A quote stays where it is while its price is off by no more than this; 0 follows every tick.
    """

    requote: Duration = "500ms"
    half_spread: Annotated[float, Meta(gt=0.0, lt=0.2)] = 0.0015
    order_notional: Annotated[float, Meta(gt=0.0)] = 500.0
    max_inventory: Annotated[float, Meta(gt=0.0)] = 10_000.0
    max_inventory_by_instrument: dict[str, Annotated[float, Meta(gt=0.0)]] = field(default_factory=dict)
    cash_reserve: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.10
    skew_weight: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.5
    bands_interval: Duration = "1m"
    bands_period: Annotated[int, Meta(ge=2, le=2_000)] = 20
    bands_deviations: Annotated[float, Meta(gt=0.0, le=10.0)] = 2.0
    width_threshold: Annotated[float, Meta(gt=0.0)] = 0.01
    width_slope: Annotated[float, Meta(ge=0.0)] = 0.5
    max_widening: Annotated[float, Meta(ge=1.0, le=10.0)] = 3.0
    requote_tolerance_bps: Annotated[float, Meta(ge=0.0, le=100.0)] = 0.0


_STATES = msgspec.msgpack.Decoder(dict[InstrumentId, WidenerState])


class _Desk:
    """What belongs to one instrument."""

    __slots__ = ("max_inventory", "name", "sizer", "widener")

    def __init__(self, config: MarketMakerConfig, instrument: Instrument) -> None:
        self.name = instrument.instrument_id
        self.sizer = Sizer(instrument)
        self.max_inventory = config.max_inventory_by_instrument.get(self.name, config.max_inventory)
        self.widener = Widener(
            Bollinger(config.bands_period, config.bands_deviations),
            threshold=config.width_threshold,
            slope=config.width_slope,
            maximum=config.max_widening,
        )


class _Quote(NamedTuple):
    """A wanted quote; `notional` in quote units is at most that, 0 for none."""

    side: Side
    ticks: int
    notional: float


class MarketMaker(Strategy[MarketMakerConfig]):
    """Quotes 500 a side, 0.15 % from the mid, each 0.5 s; cancels its quotes at start and stop."""

    def __init__(self, config: MarketMakerConfig) -> None:
        super().__init__(config)
        self._desks: dict[InstrumentId, _Desk] = {}

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        """Return the book's best levels for the mid and bars for the Bollinger width.

        Raises
        ------
        ValueError
            `max_inventory_by_instrument` names an instrument that is not traded.
        """
        config = self.config
        self._desks = {each.instrument_id: _Desk(config, each) for each in instruments}
        for symbol in config.max_inventory_by_instrument:
            if symbol not in self._desks:
                known = ", ".join(self._desks)
                raise ValueError(
                    f"max_inventory_by_instrument: expected symbols among {known}, was {symbol!r}"
                )
        wanted: list[Subscription] = []
        for name in self._desks:
            wanted.append(books(name, parse_duration_ns(config.requote), depth=BOOK_DEPTH))
            wanted.append(bars(name, parse_duration_ns(config.bands_interval), warmup=config.bands_period))
        return wanted

    def on_history(self, ctx: Context, bars: Sequence[Bar]) -> None:  # noqa: ARG002  # the API's signature
        """Warm the bands with bars they have not seen."""
        for bar in bars:
            self._desks[bar.instrument_id].widener.take(bar)

    def on_start(self, ctx: Context) -> None:
        for name in self._desks:
            ctx.cancel_all(name)
        every_ns = parse_duration_ns(self.config.requote)
        snapshot_ns = (ctx.now_ns // every_ns + 1) * every_ns
        ctx.set_timer(_TIMER, at_ns=snapshot_ns + every_ns // 10, every_ns=every_ns)

    def on_bar(self, ctx: Context, bar: Bar) -> None:  # noqa: ARG002  # the next look uses it
        self._desks[bar.instrument_id].widener.take(bar)

    def on_timer(self, ctx: Context, name: str) -> None:  # noqa: ARG002  # there is one timer
        nets = [_net(ctx, desk) for desk in self._desks.values()]
        bound = sum(map(abs, nets))
        room = quote_units(ctx.equity_atoms()) * (1.0 - self.config.cash_reserve) - bound
        for desk, net in zip(self._desks.values(), nets, strict=True):
            room -= self._requote(ctx, desk, net, room)

    def on_order(self, ctx: Context, event: OrderEvent) -> None:
        """Cancel an order whose change was refused: the price it still has is stale."""
        if isinstance(event, ModifyRejected):
            ctx.cancel(event.client_order_id)

    def on_stop(self, ctx: Context) -> None:
        ctx.cancel_timer(_TIMER)
        for name in self._desks:
            ctx.cancel_all(name)

    def save(self) -> bytes:
        return msgspec.msgpack.encode({name: desk.widener.save() for name, desk in self._desks.items()})

    def load(self, state: bytes) -> None:
        """Take up the saved state; instruments no longer traded are forgotten."""
        for name, saved in _STATES.decode(state).items():
            if name in self._desks:
                self._desks[name].widener.load(saved)

    def _requote(self, ctx: Context, desk: _Desk, net: float, cash_room: float) -> float:
        """Bring one instrument's quotes up to date; return by how much its fills could raise the exposure.

        `net` is the position's value and `cash_room` what may be added to all of them, in quote units.
        """
        config = self.config
        orders = ctx.open_orders(desk.name)
        bids = [order for order in orders if order.side is Side.BUY]
        asks = [order for order in orders if order.side is Side.SELL]
        view = foreign_view(ctx.book(desk.name), _resting(bids), _resting(asks), ctx.last_ticks(desk.name))
        if view is None:
            for order in orders:
                ctx.cancel(order.client_order_id)
            return 0.0
        skew = inventory_skew(net, desk.max_inventory)
        half = config.half_spread * view.mid * desk.widener.factor
        bid, ask = skewed_prices(view.mid, half, skew, config.skew_weight)
        buy = _Quote(
            Side.BUY,
            passive_ticks(bid if view.ask is None else min(bid, view.ask - 1), Side.BUY),
            min(config.order_notional, side_room(net, 1, desk.max_inventory, cash_room)),
        )
        sell = _Quote(
            Side.SELL,
            passive_ticks(ask if view.bid is None else max(ask, view.bid + 1), Side.SELL),
            min(config.order_notional, side_room(net, -1, desk.max_inventory, cash_room)),
        )
        if asks and asks[0].limit_ticks <= buy.ticks:
            # after a jump upwards the old ask has to make room before the bid arrives
            sold = self._place(ctx, desk, sell, asks)
            bought = self._place(ctx, desk, buy, bids)
        else:
            bought = self._place(ctx, desk, buy, bids)
            sold = self._place(ctx, desk, sell, asks)
        return max(exposure_growth(net, bought), exposure_growth(net, -sold))

    def _place(self, ctx: Context, desk: _Desk, quote: _Quote, mine: Sequence[Order]) -> float:
        """Turn the orders `mine` of one side into one as in `quote`; return the value that will rest."""
        if not mine:
            lots = desk.sizer.lots(quote.notional, quote.ticks)
            if lots:
                ctx.submit_limit(desk.name, quote.side, lots, quote.ticks, post_only=True)
            return desk.sizer.value(lots, quote.ticks)
        if any(order.state in _IN_FLIGHT for order in mine):
            return sum(desk.sizer.value(order.leaves_lots, order.limit_ticks) for order in mine)
        current, *extras = mine
        for extra in extras:
            ctx.cancel(extra.client_order_id)
        ticks = quote.ticks
        off = abs(current.limit_ticks - ticks)
        if off * 10_000 <= self.config.requote_tolerance_bps * ticks:
            ticks = current.limit_ticks
        lots = desk.sizer.lots(quote.notional, ticks)
        if not lots:
            ctx.cancel(current.client_order_id)
        elif current.limit_ticks != ticks or current.leaves_lots != lots:
            total = current.filled_lots + lots
            ctx.modify(current.client_order_id, quantity_lots=total, limit_ticks=ticks)
        return desk.sizer.value(lots, ticks)


def _resting(orders: Sequence[Order]) -> dict[int, int]:
    """Return own lots by price, as last heard of."""
    lots: dict[int, int] = {}
    for order in orders:
        lots[order.limit_ticks] = lots.get(order.limit_ticks, 0) + order.leaves_lots
    return lots


def _net(ctx: Context, desk: _Desk) -> float:
    """Return the position's signed value in quote units, at the mid or else the last price."""
    lots = ctx.position_lots(desk.name)
    if not lots:
        return 0.0
    price = ctx.mid_ticks(desk.name) or ctx.last_ticks(desk.name) or ctx.entry_price(desk.name) or 0.0
    return desk.sizer.value(lots, price)
