"""The exchange as one compiled function: `apply` executes one command.

Interface for other compiled code
---------------------------------
`state = open_state(memory.address)` once at the start of a loop, then for each command::

    status = apply(state, ts_ns, kind, account, instrument, side, order_type, time_in_force, post_only,
                   stp, price_ticks, quantity_lots, client_order_id, order_id, terms)

All arguments are integers (any width; they are widened here, so there is one machine code). `terms` is the
address of a TERMS row, 0 for a plain command. Status
`DONE`: the command was executed or refused, and its events are in the ring. `NEED_EVENTS`,
`NEED_ORDERS`, `NEED_LADDER`, `NEED_CODE`: *nothing was changed*, or `header.stage` is 1 and the command goes
on where it stopped; return to Python, let the owner call `Exchange.grow(status)`, open the state again and
repeat the command.

Events are rows `event_at(state.events, n & header.event_mask)` for n in [event_tail, event_head) of
`header_at(state.header, 0)`. Who has read them sets `event_tail = event_head`. What happened at the
last command is the rows from the head before to the head after.

Reading the market: `instrument_at(state.instruments, i)` has best prices, mark and last price;
`level_at(state.levels, row.ladder_offset + price - row.ladder_base_ticks).lots` the lots at a price inside
the ladder; `position_at(state.positions, account * header.instruments + i)` a position, whose
`first_order` and `order_at(state.orders, slot).account_next` list the open orders, newest first.

Rules of each command
---------------------
SUBMIT: ACCEPTED, then for each trade the taker's FILLED and the maker's FILLED, then the rest rests, or
is EXPIRED (IOC, market) or CANCELED (self-trade prevention); or one REJECTED. The checks and their
order are in `refusals`, for special orders in `terms` and `judging`; then range of the ladder, room for the
order, and fill-or-kill.
MODIFY: as submit, with MODIFIED or MODIFY_REJECTED first. CANCEL: CANCELED or CANCEL_REJECTED.
CANCEL_ALL: a CANCELED for each open order, newest entry first, by instrument.
DEPOSIT: `instrument` is the asset, `quantity_lots` the atoms. SET_MARK: price 0 returns to the last trade.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numba

from exchange_sim.compiled import address_of, announce_compilation, compiled, inlined
from exchange_sim.engine import codes
from exchange_sim.engine.changing import cancel
from exchange_sim.engine.codes import MISSING, ZERO, word
from exchange_sim.engine.detour import DO_COMMAND, DO_EXPIRE, DO_REST, ask_rare, call_rare
from exchange_sim.engine.events import SPARE_EVENTS, lacks_room
from exchange_sim.engine.layout import COMMAND_BYTES, EVENT_BYTES, TERMS_OFFSET
from exchange_sim.engine.limits import is_restricted
from exchange_sim.engine.marks import set_mark
from exchange_sim.engine.operating import deposit
from exchange_sim.engine.pointers import command_at, header_at, instrument_at
from exchange_sim.engine.state import (
    DONE,
    NEED_CODE,
    NEED_EVENTS,
    NEED_LADDER,
    NEED_ORDERS,
    State,
    open_state,
)
from exchange_sim.engine.submitting import submit

__all__ = [
    "DONE",
    "NEED_CODE",
    "NEED_EVENTS",
    "NEED_LADDER",
    "NEED_ORDERS",
    "SPARE_EVENTS",
    "apply",
    "apply_by_operator",
    "run_batch",
    "run_row",
    "run_single",
    "single_entry",
]


@inlined
def _do(
    state: State,
    header: Any,
    ts_ns: int,
    kind: int,
    account: int,
    index: int,
    side: int,
    order_type: int,
    time_in_force: int,
    post_only: int,
    stp: int,
    price_ticks: int,
    quantity_lots: int,
    client_order_id: int,
    order_id: int,
    terms: int,
) -> int:
    """Execute the first stage of a command, what its sender asked for."""
    if lacks_room(header, SPARE_EVENTS):
        return NEED_EVENTS
    if kind == codes.DO_SUBMIT:
        plain = terms == 0 and order_type <= codes.MARKET and time_in_force <= codes.FOK
        if plain and 0 <= index < header.instruments:
            instrument = instrument_at(state.instruments, index)
            pays_in_advance = instrument.is_spot != 0 and order_type == codes.MARKET
            plain = not pays_in_advance and not is_restricted(header, instrument)
        if plain:
            return submit(
                state, header, ts_ns, account, index, side, order_type, time_in_force, post_only, stp,
                price_ticks, quantity_lots, client_order_id,
            )  # fmt: skip
    elif kind == codes.DO_CANCEL:
        status = cancel(state, header, ts_ns, account, index, client_order_id, order_id)
        if status >= 0:
            return status
    elif kind == codes.DO_DEPOSIT:
        return deposit(state, header, ts_ns, account, index, quantity_lots)
    elif kind == codes.DO_SET_MARK:
        return set_mark(state, header, ts_ns, index, price_ticks)
    return call_rare(
        state, DO_COMMAND, ts_ns, kind, account, index, side, order_type, time_in_force, post_only, stp,
        price_ticks, quantity_lots, client_order_id, order_id, terms,
    )  # fmt: skip


@compiled
def _apply(
    state: State,
    ts_ns: int,
    kind: int,
    account: int,
    index: int,
    side: int,
    order_type: int,
    time_in_force: int,
    post_only: int,
    stp: int,
    price_ticks: int,
    quantity_lots: int,
    client_order_id: int,
    order_id: int,
    terms: int,
) -> int:
    """Execute a command and all that follows from it; a repeated one goes on where it stopped."""
    header = header_at(state.header, 0)
    header.now_ns = ts_ns
    if header.stage == 0:
        if header.next_due_ns <= ts_ns:
            status = ask_rare(state, DO_EXPIRE, ts_ns, ZERO, ZERO, ZERO, ZERO, ZERO)
            if status != DONE:
                return status
        status = _do(
            state, header, ts_ns, kind, account, index, side, order_type, time_in_force, post_only, stp,
            price_ticks, quantity_lots, client_order_id, order_id, terms,
        )  # fmt: skip
        if status != DONE or header.waiting_orders | header.alarm == 0 or header.deferred != 0:
            return status
        header.stage = 1
    status = ask_rare(state, DO_REST, ts_ns, ZERO, ZERO, ZERO, ZERO, ZERO)
    if status == DONE:
        header.stage = 0
    return status


@compiled
def apply(
    state: State,
    ts_ns: int,
    kind: int,
    account: int,
    instrument: int,
    side: int,
    order_type: int,
    time_in_force: int,
    post_only: int,
    stp: int,
    price_ticks: int,
    quantity_lots: int,
    client_order_id: int,
    order_id: int,
    terms: int,
) -> int:
    """Execute one command; return `DONE`, or what is lacking (then nothing was changed)."""
    return _apply(
        state, word(ts_ns), word(kind), word(account), word(instrument), word(side),
        word(order_type), word(time_in_force), word(post_only), word(stp),
        word(price_ticks), word(quantity_lots), word(client_order_id), word(order_id), word(terms),
    )  # fmt: skip


@inlined
def _run_row(state: State, commands: int, row: int) -> int:
    command = command_at(commands, row)
    terms = commands + row * COMMAND_BYTES + TERMS_OFFSET if command.has_terms != 0 else ZERO
    return apply(
        state, command.ts_ns, command.kind, command.account, command.instrument, command.side,
        command.order_type, command.time_in_force, command.post_only, command.stp,
        command.price_ticks, command.quantity_lots, command.client_order_id, command.order_id, terms,
    )  # fmt: skip


@compiled
def apply_by_operator(
    state: State, ts_ns: int, kind: int, instrument: int, price_ticks: int, quantity_lots: int
) -> int:
    """`apply` of a command that no account sends."""
    return _apply(
        state, word(ts_ns), word(kind), MISSING, word(instrument), ZERO, ZERO, ZERO, ZERO, ZERO,
        word(price_ticks), word(quantity_lots), ZERO, ZERO, ZERO,
    )  # fmt: skip


@compiled
def run_single(
    address: int,
    ts_ns: int,
    kind: int,
    account: int,
    instrument: int,
    side: int,
    order_type: int,
    time_in_force: int,
    post_only: int,
    stp: int,
    price_ticks: int,
    quantity_lots: int,
    client_order_id: int,
    order_id: int,
) -> int:
    """`apply` of a plain command on the block at `address`, for calls from Python."""
    return _apply(
        open_state(address), ts_ns, kind, account, instrument, side, order_type, time_in_force, post_only,
        stp, price_ticks, quantity_lots, client_order_id, order_id, ZERO,
    )  # fmt: skip


@compiled
def run_row(address: int, row: int) -> int:
    """`apply` of the COMMAND row at the address `row`, for calls from Python."""
    return _run_row(open_state(address), row, ZERO)


@cache
def single_entry() -> Callable[..., int]:
    """Return the machine code of `run_single`, without numba's look at the types of each call.

    Takes 14 integers that fit 64 bits; int subclasses and booleans count as integers.
    """
    announce_compilation()
    return run_single.compile((numba.int64,) * 14)  # type: ignore[attr-defined,no-any-return]


@cache
def row_entry() -> Callable[[int, int], int]:
    """Return the machine code of `run_row`."""
    return run_row.compile((numba.int64,) * 2)  # type: ignore[attr-defined,no-any-return]


@cache
def row_address() -> int:
    """Return the address of `run_row`, for `call_two` in code that is compiled without the engine."""
    row_entry()
    return address_of(run_row, 2)


@compiled
def run_batch(address: int, commands: int, first: int, end: int, target: int, capacity: int) -> int:
    """Execute rows `first` to `end` of the COMMAND rows at address `commands`.

    Events are written to the EVENT rows at address `target`, of which there are `capacity`, instead
    of into the ring; the first are for the ring's unread events, already copied there.

    Returns the row at which the batch stopped: `end`, or the row that needs what `header.status` says.
    """
    state = open_state(address)
    header = header_at(state.header, 0)
    ring_mask, ring_capacity = header.event_mask, header.event_capacity
    # Row n of the ring is row n & mask of the table: without a mask, row n - tail of the target.
    header.event_mask = -1
    header.event_capacity = capacity
    events = target - header.event_tail * EVENT_BYTES
    state = State(
        state.header, state.instruments, state.orders, state.levels, state.bitmap, state.positions,
        state.balances, state.fees, state.deposits, state.clients, events,
    )  # fmt: skip
    status = DONE
    row = first
    while row < end:
        status = _run_row(state, commands, row)
        if status != DONE:
            break
        row += 1
    header.status = status
    header.event_mask = ring_mask
    header.event_capacity = ring_capacity
    return row
