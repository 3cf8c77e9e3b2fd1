"""DEPOSIT and SET_MARK: what the operator of the exchange does."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled
from exchange_sim.engine import codes
from exchange_sim.engine.codes import MISSING, ZERO
from exchange_sim.engine.events import emit, refuse
from exchange_sim.engine.layout import MAXIMUM_DEPOSITS_ATOMS
from exchange_sim.engine.pointers import instrument_at, load, store
from exchange_sim.engine.state import DONE, State
from exchange_sim.model.instrument import MAXIMUM_NOTIONAL_ATOMS, MAXIMUM_TICKS


@compiled
def deposit(state: State, header: Any, ts_ns: int, account: int, asset: int, atoms: int) -> int:
    """Execute DEPOSIT; return a status."""
    reason = ZERO
    if asset < 0 or asset >= header.assets:
        reason = codes.UNKNOWN_INSTRUMENT
    elif account < 0 or account >= header.accounts:
        reason = codes.UNKNOWN_ACCOUNT
    elif atoms <= 0 or atoms > MAXIMUM_DEPOSITS_ATOMS - load(state.deposits, asset):
        reason = codes.INVALID_QUANTITY
    if reason != 0:
        refuse(state, header, ts_ns, codes.REJECTED, reason, account, asset, ZERO, ZERO, ZERO, atoms)
        return DONE
    word = account * header.assets + asset
    store(state.balances, word, load(state.balances, word) + atoms)
    store(state.deposits, asset, load(state.deposits, asset) + atoms)
    emit(state, header, ts_ns, codes.DEPOSITED, ZERO, account, asset, ZERO, ZERO, ZERO, atoms, ZERO, ZERO)
    return DONE


@compiled
def set_mark(state: State, header: Any, ts_ns: int, index: int, price_ticks: int) -> int:
    """Execute SET_MARK; price 0 returns to the last trade. Return a status."""
    reason = ZERO
    if index < 0 or index >= header.instruments:
        reason = codes.UNKNOWN_INSTRUMENT
    else:
        atoms = instrument_at(state.instruments, index).atoms_per_tick_lot
        if price_ticks < 0 or price_ticks > min(MAXIMUM_TICKS, MAXIMUM_NOTIONAL_ATOMS // atoms):
            reason = codes.INVALID_PRICE
    if reason != 0:
        refuse(state, header, ts_ns, codes.REJECTED, reason, MISSING, index, ZERO, ZERO, price_ticks, ZERO)
        return DONE
    instrument = instrument_at(state.instruments, index)
    instrument.mark_is_set = 1 if price_ticks > 0 else 0
    instrument.mark_ticks = price_ticks if price_ticks > 0 else instrument.last_ticks
    return DONE
