"""What follows from prices and fills: orders fire, accounts are liquidated, with recorded books in reach.

While the record is played and commands are executed the engine defers all that (`header.deferred`): its own
books hold no recorded level then. Here the best levels of the books that matter are put in, the engine lets
everything happen, and what is left of the levels is taken out again. Triggers watch the prices of the record.
"""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine import codes
from exchange_sim.engine.codes import MISSING, ZERO, word
from exchange_sim.engine.marks import OPERATOR, mark_moved
from exchange_sim.engine.pointers import instrument_at, triggers_at
from exchange_sim.engine.state import DONE, State
from exchange_sim.engine.triggers import source_ticks
from exchange_sim.model.enums import TriggerSource
from exchange_sim.replay.depth.layout import INJECTED_MAXIMUM, book_at
from exchange_sim.replay.depth.liquidity import operate, reach_best, withdraw

IDLE, REACHED, RESTING = 0, 1, 2
"""Phases: nothing is under way, a command that has its levels, a look at prices that has them."""

_ON_LAST, _ON_MARK, _SOURCES = int(TriggerSource.LAST), int(TriggerSource.MARK), len(TriggerSource)


@inlined
def note(r: Any, header: Any) -> None:
    """Remember to look at what waits, if anything does."""
    r.look = header.waiting_orders | header.alarm


@inlined
def restore_last(r: Any, s: State, index: int) -> None:
    """Prices are the record's: what bots trade does not move them."""
    instrument = instrument_at(s.instruments, index)
    instrument.last_ticks = instrument.recorded_ticks = book_at(r.books, index).last_ticks


@inlined
def set_price(r: Any, s: State, header: Any, index: int) -> None:
    """Let the engine know the recorded last price, which is the mark price too."""
    restore_last(r, s, index)
    instrument = instrument_at(s.instruments, index)
    instrument.mark_is_set = OPERATOR
    instrument.mark_ticks = instrument.last_ticks
    mark_moved(header, instrument)
    note(r, header)


@compiled
def _fires(s: State, header: Any, index: int) -> bool:
    """Return whether an order that waits for the last or the mark price fires."""
    instrument, table = instrument_at(s.instruments, index), s.header + header.triggers_offset
    if instrument.waiting_orders == 0:
        return False
    for source in (_ON_LAST, _ON_MARK):
        price = source_ticks(instrument, source)
        up = triggers_at(table, (index * _SOURCES + source) * 2).threshold_ticks
        down = triggers_at(table, (index * _SOURCES + source) * 2 + 1).threshold_ticks
        if 0 < up <= price or 0 < price <= down:
            return True
    return False


@inlined
def _matters(s: State, header: Any, index: int) -> bool:
    """Return whether an order can trade in an instrument now that fires or liquidates."""
    watched = header.alarm != 0 and instrument_at(s.instruments, index).tiers != 0
    return watched or _fires(s, header, index)


@compiled
def _reach(r: Any, s: State, header: Any) -> int:
    """Put the best levels of the books that matter into the engine, each its share; return a status."""
    books = 0
    for index in range(header.instruments):
        books += 1 if _matters(s, header, index) else 0
    if books == 0:
        return DONE
    share, end = INJECTED_MAXIMUM // books, 0
    for index in range(header.instruments):
        if _matters(s, header, index):
            end += share
            status = reach_best(r, s, header, word(index), word(end))
            if status != DONE:
                return status
    return DONE


@compiled
def come_to_rest(r: Any, s: State, header: Any) -> int:
    """Let fire and be liquidated what has to; return a status, where not DONE to be called again."""
    if r.phase != RESTING:
        status = _reach(r, s, header)
        if status != DONE:
            withdraw(r, s, header)
            return status
        r.phase = RESTING
        header.deferred = 0
    status = operate(r, header.now_ns, codes.DO_ADVANCE, MISSING, MISSING, ZERO, ZERO, ZERO, ZERO, ZERO)
    if status != DONE:
        return status
    header.deferred = 1
    withdraw(r, s, header)
    for index in range(header.instruments):
        restore_last(r, s, word(index))
    r.phase = IDLE
    r.look = 0
    return DONE
