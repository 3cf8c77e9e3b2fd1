"""What an account does about its margin: leverage, margin mode, margin of a position, withdrawals."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled
from exchange_sim.engine import codes
from exchange_sim.engine.clearing import exposure, share_up
from exchange_sim.engine.codes import MISSING, ZERO, word
from exchange_sim.engine.events import emit, refuse
from exchange_sim.engine.layout import TIERS_MAXIMUM
from exchange_sim.engine.margin import (
    MOST,
    available_atoms,
    initial_ppm_of,
    lacks_margin,
    required_for,
    tier_initial_ppm,
    unrealized,
)
from exchange_sim.engine.marks import value_at_mark, watch
from exchange_sim.engine.pointers import instrument_at, load, position_at, store, tier_at
from exchange_sim.engine.refusals import refuse_target
from exchange_sim.engine.state import DONE, State

_PPM = 1_000_000


@compiled
def _answer(
    state: State, header: Any, ts_ns: int, reason: int, done: int, account: int, index: int, number: int
) -> int:
    """Report a success with its number, or why there is none."""
    if reason != 0:
        refuse(state, header, ts_ns, codes.ACCOUNT_REJECTED, reason, account, index, ZERO, ZERO, ZERO, number)
    else:
        emit(state, header, ts_ns, done, ZERO, account, index, ZERO, ZERO, ZERO, number, ZERO, ZERO)
    return DONE


@compiled
def _refuse_account(state: State, header: Any, account: int, index: int) -> int:
    """Return why an account may not touch its margin in an instrument; 0 if it may."""
    reason = refuse_target(header, account, index)
    if reason != 0:
        return reason
    instrument = instrument_at(state.instruments, index)
    if instrument.is_spot != 0:
        return codes.NOT_FOR_SPOT
    if instrument.state == codes.HALTED:
        return codes.INSTRUMENT_HALTED
    if instrument.state == codes.CANCEL_ONLY:
        return codes.INSTRUMENT_CANCEL_ONLY
    return ZERO


@compiled
def _change_leverage(state: State, header: Any, account: int, index: int, leverage: int) -> int:
    """Set an account's leverage in an instrument, or return why not."""
    instrument = instrument_at(state.instruments, index)
    position = position_at(state.positions, account * header.instruments + index)
    least = instrument.initial_margin_ppm
    if instrument.tiers != 0:
        least = tier_at(state.header + header.tiers_offset, index * TIERS_MAXIMUM).initial_ppm
    if leverage < 1 or leverage > _PPM // least:
        return codes.INVALID_LEVERAGE
    if position.isolated != 0 and position.lots != 0:
        return codes.POSITION_OPEN
    ppm = -(-_PPM // leverage)
    value = exposure(position.cost_atoms, position.open_buy_atoms, position.open_sell_atoms)
    if ppm < tier_initial_ppm(state, header, index, instrument, value):
        return codes.LEVERAGE_ABOVE_TIER
    old, before = word(position.initial_ppm), required_for(state, header, index, instrument, position, value)
    position.initial_ppm = ppm
    required = required_for(state, header, index, instrument, position, value)
    if required > before and lacks_margin(state, header, account, index, instrument, required):
        position.initial_ppm = old
        return codes.INSUFFICIENT_MARGIN
    return ZERO


@compiled
def set_leverage(state: State, header: Any, ts_ns: int, account: int, index: int, leverage: int) -> int:
    """Execute SET_LEVERAGE; return a status."""
    reason = _refuse_account(state, header, account, index)
    if reason == 0:
        reason = _change_leverage(state, header, account, index, leverage)
    return _answer(state, header, ts_ns, reason, codes.LEVERAGE_SET, account, index, leverage)


@compiled
def set_margin_mode(state: State, header: Any, ts_ns: int, account: int, index: int, mode: int) -> int:
    """Execute SET_MARGIN_MODE; return a status."""
    reason = _refuse_account(state, header, account, index)
    if reason == 0:
        position = position_at(state.positions, account * header.instruments + index)
        if mode < 0 or mode > 1:
            reason = codes.INVALID_COMMAND
        elif position.lots != 0 or position.open_orders != 0:
            reason = codes.POSITION_OPEN
        else:
            position.isolated = mode
    return _answer(state, header, ts_ns, reason, codes.MARGIN_MODE_SET, account, index, mode)


@compiled
def _change_margin(state: State, header: Any, account: int, index: int, atoms: int) -> int:
    """Add to an isolated position's margin or take from it, or return why not."""
    instrument = instrument_at(state.instruments, index)
    position = position_at(state.positions, account * header.instruments + index)
    asset = word(instrument.settle)
    if atoms == 0 or atoms < -MOST or atoms > MOST:
        return codes.INVALID_QUANTITY
    if position.isolated == 0 or position.lots == 0:
        return codes.NO_POSITION
    if atoms > 0:
        spare = available_atoms(state, header, account, asset)
    else:
        value = value_at_mark(instrument, position)
        required = share_up(value, initial_ppm_of(state, header, index, instrument, position, value))
        spare = position.margin_atoms + min(ZERO, unrealized(instrument, position)) - required
    if abs(atoms) > spare:
        return codes.INSUFFICIENT_MARGIN
    position.margin_atoms += atoms
    place = account * header.assets + asset
    store(state.balances, place, load(state.balances, place) - atoms)
    watch(state, header, account)
    return ZERO


@compiled
def move_margin(state: State, header: Any, ts_ns: int, account: int, index: int, atoms: int) -> int:
    """Execute MOVE_MARGIN; return a status."""
    reason = _refuse_account(state, header, account, index)
    if reason == 0:
        reason = _change_margin(state, header, account, index, atoms)
    return _answer(state, header, ts_ns, reason, codes.MARGIN_MOVED, account, index, atoms)


@compiled
def withdraw(state: State, header: Any, ts_ns: int, account: int, asset: int, atoms: int) -> int:
    """Execute WITHDRAW; return a status."""
    reason = ZERO
    if asset < 0 or asset >= header.assets:
        reason = codes.UNKNOWN_INSTRUMENT
    elif account < 0 or account >= header.accounts:
        reason = codes.UNKNOWN_ACCOUNT
    elif atoms < 1:
        reason = codes.INVALID_QUANTITY
    elif atoms > available_atoms(state, header, account, asset):
        reason = codes.INSUFFICIENT_BALANCE
    if reason != 0:
        return _answer(state, header, ts_ns, reason, ZERO, account, MISSING, atoms)
    place = account * header.assets + asset
    store(state.balances, place, load(state.balances, place) - atoms)
    store(state.deposits, asset, load(state.deposits, asset) - atoms)
    watch(state, header, account)
    return _answer(state, header, ts_ns, ZERO, codes.WITHDRAWN, account, asset, atoms)
