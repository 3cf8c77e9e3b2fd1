"""What an account's positions can become if its open orders fill: what the risk gate measures."""

from __future__ import annotations

from actors.portfolio import Portfolio
from actors.tracker import OrderTracker
from exchange_sim.model.enums import Side
from exchange_sim.model.ids import InstrumentId


class Exposure:
    """Reads the account's books. Orders that wait for a trigger count too, unless they can only reduce.

    Parameters
    ----------
    portfolio, tracker
        The account's.
    """

    __slots__ = ("_portfolio", "_tracker")

    def __init__(self, portfolio: Portfolio, tracker: OrderTracker) -> None:
        self._portfolio = portfolio
        self._tracker = tracker

    def mark_half_ticks(self, instrument_id: InstrumentId) -> int:
        """Return twice the price that positions are valued at; 0 if none is known."""
        return self._portfolio.mark_half_ticks(instrument_id)

    def value_atoms(self, instrument_id: InstrumentId, tick_lots: int) -> int:
        """Return the value of so many lots times ticks."""
        return tick_lots * self._portfolio.positions[instrument_id].atoms_per_tick_lot

    def reduces(self, instrument_id: InstrumentId, side: Side, lots: int) -> bool:
        """Return whether so many lots more on a side can do nothing but reduce the position."""
        held = self._portfolio.positions[instrument_id].lots
        totals = self._tracker.totals[instrument_id]
        if side is Side.BUY:
            return totals.buy_lots + totals.waiting_buy_lots + lots <= -held
        return totals.sell_lots + totals.waiting_sell_lots + lots <= held

    def reach(self, instrument_id: InstrumentId, bought: int = 0, sold: int = 0) -> int:
        """Return the largest value, at the mark, that open orders (and more of them) can lead to."""
        position = self._portfolio.positions[instrument_id]
        totals = self._tracker.totals[instrument_id]
        long = abs(position.lots + totals.buy_lots + totals.waiting_buy_lots + bought)
        short = abs(position.lots - totals.sell_lots - totals.waiting_sell_lots - sold)
        half_ticks = self._portfolio.mark_half_ticks(instrument_id)
        return max(long, short) * half_ticks * position.atoms_per_tick_lot // 2

    def reach_with(self, instrument_id: InstrumentId, side: Side, lots: int) -> int:
        """Return the same with so many lots more on a side."""
        if side is Side.BUY:
            return self.reach(instrument_id, bought=lots)
        return self.reach(instrument_id, sold=lots)

    def reach_of_others(self, instrument_id: InstrumentId) -> int:
        """Return the sum of the reaches of all other instruments."""
        return sum(self.reach(each) for each in self._portfolio.positions if each != instrument_id)

    def equity_atoms(self) -> int:
        return self._portfolio.equity_atoms()
