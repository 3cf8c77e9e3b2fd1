"""What the bots that take directions share: one position per instrument, entered and left at the market.

The life of a position:

* A closed bar may bring an entry. It is sent at once as one market order of `trade_notional`. What the book
  cannot fill is not sent again: a partial fill is a smaller position.
* An entry against an open position closes it and opens the other side in the same order.
* Stop and target are checked on book snapshots (`exit_check` apart) at the price at which the position can be
  closed: the best bid for a long, the best ask for a short. All other exits are decided at closed bars.
* Leaving is insisted on: what is left after a partial fill, a refusal or an empty book is sent again at the
  next snapshot or bar, except a remainder below the instrument's minimum notional, which no order can close.
* While an order is on its way nothing is sent, so nothing is entered twice; a decision that falls into that
  time is carried out at the next snapshot or bar.
* At the stop nothing is sent: there are no resting orders, and positions stay open, valued at the market.
* A position found at the start (an account that goes on after an interruption) is managed like an own one.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta

from exchange_sim.markets.duration import Duration, parse_duration_ns
from exchange_sim.model.ids import InstrumentId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import Bar, BookSnapshot
from strategies.api import Context, Strategy, StrategyConfig, Subscription, bars, books
from strategies.exits import Bracket, Exit
from strategies.signals import Signal, SignalState
from strategies.sizing import Sizer


class DirectionalConfig(StrategyConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings that all directional bots have; each bot has defaults of its own.

    Parameters
    ----------
    bar_interval
        Length of the bars the signal is made of.
    exit_check
        Time between checks of stop and target.
    trade_notional
        Value of a new position in quote units; rounded down to whole lots.
    stop_loss
        Adverse move from the average entry price that closes a position, as a fraction of that price.
    take_profit
        Favourable move that closes it; left out or null for none.
    max_bars
        Bars after which a position is closed in any case; left out or null for no limit.
    """

    bar_interval: Duration = "1m"
    exit_check: Duration = "1s"
    trade_notional: Annotated[float, Meta(gt=0.0)] = 2_500.0
    stop_loss: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.02
    take_profit: Annotated[float, Meta(gt=0.0)] | None = None
    max_bars: Annotated[int, Meta(ge=1)] | None = None


C = TypeVar("C", bound=DirectionalConfig)


class TrackState(msgspec.Struct, frozen=True, array_like=True):
    """Everything remembered about one instrument, see `Track`."""

    direction: int
    due_lots: int
    bars_held: int
    last_bar_ns: int
    close_ticks: int
    signal: SignalState


class Track:
    """One instrument's wanted position.

    `direction` is what is wanted (+1 long, -1 short, 0 nothing), `due_lots` an entry that is decided
    and not sent yet, `bars_held` the bars closed since the entry was decided, `last_bar_ns` and
    `close_ticks` end and close of the last bar seen (0 before the first).
    """

    __slots__ = ("bars_held", "close_ticks", "direction", "due_lots", "last_bar_ns", "signal", "sizer")

    def __init__(self, sizer: Sizer, signal: Signal) -> None:
        self.sizer = sizer
        self.signal = signal
        self.direction = 0
        self.due_lots = 0
        self.bars_held = 0
        self.last_bar_ns = 0
        self.close_ticks = 0

    def take(self, bar: Bar) -> int:
        """Feed a bar to the signal and return the direction to enter; 0 for a bar seen before."""
        if bar.ts_exchange_ns <= self.last_bar_ns:
            return 0
        self.last_bar_ns = bar.ts_exchange_ns
        self.close_ticks = bar.close_ticks
        if self.direction:
            self.bars_held += 1
        return self.signal.update(float(bar.close_ticks))

    def enter(self, direction: int, lots: int) -> None:
        self.direction = direction
        self.due_lots = lots
        self.bars_held = 0

    def leave(self) -> None:
        self.direction = 0
        self.due_lots = 0

    def save(self) -> TrackState:
        return TrackState(
            self.direction,
            self.due_lots,
            self.bars_held,
            self.last_bar_ns,
            self.close_ticks,
            self.signal.save(),
        )

    def load(self, state: TrackState) -> None:
        self.direction = state.direction
        self.due_lots = state.due_lots
        self.bars_held = state.bars_held
        self.last_bar_ns = state.last_bar_ns
        self.close_ticks = state.close_ticks
        self.signal.load(state.signal)


_STATES = msgspec.msgpack.Decoder(dict[InstrumentId, TrackState])


class Directional(Strategy[C], ABC, Generic[C]):
    """A bot that is long, short or out of each instrument, as its signal says."""

    def __init__(self, config: C) -> None:
        super().__init__(config)
        self._bar_interval_ns = parse_duration_ns(config.bar_interval)
        self._bracket = Bracket(stop_loss=config.stop_loss, take_profit=config.take_profit)
        self._tracks: dict[InstrumentId, Track] = {}
        self._loaded: set[InstrumentId] = set()

    @abstractmethod
    def make_signal(self) -> Signal:
        """Return a new signal for one instrument."""

    @abstractmethod
    def warmup_bars(self) -> int:
        """Return how many past bars let the indicators forget how they were started."""

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        """Return bars for the signal and the best level of the book for stop and target."""
        check_ns = parse_duration_ns(self.config.exit_check)
        wanted: list[Subscription] = []
        for instrument in instruments:
            name = instrument.instrument_id
            self._tracks[name] = Track(Sizer(instrument), self.make_signal())
            wanted.append(bars(name, self._bar_interval_ns, warmup=self.warmup_bars()))
            wanted.append(books(name, check_ns, depth=1))
        return wanted

    def on_history(self, ctx: Context, bars: Sequence[Bar]) -> None:  # noqa: ARG002  # the API's signature
        """Warm the signal with bars it has not seen; shorter ones (a young market) count like any other.

        A position carried over a restart is left if the bars in between say so.
        """
        for bar in bars:
            track = self._tracks[bar.instrument_id]
            track.take(bar)
            if track.direction and self._over(track) is not None:
                track.leave()

    def on_start(self, ctx: Context) -> None:
        """Take over positions that nothing is remembered of, and carry out what was decided before."""
        for name, track in self._tracks.items():
            lots = ctx.position_lots(name)
            if lots and name not in self._loaded:
                track.enter(1 if lots > 0 else -1, 0)
            self._act(ctx, name, track)

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        track = self._tracks[bar.instrument_id]
        self._settle(ctx, bar.instrument_id, track)
        entry = track.take(bar)
        if entry and entry != track.direction:
            lots = track.sizer.lots(self.config.trade_notional, bar.close_ticks)
            track.enter(entry if lots else 0, lots)
        elif track.direction and (reason := self._over(track)) is not None:
            _leave(ctx, bar.instrument_id, track, reason)
        self._act(ctx, bar.instrument_id, track)

    def on_book(self, ctx: Context, book: BookSnapshot) -> None:
        track = self._tracks[book.instrument_id]
        lots = ctx.position_lots(book.instrument_id)
        if not (lots or track.direction):
            return
        if lots * track.direction > 0:
            levels = book.bids if lots > 0 else book.asks
            entry = ctx.entry_price(book.instrument_id)
            if levels and entry is not None:
                reason = self._bracket.hit(track.direction, entry, levels[0][0])
                if reason is not None:
                    _leave(ctx, book.instrument_id, track, reason)
        self._act(ctx, book.instrument_id, track)

    def save(self) -> bytes:
        return msgspec.msgpack.encode({name: track.save() for name, track in self._tracks.items()})

    def load(self, state: bytes) -> None:
        """Take up the saved state; instruments no longer traded are forgotten."""
        for name, saved in _STATES.decode(state).items():
            if name in self._tracks:
                self._tracks[name].load(saved)
                self._loaded.add(name)

    def _over(self, track: Track) -> Exit | None:
        """Return why the position is to be closed at this bar, if it is."""
        if track.signal.leaves(track.direction, float(track.close_ticks)):
            return Exit.SIGNAL
        limit = self.config.max_bars
        return Exit.TIME if limit is not None and track.bars_held >= limit else None

    def _settle(self, ctx: Context, name: InstrumentId, track: Track) -> None:
        """Forget a direction whose position never came to be or is gone."""
        if (
            track.direction
            and not track.due_lots
            and not ctx.position_lots(name)
            and not ctx.open_orders(name)
        ):
            track.leave()

    def _act(self, ctx: Context, name: InstrumentId, track: Track) -> None:
        """Send what leads from the position held to the one wanted, unless an order is on its way."""
        lots = ctx.position_lots(name)
        if ctx.open_orders(name):
            return
        if track.due_lots:
            ctx.target_lots(name, track.direction * track.due_lots)
            track.due_lots = 0
        elif lots * track.direction <= 0 and track.sizer.is_tradable(lots, track.close_ticks or math.inf):
            ctx.target_lots(name, 0)  # where no price is known the venue has to judge


def _leave(ctx: Context, name: InstrumentId, track: Track, reason: Exit) -> None:
    track.leave()
    ctx.log.info("leaving position", instrument=name, reason=reason.value, bars=track.bars_held)
