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

from exchange_sim.markets.duration import parse_duration_ns
from exchange_sim.markets.spec import Duration
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
    widening,
)
from strategies.sizing import lots_for_notional, passive_ticks, position_value, quote_units

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


class MakerState(msgspec.Struct, frozen=True, array_like=True):
    """What is remembered about one instrument: the bands' closes and the end of the last bar seen."""

    closes: tuple[float, ...]
    last_bar_ns: int


_STATES = msgspec.msgpack.Decoder(dict[str, MakerState])


class _Desk:
    """One instrument: its Bollinger bands and the bars fed to them."""

    __slots__ = ("bands", "last_bar_ns", "max_inventory")

    def __init__(self, config: MarketMakerConfig, name: str) -> None:
        self.bands = Bollinger(config.bands_period, config.bands_deviations)
        self.max_inventory = config.max_inventory_by_instrument.get(name, config.max_inventory)
        self.last_bar_ns = 0

    @property
    def width(self) -> float:
        """Bollinger width as a fraction of the middle band; 0 while the bands are not known."""
        bands = self.bands.value
        return 0.0 if bands is None else bands.width

    def take(self, bar: Bar) -> None:
        """Feed a bar to the bands, unless it was seen before."""
        if bar.ts_exchange_ns > self.last_bar_ns:
            self.last_bar_ns = bar.ts_exchange_ns
            self.bands.update(float(bar.close_ticks))


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
        names = [instrument.instrument_id for instrument in instruments]
        for symbol in config.max_inventory_by_instrument:
            if symbol not in names:
                raise ValueError(
                    f"max_inventory_by_instrument: expected symbols among {', '.join(names)}, was {symbol!r}"
                )
        loaded = self._desks
        self._desks = {name: loaded.get(name) or _Desk(config, name) for name in names}
        wanted: list[Subscription] = []
        for name in names:
            wanted.append(books(name, parse_duration_ns(config.requote), depth=BOOK_DEPTH))
            wanted.append(bars(name, parse_duration_ns(config.bands_interval), warmup=config.bands_period))
        return wanted

    def on_history(self, ctx: Context, bars: Sequence[Bar]) -> None:  # noqa: ARG002  # the API's signature
        """Warm the bands with bars they have not seen."""
        for bar in bars:
            self._desks[bar.instrument_id].take(bar)

    def on_start(self, ctx: Context) -> None:
        for name in self._desks:
            ctx.cancel_all(name)
        ctx.set_timer(_TIMER, every_ns=parse_duration_ns(self.config.requote))

    def on_bar(self, ctx: Context, bar: Bar) -> None:  # noqa: ARG002  # the next look uses it
        self._desks[bar.instrument_id].take(bar)

    def on_timer(self, ctx: Context, name: str) -> None:  # noqa: ARG002  # there is one timer
        room = self._cash_room(ctx)
        for instrument_id, desk in self._desks.items():
            room -= self._requote(ctx, ctx.instruments[instrument_id], desk, room)

    def on_order(self, ctx: Context, event: OrderEvent) -> None:
        """Cancel an order whose change was refused: the price it still has is stale."""
        if isinstance(event, ModifyRejected):
            ctx.cancel(event.client_order_id)

    def on_stop(self, ctx: Context) -> None:
        ctx.cancel_timer(_TIMER)
        for name in self._desks:
            ctx.cancel_all(name)

    def save(self) -> bytes:
        states = {name: MakerState(desk.bands.closes, desk.last_bar_ns) for name, desk in self._desks.items()}
        return msgspec.msgpack.encode(states)

    def load(self, state: bytes) -> None:
        for name, saved in _STATES.decode(state).items():
            desk = self._desks[InstrumentId(name)] = _Desk(self.config, name)
            desk.bands.restore(saved.closes)
            desk.last_bar_ns = saved.last_bar_ns

    def _cash_room(self, ctx: Context) -> float:
        """Return by how much the value of all positions may grow, in quote units; negative if too large."""
        bound = sum(abs(_net(ctx, ctx.instruments[name])) for name in self._desks)
        return quote_units(ctx.equity_atoms()) * (1.0 - self.config.cash_reserve) - bound

    def _requote(self, ctx: Context, instrument: Instrument, desk: _Desk, cash_room: float) -> float:
        """Bring one instrument's quotes up to date; return by how much its fills could raise the exposure."""
        config = self.config
        name = instrument.instrument_id
        orders = ctx.open_orders(name)
        view = foreign_view(
            ctx.book(name), _resting(orders, Side.BUY), _resting(orders, Side.SELL), ctx.last_ticks(name)
        )
        if view is None:
            for order in orders:
                ctx.cancel(order.client_order_id)
            return 0.0
        net = _net(ctx, instrument)
        half = config.half_spread * view.mid
        half *= widening(
            desk.width,
            threshold=config.width_threshold,
            slope=config.width_slope,
            maximum=config.max_widening,
        )
        skew = inventory_skew(net, desk.max_inventory)
        bid, ask = skewed_prices(view.mid, half, skew, config.skew_weight)
        prices = {
            Side.BUY: passive_ticks(bid if view.ask is None else min(bid, view.ask - 1), Side.BUY),
            Side.SELL: passive_ticks(ask if view.bid is None else max(ask, view.bid + 1), Side.SELL),
        }
        own_ask = min((order.limit_ticks for order in orders if order.side is Side.SELL), default=None)
        # after a jump upwards the old ask has to make room before the bid arrives
        rising = own_ask is not None and own_ask <= prices[Side.BUY]
        growth = 0.0
        for side in (Side.SELL, Side.BUY) if rising else (Side.BUY, Side.SELL):
            room = side_room(net, side, desk.max_inventory, cash_room)
            quote = _Quote(side, prices[side], min(config.order_notional, room))
            value = self._place(ctx, instrument, quote, [order for order in orders if order.side is side])
            growth = max(growth, exposure_growth(net, side, value))
        return growth

    def _place(self, ctx: Context, instrument: Instrument, quote: _Quote, mine: Sequence[Order]) -> float:
        """Turn the orders `mine` of one side into one as in `quote`; return the value that will rest."""
        if any(order.state in _IN_FLIGHT for order in mine):
            return sum(position_value(instrument, order.leaves_lots, order.limit_ticks) for order in mine)
        for extra in mine[1:]:
            ctx.cancel(extra.client_order_id)
        current = mine[0] if mine else None
        ticks = quote.ticks
        if current is not None:
            off = abs(current.limit_ticks - ticks)
            if off * 10_000 <= self.config.requote_tolerance_bps * ticks:
                ticks = current.limit_ticks
        lots = lots_for_notional(instrument, quote.notional, ticks)
        if current is None:
            if lots:
                ctx.submit_limit(instrument.instrument_id, quote.side, lots, ticks, post_only=True)
        elif not lots:
            ctx.cancel(current.client_order_id)
        elif current.limit_ticks != ticks or current.leaves_lots != lots:
            total = current.filled_lots + lots
            ctx.modify(current.client_order_id, quantity_lots=total, limit_ticks=ticks)
        return position_value(instrument, lots, ticks)


def _resting(orders: Sequence[Order], side: Side) -> dict[int, int]:
    """Return own lots by price on one side, as last heard of."""
    lots: dict[int, int] = {}
    for order in orders:
        if order.side is side:
            lots[order.limit_ticks] = lots.get(order.limit_ticks, 0) + order.leaves_lots
    return lots


def _net(ctx: Context, instrument: Instrument) -> float:
    """Return the position's signed value in quote units, at the mid or else the last price."""
    name = instrument.instrument_id
    lots = ctx.position_lots(name)
    if not lots:
        return 0.0
    price = ctx.mid_ticks(name) or ctx.last_ticks(name) or ctx.entry_price(name) or 0.0
    return position_value(instrument, lots, price)
