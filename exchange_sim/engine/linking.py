"""Linked orders: alternatives of which the first to act cancels the others, and brackets.

A group is a ring of slots in order of acceptance. It falls apart when one of its orders trades, fires or
ends.
"""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine import codes
from exchange_sim.engine.codes import MISSING, word
from exchange_sim.engine.events import emit_order
from exchange_sim.engine.expiry import forget_end
from exchange_sim.engine.orders import forget_order
from exchange_sim.engine.pointers import instrument_at, order_at, position_at
from exchange_sim.engine.special import (
    ALTERNATIVE,
    ASLEEP,
    AWAKE,
    ENTRY,
    FLYING,
    SPECIAL,
    WAITING,
    clear_terms,
    take_from_queue,
    terms_of,
    total_leaves,
)
from exchange_sim.engine.state import State
from exchange_sim.engine.triggers import arm, disarm

ON_FILL, ON_FIRING, ON_END = word(0), word(1), word(2)
"""What makes a group fall apart."""


@compiled
def stop_waiting(state: State, header: Any, slot: int) -> None:
    """Take a waiting order out of all that concerns waiting ones."""
    order = order_at(state.orders, slot)
    if terms_of(state, header, slot).armed != 0:
        disarm(state, header, slot)
    order.flags = order.flags & ~WAITING
    instrument_at(state.instruments, order.instrument).waiting_orders -= 1
    position_at(state.positions, order.account * header.instruments + order.instrument).waiting_orders -= 1
    header.waiting_orders -= 1


@compiled
def take_out(state: State, header: Any, slot: int) -> None:
    """Take a special order that is in no group out of all tables and free its slot."""
    order, terms = order_at(state.orders, slot), terms_of(state, header, slot)
    instrument = instrument_at(state.instruments, order.instrument)
    position = position_at(state.positions, order.account * header.instruments + order.instrument)
    if order.flags & WAITING != 0:
        stop_waiting(state, header, slot)
    elif order.flags & FLYING == 0:
        take_from_queue(state, header, slot)
    if terms.expire_ns != 0:
        forget_end(state, header, slot)
    header.special_orders -= 1
    forget_order(state, header, instrument, position, slot, order)


@inlined
def _oldest(state: State, header: Any, slot: int) -> int:
    """Return the order of a group that was accepted first."""
    found, other = slot, word(terms_of(state, header, slot).group_next)
    while other != slot:
        if order_at(state.orders, other).order_id < order_at(state.orders, found).order_id:
            found = other
        other = word(terms_of(state, header, other).group_next)
    return found


@compiled
def link(state: State, header: Any, slot: int, other: int) -> None:
    """Make the newest order, in `slot`, an alternative of `other` and of all that `other` is linked to."""
    if order_at(state.orders, other).flags & SPECIAL == 0:
        clear_terms(state, header, other)
    terms, mine = terms_of(state, header, other), terms_of(state, header, slot)
    terms.role = mine.role = ALTERNATIVE
    if terms.group_next < 0:
        terms.group_next = other
    first = _oldest(state, header, other)
    last = first
    while terms_of(state, header, last).group_next != first:
        last = word(terms_of(state, header, last).group_next)
    terms_of(state, header, last).group_next = slot
    mine.group_next = first


@compiled
def _wake(state: State, header: Any, slot: int) -> None:
    """Have the sleeping exits of an entry watch their prices."""
    other = word(terms_of(state, header, slot).group_next)
    while other != slot:
        terms = terms_of(state, header, other)
        if terms.role == ASLEEP:
            terms.role = AWAKE
            arm(state, header, other)
        other = word(terms.group_next)


@inlined
def _goes_along(cause: int, role: int, entry_unfilled: int, other_role: int) -> bool:
    """Return whether what happened to an order cancels another of its group."""
    if role == ENTRY:
        return entry_unfilled != 0
    if other_role == ENTRY:
        return cause == ON_FIRING
    return True


@compiled
def leave_group(state: State, header: Any, ts_ns: int, slot: int, cause: int) -> None:
    """Do to the other orders of a group what the fill, firing or end of one means for them.

    The order itself leaves the group and all else as it is.
    """
    terms = terms_of(state, header, slot)
    if terms.group_next < 0:
        return
    role = word(terms.role)
    if role == ENTRY and cause == ON_FILL:
        _wake(state, header, slot)
        return
    entry_unfilled = word(terms_of(state, header, terms.group_next).role == ASLEEP)
    first = _oldest(state, header, slot)
    stays_first = stays_last = MISSING
    member = first
    while True:
        mine = terms_of(state, header, member)
        following = word(mine.group_next)
        mine.group_next = MISSING
        if member != slot:
            if _goes_along(cause, role, entry_unfilled, word(mine.role)):
                order = order_at(state.orders, member)
                emit_order(
                    state, header, ts_ns, codes.CANCELED, codes.LINKED_ORDER, order, order.quantity_lots,
                    total_leaves(state, header, member, order),
                )  # fmt: skip
                take_out(state, header, member)
            else:
                if stays_last >= 0:
                    terms_of(state, header, stays_last).group_next = member
                else:
                    stays_first = member
                stays_last = member
        member = following
        if member == first:
            break
    if stays_first != stays_last:
        terms_of(state, header, stays_last).group_next = stays_first
