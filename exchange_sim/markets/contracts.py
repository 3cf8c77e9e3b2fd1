"""What a symbol alone says: contract terms, and figures from which a synthetic market starts.

Contract steps are those of the large venues' USDT perpetuals and spot pairs in 2025. Price, volatility and
turnover are round numbers of the same year; they only give a synthetic market its scale, a
configuration may name others.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

import msgspec

from exchange_sim.markets.margin_presets import LIQUIDATION_FEE_PPM, margin_preset
from exchange_sim.model.ids import InstrumentId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.rules import ExchangeRules, MarginTier

_PLAIN = (
    *("minimum_notional", "fee_asset", "initial_margin_ppm", "basis_smoothing_ppm", "basis_limit_ppm"),
    *("interest_ppb", "funding_limit_ppb", "price_band_ppm", "maximum_open_orders", "maximum_waiting_orders"),
)
"""Fields of a specification that are the instrument's under the same name."""

_FEES = {"maker_fee_ppm": 200, "taker_fee_ppm": 500}
_SPOT_FEES = {"maker_fee_ppm": 1_000, "taker_fee_ppm": 1_000}

QUOTES = ("USDT", "USDC", "USD")
"""Quote assets, worth one dollar each, for which the presets hold."""


class ContractPreset(msgspec.Struct, frozen=True):
    """Terms and scale of one base asset's perpetual, and the steps of its spot pair.

    `start_price` is in quote units, `volatility` is the annual standard deviation of log returns
    (365 days), `turnover` is quote units traded per second.
    """

    tick_size: Decimal
    lot_size: Decimal
    start_price: float
    volatility: float
    turnover: float
    spot_tick_size: Decimal
    spot_lot_size: Decimal


def _preset(
    tick: str, lot: str, price: float, volatility: float, turnover: float, spot_tick: str, spot_lot: str
) -> ContractPreset:
    return ContractPreset(
        Decimal(tick), Decimal(lot), price, volatility, turnover, Decimal(spot_tick), Decimal(spot_lot)
    )


PRESETS: dict[str, ContractPreset] = {
    "BTC": _preset("0.1", "0.001", 100_000.0, 0.45, 220_000.0, "0.01", "0.00001"),
    "ETH": _preset("0.01", "0.001", 2_500.0, 0.75, 190_000.0, "0.01", "0.0001"),
    "SOL": _preset("0.01", "0.01", 160.0, 0.80, 45_000.0, "0.01", "0.001"),
    "XRP": _preset("0.0001", "0.1", 2.3, 0.80, 30_000.0, "0.0001", "0.1"),
    "DOGE": _preset("0.00001", "1", 0.2, 0.90, 25_000.0, "0.00001", "1"),
    "BNB": _preset("0.01", "0.01", 650.0, 0.45, 8_000.0, "0.01", "0.001"),
    "ADA": _preset("0.0001", "1", 0.75, 0.85, 8_000.0, "0.0001", "0.1"),
    "AVAX": _preset("0.001", "0.1", 22.0, 0.90, 5_000.0, "0.01", "0.01"),
    "LINK": _preset("0.001", "0.01", 15.0, 0.85, 6_000.0, "0.01", "0.01"),
    "DOT": _preset("0.001", "0.1", 4.5, 0.85, 3_000.0, "0.001", "0.01"),
    "LTC": _preset("0.01", "0.001", 90.0, 0.70, 4_000.0, "0.01", "0.001"),
    "BCH": _preset("0.01", "0.001", 400.0, 0.70, 3_000.0, "0.1", "0.001"),
}
"""By base asset."""


def is_spot(symbol: str) -> bool:
    """Return whether a unified symbol names a spot pair: `BASE/QUOTE` without a settlement asset."""
    return ":" not in symbol


def fundamental_name(symbol: str) -> str:
    """Return the perpetual's symbol for a spot pair too: both are worth the same."""
    return f"{symbol}:{symbol.partition('/')[2]}" if is_spot(symbol) else symbol


def contract_preset(symbol: str) -> ContractPreset | None:
    """Return the preset for a unified symbol, or None where there is none."""
    base, _, rest = symbol.partition("/")
    quote = rest.partition(":")[0]
    return PRESETS.get(base) if quote in QUOTES else None


class InstrumentSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An instrument as a configuration names it; what is left out comes from the symbol's preset.

    `BASE/QUOTE:QUOTE` is a linear perpetual, `BASE/QUOTE` a spot pair. Fees and margins are in millionths,
    see `exchange_sim.model.instrument.Instrument` for the fields that are not described here.

    Parameters
    ----------
    maker_fee_ppm, taker_fee_ppm
        Left out: 200 and 500 for a perpetual, 1000 and 1000 for spot.
    tiers
        Margin tiers of a perpetual, or `preset`, which is what a perpetual has where they are left out. An
        empty list: positions are never liquidated.
    liquidation_fee_ppm
        Left out: half a percent where there are tiers.
    mark
        Left out: `index` for a perpetual, `last` for spot.

    Raises
    ------
    ValueError
        The symbol is of neither form, it has no preset and names no steps of its own, or a field is out of
        range or not for spot.
    """

    symbol: str
    tick_size: Decimal | None = None
    lot_size: Decimal | None = None
    minimum_notional: Decimal = Decimal(5)
    maximum_order_lots: int | None = None
    maker_fee_ppm: int | None = None
    taker_fee_ppm: int | None = None
    fee_asset: Literal["received", "quote"] = "received"
    initial_margin_ppm: int = 100_000
    tiers: tuple[MarginTier, ...] | Literal["preset"] | None = None
    liquidation_fee_ppm: int | None = None
    mark: Literal["last", "index"] | None = None
    basis_smoothing_ppm: int = 65_000
    basis_limit_ppm: int = 5_000
    interest_ppb: int = 100_000
    funding_limit_ppb: int = 20_000_000
    price_band_ppm: int = 0
    maximum_open_orders: int = 0
    maximum_waiting_orders: int = 0

    def __post_init__(self) -> None:
        self.instrument()

    def instrument(self) -> Instrument:
        """Return the contract with the preset's steps filled in."""
        fields: dict[str, object] = {name: getattr(self, name) for name in _PLAIN}
        fields |= {name: format(step, "f") for name, step in self._steps().items()}
        if self.maximum_order_lots is not None:
            fields["maximum_order_lots"] = self.maximum_order_lots
        spot = is_spot(self.symbol)
        for name, fee in (_SPOT_FEES if spot else _FEES).items():
            value = getattr(self, name)
            fields[name] = fee if value is None else value
        if spot:
            for name in ("tiers", "liquidation_fee_ppm"):
                if getattr(self, name):
                    raise ValueError(f"{name}: expected none for spot, was {getattr(self, name)!r}")
            fields["mark"] = self.mark or "last"
        else:
            fields |= self._margin()
        make = Instrument.spot if spot else Instrument.linear
        try:
            return make(self.symbol, **fields)  # type: ignore[arg-type]  # names and types are the spec's
        except msgspec.ValidationError as error:  # no ValueError: the place in the file would be lost
            raise ValueError(str(error)) from error

    def _margin(self) -> dict[str, object]:
        """Return tiers, liquidation fee and mark of a perpetual."""
        base = self.symbol.partition("/")[0]
        tiers = self.tiers if isinstance(self.tiers, tuple) else margin_preset(base)
        usual = LIQUIDATION_FEE_PPM if tiers else 0
        fee = usual if self.liquidation_fee_ppm is None else self.liquidation_fee_ppm
        return {"tiers": tiers, "liquidation_fee_ppm": fee, "mark": self.mark or "index"}

    def _steps(self) -> dict[str, Decimal]:
        """Return the steps of price and quantity."""
        preset = contract_preset(self.symbol)
        steps: dict[str, Decimal] = {}
        for name in ("tick_size", "lot_size"):
            value = getattr(self, name)
            if value is None:
                if preset is None:
                    raise ValueError(
                        f"{name}: expected a value, because {self.symbol!r} has no preset "
                        f"(there are presets for {', '.join(PRESETS)} against {', '.join(QUOTES)})"
                    )
                value = getattr(preset, f"spot_{name}" if is_spot(self.symbol) else name)
            steps[name] = value
        return steps

    @property
    def instrument_id(self) -> InstrumentId:
        return InstrumentId(self.symbol)


def check_terms(contracts: Sequence[Instrument], rules: ExchangeRules) -> None:
    """Refuse instruments that one exchange cannot list together, and rules that do not fit them.

    Raises
    ------
    ValueError
        Settlement assets differ, or a fee tier costs more than an instrument.
    """
    for number, contract in enumerate(contracts):
        if contract.settle != contracts[0].settle:
            raise ValueError(
                f"instruments[{number}].symbol: expected {contracts[0].settle} as settlement asset, like "
                f"{contracts[0].instrument_id}, was {contract.instrument_id!r}"
            )
        if rules.fee_tiers and rules.fee_tiers[0].taker_fee_ppm > contract.taker_fee_ppm:
            raise ValueError(
                f"rules.fee_tiers[0].taker_fee_ppm: expected at most {contract.taker_fee_ppm}, as of "
                f"{contract.instrument_id}, was {rules.fee_tiers[0].taker_fee_ppm}"
            )
