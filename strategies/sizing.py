"""From quote units and computed prices to lots and ticks: the bots' only way back to integers.

"Quote units" are whole units of the settlement asset (1.0 = 1 USDT). Prices are in ticks here, so no
conversion is needed per bar; float results are rounded by named rules.
"""

from __future__ import annotations

import math

from exchange_sim.model.enums import Side
from exchange_sim.model.instrument import ASSET_SCALE, Instrument

ATOMS: int = 10**ASSET_SCALE
"""Atoms of one quote unit."""


def quote_units(atoms: int) -> float:
    """Return an amount of the settlement asset in quote units."""
    return atoms / ATOMS


class Sizer:
    """One instrument's conversions, with its terms at hand as integers.

    An instrument keeps its steps as decimals; working them out per quote would cost more than the quote.
    """

    __slots__ = ("_largest", "_minimum", "_per_tick_lot", "instrument")

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self._per_tick_lot = instrument.atoms_per_tick_lot
        self._minimum = instrument.minimum_notional_atoms
        self._largest = instrument.maximum_order_lots

    def value(self, lots: int, price_ticks: float) -> float:
        """Return the signed value of `lots` at `price_ticks`, in quote units."""
        return lots * price_ticks * self._per_tick_lot / ATOMS

    def lots(self, notional: float, price_ticks: float) -> int:
        """Return the most whole lots worth at most `notional` quote units at `price_ticks`.

        0 where not even one lot fits, where the result would be refused for its minimum notional, and
        for a notional or price of 0 or less. Never more than the instrument's largest order.

        Raises
        ------
        ValueError
            A number is not finite.
        """
        if not (math.isfinite(notional) and math.isfinite(price_ticks)):
            raise ValueError(f"notional: expected finite numbers, was {notional} at {price_ticks} ticks")
        if notional <= 0.0 or price_ticks <= 0.0:
            return 0
        per_lot = price_ticks * self._per_tick_lot
        lots = min(math.floor(notional * ATOMS / per_lot), self._largest)
        return lots if lots * per_lot >= self._minimum else 0

    def is_tradable(self, lots: int, price_ticks: float) -> bool:
        """Return whether an order for `lots` (either sign) reaches the instrument's minimum notional."""
        return lots != 0 and abs(lots) * price_ticks * self._per_tick_lot >= self._minimum


def passive_ticks(price_ticks: float, side: Side) -> int:
    """Return the whole tick at or behind a computed price: a bid rounds down, an ask up.

    A price within 1e-9 of itself to a whole tick is that tick: 100_150.00000000001 is what is left of
    100_000 * 1.0015 in binary, and must not cost an ask a tick.
    """
    nearest = round(price_ticks)
    if abs(price_ticks - nearest) <= 1e-9 * abs(price_ticks):
        return nearest
    return math.floor(price_ticks) if side is Side.BUY else math.ceil(price_ticks)
