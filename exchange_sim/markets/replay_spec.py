"""A market that replays recorded orders, as it is written in a configuration file."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self

import msgspec

from exchange_sim.markets.contracts import InstrumentSpec, check_terms
from exchange_sim.markets.duration import Duration, Funding, parse_duration_ns
from exchange_sim.markets.series_spec import SeriesSpec, check_series
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.rules import ExchangeRules


def check_history_terms(contracts: tuple[Instrument, ...], rules: ExchangeRules) -> None:
    """Refuse terms under which recorded orders could not be replayed as orders of accounts.

    Raises
    ------
    ValueError
        An instrument is a spot pair or has bounds, or messages are limited.
    """
    check_terms(contracts, rules)
    for contract in contracts:
        if contract.is_spot:
            raise ValueError(f"symbol: expected a perpetual like BTC/USD:USD, was {contract.instrument_id!r}")
        if contract.maximum_open_orders or contract.price_band_ppm:
            raise ValueError(
                "maximum_open_orders, price_band_ppm: expected 0, because history's orders would be refused"
            )
    if rules.messages_per_second:
        raise ValueError(
            "rules.messages_per_second: expected 0, because history's orders would be limited, "
            f"was {rules.messages_per_second}"
        )


class ReplayL3Market(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="replay_l3"
):
    """A market whose recorded orders go through the matching engine again, message by message.

    Bots trade with them: they take their liquidity and their places in the queue. Nobody is liquidated: the
    accounts that stand for the recorded traders hold what makes their recorded orders possible, no more.

    Parameters
    ----------
    symbol
        Unified symbol of the instrument, `BTC/USD:USD`; it is traded as a perpetual.
    file
        The messages, relative to the data folder: a Bitstamp `*_events.parquet` or a LOBSTER message file
        (`*_message_*.csv`, `*_messages.parquet`). The files that belong to it lie beside it.
    tick_size, lot_size
        Steps of price and quantity. Prices must be on the grid; Bitstamp's quantities (1e-8) go to the
        nearest lot; LOBSTER's lots are shares, 1.
    start
        First instant of the market, UTC where no zone is given. Left out: where the recording begins.
    history
        Span before the start whose recorded trades the strategies get as bars.
    minimum_notional, maker_fee_ppm, taker_fee_ppm, initial_margin_ppm
        As for other instruments; recorded orders pay the fees too.
    series
        Recorded series that are published on time. Recorded funding is what positions pay, too.
    funding
        How often positions pay funding at the rate that follows from the premium, or `off`.
    rules
        Of the exchange: message rate and fee tiers. They hold for the recorded orders too.
    """

    symbol: str
    file: Annotated[str, msgspec.Meta(min_length=1)]
    tick_size: Decimal = Decimal("0.01")
    lot_size: Decimal = Decimal("0.000001")
    start: datetime | None = None
    history: Duration = "1d"
    minimum_notional: Decimal = Decimal(0)
    maker_fee_ppm: int = 200
    taker_fee_ppm: int = 500
    initial_margin_ppm: int = 100_000
    series: tuple[SeriesSpec, ...] = ()
    funding: Funding = "off"
    rules: ExchangeRules = ExchangeRules()

    def __post_init__(self) -> None:
        check_history_terms(self.contracts(), self.rules)
        check_series(self.series, (self.symbol,))

    def contracts(self) -> tuple[Instrument, ...]:
        """Return the instruments the exchange lists."""
        spec = InstrumentSpec(
            symbol=self.symbol,
            tick_size=self.tick_size,
            lot_size=self.lot_size,
            minimum_notional=self.minimum_notional,
            maker_fee_ppm=self.maker_fee_ppm,
            taker_fee_ppm=self.taker_fee_ppm,
            initial_margin_ppm=self.initial_margin_ppm,
            tiers=(),
            mark="last",
        )
        return (spec.instrument(),)

    @property
    def history_ns(self) -> int:
        return parse_duration_ns(self.history)

    def at(self, start: datetime) -> Self:
        """Return the same market with another start."""
        return msgspec.structs.replace(self, start=start)
