"""DEPOSIT and FEED_INSURANCE: money that enters the exchange."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled
from exchange_sim.engine import codes
from exchange_sim.engine.codes import MISSING, ZERO
from exchange_sim.engine.events import emit, refuse
from exchange_sim.engine.layout import MAXIMUM_DEPOSITS_ATOMS
from exchange_sim.engine.pointers import load, store
from exchange_sim.engine.state import DONE, State


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
def feed_insurance(state: State, header: Any, ts_ns: int, asset: int, atoms: int) -> int:
    """Execute FEED_INSURANCE, a deposit into the insurance fund; return a status."""
    reason = ZERO
    if asset < 0 or asset >= header.assets:
        reason = codes.UNKNOWN_INSTRUMENT
    elif atoms <= 0 or atoms > MAXIMUM_DEPOSITS_ATOMS - load(state.deposits, asset):
        reason = codes.INVALID_QUANTITY
    if reason != 0:
        refuse(state, header, ts_ns, codes.REJECTED, reason, MISSING, asset, ZERO, ZERO, ZERO, atoms)
        return DONE
    insurance = state.header + header.insurance_offset
    store(insurance, asset, load(insurance, asset) + atoms)
    store(state.deposits, asset, load(state.deposits, asset) + atoms)
    emit(state, header, ts_ns, codes.DEPOSITED, ZERO, MISSING, asset, ZERO, ZERO, ZERO, atoms, ZERO, ZERO)
    return DONE
