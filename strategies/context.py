"""What a handler is given: a bot's view of its account and markets, and what it can ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol

import numpy as np

from exchange_sim.model.enums import MarginMode, Side, TimeInForce, TriggerSource
from exchange_sim.model.ids import AccountId, AssetId, ClientOrderId, InstrumentId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import BookSnapshot, Observation, Quote
from exchange_sim.series import EVERYWHERE
from strategies.orders import Order


class Log(Protocol):
    """Where a bot writes what it thinks. Every line carries the account and the run's time."""

    def info(self, event: str, **fields: object) -> None: ...
    def warning(self, event: str, **fields: object) -> None: ...
    def error(self, event: str, **fields: object) -> None: ...


class View(Protocol):
    """What a bot knows.

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
        """Return the signed position; 0 for none. Of a spot pair: whole lots of the base asset held."""

    def entry_price(self, instrument_id: InstrumentId) -> float | None:
        """Return the average price of the open position in ticks, None without one.

        Of a spot pair: of what was bought and not sold again; None for holdings that were deposited.
        """

    def margin_mode(self, instrument_id: InstrumentId) -> MarginMode:
        """Return what backs the position: the account, or a margin of its own."""

    def margin_atoms(self, instrument_id: InstrumentId) -> int:
        """Return an isolated position's own margin; 0 where there is none."""

    def leverage(self, instrument_id: InstrumentId) -> int | None:
        """Return the leverage chosen for an instrument, None where none was chosen."""

    def balance_atoms(self, asset_id: AssetId) -> int:
        """Return what is held of an asset: deposits, realised profit, fees and funding, spot trades.

        The value of open positions and isolated margins are not in it.
        """

    def equity_atoms(self) -> int:
        """Return cash, isolated margins and the open positions' profit, and what spot holdings are worth.

        At the last known mid (else last) prices, in the settlement asset; holdings without a price count
        nothing.
        """

    def free_cash_atoms(self) -> int:
        """Return what new orders can use: cash and the profit of cross positions, less what is bound.

        Bound are the initial margin of positions and open orders, and what resting spot buys hold. May be
        negative.
        """

    def quote(self, instrument_id: InstrumentId) -> Quote | None:
        """Return the last known best bid and ask, from quotes or book snapshots; None before the first."""

    def quote_age_ns(self, instrument_id: InstrumentId) -> int | None:
        """Return how long ago, at the exchange, the last known quote was made; None before the first.

        Quotes come when they change: in a quiet market they grow old by themselves, book snapshots do not. An
        age far above the interval of a snapshot subscription says that the feed is stale.
        """

    def book(self, instrument_id: InstrumentId) -> BookSnapshot | None:
        """Return the last book snapshot, None before the first."""

    def observation(self, metric: str, instrument_id: InstrumentId = EVERYWHERE) -> Observation | None:
        """Return the last known value of a series that was asked for, None before the first."""

    def mid_ticks(self, instrument_id: InstrumentId) -> float | None:
        """Return the middle of the last known quote, None where a side is empty or none is known."""

    def last_ticks(self, instrument_id: InstrumentId) -> int | None:
        """Return the last known trade price: of a trade, a bar's close or an own fill, warm-up included."""

    def open_orders(self, instrument_id: InstrumentId | None = None) -> Sequence[Order]:
        """Return the orders that are under way or at the venue, waiting ones too, oldest first."""

    def order(self, client_order_id: ClientOrderId) -> Order | None:
        """Return an own order; None if it is unknown or finished long ago."""


class Context(View, Protocol):
    """A bot's view of its account and markets, and what it can ask for.

    What a venue or the risk gate thinks of an order comes back as an event. Trigger orders wait at the venue
    for a price of their source; `expire_ns` of 0 means that an order has no end, another makes it GTD.
    `linked_to` names an own open order of which the new one is the alternative: the first to act cancels the
    other.
    """

    def submit_limit(
        self,
        instrument_id: InstrumentId,
        side: Side,
        quantity_lots: int,
        limit_ticks: int,
        *,
        time_in_force: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
        display_lots: int = 0,
        expire_ns: int = 0,
        reduce_only: bool = False,
        linked_to: ClientOrderId | None = None,
    ) -> ClientOrderId:
        """Send a limit order; others see `display_lots` of it at a time, 0 for all."""

    def submit_market(
        self, instrument_id: InstrumentId, side: Side, quantity_lots: int, *, reduce_only: bool = False
    ) -> ClientOrderId:
        """Send a market order; what the book cannot fill expires."""

    def submit_stop(
        self,
        instrument_id: InstrumentId,
        side: Side,
        quantity_lots: int,
        trigger_ticks: int,
        *,
        limit_ticks: int = 0,
        trigger_source: TriggerSource = TriggerSource.LAST,
        expire_ns: int = 0,
        reduce_only: bool = False,
        close_position: bool = False,
        linked_to: ClientOrderId | None = None,
    ) -> ClientOrderId:
        """Send an order that acts once the price has moved against its side: a buy's rose, a sell's fell.

        At the market then, or with a limit where one is given. A close-position order has quantity 0 and
        takes the whole position then.
        """

    def submit_take_profit(
        self,
        instrument_id: InstrumentId,
        side: Side,
        quantity_lots: int,
        trigger_ticks: int,
        *,
        limit_ticks: int = 0,
        trigger_source: TriggerSource = TriggerSource.LAST,
        expire_ns: int = 0,
        reduce_only: bool = False,
        close_position: bool = False,
        linked_to: ClientOrderId | None = None,
    ) -> ClientOrderId:
        """Send an order that acts once the price has moved in favour of its side, else as `submit_stop`."""

    def submit_trailing_stop(
        self,
        instrument_id: InstrumentId,
        side: Side,
        quantity_lots: int,
        trail_ticks: int,
        *,
        trigger_source: TriggerSource = TriggerSource.LAST,
        expire_ns: int = 0,
        reduce_only: bool = False,
        close_position: bool = False,
        linked_to: ClientOrderId | None = None,
    ) -> ClientOrderId:
        """Send a stop that follows the best price since its acceptance at a distance."""

    def submit_oco(
        self,
        instrument_id: InstrumentId,
        side: Side,
        quantity_lots: int,
        limit_ticks: int,
        stop_ticks: int,
        *,
        stop_limit_ticks: int = 0,
        trigger_source: TriggerSource = TriggerSource.LAST,
        reduce_only: bool = False,
    ) -> tuple[ClientOrderId, ClientOrderId]:
        """Send a limit order that must rest and a stop, of which one cancels the other; return their ids."""

    def submit_bracket(
        self,
        instrument_id: InstrumentId,
        side: Side,
        quantity_lots: int,
        *,
        limit_ticks: int = 0,
        stop_loss_ticks: int = 0,
        take_profit_ticks: int = 0,
        trigger_source: TriggerSource = TriggerSource.LAST,
        post_only: bool = False,
        expire_ns: int = 0,
    ) -> ClientOrderId:
        """Send an entry (at the market without a limit) that brings its exits: a stop, a target, or both.

        The exits have the next two client order ids: the stop id + 1, the target id + 2. They wake with the
        entry's first fill, and one cancels the other.
        """

    def close_position(self, instrument_id: InstrumentId) -> ClientOrderId | None:
        """Send a market order that takes the whole position, whatever it is by then; None if flat."""

    def modify(
        self,
        client_order_id: ClientOrderId,
        *,
        quantity_lots: int | None = None,
        limit_ticks: int | None = None,
        trigger_ticks: int | None = None,
    ) -> None:
        """Change total quantity, price or trigger of an own open order; None leaves it as it is.

        Only a smaller total at the same price keeps the place in the queue.
        """

    def replace(
        self,
        client_order_id: ClientOrderId,
        quantity_lots: int,
        limit_ticks: int,
        *,
        side: Side | None = None,
        time_in_force: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
        display_lots: int = 0,
        expire_ns: int = 0,
        reduce_only: bool = False,
    ) -> ClientOrderId:
        """Cancel an own open order and send a limit order in its place, in one step; return the new id.

        Without a side the new order has the old one's. If the old one is no longer open nothing happens but a
        rejection of the new one.

        Raises
        ------
        ValueError
            The order is unknown, or finished so long ago that it is forgotten.
        """

    def cancel(self, client_order_id: ClientOrderId) -> None:
        """Cancel an own order. Nothing happens if it is finished or already being canceled."""

    def cancel_all(self, instrument_id: InstrumentId | None = None) -> None:
        """Cancel every own order, those the venue knows and we have forgotten included."""

    def set_leverage(self, instrument_id: InstrumentId, leverage: int) -> None:
        """Choose how many times its margin a position may be worth; the answer comes to `on_account`."""

    def set_margin_mode(self, instrument_id: InstrumentId, margin_mode: MarginMode) -> None:
        """Choose what backs positions in an instrument, while flat and without orders there."""

    def move_margin(self, instrument_id: InstrumentId, atoms: int) -> None:
        """Add to an isolated position's margin, or (negative) take from it."""

    def target_lots(self, instrument_id: InstrumentId, lots: int) -> ClientOrderId | None:
        """Send the market order that leads from position and open orders to `lots`; None if none is needed.

        The leaves of open orders count as filled; orders that wait for a trigger do not count.
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
