"""Trading states, message rates, order counts and price bands."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine import codes
from exchange_sim.engine.codes import MISSING, ZERO, word
from exchange_sim.engine.events import emit, refuse
from exchange_sim.engine.pointers import holder_at, instrument_at
from exchange_sim.engine.state import DONE, State

_SECOND_NS = word(1_000_000_000)
_PPM = word(1_000_000)


@inlined
def is_restricted(header: Any, instrument: Any) -> bool:
    """Return whether any rule of this module can refuse or bound an order in an instrument."""
    rules = instrument.state | instrument.price_band_ppm | instrument.maximum_open_orders
    return (rules | header.messages_per_second) != 0  # type: ignore[no-any-return]


@inlined
def refuse_state(instrument: Any) -> int:
    """Return why an instrument takes no orders; 0 if it does."""
    if instrument.state == codes.HALTED:
        return codes.INSTRUMENT_HALTED
    return codes.INSTRUMENT_CANCEL_ONLY if instrument.state != codes.TRADING else ZERO


@compiled
def refuse_rate(state: State, header: Any, ts_ns: int, account: int) -> int:
    """Return whether an account has sent as many messages in this second as it may."""
    if header.messages_per_second == 0:
        return ZERO
    holder = holder_at(state.header + header.holders_offset, account)
    used = holder.messages if holder.second == ts_ns // _SECOND_NS else ZERO
    return codes.RATE_LIMITED if used >= header.messages_per_second else ZERO


@compiled
def count_message(state: State, header: Any, ts_ns: int, account: int) -> None:
    """Count a message that was accepted."""
    if header.messages_per_second == 0:
        return
    holder = holder_at(state.header + header.holders_offset, account)
    second = ts_ns // _SECOND_NS
    if holder.second != second:
        holder.second = second
        holder.messages = 0
    holder.messages += 1


@inlined
def refuse_counts(instrument: Any, position: Any, rests: int, waiting: int) -> int:
    """Return why an account has too many orders for one that may rest, or for `waiting` that wait."""
    most = instrument.maximum_open_orders
    if rests != 0 and most != 0 and position.open_orders - position.waiting_orders >= most:
        return codes.TOO_MANY_ACCOUNT_ORDERS
    most = instrument.maximum_waiting_orders
    if waiting != 0 and most != 0 and position.waiting_orders + waiting > most:
        return codes.TOO_MANY_WAITING_ORDERS
    return ZERO


@inlined
def _reference_ticks(instrument: Any) -> int:
    mark, last = instrument.mark_ticks, instrument.last_ticks
    return mark if mark != 0 else last  # type: ignore[no-any-return]


@inlined
def band_limit_ticks(instrument: Any, side: int) -> int:
    """Return the worst price at which a market order may trade; 0: any."""
    band, reference = instrument.price_band_ppm, _reference_ticks(instrument)
    if band == 0 or reference == 0:
        return ZERO
    width = reference * band // _PPM
    return reference + (width if side == codes.BUY else -width)  # type: ignore[no-any-return]


@inlined
def refuse_band(instrument: Any, price_ticks: int) -> int:
    """Return whether a limit lies outside the price band."""
    band, reference = instrument.price_band_ppm, _reference_ticks(instrument)
    if band == 0 or reference == 0:
        return ZERO
    outside = abs(price_ticks - reference) > reference * band // _PPM
    return codes.PRICE_OUTSIDE_BAND if outside else ZERO


@compiled
def set_state(state: State, header: Any, ts_ns: int, index: int, trading_state: int) -> int:
    """Execute SET_STATE; return a status."""
    reason = ZERO
    if index < 0 or index >= header.instruments:
        reason = codes.UNKNOWN_INSTRUMENT
    elif trading_state < codes.TRADING or trading_state > codes.CANCEL_ONLY:
        reason = codes.INVALID_COMMAND
    if reason != 0:
        refuse(state, header, ts_ns, codes.REJECTED, reason, MISSING, index, ZERO, ZERO, ZERO, trading_state)
        return DONE
    instrument_at(state.instruments, index).state = trading_state
    header.alarm = 1  # accounts that could not be liquidated before may be now
    emit(
        state, header, ts_ns, codes.STATE_SET, ZERO, MISSING, index, ZERO, ZERO, ZERO, trading_state, ZERO,
        ZERO,
    )  # fmt: skip
    return DONE
