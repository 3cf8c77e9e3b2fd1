"""What an account holds and has traded in one instrument, kept to the atom as the exchange keeps it."""

from __future__ import annotations

from exchange_sim.model.enums import Side
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.rules import PPM


class Position:
    """One instrument's books.

    A perpetual is carried at cost: `lots` and `cost_atoms` are signed, closing a part takes its share of the
    cost, rounded down. An isolated one has `margin_atoms` of its own. Of a spot pair `lots` are the whole
    lots of the base asset held, `bought_lots` and `cost_atoms` what was bought of them and not sold again.
    `realized_atoms` is before fees, `fees_atoms` are valued in the settlement asset, `leverage` is 0 where
    none was chosen.
    """

    __slots__ = (
        "atoms_per_tick_lot",
        "base",
        "base_atoms_per_lot",
        "bought_lots",
        "cost_atoms",
        "fees_atoms",
        "fees_in_base",
        "fills",
        "funding_atoms",
        "instrument",
        "isolated",
        "leverage",
        "liquidations",
        "lots",
        "maker_atoms",
        "margin_atoms",
        "realized_atoms",
        "settle",
        "volume_atoms",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.atoms_per_tick_lot = instrument.atoms_per_tick_lot
        self.settle = instrument.settle
        self.base = instrument.base
        self.base_atoms_per_lot = instrument.base_atoms_per_lot
        self.fees_in_base = instrument.is_spot and instrument.fee_asset == "received"
        self.lots = 0
        self.bought_lots = 0
        self.cost_atoms = 0
        self.realized_atoms = 0
        self.fees_atoms = 0
        self.volume_atoms = 0
        self.maker_atoms = 0
        self.fills = 0
        self.isolated = False
        self.leverage = 0
        self.margin_atoms = 0
        self.funding_atoms = 0
        self.liquidations = 0

    @property
    def is_spot(self) -> bool:
        return self.base_atoms_per_lot > 0

    def entry_ticks(self) -> float | None:
        """Return the average price of what is held, None where nothing was bought or sold for it."""
        lots = self.bought_lots if self.is_spot else self.lots
        return self.cost_atoms / (lots * self.atoms_per_tick_lot) if lots else None

    def profit_atoms(self, half_ticks: int) -> int:
        """Return what closing at `half_ticks / 2` ticks would gain before fees, rounded down.

        0 where no price is known (`half_ticks` 0), and for spot, whose holdings are assets.
        """
        if not self.lots or not half_ticks or self.is_spot:
            return 0
        return self.lots * half_ticks * self.atoms_per_tick_lot // 2 - self.cost_atoms

    def change(self, change_lots: int, price_ticks: int) -> int:
        """Trade signed lots of a perpetual at a price and return what that adds to the balance, in atoms.

        That is the realised profit, and what an isolated position's margin takes or gives back.
        """
        lots, unit = self.lots, price_ticks * self.atoms_per_tick_lot
        held = abs(lots)
        closed = 0 if (lots > 0) == (change_lots > 0) else min(held, abs(change_lots))
        signed = closed if change_lots > 0 else -closed
        self.lots = lots + change_lots
        share = self.cost_atoms * closed // held if closed else 0
        realized = -signed * unit - share
        self.cost_atoms += (change_lots - signed) * unit - share
        self.realized_atoms += realized
        if not self.isolated:
            return realized
        freed = self.margin_atoms * closed // held if closed else 0
        opened = abs(change_lots - signed) * unit
        bound = -(-opened * self.initial_ppm(abs(self.cost_atoms)) // PPM)
        self.margin_atoms += bound - freed
        return realized + freed - bound

    def trade_spot(self, side: Side, lots: int, price_ticks: int) -> None:
        """Remember at which prices what is held was bought."""
        value = lots * price_ticks * self.atoms_per_tick_lot
        if side is Side.BUY:
            self.bought_lots += lots
            self.cost_atoms += value
            return
        closed = min(lots, self.bought_lots)
        share = self.cost_atoms * closed // self.bought_lots if closed else 0
        self.bought_lots -= closed
        self.cost_atoms -= share
        self.realized_atoms += closed * price_ticks * self.atoms_per_tick_lot - share

    def initial_ppm(self, value_atoms: int) -> int:
        """Return the share of a position's value that is its initial margin, in millionths."""
        chosen = -(-PPM // self.leverage) if self.leverage else self.instrument.initial_margin_ppm
        for tier in self.instrument.tiers:
            if value_atoms <= tier.up_to_atoms:
                return max(chosen, tier.initial_ppm)
        return chosen
