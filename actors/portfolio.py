"""An account's own books: positions, cash and their value, kept from its fills alone.

They follow the exchange's clearing to the atom: a position is carried at cost, closing a part takes its share
of the cost, rounded down, and the difference goes to the balance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from exchange_sim.model.enums import Liquidity, Side
from exchange_sim.model.events import OrderFilled
from exchange_sim.model.ids import AssetId, InstrumentId
from exchange_sim.model.instrument import Instrument


class Position:
    """What the account holds and has traded in one instrument.

    `lots` and `cost_atoms` are signed; `realized_atoms` is before fees.
    """

    __slots__ = (
        "atoms_per_tick_lot",
        "cost_atoms",
        "fees_atoms",
        "fills",
        "lots",
        "maker_atoms",
        "realized_atoms",
        "settle",
        "volume_atoms",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.atoms_per_tick_lot = instrument.atoms_per_tick_lot
        self.settle = instrument.settle
        self.lots = 0
        self.cost_atoms = 0
        self.realized_atoms = 0
        self.fees_atoms = 0
        self.volume_atoms = 0
        self.maker_atoms = 0
        self.fills = 0

    def profit_atoms(self, half_ticks: int) -> int:
        """Return what closing at `half_ticks / 2` ticks would gain before fees, rounded down.

        0 where no price is known (`half_ticks` 0).
        """
        if not self.lots or not half_ticks:
            return 0
        return self.lots * half_ticks * self.atoms_per_tick_lot // 2 - self.cost_atoms

    def change(self, change_lots: int, price_ticks: int) -> int:
        """Trade signed lots at a price and return the realised profit in atoms."""
        lots, unit = self.lots, price_ticks * self.atoms_per_tick_lot
        self.lots = lots + change_lots
        if lots == 0 or (lots > 0) == (change_lots > 0):
            self.cost_atoms += change_lots * unit
            return 0
        held = abs(lots)
        closed = min(held, abs(change_lots))
        signed = closed if change_lots > 0 else -closed
        share = self.cost_atoms * closed // held
        realized = -signed * unit - share
        self.cost_atoms += (change_lots - signed) * unit - share
        self.realized_atoms += realized
        return realized


class Portfolio:
    """Positions and balances of one account.

    Parameters
    ----------
    instruments
        All that the account may trade.
    deposits_atoms
        Cash at the start, by asset; the settlement assets of the instruments are there with 0.
    mark_half_ticks
        Tells twice the price, in ticks, at which an instrument is valued, 0 while none is known. Twice, so
        that a mid between two ticks is whole.
    """

    __slots__ = ("balances_atoms", "deposits_atoms", "mark_half_ticks", "positions")

    def __init__(
        self,
        instruments: Sequence[Instrument],
        deposits_atoms: Mapping[AssetId, int],
        mark_half_ticks: Callable[[InstrumentId], int],
    ) -> None:
        self.mark_half_ticks = mark_half_ticks
        self.positions: dict[InstrumentId, Position] = {
            instrument.instrument_id: Position(instrument) for instrument in instruments
        }
        self.deposits_atoms = dict.fromkeys((each.settle for each in instruments), 0) | dict(deposits_atoms)
        self.balances_atoms = dict(self.deposits_atoms)

    def fill(self, fill: OrderFilled) -> None:
        """Book a fill."""
        position = self.positions[fill.instrument_id]
        lots, price = fill.quantity_lots, fill.price_ticks
        realized = position.change(lots if fill.side is Side.BUY else -lots, price)
        value = lots * price * position.atoms_per_tick_lot
        position.fills += 1
        position.volume_atoms += value
        if fill.liquidity is Liquidity.MAKER:
            position.maker_atoms += value
        position.fees_atoms += fill.fee_atoms
        self.balances_atoms[position.settle] += realized - fill.fee_atoms

    def equity_atoms(self) -> int:
        """Return all cash plus the open positions' profit at the marks, each rounded down.

        Exact for accounts with one settlement asset; several are added as if they were worth the same.
        """
        equity = sum(self.balances_atoms.values())
        for instrument_id, position in self.positions.items():
            if position.lots:
                equity += position.profit_atoms(self.mark_half_ticks(instrument_id))
        return equity
