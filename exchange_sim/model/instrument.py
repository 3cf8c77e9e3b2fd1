"""What is traded, and the exact arithmetic between venue text and engine integers."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal, Self

import msgspec

from exchange_sim.model.enums import Side
from exchange_sim.model.ids import AssetId, InstrumentId
from exchange_sim.model.rules import MarginTier, check_margin_tiers

ASSET_SCALE = 8
"""Decimal places of an atom: one atom is 1e-8 of the asset, for every asset."""

MAXIMUM_LOTS = 2**31 - 1
MAXIMUM_TICKS = 2**31 - 1
MAXIMUM_NOTIONAL_ATOMS = 2**60

_PPM = 1_000_000


class Instrument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is traded: a linear perpetual with cash collateral in its settlement asset, or a spot pair.

    Parameters
    ----------
    instrument_id
        Unified symbol, `BTC/USDT:USDT`; `BTC/USDT` for spot.
    base, settle
        Asset of the quantity and asset of price, fees and collateral; the quote asset of a spot pair.
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
    kind
        Perpetual or spot.
    fee_asset
        Of a spot pair: whether fees are taken in what is received or always in the quote asset.
    price_band_ppm
        How far limits may lie from the reference price, in millionths of it; 0: no band.
    maximum_open_orders, maximum_waiting_orders
        Of one account: resting orders, and orders that wait for a trigger; 0: no limit.
    tiers
        Margin tiers; none: positions are never liquidated.
    liquidation_fee_ppm
        Share of a liquidated value that goes to the insurance fund, in millionths.
    mark
        Whether the mark price is the last trade or follows the index with a smoothed basis.
    basis_smoothing_ppm, basis_limit_ppm
        Weight of a new index price's basis in the smoothed one, and the largest basis relative to the index.
    interest_ppb, funding_limit_ppb
        Interest part of the funding rate and its largest size, in parts per billion of value per funding.

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
    kind: Literal["perpetual", "spot"] = "perpetual"
    fee_asset: Literal["received", "quote"] = "received"
    price_band_ppm: int = 0
    maximum_open_orders: int = 0
    maximum_waiting_orders: int = 0
    tiers: tuple[MarginTier, ...] = ()
    liquidation_fee_ppm: int = 0
    mark: Literal["last", "index"] = "last"
    basis_smoothing_ppm: int = 65_000
    basis_limit_ppm: int = 5_000
    interest_ppb: int = 100_000
    funding_limit_ppb: int = 20_000_000

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
        self._check_bounds()
        self._check_kind()

    def _check_bounds(self) -> None:
        bounds = (
            ("price_band_ppm", 0, _PPM),
            ("maximum_open_orders", 0, MAXIMUM_LOTS),
            ("maximum_waiting_orders", 0, MAXIMUM_LOTS),
            ("liquidation_fee_ppm", 0, _PPM // 10),
            ("basis_smoothing_ppm", 1, _PPM),
            ("basis_limit_ppm", 0, _PPM // 2),
            ("interest_ppb", -_PPM * 100, _PPM * 100),
            ("funding_limit_ppb", 0, _PPM * 100),
        )
        for name, least, most in bounds:
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name}: expected {least} to {most}, was {getattr(self, name)}")

    def _check_kind(self) -> None:
        check_margin_tiers(self.tiers)
        if self.tiers and self.initial_margin_ppm < self.tiers[0].initial_ppm:
            raise ValueError(
                f"initial_margin_ppm: expected {self.tiers[0].initial_ppm} or more (the first tier's "
                f"leverage), was {self.initial_margin_ppm}"
            )
        if self.kind == "perpetual":
            return
        if self.tiers:
            raise ValueError(f"tiers: expected none for spot, was {len(self.tiers)}")
        atoms = self.lot_size * 10**ASSET_SCALE
        if atoms != atoms.to_integral_value():
            raise ValueError(
                f"lot_size: expected a whole number of atoms (1e-{ASSET_SCALE} {self.base}), "
                f"was {self.lot_size}"
            )

    @property
    def is_spot(self) -> bool:
        return self.kind == "spot"

    @property
    def base_atoms_per_lot(self) -> int:
        """Atoms of the base asset in one lot of a spot pair; 0 for a perpetual, whose lots are no asset."""
        return int(self.lot_size * 10**ASSET_SCALE) if self.is_spot else 0

    @property
    def assets(self) -> tuple[AssetId, ...]:
        """What accounts hold of it: the settlement asset, and a spot pair's base."""
        return (self.settle, self.base) if self.is_spot else (self.settle,)

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

    @classmethod
    def spot(cls, symbol: str, *, tick_size: str, lot_size: str, **fields: object) -> Self:
        """Return a spot pair from its unified symbol `BASE/QUOTE`.

        Raises
        ------
        ValueError
            The symbol is not of that form, or a field is out of range.
        """
        base, _, quote = symbol.partition("/")
        if not base or not quote or ":" in quote or base == quote:
            raise ValueError(f"instrument_id: expected a spot symbol like BTC/USDT, was {symbol!r}")
        values: dict[str, object] = {
            "instrument_id": symbol,
            "base": base,
            "settle": quote,
            "tick_size": tick_size,
            "lot_size": lot_size,
            "kind": "spot",
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
