"""Orders that wait for a price: which heap they are in, when they fire, and how trailing stops follow."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine import codes
from exchange_sim.engine.codes import MISSING, ZERO, word
from exchange_sim.engine.heaps import insert, remove
from exchange_sim.engine.pointers import instrument_at, order_at, triggers_at
from exchange_sim.engine.special import terms_of
from exchange_sim.engine.state import State

_SOURCES = 3


@inlined
def source_ticks(instrument: Any, source: int) -> int:
    """Return the price that triggers watch; 0 before there is one."""
    ticks: int = instrument.last_ticks
    if instrument.recorded_ticks != 0:
        ticks = instrument.recorded_ticks
    if source == codes.ON_MARK:
        ticks = instrument.mark_ticks
    elif source == codes.ON_INDEX:
        ticks = instrument.index_ticks
    return ticks


@inlined
def fires_falling(side: int, order_type: int) -> int:
    """Return 1 for an order that fires when its source falls to the trigger, 0 when it rises."""
    takes_profit = order_type in (codes.TAKE_PROFIT_MARKET, codes.TAKE_PROFIT_LIMIT)
    return word((side == codes.SELL) != takes_profit)


@inlined
def _row(state: State, header: Any, index: int, source: int, falling: int) -> Any:
    number = (index * _SOURCES + source) * 2 + falling
    return triggers_at(state.header + header.triggers_offset, number)


@inlined
def _row_of(state: State, header: Any, slot: int) -> Any:
    order, terms = order_at(state.orders, slot), terms_of(state, header, slot)
    falling = fires_falling(word(order.side), word(terms.order_type))
    return _row(state, header, order.instrument, terms.trigger_source, falling)


@inlined
def _set_root(state: State, header: Any, row: Any, root: int) -> None:
    row.root = root
    row.threshold_ticks = terms_of(state, header, root).trigger_ticks if root >= 0 else ZERO


@compiled
def arm(state: State, header: Any, slot: int) -> None:
    """Have a waiting order watch its source from now on."""
    order, terms, row = (
        order_at(state.orders, slot),
        terms_of(state, header, slot),
        _row_of(state, header, slot),
    )
    falling = fires_falling(word(order.side), word(terms.order_type))
    terms.armed = 1
    _set_root(state, header, row, insert(state, header, falling, word(row.root), slot))
    if terms.trail_ticks != 0:
        terms.trailing_previous = MISSING
        terms.trailing_next = row.trailing_first
        if row.trailing_first >= 0:
            terms_of(state, header, row.trailing_first).trailing_previous = slot
        row.trailing_first = slot


@compiled
def disarm(state: State, header: Any, slot: int) -> None:
    """Have an order that watches its source watch no more."""
    order, terms, row = (
        order_at(state.orders, slot),
        terms_of(state, header, slot),
        _row_of(state, header, slot),
    )
    falling = fires_falling(word(order.side), word(terms.order_type))
    terms.armed = 0
    _set_root(state, header, row, remove(state, header, falling, word(row.root), slot))
    if terms.trail_ticks != 0:
        if terms.trailing_previous >= 0:
            terms_of(state, header, terms.trailing_previous).trailing_next = terms.trailing_next
        else:
            row.trailing_first = terms.trailing_next
        if terms.trailing_next >= 0:
            terms_of(state, header, terms.trailing_next).trailing_previous = terms.trailing_previous


@compiled
def set_trigger(state: State, header: Any, slot: int, ticks: int) -> None:
    """Change the trigger of a waiting order."""
    terms = terms_of(state, header, slot)
    if terms.armed == 0:
        terms.trigger_ticks = ticks
        return
    disarm(state, header, slot)
    terms.trigger_ticks = ticks
    arm(state, header, slot)


@compiled
def _follow(state: State, header: Any, row: Any, falling: int, price_ticks: int) -> None:
    """Let the trailing triggers of one source and direction follow it to a new price."""
    root = word(row.root)
    slot = word(row.trailing_first)
    while slot >= 0:
        terms = terms_of(state, header, slot)
        ticks = price_ticks - terms.trail_ticks if falling == 1 else price_ticks + terms.trail_ticks
        if (falling == 1 and ticks > terms.trigger_ticks) or (falling == 0 and ticks < terms.trigger_ticks):
            root = remove(state, header, falling, root, slot)
            terms.trigger_ticks = ticks
            root = insert(state, header, falling, root, slot)
        slot = word(terms.trailing_next)
    _set_root(state, header, row, root)


@inlined
def _follow_all(state: State, header: Any, index: int, instrument: Any) -> None:
    for source in range(_SOURCES):
        price = source_ticks(instrument, source)
        for falling in range(2):
            row = _row(state, header, index, source, falling)
            if row.trailing_first >= 0 and row.followed_ticks != price:
                _follow(state, header, row, word(falling), price)
            row.followed_ticks = price


@compiled
def next_to_fire(state: State, header: Any, index: int) -> int:
    """Let trailing triggers of an instrument follow; return the slot of the order that fires next, or -1."""
    instrument = instrument_at(state.instruments, index)
    _follow_all(state, header, index, instrument)
    for source in range(_SOURCES):
        price = source_ticks(instrument, source)
        rising = _row(state, header, index, source, ZERO)
        if rising.root >= 0 and price >= rising.threshold_ticks:
            return word(rising.root)
        falling = _row(state, header, index, source, codes.SELL)
        if price > 0 and falling.root >= 0 and price <= falling.threshold_ticks:
            return word(falling.root)
    return MISSING
