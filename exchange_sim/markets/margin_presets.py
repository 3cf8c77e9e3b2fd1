"""Margin tiers of the majors' perpetuals: round numbers in the manner of large venues.

Values of positions are in the settlement asset. The larger a position, the less leverage it may have and the
more of its value must be covered at all times, because it is the harder to close.
"""

from __future__ import annotations

from decimal import Decimal

from exchange_sim.model.rules import MarginTier

LIQUIDATION_FEE_PPM = 5_000
"""Share of a liquidated value that goes to the insurance fund where tiers are in force: half a percent."""


def _tiers(*rows: tuple[int | None, int, int]) -> tuple[MarginTier, ...]:
    return tuple(
        MarginTier(
            up_to=None if up_to is None else Decimal(up_to),
            maintenance_ppm=maintenance_ppm,
            maximum_leverage=leverage,
        )
        for up_to, maintenance_ppm, leverage in rows
    )


DEEP = _tiers(
    (50_000, 4_000, 125),
    (500_000, 5_000, 100),
    (5_000_000, 10_000, 50),
    (20_000_000, 20_000, 25),
    (50_000_000, 50_000, 10),
    (100_000_000, 100_000, 5),
    (250_000_000, 150_000, 3),
    (None, 250_000, 2),
)
LIQUID = _tiers(
    (25_000, 6_500, 75),
    (250_000, 10_000, 50),
    (1_000_000, 20_000, 25),
    (5_000_000, 50_000, 10),
    (20_000_000, 100_000, 5),
    (50_000_000, 150_000, 3),
    (None, 250_000, 2),
)
THIN = _tiers(
    (10_000, 10_000, 50),
    (100_000, 20_000, 25),
    (500_000, 50_000, 10),
    (2_000_000, 100_000, 5),
    (10_000_000, 150_000, 3),
    (None, 250_000, 2),
)

_DEEP, _LIQUID = ("BTC", "ETH"), ("SOL", "XRP", "DOGE", "BNB")


def margin_preset(base: str) -> tuple[MarginTier, ...]:
    """Return the tiers of an asset's perpetual; those of thin markets where the asset is not a major."""
    if base in _DEEP:
        return DEEP
    return LIQUID if base in _LIQUID else THIN
