"""The exchange as one compiled function: `apply` executes one command.

Interface for other compiled code
---------------------------------
`state = open_state(memory.address)` once at the start of a loop, then for each command::

    status = apply(state, ts_ns, kind, account, instrument, side, order_type, time_in_force, post_only,
                   stp, price_ticks, quantity_lots, client_order_id, order_id)

All arguments are integers (any width; they are widened here, so there is one machine code). Status
`DONE`: the command was executed or refused, and its events are in the ring. `NEED_EVENTS`,
`NEED_ORDERS`, `NEED_LADDER`: *nothing was changed*; return to Python, let the owner call
`Exchange.grow(status)`, open the state again and repeat the command.

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
order are in `refusals`; then range of the ladder, room for the order, and fill-or-kill.
MODIFY: as submit, with MODIFIED or MODIFY_REJECTED first. CANCEL: CANCELED or CANCEL_REJECTED.
CANCEL_ALL: a CANCELED for each open order, newest entry first, by instrument.
DEPOSIT: `instrument` is the asset, `quantity_lots` the atoms. SET_MARK: price 0 returns to the last trade.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np

from exchange_sim.compiled import compiled
from exchange_sim.engine.book import IN_LADDER, NEEDS_GROWTH, join_queue, leave_queue, make_price_fit
from exchange_sim.engine.clients import find_client
from exchange_sim.engine.events import emit
from exchange_sim.engine.layout import ORDERS_MAXIMUM
from exchange_sim.engine.matching import best_opposite, can_fill, match, reaches
from exchange_sim.engine.orders import (
    SLOT_BITS,
    enter_order,
    find_order,
    forget_order,
    hold,
    remove_order,
)
from exchange_sim.engine.pointers import (
    command_at,
    header_at,
    instrument_at,
    level_at,
    load,
    order_at,
    position_at,
    store,
)
from exchange_sim.engine.refusals import (
    refuse_exposure,
    refuse_notional,
    refuse_size,
    refuse_target,
    refuse_terms,
    valuation_ticks,
)
from exchange_sim.engine.state import State, open_state
from exchange_sim.model.enums import CommandKind, EventKind, OrderType, Reason, TimeInForce
from exchange_sim.model.instrument import MAXIMUM_NOTIONAL_ATOMS, MAXIMUM_TICKS

DONE, NEED_EVENTS, NEED_ORDERS, NEED_LADDER = 0, 1, 2, 3
SPARE_EVENTS = 8
"""Event rows a command may write besides two for each resting order of the instrument."""

_SUBMIT, _CANCEL, _CANCEL_ALL = int(CommandKind.SUBMIT), int(CommandKind.CANCEL), int(CommandKind.CANCEL_ALL)
_MODIFY, _DEPOSIT, _SET_MARK = int(CommandKind.MODIFY), int(CommandKind.DEPOSIT), int(CommandKind.SET_MARK)
_ACCEPTED, _REJECTED, _EXPIRED = int(EventKind.ACCEPTED), int(EventKind.REJECTED), int(EventKind.EXPIRED)
_CANCELED, _CANCEL_REJECTED = int(EventKind.CANCELED), int(EventKind.CANCEL_REJECTED)
_MODIFIED, _MODIFY_REJECTED = int(EventKind.MODIFIED), int(EventKind.MODIFY_REJECTED)
_DEPOSITED = int(EventKind.DEPOSITED)
_LIMIT, _MARKET = int(OrderType.LIMIT), int(OrderType.MARKET)
_GTC, _IOC, _FOK = int(TimeInForce.GTC), int(TimeInForce.IOC), int(TimeInForce.FOK)
_UNKNOWN_ORDER, _UNKNOWN_ACCOUNT = int(Reason.UNKNOWN_ORDER), int(Reason.UNKNOWN_ACCOUNT)
_UNKNOWN_INSTRUMENT, _INVALID_COMMAND = int(Reason.UNKNOWN_INSTRUMENT), int(Reason.INVALID_COMMAND)
_INVALID_QUANTITY, _INVALID_PRICE = int(Reason.INVALID_QUANTITY), int(Reason.INVALID_PRICE)
_DUPLICATE = int(Reason.DUPLICATE_CLIENT_ORDER_ID)
_POST_ONLY_WOULD_TAKE = int(Reason.POST_ONLY_WOULD_TAKE)
_PRICE_OUT_OF_RANGE = int(Reason.PRICE_OUT_OF_RANGE)
_FOK_NOT_FILLABLE = int(Reason.FOK_NOT_FILLABLE)
_TOO_MANY_OPEN_ORDERS = int(Reason.TOO_MANY_OPEN_ORDERS)
_QUANTITY_BELOW_FILLED = int(Reason.QUANTITY_BELOW_FILLED)
_BY_USER, _BY_CANCEL_ALL = int(Reason.CANCELED_BY_USER), int(Reason.CANCELED_BY_CANCEL_ALL)
_MARKET_REMAINDER, _IOC_REMAINDER = int(Reason.MARKET_REMAINDER), int(Reason.IOC_REMAINDER)


@compiled
def _lacks_room(header: Any, rows: int) -> bool:
    return header.event_mask + 1 - (header.event_head - header.event_tail) < rows


@compiled
def _refuse(
    state: State,
    header: Any,
    ts_ns: int,
    kind: int,
    reason: int,
    account: int,
    index: int,
    order_id: int,
    client_order_id: int,
    price_ticks: int,
    quantity_lots: int,
) -> int:
    """Write one refusal; an account or instrument that does not exist is reported as -1."""
    if account < 0 or account >= header.accounts:
        account = -1
    if index < 0 or index >= max(header.instruments, header.assets):
        index = -1
    emit(
        state, header, ts_ns, kind, reason, account, index, order_id, client_order_id,
        price_ticks, quantity_lots, 0, 0,
    )  # fmt: skip
    return DONE


@compiled
def _submit(
    state: State,
    header: Any,
    ts_ns: int,
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
) -> int:
    reason = refuse_target(header, account, index)
    if reason != 0:
        return _refuse(
            state, header, ts_ns, _REJECTED, reason, account, index, 0, client_order_id, price_ticks,
            quantity_lots,
        )  # fmt: skip
    instrument = instrument_at(state.instruments, index)
    if _lacks_room(header, 2 * instrument.open_orders + SPARE_EVENTS):
        return NEED_EVENTS
    position = position_at(state.positions, account * header.instruments + index)
    limit_ticks = price_ticks if order_type == _LIMIT else 0
    takes = reaches(side, limit_ticks, best_opposite(instrument, side))
    may_rest = order_type == _LIMIT and time_in_force == _GTC
    reason = refuse_terms(side, order_type, time_in_force, post_only, stp, client_order_id)
    if reason == 0:
        reason = refuse_size(instrument, order_type, price_ticks, quantity_lots)
    if reason == 0 and client_order_id != 0 and find_client(state, header, account, client_order_id) >= 0:
        reason = _DUPLICATE
    if reason == 0:
        reason = refuse_notional(instrument, side, order_type, price_ticks, quantity_lots)
    if reason == 0 and post_only != 0 and takes:
        reason = _POST_ONLY_WOULD_TAKE
    if reason == 0:
        valuation = valuation_ticks(instrument, side, order_type, price_ticks)
        reason = refuse_exposure(
            state, header, account, index, instrument, position, side, quantity_lots, valuation, 0, 0
        )
    if reason == 0 and may_rest:
        fit = make_price_fit(state, header, index, instrument, price_ticks)
        if fit == NEEDS_GROWTH:
            return NEED_LADDER
        if fit != IN_LADDER:
            reason = _PRICE_OUT_OF_RANGE
        elif header.free_order < 0:
            if header.order_capacity < ORDERS_MAXIMUM:
                return NEED_ORDERS
            reason = _TOO_MANY_OPEN_ORDERS
    if (
        reason == 0
        and time_in_force == _FOK
        and not can_fill(state, instrument, account, side, limit_ticks, stp, quantity_lots)
    ):
        reason = _FOK_NOT_FILLABLE
    if reason != 0:
        return _refuse(
            state, header, ts_ns, _REJECTED, reason, account, index, 0, client_order_id, price_ticks,
            quantity_lots,
        )  # fmt: skip
    header.sequence += 1
    slot = header.free_order
    order_id = (header.sequence << SLOT_BITS) | max(slot, 0)
    emit(
        state, header, ts_ns, _ACCEPTED, side, account, index, order_id, client_order_id, limit_ticks,
        quantity_lots, quantity_lots, 0,
    )  # fmt: skip
    leaves_lots = quantity_lots
    order = order_at(state.orders, max(slot, 0))
    if takes:
        # The id names this slot: it must not be given away while the match frees others.
        if may_rest:
            header.free_order = order.next
        quantity_lots, leaves_lots, stopped = match(
            state, header, ts_ns, account, index, instrument, side, limit_ticks, stp, order_id,
            client_order_id, quantity_lots, quantity_lots,
        )  # fmt: skip
        if may_rest:
            order.next = header.free_order
            header.free_order = slot
        if leaves_lots == 0 or stopped:
            return DONE
    if not may_rest:
        emit(
            state, header, ts_ns, _EXPIRED, _MARKET_REMAINDER if order_type == _MARKET else _IOC_REMAINDER,
            account, index, order_id, client_order_id, limit_ticks, quantity_lots, leaves_lots, 0,
        )  # fmt: skip
        return DONE
    header.free_order = order.next
    order.order_id = order_id
    order.client_order_id = client_order_id
    order.price_ticks = price_ticks
    order.leaves_lots = leaves_lots
    order.quantity_lots = quantity_lots
    order.account = account
    order.instrument = index
    order.side = side
    order.flags = post_only | (stp << 1)
    enter_order(state, header, instrument, position, slot, order)
    return DONE


@compiled
def _modify(
    state: State,
    header: Any,
    ts_ns: int,
    account: int,
    index: int,
    price_ticks: int,
    quantity_lots: int,
    client_order_id: int,
    order_id: int,
) -> int:
    slot = -1
    reason = refuse_target(header, account, index)
    if reason == 0:
        slot = find_order(state, header, account, index, order_id, client_order_id)
        if slot < 0:
            reason = _UNKNOWN_ORDER
    if reason != 0:
        return _refuse(
            state, header, ts_ns, _MODIFY_REJECTED, reason, account, index, order_id, client_order_id,
            price_ticks, quantity_lots,
        )  # fmt: skip
    instrument = instrument_at(state.instruments, index)
    if _lacks_room(header, 2 * instrument.open_orders + SPARE_EVENTS):
        return NEED_EVENTS
    position = position_at(state.positions, account * header.instruments + index)
    order = order_at(state.orders, slot)
    side, old_leaves = order.side, order.leaves_lots
    filled = order.quantity_lots - old_leaves
    leaves_lots = quantity_lots - filled
    keeps_place = price_ticks == order.price_ticks and quantity_lots < order.quantity_lots
    reason = refuse_size(instrument, _LIMIT, price_ticks, quantity_lots)
    if reason == 0 and leaves_lots <= 0:
        reason = _QUANTITY_BELOW_FILLED
    if reason == 0:
        reason = refuse_notional(instrument, side, _LIMIT, price_ticks, quantity_lots)
    takes = reaches(side, price_ticks, best_opposite(instrument, side))
    if reason == 0 and order.flags & 1 != 0 and takes:
        reason = _POST_ONLY_WOULD_TAKE
    if reason == 0 and not keeps_place:
        reason = refuse_exposure(
            state, header, account, index, instrument, position, side, leaves_lots,
            valuation_ticks(instrument, side, _LIMIT, price_ticks), old_leaves, order.price_ticks,
        )  # fmt: skip
        if reason == 0:
            fit = make_price_fit(state, header, index, instrument, price_ticks)
            if fit == NEEDS_GROWTH:
                return NEED_LADDER
            if fit != IN_LADDER:
                reason = _PRICE_OUT_OF_RANGE
    if reason != 0:
        return _refuse(
            state, header, ts_ns, _MODIFY_REJECTED, reason, account, index, order.order_id,
            order.client_order_id, price_ticks, quantity_lots,
        )  # fmt: skip
    emit(
        state, header, ts_ns, _MODIFIED, side, account, index, order.order_id, order.client_order_id,
        price_ticks, quantity_lots, leaves_lots, 0,
    )  # fmt: skip
    if keeps_place:
        order.quantity_lots = quantity_lots
        order.leaves_lots = leaves_lots
        ladder = instrument.ladder_offset + price_ticks - instrument.ladder_base_ticks
        level_at(state.levels, ladder).lots -= old_leaves - leaves_lots
        hold(instrument, position, side, price_ticks, leaves_lots - old_leaves)
        return DONE
    leave_queue(state, instrument, order)
    hold(instrument, position, side, order.price_ticks, -old_leaves)
    order.price_ticks = price_ticks
    quantity_lots, leaves_lots, stopped = match(
        state, header, ts_ns, account, index, instrument, side, price_ticks, order.flags >> 1,
        order.order_id, order.client_order_id, quantity_lots, leaves_lots,
    )  # fmt: skip
    if leaves_lots == 0 or stopped:
        forget_order(state, header, instrument, position, slot, order)
        return DONE
    order.quantity_lots = quantity_lots
    order.leaves_lots = leaves_lots
    hold(instrument, position, side, price_ticks, leaves_lots)
    join_queue(state, instrument, slot, order)
    return DONE


@compiled
def _cancel_slot(
    state: State, header: Any, ts_ns: int, account: int, index: int, slot: int, reason: int
) -> None:
    order = order_at(state.orders, slot)
    emit(
        state, header, ts_ns, _CANCELED, reason, account, index, order.order_id, order.client_order_id,
        order.price_ticks, order.quantity_lots, order.leaves_lots, 0,
    )  # fmt: skip
    instrument = instrument_at(state.instruments, index)
    position = position_at(state.positions, account * header.instruments + index)
    remove_order(state, header, instrument, position, slot, order)


@compiled
def _cancel(
    state: State, header: Any, ts_ns: int, account: int, index: int, client_order_id: int, order_id: int
) -> int:
    reason = refuse_target(header, account, index)
    slot = -1
    if reason == 0:
        slot = find_order(state, header, account, index, order_id, client_order_id)
    if slot < 0:
        return _refuse(
            state, header, ts_ns, _CANCEL_REJECTED, reason if reason != 0 else _UNKNOWN_ORDER, account,
            index, order_id, client_order_id, 0, 0,
        )  # fmt: skip
    _cancel_slot(state, header, ts_ns, account, index, slot, _BY_USER)
    return DONE


@compiled
def _cancel_all(state: State, header: Any, ts_ns: int, account: int, index: int) -> int:
    first, end = (0, header.instruments) if index == -1 else (index, index + 1)
    reason = refuse_target(header, account, first)
    if reason != 0:
        return _refuse(state, header, ts_ns, _CANCEL_REJECTED, reason, account, index, 0, 0, 0, 0)
    rows = SPARE_EVENTS
    for other in range(first, end):
        rows += position_at(state.positions, account * header.instruments + other).open_orders
    if _lacks_room(header, rows):
        return NEED_EVENTS
    for other in range(first, end):
        position = position_at(state.positions, account * header.instruments + other)
        while position.first_order >= 0:
            _cancel_slot(state, header, ts_ns, account, other, position.first_order, _BY_CANCEL_ALL)
    return DONE


@compiled
def _deposit(state: State, header: Any, ts_ns: int, account: int, asset: int, atoms: int) -> int:
    reason = 0
    if asset < 0 or asset >= header.assets:
        reason = _UNKNOWN_INSTRUMENT
    elif account < 0 or account >= header.accounts:
        reason = _UNKNOWN_ACCOUNT
    elif atoms <= 0 or atoms > MAXIMUM_NOTIONAL_ATOMS - load(state.deposits, asset):
        reason = _INVALID_QUANTITY
    if reason != 0:
        return _refuse(state, header, ts_ns, _REJECTED, reason, account, asset, 0, 0, 0, atoms)
    word = account * header.assets + asset
    store(state.balances, word, load(state.balances, word) + atoms)
    store(state.deposits, asset, load(state.deposits, asset) + atoms)
    emit(state, header, ts_ns, _DEPOSITED, 0, account, asset, 0, 0, 0, atoms, 0, 0)
    return DONE


@compiled
def _set_mark(state: State, header: Any, ts_ns: int, index: int, price_ticks: int) -> int:
    if index < 0 or index >= header.instruments:
        return _refuse(state, header, ts_ns, _REJECTED, _UNKNOWN_INSTRUMENT, -1, index, 0, 0, price_ticks, 0)
    instrument = instrument_at(state.instruments, index)
    highest = min(MAXIMUM_TICKS, MAXIMUM_NOTIONAL_ATOMS // instrument.atoms_per_tick_lot)
    if price_ticks < 0 or price_ticks > highest:
        return _refuse(state, header, ts_ns, _REJECTED, _INVALID_PRICE, -1, index, 0, 0, price_ticks, 0)
    instrument.mark_is_set = 1 if price_ticks > 0 else 0
    instrument.mark_ticks = price_ticks if price_ticks > 0 else instrument.last_ticks
    return DONE


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
) -> int:
    header = header_at(state.header, 0)
    if _lacks_room(header, SPARE_EVENTS):
        return NEED_EVENTS
    if kind == _SUBMIT:
        return _submit(
            state, header, ts_ns, account, index, side, order_type, time_in_force, post_only, stp,
            price_ticks, quantity_lots, client_order_id,
        )  # fmt: skip
    if kind == _CANCEL:
        return _cancel(state, header, ts_ns, account, index, client_order_id, order_id)
    if kind == _MODIFY:
        return _modify(
            state, header, ts_ns, account, index, price_ticks, quantity_lots, client_order_id, order_id
        )
    if kind == _CANCEL_ALL:
        return _cancel_all(state, header, ts_ns, account, index)
    if kind == _DEPOSIT:
        return _deposit(state, header, ts_ns, account, index, quantity_lots)
    if kind == _SET_MARK:
        return _set_mark(state, header, ts_ns, index, price_ticks)
    return _refuse(
        state, header, ts_ns, _REJECTED, _INVALID_COMMAND, account, index, order_id, client_order_id,
        price_ticks, quantity_lots,
    )  # fmt: skip


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
) -> int:
    """Execute one command; return `DONE`, or what is lacking (then nothing was changed)."""
    return _apply(
        state, np.int64(ts_ns), np.int64(kind), np.int64(account), np.int64(instrument), np.int64(side),
        np.int64(order_type), np.int64(time_in_force), np.int64(post_only), np.int64(stp),
        np.int64(price_ticks), np.int64(quantity_lots), np.int64(client_order_id), np.int64(order_id),
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
    """`apply` on the block at `address`, for calls from Python."""
    return _apply(
        open_state(address), ts_ns, kind, account, instrument, side, order_type, time_in_force, post_only,
        stp, price_ticks, quantity_lots, client_order_id, order_id,
    )  # fmt: skip


@cache
def single_entry() -> Callable[..., int]:
    """Return the machine code of `run_single`, without numba's look at the types of each call.

    Takes 14 integers that fit 64 bits; int subclasses and booleans count as integers.
    """
    return run_single.compile((numba.int64,) * 14)  # type: ignore[attr-defined,no-any-return]


@compiled
def run_batch(address: int, commands: int, first: int, end: int) -> int:
    """Execute rows `first` to `end` of the COMMAND rows at address `commands`.

    Returns the row at which the batch stopped: `end`, or the row that needs what `header.status` says.
    """
    state = open_state(address)
    header = header_at(state.header, 0)
    for row in range(first, end):
        command = command_at(commands, row)
        status = apply(
            state, command.ts_ns, command.kind, command.account, command.instrument, command.side,
            command.order_type, command.time_in_force, command.post_only, command.stp,
            command.price_ticks, command.quantity_lots, command.client_order_id, command.order_id,
        )  # fmt: skip
        if status != DONE:
            header.status = status
            return row
    header.status = DONE
    return end
