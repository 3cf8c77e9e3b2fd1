"""Two futures of one moment: as it went, and with one thing changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from actors.context import HostContext
from actors.match_config import MatchSpec
from actors.moment import Moment, ResumedMatch
from actors.result import MatchResult
from exchange_sim.engine.exchange import Exchange
from exchange_sim.latency import AccountLatency, ConstantLatency
from exchange_sim.markets.duration import format_duration, parse_duration_ns
from exchange_sim.model.enums import Side
from exchange_sim.model.ids import InstrumentId
from exchange_sim.model.instrument import ASSET_SCALE, Instrument

_ATOMS = 10**ASSET_SCALE
_ORDER = re.compile(
    r"^(?P<bot>.+?) +(?P<side>buy|sell) +(?P<quantity>\S+) +(?P<symbol>\S+)(?: +(?P<price>\S+))?$"
)
CROWD, FEES, INSURANCE = "the crowd", "fee account", "insurance fund"


class ForkError(ValueError):
    """What is to be changed cannot be; one line for the user."""


class Without(msgspec.Struct, frozen=True, tag="without"):
    """A bot leaves: its orders are canceled, its position stays with it."""

    bot: str

    def __str__(self) -> str:
        return f"without {self.bot}"


class Slower(msgspec.Struct, frozen=True, tag="latency"):
    """A bot's messages take `delay_ns` each way."""

    bot: str
    delay_ns: int

    def __str__(self) -> str:
        return f"{self.bot} with {format_duration(self.delay_ns)} each way"


class OrderMore(msgspec.Struct, frozen=True, tag="order"):
    """A bot sends one order more; at the market where there is no price."""

    bot: str
    side: Side
    quantity: str
    symbol: str
    price: str | None = None

    def __str__(self) -> str:
        where = f"at {self.price}" if self.price is not None else "at the market"
        return f"{self.bot} {self.side.name.lower()}s {self.quantity} {self.symbol} {where}"


Change = Without | Slower | OrderMore


def parse_latency(text: str) -> Slower:
    """Return the change of `BOT=20ms`; raise ForkError where it is none."""
    bot, separator, delay = text.rpartition("=")
    try:
        delay_ns = parse_duration_ns(delay)
    except ValueError as error:
        raise ForkError(f"latency: expected BOT=20ms, was {text!r}: {error}") from None
    if not separator or delay_ns > 60_000_000_000:
        raise ForkError(f"latency: expected BOT=DURATION of a minute at most, was {text!r}")
    return Slower(bot.strip(), delay_ns)


def parse_order(text: str) -> OrderMore:
    """Return the change of `BOT buy 0.5 BTC/USDT:USDT [price]`; raise ForkError where it is none."""
    found = _ORDER.match(" ".join(text.split()))
    if found is None:
        raise ForkError(f"order: expected 'BOT buy|sell QUANTITY SYMBOL [PRICE]', was {text!r}")
    side = Side.BUY if found["side"] == "buy" else Side.SELL
    return OrderMore(found["bot"], side, found["quantity"], found["symbol"], found["price"])


def check_change(change: Change, spec: MatchSpec) -> None:
    """Raise ForkError where a change does not fit a match."""
    names = [bot.name for bot in spec.bots]
    if change.bot not in names:
        raise ForkError(f"bot: expected one of {', '.join(names)}, was {change.bot!r}")
    if isinstance(change, OrderMore):
        _terms(change, {str(each.instrument_id): each for each in spec.market.contracts()})


class _Terms(NamedTuple):
    instrument_id: InstrumentId
    lots: int
    ticks: int


def _terms(change: OrderMore, instruments: dict[str, Instrument]) -> _Terms:
    instrument = instruments.get(change.symbol)
    if instrument is None:
        raise ForkError(f"order: expected one of {', '.join(instruments)}, was {change.symbol!r}")
    try:
        lots = instrument.lots(change.quantity)
        ticks = instrument.ticks(change.price) if change.price is not None else 0
    except (ValueError, InvalidOperation) as error:
        raise ForkError(f"order: expected decimal numbers on the instrument's grid: {error}") from None
    if lots < 1 or (change.price is not None and ticks < 1):
        raise ForkError(f"order: expected a quantity and a price above 0, was {change}")
    return _Terms(instrument.instrument_id, lots, ticks)


def apply_change(match: ResumedMatch, change: Change) -> None:
    """Change a match that stands at a moment."""
    if isinstance(change, Without):
        match.remove(change.bot, "left at the fork")
    elif isinstance(change, Slower):
        delay = ConstantLatency(delay_us=max(1, change.delay_ns // 1_000))
        match.change_latency(change.bot, AccountLatency(up=delay, down=delay))
    else:
        known = {str(each.instrument_id): each for each in match.kernel.instruments}
        name, lots, ticks = _terms(change, known)

        def send(context: HostContext) -> None:
            if ticks:
                context.submit_limit(name, change.side, lots, ticks)
            else:
                context.submit_market(name, change.side, lots)

        match.act(change.bot, send)


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody's money in both futures, in the settlement asset: at the fork and at the two ends."""

    name: str
    before: Decimal
    base: Decimal
    other: Decimal

    @property
    def difference(self) -> Decimal:
        return self.other - self.base


@dataclass(frozen=True, slots=True)
class Fork:
    """Both futures of a moment.

    `holders` are the bots, the crowd, the fee account and the insurance fund: the money of each future is the
    same sum, to the atom. `base` is the match as it goes unchanged.
    """

    spec: MatchSpec
    at_ns: int
    change: Change
    base: MatchResult
    other: MatchResult
    holders: tuple[Holder, ...]
    currency: str

    def path(
        self, number: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return times and mid prices of an instrument in both futures; NaN where a side is empty."""
        left, right = self.base.market[number], self.other.market[number]
        middles = [(each["bid"] + each["ask"]) / 2.0 for each in (left, right)]
        return left["ts_ns"], middles[0], middles[1]

    @property
    def is_same(self) -> bool:
        """Whether no account and no price differs between the futures."""
        paths = (self.path(number)[1:] for number in range(len(self.base.instruments)))
        return (
            not any(each.difference for each in self.holders)
            and np.array_equal(self.base.equity, self.other.equity)
            and all(np.array_equal(base, other, equal_nan=True) for base, other in paths)
        )

    def largest_gap(self, number: int) -> float:
        """Return the largest gap of an instrument's prices, changed less unchanged; NaN without prices."""
        _, base, other = self.path(number)
        gaps = other - base
        known = gaps[~np.isnan(gaps)]
        return float(known[np.abs(known).argmax()]) if len(known) else float("nan")


def fork(moment: Moment, change: Change, *, data_folder: Path | None = None) -> Fork:
    """Play both futures of a moment to the match's end; `data_folder` as of `Moment.resume`.

    Raises
    ------
    ForkError
        The change does not fit the match.
    SnapshotError
        The moment cannot be gone on from.
    """
    check_change(change, moment.spec)
    base, other = moment.resume(data_folder), moment.resume(data_folder)
    before = _money(base)
    apply_change(other, change)
    results = []
    ends = []
    for match in (base, other):
        match.go_on(match.end_ns)
        results.append(match.finish())
        ends.append(_money(match))
    holders = tuple(Holder(name, before[name], ends[0][name], ends[1][name]) for name in before)
    currency = str(base.kernel.instruments[0].settle)
    return Fork(moment.spec, moment.at_ns, change, results[0], results[1], holders, currency)


def _money(match: ResumedMatch) -> dict[str, Decimal]:
    """Return who has how much of the settlement asset, positions at the mark."""
    exchange: Exchange = match.kernel.exchange
    asset = str(match.kernel.instruments[0].settle)
    bots = [bot.name for bot in match.spec.bots]
    money: dict[str, int] = {name: exchange.equity_atoms(name, asset) for name in bots}
    money[CROWD] = sum(
        exchange.equity_atoms(name, asset) for name in exchange.accounts if name not in set(bots)
    )
    money[FEES] = exchange.fees_atoms(asset)
    money[INSURANCE] = exchange.insurance_atoms(asset)
    return {name: Decimal(atoms) / _ATOMS for name, atoms in money.items()}
