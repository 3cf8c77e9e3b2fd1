"""What is traded, and the exact arithmetic between venue text and engine integers."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Self

import msgspec

from exchange_sim.model.enums import Side
from exchange_sim.model.ids import AssetId, InstrumentId

ASSET_SCALE = 8
"""Decimal places of an atom: one atom is 1e-8 of the asset, for every asset."""

MAXIMUM_LOTS = 2**31 - 1
MAXIMUM_TICKS = 2**31 - 1
MAXIMUM_NOTIONAL_ATOMS = 2**60

_PPM = 1_000_000


class Instrument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A linear perpetual contract with cash collateral in its settlement asset.

    Parameters
    ----------
    instrument_id
        Unified symbol, `BTC/USDT:USDT`.
    base, settle
        Asset of the quantity and asset of price, fees and collateral.
    tick_size, lot_size
        Smallest steps of price (settlement asset per base unit) and quantity (base units).
    minimum_notional
        Smallest value of a new order in the settlement asset; 0 for none.
    maximum_order_lots
        Largest quantity of one order, in lots.
    maker_fee_ppm, taker_fee_ppm
        Fees in millionths of notional; a negative maker fee is a rebate.
    initial_margin_ppm
        Share of notional that must be covered by equity when exposure grows, in millionths:
        100_000 allows ten times leverage.

    Raises
    ------
    ValueError
        A field is out of range, or one tick times one lot is not a whole number of atoms.
    """

    instrument_id: InstrumentId
    base: AssetId
    settle: AssetId
    tick_size: Decimal
    lot_size: Decimal
    minimum_notional: Decimal = Decimal(0)
    maximum_order_lots: int = MAXIMUM_LOTS
    maker_fee_ppm: int = 200
    taker_fee_ppm: int = 500
    initial_margin_ppm: int = 100_000

    def __post_init__(self) -> None:
        for name in ("tick_size", "lot_size"):
            value = getattr(self, name)
            if not value.is_finite() or value <= 0:
                raise ValueError(f"{name}: expected a positive number, was {value}")
        if not self.minimum_notional.is_finite() or self.minimum_notional < 0:
            raise ValueError(f"minimum_notional: expected 0 or more, was {self.minimum_notional}")
        if not 1 <= self.maximum_order_lots <= MAXIMUM_LOTS:
            raise ValueError(
                f"maximum_order_lots: expected 1 to {MAXIMUM_LOTS}, was {self.maximum_order_lots}"
            )
        if not 1 <= self.initial_margin_ppm <= _PPM:
            raise ValueError(f"initial_margin_ppm: expected 1 to {_PPM}, was {self.initial_margin_ppm}")
        if not 0 <= self.taker_fee_ppm <= _PPM // 10:
            raise ValueError(f"taker_fee_ppm: expected 0 to {_PPM // 10}, was {self.taker_fee_ppm}")
        if not -self.taker_fee_ppm <= self.maker_fee_ppm <= _PPM // 10:
            raise ValueError(
                f"maker_fee_ppm: expected {-self.taker_fee_ppm} (no more rebate than the taker pays) "
                f"to {_PPM // 10}, was {self.maker_fee_ppm}"
            )
        atoms = self.tick_size * self.lot_size * 10**ASSET_SCALE
        if atoms != atoms.to_integral_value() or atoms < 1:
            raise ValueError(
                f"tick_size: expected tick x lot to be a whole number of atoms (1e-{ASSET_SCALE} "
                f"{self.settle}), was {self.tick_size} x {self.lot_size}"
            )

    @property
    def atoms_per_tick_lot(self) -> int:
        """Value of one lot at a price of one tick, in atoms of the settlement asset."""
        return int(self.tick_size * self.lot_size * 10**ASSET_SCALE)

    @property
    def minimum_notional_atoms(self) -> int:
        scaled = self.minimum_notional * 10**ASSET_SCALE
        return int(scaled.to_integral_value(ROUND_CEILING))

    def ticks(self, price: Decimal | str | int) -> int:
        """Return `price` in ticks; raise ValueError where it is not on the tick grid."""
        return _on_grid("price", price, self.tick_size)

    def lots(self, quantity: Decimal | str | int) -> int:
        """Return `quantity` in lots; raise ValueError where it is not on the lot grid."""
        return _on_grid("quantity", quantity, self.lot_size)

    def price(self, ticks: int) -> Decimal:
        return self.tick_size * ticks

    def quantity(self, lots: int) -> Decimal:
        return self.lot_size * lots

    def notional_atoms(self, ticks: int, lots: int) -> int:
        return ticks * lots * self.atoms_per_tick_lot

    @classmethod
    def linear(cls, symbol: str, *, tick_size: str, lot_size: str, **fields: object) -> Self:
        """Return a linear perpetual from its unified symbol `BASE/QUOTE:SETTLE`.

        Raises
        ------
        ValueError
            The symbol is not of that form, or a field is out of range.
        """
        pair, _, settle = symbol.partition(":")
        base, _, quote = pair.partition("/")
        if not base or not quote or settle != quote:
            raise ValueError(f"instrument_id: expected a linear symbol like BTC/USDT:USDT, was {symbol!r}")
        values: dict[str, object] = {
            "instrument_id": symbol,
            "base": base,
            "settle": settle,
            "tick_size": tick_size,
            "lot_size": lot_size,
            **fields,
        }
        return msgspec.convert(values, cls)


def _on_grid(name: str, value: Decimal | str | int, step: Decimal) -> int:
    exact = Decimal(value)
    if not exact.is_finite():
        raise ValueError(f"{name}: expected a finite number, was {value}")
    steps = exact / step
    if steps != steps.to_integral_value():
        raise ValueError(f"{name}: expected a multiple of {step}, was {value}")
    return int(steps)


def round_price(instrument: Instrument, price: float, side: Side, *, passive: bool = True) -> int:
    """Return the tick nearest to a computed price that is not better for the market than it.

    Passive rounds a buy down and a sell up, so rounding never makes an order more aggressive than
    computed; `passive=False` rounds the other way, so that an aggressive price stays marketable.

    Raises
    ------
    ValueError
        `price` is not finite.
    """
    down = (side is Side.BUY) == passive
    exact = Decimal(price) / instrument.tick_size
    if not exact.is_finite():
        raise ValueError(f"price: expected a finite number, was {price}")
    return int(exact.to_integral_value(ROUND_FLOOR if down else ROUND_CEILING))


def floor_quantity(instrument: Instrument, quantity: float) -> int:
    """Return the whole lots in a computed quantity (base units), never more than it; 0 below one lot.

    Raises
    ------
    ValueError
        `quantity` is negative or not finite.
    """
    exact = Decimal(quantity) / instrument.lot_size
    if not exact.is_finite() or exact < 0:
        raise ValueError(f"quantity: expected a finite number of 0 or more, was {quantity}")
    return int(exact.to_integral_value(ROUND_FLOOR))
