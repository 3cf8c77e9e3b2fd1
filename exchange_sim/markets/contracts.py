"""What a symbol alone says: contract terms, and figures from which a synthetic market starts.

Contract steps are those of the large venues' USDT perpetuals in 2025. Price, volatility and
turnover are round numbers of the same year; they only give a synthetic market its scale, a
configuration may name others.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from exchange_sim.model.ids import InstrumentId
from exchange_sim.model.instrument import Instrument

QUOTES = ("USDT", "USDC", "USD")
"""Quote assets, worth one dollar each, for which the presets hold."""


class ContractPreset(msgspec.Struct, frozen=True):
    """Terms and scale of one base asset's perpetual.

    `start_price` is in quote units, `volatility` is the annual standard deviation of log returns
    (365 days), `turnover` is quote units traded per second.
    """

    tick_size: Decimal
    lot_size: Decimal
    start_price: float
    volatility: float
    turnover: float


PRESETS: dict[str, ContractPreset] = {
    "BTC": ContractPreset(Decimal("0.1"), Decimal("0.001"), 100_000.0, 0.45, 220_000.0),
    "ETH": ContractPreset(Decimal("0.01"), Decimal("0.001"), 2_500.0, 0.75, 190_000.0),
    "SOL": ContractPreset(Decimal("0.01"), Decimal("0.01"), 160.0, 0.80, 45_000.0),
    "XRP": ContractPreset(Decimal("0.0001"), Decimal("0.1"), 2.3, 0.80, 30_000.0),
    "DOGE": ContractPreset(Decimal("0.00001"), Decimal(1), 0.2, 0.90, 25_000.0),
    "BNB": ContractPreset(Decimal("0.01"), Decimal("0.01"), 650.0, 0.45, 8_000.0),
    "ADA": ContractPreset(Decimal("0.0001"), Decimal(1), 0.75, 0.85, 8_000.0),
    "AVAX": ContractPreset(Decimal("0.001"), Decimal("0.1"), 22.0, 0.90, 5_000.0),
    "LINK": ContractPreset(Decimal("0.001"), Decimal("0.01"), 15.0, 0.85, 6_000.0),
    "DOT": ContractPreset(Decimal("0.001"), Decimal("0.1"), 4.5, 0.85, 3_000.0),
    "LTC": ContractPreset(Decimal("0.01"), Decimal("0.001"), 90.0, 0.70, 4_000.0),
    "BCH": ContractPreset(Decimal("0.01"), Decimal("0.001"), 400.0, 0.70, 3_000.0),
}
"""By base asset."""


def contract_preset(symbol: str) -> ContractPreset | None:
    """Return the preset for a unified symbol `BASE/QUOTE:SETTLE`, or None where there is none."""
    base, _, rest = symbol.partition("/")
    quote = rest.partition(":")[0]
    return PRESETS.get(base) if quote in QUOTES else None


class InstrumentSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An instrument as a configuration names it; what is left out comes from the symbol's preset.

    Fees and margin are in millionths, see `exchange_sim.model.instrument.Instrument`.

    Raises
    ------
    ValueError
        The symbol is not of the form BASE/QUOTE:QUOTE, it has no preset and names no steps of its
        own, or a field is out of range.
    """

    symbol: str
    tick_size: Decimal | None = None
    lot_size: Decimal | None = None
    minimum_notional: Decimal = Decimal(5)
    maximum_order_lots: int | None = None
    maker_fee_ppm: int = 200
    taker_fee_ppm: int = 500
    initial_margin_ppm: int = 100_000

    def __post_init__(self) -> None:
        self.instrument()

    def instrument(self) -> Instrument:
        """Return the contract with the preset's steps filled in."""
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
                value = getattr(preset, name)
            steps[name] = value
        maximum: dict[str, object] = {}
        if self.maximum_order_lots is not None:
            maximum["maximum_order_lots"] = self.maximum_order_lots
        try:
            return Instrument.linear(
                self.symbol,
                tick_size=format(steps["tick_size"], "f"),
                lot_size=format(steps["lot_size"], "f"),
                minimum_notional=self.minimum_notional,
                maker_fee_ppm=self.maker_fee_ppm,
                taker_fee_ppm=self.taker_fee_ppm,
                initial_margin_ppm=self.initial_margin_ppm,
                **maximum,
            )
        except msgspec.ValidationError as error:  # no ValueError: the place in the file would be lost
            raise ValueError(str(error)) from error

    @property
    def instrument_id(self) -> InstrumentId:
        return InstrumentId(self.symbol)
