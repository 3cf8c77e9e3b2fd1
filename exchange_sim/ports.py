"""Where the market ends and others begin: protocols that the sides know each other by.

`Participant` is an account as the window runner sees it; it is raw rows in and raw rows out, so that a window
of market data costs nobody an object it does not need. `Venue` is a market as an account sees it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import msgspec
import numpy as np

from exchange_sim.engine.exchange import Exchange
from exchange_sim.kernel.kernel import Counters
from exchange_sim.markets.history import History
from exchange_sim.model.enums import MarginMode, OrderType, Side, TimeInForce, TriggerSource
from exchange_sim.model.events import ExchangeEvent, StatusReported
from exchange_sim.model.ids import AccountId, AssetId, ClientOrderId, InstrumentId, OrderId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import MarketData

NEVER_NS = 2**63 - 1
"""Later than everything."""

Rows = Sequence[tuple[int, ...]]
"""Rows of one of the formats in `exchange_sim.kernel.outputs`, as `struct.iter_unpack` gives them."""


class RunningMarket(Protocol):
    """A market in motion, as the window runner sees it: `Kernel`, and the replays of recorded markets.

    The methods mean what they mean in `Kernel`; `exchange` keeps the accounts.
    """

    @property
    def now_ns(self) -> int: ...
    @property
    def instruments(self) -> tuple[Instrument, ...]: ...
    @property
    def snapshot_depth(self) -> int: ...
    @property
    def exchange(self) -> Exchange: ...
    @property
    def counters(self) -> Counters: ...

    def account_index(self, name: str) -> int: ...

    def listen(
        self,
        instrument: int,
        *,
        quotes: bool = False,
        trades: bool = False,
        bars: Sequence[int] = (),
        snapshots: Sequence[int] = (),
    ) -> None: ...

    def push(self, commands: np.ndarray) -> None: ...

    def advance(self, until_ns: int, window_ns: int) -> int: ...

    def take_samples(self) -> np.ndarray: ...

    def take_bytes(self, name: str) -> bytes: ...

    def market_digest(self) -> str: ...

    def traded(self, instrument: int) -> tuple[int, int]:
        """Return the lots that this market traded since its start, and in how many trades."""


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """Market data that a participant wants, by the instruments' numbers in the exchange.

    `bars` are (instrument, interval in ns), `books` (instrument, interval in ns, levels a side), `series`
    numbers of the market's recorded series.
    """

    quotes: frozenset[int] = frozenset()
    trades: frozenset[int] = frozenset()
    bars: frozenset[tuple[int, int]] = frozenset()
    books: frozenset[tuple[int, int, int]] = frozenset()
    series: frozenset[int] = frozenset()


class Steering(msgspec.Struct, frozen=True, array_like=True):
    """What somebody from outside does to a participant.

    `action` is `pause` (its handlers are silent, its orders stay), `resume`, `stop` (it ends: its orders are
    canceled, its position stays), `set` (fields of its configuration, `values` as JSON) or `enter` (commands
    of an account that somebody outside trades, see `exchange_sim.model.codec.encode_commands`).
    """

    action: str
    values: str = ""


STEERING_ACTIONS = ("pause", "resume", "stop", "set")


class Helm(Protocol):
    """Where the window loop asks what is to be done to participants, at the edges of windows."""

    @property
    def next_ns(self) -> int:
        """When something is planned; the loop comes by at that instant."""

    def take(self, now_ns: int) -> Sequence[tuple[int, Steering]]:
        """Return, once, what is to be done now, by account."""


class Participant(Protocol):
    """An account in a run that is computed window by window.

    The runner's steps, in simulated time: let the exchange run up to an instant S; `enqueue` what it has
    published; `run(S')` each participant with S' <= S + its smallest downlink latency, since nothing
    published from S on can reach it before; push the returned commands, which arrive an uplink latency
    after they were sent.
    """

    @property
    def account_id(self) -> AccountId: ...
    @property
    def wishes(self) -> Wishes:
        """What `enqueue` expects; rows of anything else are passed over."""

    @property
    def disqualified(self) -> str:
        """Empty, or why the participant was taken out: one line."""

    def start(self, now_ns: int, history: History) -> None:
        """Warm up and begin. Commands sent here come out of the next `run`."""

    def next_time_ns(self) -> int:
        """Return when the participant has something to do next; `NEVER_NS` if nothing is due.

        Commands sent before the first `run`, at the start, make it the time of the start.
        """

    def enqueue(
        self,
        *,
        order_events: Rows = (),
        trades: Rows = (),
        quotes: Rows = (),
        bars: Rows = (),
        books: Rows = (),
        series: Rows = (),
    ) -> None:
        """Take what the exchange published since the last call, each kind in its order.

        `order_events` are the participant's own; market data may be everybody's. What has the same exchange
        time is received in the order bars, books, order events, trades, quotes, series. Rows of series are
        those of `exchange_sim.series.SeriesBoard`.
        """

    def run(self, until_ns: int) -> bytes:
        """Handle everything that is due before `until_ns` and return COMMAND rows, in order of sending.

        `ts_ns` of a row is its arrival at the exchange. Never raises for what the bot does.
        """

    def leave(self, now_ns: int, reason: str) -> bytes:
        """Be taken out: nothing of the bot is called any more; return COMMAND rows that cancel its orders."""

    def steer(self, now_ns: int, steering: Steering) -> bytes:
        """Do what somebody from outside asks for at `now_ns`, and return COMMAND rows.

        Everything due before `now_ns` has been handled.
        """

    def stop(self, now_ns: int) -> bytes:
        """End and return the last COMMAND rows. Events that still come in only keep the books right."""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue can do; the risk gate refuses what it cannot, its users do without the rest.

    Parameters
    ----------
    modify, replace, cancel_all
        Commands about open orders.
    order_types, times_in_force, trigger_sources, post_only, iceberg, reduce_only, close_position
        What orders may be and say.
    linked, brackets
        Whether the venue itself lets one order cancel another, and brings a bracket's exits.
    leverage, margin_modes, move_margin
        Commands about the account's margin; without modes an account has what the venue gives it.
    market_data, snapshot, query, status
        What the venue tells.
    """

    modify: bool
    cancel_all: bool
    post_only: bool
    market_data: bool
    snapshot: bool
    query: bool
    times_in_force: tuple[TimeInForce, ...]
    order_types: tuple[OrderType, ...] = (OrderType.LIMIT, OrderType.MARKET)
    trigger_sources: tuple[TriggerSource, ...] = ()
    iceberg: bool = False
    reduce_only: bool = False
    close_position: bool = False
    linked: bool = False
    brackets: bool = False
    replace: bool = False
    status: bool = False
    leverage: bool = False
    margin_modes: tuple[MarginMode, ...] = ()
    move_margin: bool = False


EVERYTHING = Capabilities(
    modify=True,
    cancel_all=True,
    post_only=True,
    market_data=True,
    snapshot=True,
    query=True,
    times_in_force=tuple(TimeInForce),
    order_types=tuple(OrderType),
    trigger_sources=tuple(TriggerSource),
    iceberg=True,
    reduce_only=True,
    close_position=True,
    linked=True,
    brackets=True,
    replace=True,
    leverage=True,
    margin_modes=tuple(MarginMode),
    move_margin=True,
)
"""A venue that can do all there is."""


class OpenOrder(msgspec.Struct, frozen=True, array_like=True):
    """An order as the venue has it."""

    instrument_id: InstrumentId
    client_order_id: ClientOrderId
    order_id: OrderId
    side: Side
    limit_ticks: int
    quantity_lots: int
    leaves_lots: int


class Holding(msgspec.Struct, frozen=True, array_like=True):
    """A position as the venue has it: signed lots and signed value at entry."""

    instrument_id: InstrumentId
    lots: int
    cost_atoms: int


class AccountSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """An account as the venue has it; flat positions are left out, spot holdings are balances."""

    balances_atoms: dict[AssetId, int]
    holdings: tuple[Holding, ...]
    orders: tuple[OpenOrder, ...]


class VenueError(Exception):
    """A venue cannot do what was asked now; the class says why, the text names what."""


class VenueClosedError(VenueError):
    """The connection is not open."""


class VenueUnsupportedError(VenueError):
    """The venue's capabilities do not include it."""


Request_contra = TypeVar("Request_contra", contravariant=True)


class Venue(Protocol[Request_contra]):
    """A market as one account sees it, the same in simulation and live.

    `Request_contra` is what may be sent: the order path's approved commands, nothing else.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    def connect(self) -> None:
        """Open the connection; nothing else may be called before, `instruments` excepted."""

    def instruments(self) -> Sequence[Instrument]: ...

    def snapshot(self) -> AccountSnapshot:
        """Return cash, positions and orders as the venue has them now."""

    def send(self, request: Request_contra) -> None:
        """Send a command. The answer is an event; that this returns says nothing.

        Raises
        ------
        VenueClosedError
            The connection is not open.
        """

    def query(self, client_order_id: ClientOrderId) -> OpenOrder | None:
        """Return an own order that is open at the venue, else None: how a lost reply is settled."""

    def ask(self, client_order_ids: Sequence[ClientOrderId], now_ns: int) -> None:
        """Ask what has become of own orders; the answers come through `events`, a `StatusReported` each.

        The question and its answers travel, and may be lost, like all messages.

        Raises
        ------
        VenueUnsupportedError
            `capabilities.status` is False.
        """

    def next_event_ns(self) -> int:
        """Return when the next event or market data known of so far is received, else `NEVER_NS`."""

    def events(self, until_ns: int) -> Sequence[ExchangeEvent | MarketData | StatusReported]:
        """Return, once, everything received before `until_ns`, in order of receipt."""

    def close(self) -> None:
        """Close the connection; closing twice is no error."""
