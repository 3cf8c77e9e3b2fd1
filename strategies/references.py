"""Yardsticks: an account that never trades, one that buys once, one that trades at random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from exchange_sim.markets.duration import MINUTE_NS, Duration, parse_duration_ns
from exchange_sim.model.ids import InstrumentId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import Bar
from strategies.api import Context, Strategy, StrategyConfig, Subscription, bars
from strategies.sizing import Sizer, quote_units


class CashConfig(StrategyConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`Cash` has no settings of its own."""


class Cash(Strategy[CashConfig]):
    """Never trades: what an account is worth if one does nothing."""

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:  # noqa: ARG002  # needs none
        return ()


class BuyAndHoldConfig(StrategyConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of `BuyAndHold`.

    Parameters
    ----------
    invested
        Share of the equity at the start that is bought, in equal parts of every instrument. Below 1,
        because fees and the book's depth come on top.
    retry_interval
        Bars at whose close an incomplete purchase is continued.
    """

    invested: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.95
    retry_interval: Duration = "1m"


class _HoldState(msgspec.Struct, frozen=True, array_like=True):
    """Quote units per instrument once known, and the lots wanted of each instrument that had a price."""

    notional: float | None
    wanted: dict[InstrumentId, int]


_HOLD_STATE = msgspec.msgpack.Decoder(_HoldState)


class BuyAndHold(Strategy[BuyAndHoldConfig]):
    """Buys every instrument once and holds.

    Each instrument's lots are fixed when its first price is known: at the start from the last bar of
    the history, else at its first bar. They are bought at the market; what the book did not give, or
    what was refused, is asked for again at the close of each following bar until it is there. Nothing is
    ever sold.
    """

    def __init__(self, config: BuyAndHoldConfig) -> None:
        super().__init__(config)
        self._closes: dict[InstrumentId, int] = {}
        self._wanted: dict[InstrumentId, int] = {}
        self._notional: float | None = None

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        interval_ns = parse_duration_ns(self.config.retry_interval)
        return [bars(instrument.instrument_id, interval_ns, warmup=1) for instrument in instruments]

    def on_history(self, ctx: Context, bars: Sequence[Bar]) -> None:  # noqa: ARG002  # the API's signature
        for bar in bars:
            self._closes[bar.instrument_id] = bar.close_ticks

    def on_start(self, ctx: Context) -> None:
        if self._notional is None:
            self._notional = quote_units(ctx.equity_atoms()) * self.config.invested / len(ctx.instruments)
        for name, close_ticks in self._closes.items():
            self._buy(ctx, name, close_ticks, self._notional)

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        if self._notional is not None:
            self._buy(ctx, bar.instrument_id, bar.close_ticks, self._notional)

    def save(self) -> bytes:
        return msgspec.msgpack.encode(_HoldState(self._notional, self._wanted))

    def load(self, state: bytes) -> None:
        saved = _HOLD_STATE.decode(state)
        self._notional = saved.notional
        self._wanted = saved.wanted

    def _buy(self, ctx: Context, name: InstrumentId, close_ticks: int, notional: float) -> None:
        """Send an order for what is missing, unless one is on its way or the rest is too small for one."""
        sizer = Sizer(ctx.instruments[name])
        wanted = self._wanted.setdefault(name, sizer.lots(notional, close_ticks))
        missing = wanted - ctx.position_lots(name)
        if missing > 0 and sizer.is_tradable(missing, close_ticks) and not ctx.open_orders(name):
            ctx.target_lots(name, wanted)


class RandomConfig(StrategyConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of `RandomTrader`.

    Parameters
    ----------
    trade_notional
        Value of a position in quote units; rounded down to whole lots.
    mean_gap
        Mean time between two decisions on one instrument.
    """

    trade_notional: Annotated[float, Meta(gt=0.0)] = 2_500.0
    mean_gap: Duration = "5m"


_NEXT_TIMES = msgspec.msgpack.Decoder(dict[InstrumentId, int])


class RandomTrader(Strategy[RandomConfig]):
    """The null: wants to be long, short or out of an instrument, each with equal chance, at random times.

    Per instrument the gaps between decisions are uniform on (0, 2 * `mean_gap`], drawn from the account's own
    stream as whole ns. A decision is one market order for the difference to the position; a decision for what
    is there already, before any price is known, or with an order on its way does nothing. Its size and
    its costs are of the order of the other bots', its directions know nothing.
    """

    def __init__(self, config: RandomConfig) -> None:
        super().__init__(config)
        self._mean_gap_ns = parse_duration_ns(config.mean_gap)
        self._next_ns: dict[InstrumentId, int] = {}

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        """Return minute bars: the last close gives the size of an order."""
        return [bars(instrument.instrument_id, MINUTE_NS, warmup=1) for instrument in instruments]

    def on_start(self, ctx: Context) -> None:
        for name in ctx.instruments:
            next_ns = self._next_ns.get(name, 0)
            if next_ns > ctx.now_ns:
                ctx.set_timer(name, at_ns=next_ns)
            else:
                self._wait(ctx, name)

    def on_timer(self, ctx: Context, name: str) -> None:
        instrument = ctx.instruments[InstrumentId(name)]
        direction = int(ctx.rng.integers(-1, 1, endpoint=True))
        self._wait(ctx, instrument.instrument_id)
        last = ctx.last_ticks(instrument.instrument_id)
        if last is None or ctx.open_orders(instrument.instrument_id):
            return
        held = ctx.position_lots(instrument.instrument_id)
        if direction != (held > 0) - (held < 0):
            lots = Sizer(instrument).lots(self.config.trade_notional, last)
            ctx.target_lots(instrument.instrument_id, direction * lots)

    def save(self) -> bytes:
        return msgspec.msgpack.encode(self._next_ns)

    def load(self, state: bytes) -> None:
        self._next_ns = _NEXT_TIMES.decode(state)

    def _wait(self, ctx: Context, name: InstrumentId) -> None:
        """Set the time of the next decision."""
        gap_ns = int(ctx.rng.integers(1, 2 * self._mean_gap_ns, endpoint=True))
        self._next_ns[name] = ctx.now_ns + gap_ns
        ctx.set_timer(name, at_ns=self._next_ns[name])
