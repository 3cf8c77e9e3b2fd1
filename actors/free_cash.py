"""What of an account's cash new orders can use."""

from __future__ import annotations

from actors.portfolio import Portfolio
from actors.tracker import OrderTracker
from exchange_sim.model.enums import Side
from exchange_sim.model.rules import PPM


def free_cash_atoms(portfolio: Portfolio, tracker: OrderTracker) -> int:
    """Return cash and the profit of cross positions, less initial margins and what spot buys hold.

    Positions and open orders are valued at the mark, as far as one is known: the exchange counts orders at
    their limits and positions at cost, so near the edge it may judge otherwise. Orders that wait for a
    trigger bind nothing.
    """
    settles = {position.settle for position in portfolio.positions.values()}
    pairs = {position.base for position in portfolio.positions.values() if position.is_spot}
    free = sum(atoms for asset, atoms in portfolio.balances_atoms.items() if asset in settles - pairs)
    for instrument_id, position in portfolio.positions.items():
        if position.is_spot:
            continue
        half_ticks = portfolio.mark_half_ticks(instrument_id)
        totals = tracker.totals[instrument_id]
        reach = max(abs(position.lots + totals.buy_lots), abs(position.lots - totals.sell_lots))
        value = reach * half_ticks * position.atoms_per_tick_lot // 2
        bound = -(-value * position.initial_ppm(value) // PPM)
        if position.isolated:
            free -= max(0, bound - position.margin_atoms)
        else:
            free += position.profit_atoms(half_ticks) - bound
    for order in tracker.open.values():
        position = portfolio.positions[order.instrument_id]
        if position.is_spot and order.side is Side.BUY and not order.waits:
            half_ticks = 2 * order.limit_ticks or portfolio.mark_half_ticks(order.instrument_id)
            free -= order.leaves_lots * half_ticks * position.atoms_per_tick_lot // 2
    return free
