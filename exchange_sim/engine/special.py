"""The second row of a special order, and what can be said of an order with it.

Flags of an order: bit 0 post-only, bits 1-3 self-trade prevention, then `SPECIAL` (its row of ORDER_TERMS
counts), `WAITING` (for a trigger, or for its bracket's entry) and `FLYING` (it is being matched). An order
rests in a queue unless it waits or flies.
"""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine import codes
from exchange_sim.engine.book import join_queue, leave_queue
from exchange_sim.engine.codes import MISSING, ZERO, word
from exchange_sim.engine.orders import hold
from exchange_sim.engine.pointers import instrument_at, level_at, order_at, order_terms_at, position_at
from exchange_sim.engine.state import State

SPECIAL, WAITING, FLYING = word(16), word(32), word(64)
_STP_SHIFT, _STP_MASK = 1, 7

NOT_LINKED, ALTERNATIVE, ENTRY, ASLEEP, AWAKE = word(0), word(1), word(2), word(3), word(4)
"""Roles in a group: one of several alternatives; the entry of a bracket; an exit before and after the entry's
first fill. The roles of a bracket stay when its group is gone."""


@inlined
def terms_of(state: State, header: Any, slot: int) -> Any:
    """Return the second row of the order in `slot`."""
    return order_terms_at(state.header + header.terms_offset, slot)


@inlined
def stp_of(order: Any) -> int:
    """Return an order's self-trade prevention."""
    return (word(order.flags) >> _STP_SHIFT) & _STP_MASK


@inlined
def rests(order: Any) -> bool:
    """Return whether an open order is in the queue of its price."""
    return order.flags & (WAITING | FLYING) == 0  # type: ignore[no-any-return]


@inlined
def has_limit(order_type: int) -> bool:
    """Return whether orders of a type trade at their limit or better."""
    return order_type in (codes.LIMIT, codes.STOP_LIMIT, codes.TAKE_PROFIT_LIMIT)


@inlined
def total_leaves(state: State, header: Any, slot: int, order: Any) -> int:
    """Return what is left of an order, hidden lots included."""
    leaves: int = order.leaves_lots
    if order.flags & SPECIAL != 0:
        leaves += terms_of(state, header, slot).hidden_lots
    return leaves


@inlined
def reducible(position: Any, side: int) -> int:
    """Return by how many lots an order of `side` can reduce a position."""
    lots: int = position.lots
    return max(ZERO, -lots) if side == codes.BUY else max(ZERO, lots)


@compiled
def clear_terms(state: State, header: Any, slot: int) -> None:
    """Make an order special, with terms that say nothing."""
    order, terms = order_at(state.orders, slot), terms_of(state, header, slot)
    order.flags = order.flags | SPECIAL
    header.special_orders += 1
    terms.hidden_lots = 0
    terms.display_lots = 0
    terms.expire_ns = 0
    terms.trigger_ticks = 0
    terms.trail_ticks = 0
    terms.stop_loss_ticks = 0
    terms.take_profit_ticks = 0
    terms.group_next = MISSING
    terms.order_type = codes.LIMIT
    terms.time_in_force = codes.GTC
    terms.trigger_source = codes.ON_LAST
    terms.role = NOT_LINKED
    terms.reduce_only = 0
    terms.close_position = 0
    terms.armed = 0


@inlined
def _hide(instrument: Any, terms: Any, lots: int) -> None:
    """Set an iceberg's hidden lots, and count how often it can still show a new part."""
    display = terms.display_lots
    if display > 0:
        instrument.hidden_slices += (lots + display - 1) // display
        instrument.hidden_slices -= (terms.hidden_lots + display - 1) // display
    terms.hidden_lots = lots


@compiled
def let_rest(state: State, header: Any, slot: int, leaves_lots: int) -> None:
    """Put an order that is in no queue, but in all other tables, at the back of the queue of its price."""
    order = order_at(state.orders, slot)
    instrument = instrument_at(state.instruments, order.instrument)
    position = position_at(state.positions, order.account * header.instruments + order.instrument)
    order.flags = order.flags & ~FLYING
    order.leaves_lots = leaves_lots
    if order.flags & SPECIAL != 0:
        terms = terms_of(state, header, slot)
        if terms.display_lots > 0:
            order.leaves_lots = min(leaves_lots, terms.display_lots)
            _hide(instrument, terms, leaves_lots - order.leaves_lots)
        if terms.reduce_only != 0:
            position.reduce_only_lots += leaves_lots
    hold(
        state, header, instrument, word(order.account), position, word(order.side), order.price_ticks,
        leaves_lots,
    )  # fmt: skip
    join_queue(state, instrument, slot, order)


@compiled
def take_from_queue(state: State, header: Any, slot: int) -> int:
    """Take a resting order out of its queue and of all sums; return what is left of it, now in one piece."""
    order = order_at(state.orders, slot)
    instrument = instrument_at(state.instruments, order.instrument)
    position = position_at(state.positions, order.account * header.instruments + order.instrument)
    leave_queue(state, instrument, order)
    if order.flags & SPECIAL != 0:
        terms = terms_of(state, header, slot)
        order.leaves_lots += terms.hidden_lots
        _hide(instrument, terms, ZERO)
        if terms.reduce_only != 0:
            position.reduce_only_lots -= order.leaves_lots
    hold(
        state, header, instrument, word(order.account), position, word(order.side), order.price_ticks,
        -order.leaves_lots,
    )  # fmt: skip
    return order.leaves_lots  # type: ignore[no-any-return]


@compiled
def lower(state: State, header: Any, slot: int, lots: int) -> None:
    """Take `lots`, fewer than are left, off a resting order, hidden ones first; it keeps its place."""
    order = order_at(state.orders, slot)
    instrument = instrument_at(state.instruments, order.instrument)
    position = position_at(state.positions, order.account * header.instruments + order.instrument)
    shown = lots
    if order.flags & SPECIAL != 0:
        terms = terms_of(state, header, slot)
        shown = max(ZERO, lots - terms.hidden_lots)
        _hide(instrument, terms, terms.hidden_lots - (lots - shown))
        if terms.reduce_only != 0:
            position.reduce_only_lots -= lots
    order.quantity_lots -= lots
    order.leaves_lots -= shown
    place = instrument.ladder_offset + order.price_ticks - instrument.ladder_base_ticks
    level_at(state.levels, place).lots -= shown
    hold(state, header, instrument, word(order.account), position, word(order.side), order.price_ticks, -lots)


@compiled
def show_next(state: State, header: Any, slot: int) -> None:
    """Let an iceberg whose shown part is gone show the next, at the back of its queue."""
    order, terms = order_at(state.orders, slot), terms_of(state, header, slot)
    instrument = instrument_at(state.instruments, order.instrument)
    leave_queue(state, instrument, order)
    order.leaves_lots = min(terms.hidden_lots, terms.display_lots)
    _hide(instrument, terms, terms.hidden_lots - order.leaves_lots)
    join_queue(state, instrument, slot, order)
