"""A market that replays recorded depth and trades, as it is written in a configuration file."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

import msgspec

from exchange_sim.markets.contracts import InstrumentSpec, check_terms, is_spot
from exchange_sim.markets.duration import Duration, parse_duration_ns
from exchange_sim.markets.series_spec import SeriesSpec, check_series
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.rules import ExchangeRules
from exchange_sim.replay.depth.models import PowerQueue, QueueModel

HISTORY_DOES_NOT_REACT = (
    "How anybody in the record would have reacted to the bots: history does not react. Quotes, trades and "
    "bars are the recorded ones whatever the bots do, what they take is back when the record next changes "
    "its level, and how long their orders wait in a queue follows from a model."
)


class DepthInstrument(InstrumentSpec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An instrument of a market of recorded depth.

    `file` and `trades_file` name its records, relative to the data folder; left out, the folder is searched
    for them. `update_ids` are `contiguous` where each message follows the one before (Binance spot): then a
    missing message is found; else they only have to rise.
    """

    file: str | None = None
    trades_file: str | None = None
    update_ids: Literal["rising", "contiguous"] = "rising"


class ReplayL2Market(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="replay_l2"
):
    """Recorded depth updates and trades, replayed; bots take part, history does not react.

    Parameters
    ----------
    instruments
        Symbols, or tables with `symbol`, its files and what differs from the symbol's preset. All are traded
        as perpetuals, and marked at the last recorded trade.
    queue
        Where a bot's order stands in a recorded queue.
    start
        First instant of the market, UTC where no zone is given. Left out: as soon as every record has a book.
    history
        Span before the start whose recorded trades the strategies get as bars.
    series
        Recorded series that are published on time. Where one is `funding`, positions pay it.
    rules
        Of the exchange: message rate and fee tiers, for the bots.
    """

    instruments: Annotated[tuple[str | DepthInstrument, ...], msgspec.Meta(min_length=1)]
    queue: QueueModel = PowerQueue()
    start: datetime | None = None
    history: Duration = "1h"
    series: tuple[SeriesSpec, ...] = ()
    rules: ExchangeRules = ExchangeRules()

    def __post_init__(self) -> None:
        symbols = tuple(spec.symbol for spec in self.specs())
        for symbol in symbols:
            if symbols.count(symbol) > 1:
                raise ValueError(f"instruments: expected every symbol once, was {symbol!r} twice")
            if is_spot(symbol):
                raise ValueError(f"instruments: expected perpetuals like BTC/USDT:USDT, was {symbol!r}")
        if any(spec.mark != "last" for spec in self.specs()):
            raise ValueError("mark: expected last, because depth is recorded without an index, was 'index'")
        check_terms(self.contracts(), self.rules)
        check_series(self.series, symbols)

    def specs(self) -> tuple[DepthInstrument, ...]:
        """Return every instrument as a full entry, in order."""
        entries = (
            DepthInstrument(symbol=entry) if isinstance(entry, str) else entry for entry in self.instruments
        )
        return tuple(msgspec.structs.replace(entry, mark=entry.mark or "last") for entry in entries)

    def contracts(self) -> tuple[Instrument, ...]:
        """Return the instruments the exchange lists, in order."""
        return tuple(spec.instrument() for spec in self.specs())

    @property
    def funding(self) -> Literal["off"]:
        """Positions pay funding only as a recorded series says."""
        return "off"

    @property
    def history_ns(self) -> int:
        return parse_duration_ns(self.history)

    def at(self, start: datetime) -> Self:
        """Return the same market with another start."""
        return msgspec.structs.replace(self, start=start)
