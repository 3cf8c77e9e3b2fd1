"""FUND: longs pay shorts, or the reverse, a rate of the value of their positions.

Bounds: values are at most 2**61 atoms and rates 1e9 parts per billion, so a product split at a billion fits.
"""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine import codes
from exchange_sim.engine.clearing import value_of
from exchange_sim.engine.codes import MISSING, ZERO, word
from exchange_sim.engine.events import SPARE_EVENTS, emit, lacks_room, refuse
from exchange_sim.engine.margin import WATCHED
from exchange_sim.engine.pointers import instrument_at, load, position_at, store
from exchange_sim.engine.state import DONE, NEED_EVENTS, State

_PPB = 1_000_000_000
_NEAR_PPB = 500_000
"""How far the rate is pulled from the premium towards the interest, at most: 0.05 %."""


@inlined
def _clamp(value: int, bound: int) -> int:
    return max(-bound, min(bound, value))


@inlined
def _rate_from_premium(instrument: Any) -> int:
    """Return the rate that follows from the mean premium since the last funding."""
    count = instrument.premium_count
    premium = instrument.premium_sum_ppb // count if count != 0 else ZERO
    rate = premium + _clamp(instrument.interest_ppb - premium, _NEAR_PPB)
    return _clamp(rate, instrument.funding_limit_ppb)


@inlined
def funding_payment(value_atoms: int, rate_ppb: int) -> int:
    """Return what a position of signed value pays, rounded up: so a receiver's is rounded down."""
    billions = value_atoms // _PPB
    return billions * rate_ppb - (-(value_atoms - billions * _PPB) * rate_ppb) // _PPB


@inlined
def _refuse_funding(state: State, header: Any, index: int, rate_ppb: int, from_premium: int) -> int:
    if index < 0 or index >= header.instruments:
        return codes.UNKNOWN_INSTRUMENT
    if instrument_at(state.instruments, index).is_spot != 0:
        return codes.NOT_FOR_SPOT
    if from_premium < 0 or from_premium > 1:
        return codes.INVALID_QUANTITY
    if rate_ppb < -_PPB or rate_ppb > _PPB:
        return codes.INVALID_PRICE
    return ZERO


@compiled
def fund(state: State, header: Any, ts_ns: int, index: int, rate_ppb: int, from_premium: int) -> int:
    """Execute FUND; return a status."""
    reason = _refuse_funding(state, header, index, rate_ppb, from_premium)
    if reason != 0:
        refuse(
            state, header, ts_ns, codes.REJECTED, reason, MISSING, index, ZERO, ZERO, rate_ppb, from_premium
        )
        return DONE
    if lacks_room(header, header.accounts + SPARE_EVENTS):
        return NEED_EVENTS
    instrument = instrument_at(state.instruments, index)
    rate = _rate_from_premium(instrument) if from_premium != 0 else rate_ppb
    instrument.premium_sum_ppb = 0
    instrument.premium_count = 0
    mark, asset = instrument.mark_ticks, word(instrument.settle)
    collected = ZERO
    for account in range(header.accounts):
        position = position_at(state.positions, account * header.instruments + index)
        if position.lots == 0:
            continue
        paid = funding_payment(value_of(position.lots, mark, instrument.atoms_per_tick_lot), rate)
        position.funding_atoms += paid
        collected += paid
        if position.isolated != 0:
            position.margin_atoms -= paid
        else:
            place = account * header.assets + asset
            store(state.balances, place, load(state.balances, place) - paid)
        emit(
            state, header, ts_ns, codes.FUNDED, ZERO, account, index, ZERO, ZERO, mark, position.lots, ZERO,
            paid,
        )  # fmt: skip
    insurance = state.header + header.insurance_offset
    store(insurance, asset, load(insurance, asset) + collected)
    if instrument.links & WATCHED != 0:
        header.alarm = 1
    return DONE
