"""What an account is worth in one number: money, positions and spot holdings."""

from __future__ import annotations

from exchange_sim.engine.queries import ExchangeView


def worth_atoms(exchange: ExchangeView, account_id: str) -> int:
    """Return equity in the first instrument's settlement asset, spot holdings at their pair's mark.

    The first pair with a holding as its base says what it is worth, rounded down; a holding without a mark is
    worth nothing.
    """
    settle = exchange.instruments[0].settle
    worth = exchange.equity_atoms(account_id, settle)
    valued = {settle}
    for instrument in exchange.instruments:
        if instrument.is_spot and instrument.base not in valued:
            valued.add(instrument.base)
            value = exchange.balance_atoms(account_id, instrument.base) * instrument.atoms_per_tick_lot
            worth += value * exchange.mark_ticks(instrument.instrument_id) // instrument.base_atoms_per_lot
    return worth
