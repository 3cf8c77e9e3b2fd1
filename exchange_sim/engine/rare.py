"""All that is rare, behind one entry that is called by its address: see `detour`."""

from __future__ import annotations

from functools import cache
from typing import Any

from exchange_sim.compiled import compiled, entry_point
from exchange_sim.engine import codes
from exchange_sim.engine.accounts import move_margin, set_leverage, set_margin_mode, withdraw
from exchange_sim.engine.acting import come_to_rest
from exchange_sim.engine.changing import cancel_all, cancel_special, modify
from exchange_sim.engine.codes import ZERO, word
from exchange_sim.engine.detour import (
    ARGUMENTS,
    DO_CONCLUDE,
    DO_CUT,
    DO_EXPIRE,
    DO_REST,
    DO_YIELD,
)
from exchange_sim.engine.ending import end_order, expire_due
from exchange_sim.engine.events import emit_order, refuse
from exchange_sim.engine.funding import fund
from exchange_sim.engine.limits import set_state
from exchange_sim.engine.linking import ON_END, ON_FILL, leave_group, take_out
from exchange_sim.engine.marks import set_index
from exchange_sim.engine.operating import feed_insurance
from exchange_sim.engine.placing import replace, submit_special
from exchange_sim.engine.pointers import header_at, order_at, position_at, terms_at
from exchange_sim.engine.reducing import cut_reduce_only
from exchange_sim.engine.requests import read_request
from exchange_sim.engine.special import lower, show_next, terms_of, total_leaves
from exchange_sim.engine.state import DONE, State, open_state

_ALTERNATIVE = word(1)


@compiled
def _operate(
    state: State,
    header: Any,
    ts_ns: int,
    kind: int,
    account: int,
    index: int,
    price_ticks: int,
    quantity_lots: int,
    client_order_id: int,
    order_id: int,
) -> int:
    """Execute a command of the operator, or about an account's margin; return a status."""
    if kind == codes.DO_ADVANCE:
        return DONE
    if kind == codes.DO_SET_STATE:
        return set_state(state, header, ts_ns, index, quantity_lots)
    if kind == codes.DO_SET_INDEX:
        return set_index(state, header, ts_ns, index, price_ticks)
    if kind == codes.DO_FUND:
        return fund(state, header, ts_ns, index, price_ticks, quantity_lots)
    if kind == codes.DO_SET_LEVERAGE:
        return set_leverage(state, header, ts_ns, account, index, quantity_lots)
    if kind == codes.DO_SET_MARGIN_MODE:
        return set_margin_mode(state, header, ts_ns, account, index, quantity_lots)
    if kind == codes.DO_MOVE_MARGIN:
        return move_margin(state, header, ts_ns, account, index, quantity_lots)
    if kind == codes.DO_WITHDRAW:
        return withdraw(state, header, ts_ns, account, index, quantity_lots)
    if kind == codes.DO_FEED_INSURANCE:
        return feed_insurance(state, header, ts_ns, index, quantity_lots)
    refuse(
        state, header, ts_ns, codes.REJECTED, codes.INVALID_COMMAND, account, index, order_id,
        client_order_id, price_ticks, quantity_lots,
    )  # fmt: skip
    return DONE


@compiled
def _execute(
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
    """Execute a command that is not for the hot path; return a status."""
    if kind in (codes.DO_SUBMIT, codes.DO_REPLACE):
        request = read_request(
            account, index, side, order_type, time_in_force, post_only, stp, price_ticks, quantity_lots,
            client_order_id, terms, word(kind == codes.DO_SUBMIT),
        )  # fmt: skip
        if kind == codes.DO_SUBMIT:
            return submit_special(state, header, ts_ns, request)
        old = terms_at(terms, 0).linked_client_id if terms != 0 else ZERO
        return replace(state, header, ts_ns, request, order_id, old)
    if kind == codes.DO_CANCEL:
        return cancel_special(state, header, ts_ns, account, index, client_order_id, order_id)
    if kind == codes.DO_MODIFY:
        trigger_ticks = terms_at(terms, 0).trigger_ticks if terms != 0 else ZERO
        return modify(
            state, header, ts_ns, account, index, price_ticks, quantity_lots, client_order_id, order_id,
            trigger_ticks,
        )  # fmt: skip
    if kind == codes.DO_CANCEL_ALL:
        return cancel_all(state, header, ts_ns, account, index)
    return _operate(
        state, header, ts_ns, kind, account, index, price_ticks, quantity_lots, client_order_id, order_id
    )


@compiled
def _conclude(state: State, header: Any, ts_ns: int, slot: int, lots: int) -> None:
    """Do what a fill of `lots` means for a special maker: links, sums, its next part or its end."""
    maker, terms = order_at(state.orders, slot), terms_of(state, header, slot)
    if terms.reduce_only != 0:
        held = position_at(state.positions, maker.account * header.instruments + maker.instrument)
        held.reduce_only_lots -= lots
    leave_group(state, header, ts_ns, slot, ON_FILL)
    if maker.leaves_lots != 0:
        return
    if terms.hidden_lots != 0:
        show_next(state, header, slot)
        return
    leave_group(state, header, ts_ns, slot, ON_END)
    take_out(state, header, slot)


@compiled
def _yield(state: State, header: Any, ts_ns: int, slot: int, lots: int) -> None:
    """Lower a special order that an order of its own account has met by `lots`; 0: cancel it."""
    if lots == 0:
        end_order(state, header, ts_ns, codes.CANCELED, codes.SELF_TRADE, slot)
        return
    lower(state, header, slot, lots)
    order = order_at(state.orders, slot)
    emit_order(
        state, header, ts_ns, codes.MODIFIED, word(order.side), order, order.quantity_lots,
        total_leaves(state, header, slot, order),
    )  # fmt: skip


def _enter(
    block: int,
    events: int,
    what: int,
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
    """Do `what` is asked for; the integers are those of a command, or what `ask_rare` puts in their place."""
    tables = open_state(block)
    state = State(
        tables.header, tables.instruments, tables.orders, tables.levels, tables.bitmap, tables.positions,
        tables.balances, tables.fees, tables.deposits, tables.clients, events,
    )  # fmt: skip
    header = header_at(block, 0)
    if what == DO_CONCLUDE:
        _conclude(state, header, ts_ns, order_id, quantity_lots)
    elif what == DO_CUT:
        cut_reduce_only(state, header, ts_ns, account, index)
        cut_reduce_only(state, header, ts_ns, client_order_id, index)
    elif what == DO_YIELD:
        _yield(state, header, ts_ns, order_id, quantity_lots)
    elif what == DO_REST:
        return come_to_rest(state, header, ts_ns)
    elif what == DO_EXPIRE:
        return expire_due(state, header, ts_ns)
    else:
        return _execute(
            state, header, ts_ns, kind, account, index, side, order_type, time_in_force, post_only, stp,
            price_ticks, quantity_lots, client_order_id, order_id, terms,
        )  # fmt: skip
    return DONE


@cache
def rare_address() -> int:
    """Return the address of the entry; compiles it at the first call, or loads it from the cache."""
    return entry_point(_enter, ARGUMENTS)
