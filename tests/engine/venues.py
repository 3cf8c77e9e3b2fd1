"""Exchanges for mixed streams: each with several kinds of instruments, tight limits and small tiers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from exchange_sim.model.instrument import Instrument
from exchange_sim.model.rules import ExchangeRules, FeeTier, MarginTier

RICH, FAIR, POOR = 10**14, 10**11, 10**10
"""Atoms: a million, a thousand and a hundred of an asset; a lot of the first contract is worth fifty."""


class VenueTerms(NamedTuple):
    """What an exchange for a stream is made of; `deposits` of each account in every asset."""

    instruments: Sequence[Instrument]
    rules: ExchangeRules
    deposits: tuple[int, ...]
    prices: tuple[int, ...]
    """Ticks around which each instrument begins to trade."""


def _tiers(*rows: tuple[str | None, int, int]) -> tuple[MarginTier, ...]:
    return tuple(
        MarginTier(
            up_to=None if up_to is None else Decimal(up_to), maintenance_ppm=ppm, maximum_leverage=leverage
        )
        for up_to, ppm, leverage in rows
    )


_FEE_TIERS = (
    FeeTier(volume=Decimal(20_000), maker_fee_ppm=40, taker_fee_ppm=390),
    FeeTier(volume=Decimal(300_000), maker_fee_ppm=-20, taker_fee_ppm=210),
)

_CASCADES = VenueTerms(
    (
        Instrument.linear(
            "AAA/USD:USD", tick_size="0.25", lot_size="0.2", liquidation_fee_ppm=5_000,
            tiers=_tiers(("400", 10_000, 50), ("2500", 25_000, 20), (None, 100_000, 5)),
        ),
        Instrument.linear(
            "BBB/USD:USD", tick_size="0.5", lot_size="0.1", maker_fee_ppm=-37, taker_fee_ppm=511,
            initial_margin_ppm=333_333, mark="index", basis_smoothing_ppm=300_000, basis_limit_ppm=50_000,
            tiers=_tiers(("900.5", 12_345, 40), (None, 55_555, 9)), minimum_notional="25",
            maximum_order_lots=900, price_band_ppm=150_000, maximum_open_orders=9, maximum_waiting_orders=6,
        ),
        Instrument.linear(
            "CCC/EUR:EUR", tick_size="0.01", lot_size="0.07", maker_fee_ppm=99_999, taker_fee_ppm=100_000,
            initial_margin_ppm=1, minimum_notional="0.000001",
        ),
        Instrument.spot("AAA/USD", tick_size="0.25", lot_size="0.2", maker_fee_ppm=-100),
        Instrument.spot(
            "AAA/EUR", tick_size="0.2", lot_size="0.1", fee_asset="quote", maker_fee_ppm=700,
            maximum_open_orders=7, maximum_waiting_orders=3,
        ),
    ),
    ExchangeRules(),
    (RICH, RICH, FAIR, POOR, POOR, POOR // 4),
    (1_000, 800, 1_500, 900, 1_100),
)  # fmt: skip

_LIMITS = VenueTerms(
    (
        Instrument.linear(
            "AAA/USD:USD", tick_size="0.1", lot_size="0.3", price_band_ppm=60_000, initial_margin_ppm=50_000,
            tiers=_tiers(("300", 20_000, 20), (None, 200_000, 3)), maximum_open_orders=5,
        ),
        Instrument.linear(
            "BBB/USD:USD", tick_size="1", lot_size="0.01", mark="index", interest_ppb=-90_000,
            funding_limit_ppb=3_000_000, tiers=_tiers((None, 5_000, 100)), liquidation_fee_ppm=100_000,
        ),
        # An uneven lot: fees in the received asset are no whole atoms.
        Instrument.spot("BBB/USD", tick_size="1", lot_size="0.0100003", price_band_ppm=500_000),
    ),
    ExchangeRules(messages_per_second=7, fee_tiers=_FEE_TIERS),
    (RICH, FAIR, FAIR, POOR),
    (2_000, 5_000, 5_000),
)  # fmt: skip

_THIN = VenueTerms(
    (
        Instrument.linear(
            "AAA/USD:USD", tick_size="0.25", lot_size="0.2", initial_margin_ppm=20_000,
            tiers=_tiers(("150", 10_000, 50), ("300", 15_000, 40), ("1200", 50_000, 10), (None, 125_000, 4)),
        ),
    ),
    ExchangeRules(fee_tiers=_FEE_TIERS),
    (RICH, FAIR, POOR, POOR, POOR),
    (400,),
)  # fmt: skip

VENUES = {"cascades": _CASCADES, "limits": _LIMITS, "thin": _THIN}
