"""An account's own books: positions, balances and their value, kept from its events alone.

They follow the exchange's clearing to the atom, see `docs/exchange.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from actors.position import Position
from exchange_sim.model.enums import Liquidity, MarginMode, Side
from exchange_sim.model.events import (
    AccountEvent,
    FundingPaid,
    InsurancePaid,
    LeverageSet,
    MarginModeSet,
    MarginMoved,
    OrderFilled,
    PositionDeleveraged,
    PositionLiquidated,
)
from exchange_sim.model.ids import AssetId, InstrumentId
from exchange_sim.model.instrument import Instrument

__all__ = ["Portfolio", "Position"]


class Portfolio:
    """Positions and balances of one account.

    Parameters
    ----------
    instruments
        All that the account may trade.
    deposits_atoms
        What it has at the start, by asset; the instruments' assets are there with 0.
    mark_half_ticks
        Tells twice the price, in ticks, at which an instrument is valued, 0 while none is known. Twice, so
        that a mid between two ticks is whole.

    Attributes
    ----------
    insurance_atoms
        Paid to the insurance fund as liquidation fees, less what the fund paid for the account.
    deleveraged
        How often a position was closed against a bankrupt one.
    """

    __slots__ = (
        "_pairs",
        "balances_atoms",
        "deleveraged",
        "deposits_atoms",
        "insurance_atoms",
        "mark_half_ticks",
        "positions",
    )

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
        assets = (asset for each in instruments for asset in each.assets)
        self.deposits_atoms = dict.fromkeys(assets, 0) | dict(deposits_atoms)
        self.balances_atoms = dict(self.deposits_atoms)
        self.insurance_atoms = 0
        self.deleveraged = 0
        main = instruments[0].settle if instruments else None
        self._pairs: dict[AssetId, InstrumentId] = {}
        """The spot pair in whose price a holding is valued, by asset."""
        for each in instruments:
            if each.is_spot and each.base != main:
                self._pairs.setdefault(each.base, each.instrument_id)
        self._count_holdings()

    def fill(self, fill: OrderFilled) -> None:
        """Book a fill."""
        position = self.positions[fill.instrument_id]
        lots, price, fee = fill.quantity_lots, fill.price_ticks, fill.fee_atoms
        value = lots * price * position.atoms_per_tick_lot
        position.fills += 1
        position.volume_atoms += value
        if fill.liquidity is Liquidity.MAKER:
            position.maker_atoms += value
        if position.base_atoms_per_lot:
            self._exchange_assets(position, fill.side, lots, price, fee)
            return
        change = position.change(lots if fill.side is Side.BUY else -lots, price)
        position.fees_atoms += fee
        self.balances_atoms[position.settle] += change - fee

    def _exchange_assets(self, position: Position, side: Side, lots: int, price: int, fee: int) -> None:
        """Book a fill of a spot pair."""
        balances, sign = self.balances_atoms, side.sign
        position.trade_spot(side, lots, price)
        unit = price * position.atoms_per_tick_lot
        balances[position.settle] -= sign * lots * unit
        balances[position.base] += sign * lots * position.base_atoms_per_lot
        if position.fees_in_base and side is Side.BUY:
            balances[position.base] -= fee
            position.fees_atoms += fee * unit // position.base_atoms_per_lot
        else:
            balances[position.settle] -= fee
            position.fees_atoms += fee
        self._count_holdings()

    def _count_holdings(self) -> None:
        for position in self.positions.values():
            if position.is_spot:
                position.lots = self.balances_atoms[position.base] // position.base_atoms_per_lot

    def account(self, event: AccountEvent) -> None:
        """Book what happened to the account without an order of its own."""
        position = self.positions[event.instrument_id]
        if isinstance(event, FundingPaid):
            position.funding_atoms += event.paid_atoms
            if position.isolated:
                position.margin_atoms -= event.paid_atoms
            else:
                self.balances_atoms[position.settle] -= event.paid_atoms
        elif isinstance(event, PositionDeleveraged):
            lots = event.side.sign * event.quantity_lots
            self.balances_atoms[position.settle] += position.change(lots, event.price_ticks)
            self.deleveraged += 1
        elif isinstance(event, InsurancePaid):
            self.insurance_atoms += event.paid_atoms
            if position.isolated and position.lots and event.paid_atoms > 0:
                position.margin_atoms -= event.paid_atoms
            else:
                self.balances_atoms[position.settle] -= event.paid_atoms
        elif isinstance(event, PositionLiquidated):
            position.liquidations += 1
        elif isinstance(event, MarginMoved):
            position.margin_atoms += event.atoms
            self.balances_atoms[position.settle] -= event.atoms
        elif isinstance(event, LeverageSet):
            position.leverage = event.leverage
        elif isinstance(event, MarginModeSet):
            position.isolated = event.margin_mode is MarginMode.ISOLATED

    def equity_atoms(self) -> int:
        """Return all that the account is worth in its settlement asset, each part rounded down.

        Balances, isolated margins and the open positions' profit at the marks; spot holdings at the mark of
        the first pair that has them as base. Exact for accounts with one settlement asset; several are added
        as if they were worth the same.
        """
        equity = 0
        for asset, atoms in self.balances_atoms.items():
            pair = self._pairs.get(asset)
            equity += atoms if pair is None else self._worth(self.positions[pair], atoms)
        for instrument_id, position in self.positions.items():
            if position.lots and not position.base_atoms_per_lot:
                equity += position.margin_atoms + position.profit_atoms(self.mark_half_ticks(instrument_id))
        return equity

    def position_value_atoms(self) -> int:
        """Return the value of all positions at the marks, short ones negative; rounded down."""
        return sum(
            each.lots * self.mark_half_ticks(instrument_id) * each.atoms_per_tick_lot // 2
            for instrument_id, each in self.positions.items()
            if each.lots
        )

    def _worth(self, pair: Position, atoms: int) -> int:
        half_ticks = self.mark_half_ticks(pair.instrument.instrument_id)
        return atoms * half_ticks * pair.atoms_per_tick_lot // (2 * pair.base_atoms_per_lot)
