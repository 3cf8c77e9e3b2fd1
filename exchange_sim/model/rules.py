"""Terms of an exchange that go beyond one instrument's steps and fees: margin tiers, fee tiers, limits."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

import msgspec

PPM = 1_000_000
MOST_TIERS = 12
_ATOMS = 10**8


class MarginTier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What margin a position of some value needs.

    Parameters
    ----------
    up_to
        Largest value of the tier in the settlement asset; None for the last tier, which has no end.
    maintenance_ppm
        Share of the value that must be covered at all times, in millionths.
    maximum_leverage
        Value of a position over its initial margin, at most.

    Raises
    ------
    ValueError
        A field is out of range.
    """

    maintenance_ppm: int
    maximum_leverage: int
    up_to: Decimal | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.maximum_leverage <= 1000:
            raise ValueError(f"maximum_leverage: expected 1 to 1000, was {self.maximum_leverage}")
        if not 1 <= self.maintenance_ppm <= self.initial_ppm:
            raise ValueError(
                f"maintenance_ppm: expected 1 to {self.initial_ppm} (the initial margin at leverage "
                f"{self.maximum_leverage}), was {self.maintenance_ppm}"
            )
        if self.up_to is not None and not (self.up_to.is_finite() and 0 < self.up_to <= 10**10):
            raise ValueError(f"up_to: expected a number above 0 and at most 1e10, was {self.up_to}")

    @property
    def initial_ppm(self) -> int:
        return -(-PPM // self.maximum_leverage)

    @property
    def up_to_atoms(self) -> int:
        """Return the end of the tier in atoms; 2**62 for the last."""
        if self.up_to is None:
            return 2**62
        return int((self.up_to * _ATOMS).to_integral_value(ROUND_FLOOR))


def check_margin_tiers(tiers: Sequence[MarginTier]) -> None:
    """Refuse tiers that are not in order.

    Raises
    ------
    ValueError
        Too many, a value that does not rise, a rate that falls, a leverage that rises, or an end of the last.
    """
    if len(tiers) > MOST_TIERS:
        raise ValueError(f"tiers: expected at most {MOST_TIERS}, was {len(tiers)}")
    for number, tier in enumerate(tiers):
        if (tier.up_to is None) != (number == len(tiers) - 1):
            raise ValueError(f"tiers[{number}].up_to: expected a value in all but the last, was {tier.up_to}")
        if number == 0:
            continue
        before = tiers[number - 1]
        if before.up_to_atoms >= tier.up_to_atoms:
            raise ValueError(f"tiers[{number}].up_to: expected more than {before.up_to}, was {tier.up_to}")
        if tier.maintenance_ppm < before.maintenance_ppm:
            raise ValueError(
                f"tiers[{number}].maintenance_ppm: expected {before.maintenance_ppm} or more, "
                f"was {tier.maintenance_ppm}"
            )
        if tier.maximum_leverage > before.maximum_leverage:
            raise ValueError(
                f"tiers[{number}].maximum_leverage: expected at most {before.maximum_leverage}, "
                f"was {tier.maximum_leverage}"
            )


class FeeTier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fees of accounts whose volume of the last thirty days is at least `volume` (settlement assets)."""

    volume: Decimal
    maker_fee_ppm: int
    taker_fee_ppm: int

    def __post_init__(self) -> None:
        if not (self.volume.is_finite() and 0 < self.volume <= 10**10):
            raise ValueError(f"volume: expected a number above 0 and at most 1e10, was {self.volume}")
        if not 0 <= self.taker_fee_ppm <= PPM // 10:
            raise ValueError(f"taker_fee_ppm: expected 0 to {PPM // 10}, was {self.taker_fee_ppm}")
        if not -self.taker_fee_ppm <= self.maker_fee_ppm <= self.taker_fee_ppm:
            raise ValueError(
                f"maker_fee_ppm: expected {-self.taker_fee_ppm} to {self.taker_fee_ppm}, "
                f"was {self.maker_fee_ppm}"
            )

    @property
    def volume_atoms(self) -> int:
        return int((self.volume * _ATOMS).to_integral_value(ROUND_FLOOR))


class ExchangeRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for all accounts and instruments of an exchange.

    Parameters
    ----------
    messages_per_second
        New, changed and replaced orders that one account may send in a second of the clock; 0: no limit.
    fee_tiers
        In rising order of volume and falling order of taker fees; accounts below the first pay the
        instruments' own.

    Raises
    ------
    ValueError
        A field is out of range.
    """

    messages_per_second: int = 0
    fee_tiers: tuple[FeeTier, ...] = ()

    def __post_init__(self) -> None:
        if self.messages_per_second < 0:
            raise ValueError(f"messages_per_second: expected 0 or more, was {self.messages_per_second}")
        if len(self.fee_tiers) > MOST_TIERS:
            raise ValueError(f"fee_tiers: expected at most {MOST_TIERS}, was {len(self.fee_tiers)}")
        for number, tier in enumerate(self.fee_tiers[1:], 1):
            before = self.fee_tiers[number - 1]
            if tier.volume_atoms <= before.volume_atoms:
                raise ValueError(
                    f"fee_tiers[{number}].volume: expected more than {before.volume}, was {tier.volume}"
                )
            if tier.taker_fee_ppm > before.taker_fee_ppm:
                raise ValueError(
                    f"fee_tiers[{number}].taker_fee_ppm: expected at most {before.taker_fee_ppm}, "
                    f"was {tier.taker_fee_ppm}"
                )
