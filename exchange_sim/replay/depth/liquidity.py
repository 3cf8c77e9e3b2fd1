"""The recorded book inside the engine, for as long as a command needs it.

The engine holds only the bots' orders. Before a command that can take, the recorded levels in its reach are
put into the engine's book as orders of the history account; afterwards what is left of them is taken out
again, and what is gone was taken by bots. In the queue of a price, recorded lots that are ahead of a bot's
order by its place stand before it, the others behind.
"""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled
from exchange_sim.engine import codes
from exchange_sim.engine.codes import ZERO, word
from exchange_sim.engine.orders import SLOT_BITS
from exchange_sim.engine.pointers import (
    call_two,
    command_at,
    instrument_at,
    level_at,
    order_at,
    position_at,
)
from exchange_sim.engine.state import DONE, NEED_ORDERS, State
from exchange_sim.model.instrument import MAXIMUM_LOTS
from exchange_sim.replay.depth.book import first_free, free_lots, next_level, take_lots
from exchange_sim.replay.depth.layout import (
    HISTORY,
    INJECTED_MAXIMUM,
    book_at,
    injected_at,
    place_at,
    recorded_level_at,
)
from exchange_sim.replay.depth.places import first_own

_HISTORY = word(HISTORY)
_SLOT_MASK = (1 << SLOT_BITS) - 1
ROOM = 4 * INJECTED_MAXIMUM + 64
"""Rows that must be free in the event ring for everything around one command."""


@compiled
def lacks_orders(header: Any) -> bool:
    """Return whether the engine has too few free order slots for a book's levels."""
    return header.order_capacity - header.open_orders < INJECTED_MAXIMUM + 2  # type: ignore[no-any-return]


@compiled
def operate(
    r: Any,
    ts_ns: int,
    kind: int,
    account: int,
    index: int,
    side: int,
    time_in_force: int,
    price_ticks: int,
    lots: int,
    order_id: int,
) -> int:
    """Execute a command that is no bot's; return a status."""
    c = command_at(r.command, 0)
    c.ts_ns = ts_ns
    c.kind = kind
    c.account = account
    c.instrument = index
    c.side = side
    c.time_in_force = time_in_force
    c.price_ticks = price_ticks
    c.quantity_lots = lots
    c.order_id = order_id
    return call_two(r.execute, r.engine, r.command)


@compiled
def as_history(
    r: Any,
    s: State,
    header: Any,
    index: int,
    kind: int,
    side: int,
    time_in_force: int,
    price_ticks: int,
    lots: int,
    order_id: int,
) -> int:
    """Execute a command of the history account, to which no limits for orders apply; return a status."""
    instrument = instrument_at(s.instruments, index)
    minimum, maximum = instrument.minimum_notional_atoms, instrument.maximum_order_lots
    band, orders, rate = instrument.price_band_ppm, instrument.maximum_open_orders, header.messages_per_second
    instrument.minimum_notional_atoms = 0
    instrument.maximum_order_lots = MAXIMUM_LOTS
    instrument.price_band_ppm = 0
    instrument.maximum_open_orders = 0
    header.messages_per_second = 0
    status = operate(
        r, header.now_ns, kind, _HISTORY, index, side, time_in_force, price_ticks, lots, order_id
    )
    instrument.minimum_notional_atoms = minimum
    instrument.maximum_order_lots = maximum
    instrument.price_band_ppm = band
    instrument.maximum_open_orders = orders
    header.messages_per_second = rate
    return status


@compiled
def _rest(r: Any, s: State, header: Any, index: int, side: int, level: int, lots: int) -> int:
    """Put one order of the history account into the book; return a status."""
    price = recorded_level_at(r.levels, level).price_ticks
    before = header.sequence
    status = as_history(r, s, header, index, codes.DO_SUBMIT, side, codes.GTC, price, lots, ZERO)
    if status != DONE or header.sequence == before:
        return status
    instrument = instrument_at(s.instruments, index)
    queue = level_at(s.levels, instrument.ladder_offset + price - instrument.ladder_base_ticks)
    row = injected_at(r.injected, r.injected_count)
    r.injected_count += 1
    row.order_id = order_at(s.orders, queue.tail).order_id
    row.level = level
    row.lots = lots
    row.instrument = index
    return status


@compiled
def _move_to_front(s: State, index: int, price_ticks: int) -> None:
    """Let the last order of a price be its first."""
    instrument = instrument_at(s.instruments, index)
    level = level_at(s.levels, instrument.ladder_offset + price_ticks - instrument.ladder_base_ticks)
    slot, head = level.tail, level.head
    if slot == head:
        return
    order = order_at(s.orders, slot)
    level.tail = order.previous
    order_at(s.orders, order.previous).next = -1
    order.previous = -1
    order.next = head
    order_at(s.orders, head).previous = slot
    level.head = slot


@compiled
def inject(
    r: Any, s: State, header: Any, index: int, side: int, limit_ticks: int, wanted_lots: int, end: int
) -> int:
    """Put recorded levels of `side` into the engine's book, best first.

    No more than `wanted_lots`, none behind `limit_ticks` (0: no limit), until `end` orders are in. Returns
    DONE or what the engine lacks; then the caller withdraws what is in.
    """
    if lacks_orders(header):
        return NEED_ORDERS
    b = book_at(r.books, index)
    level = first_free(r, b, side)
    while level >= 0 and wanted_lots > 0 and r.injected_count + 1 < end:
        price = recorded_level_at(r.levels, level).price_ticks
        if limit_ticks > 0 and (price < limit_ticks if side == 0 else price > limit_ticks):
            break
        lots = min(free_lots(r, level), wanted_lots, MAXIMUM_LOTS)
        if lots > 0:
            wanted_lots -= lots
            own = first_own(s, instrument_at(s.instruments, index), price)
            if own >= 0:
                first = min(lots, int(-(-place_at(r.places, own).ahead_lots // 1.0)))
                if first > 0:
                    status = _rest(r, s, header, index, side, level, first)
                    if status != DONE:
                        return status
                    _move_to_front(s, index, price)
                    lots -= first
            if lots > 0:
                status = _rest(r, s, header, index, side, level, lots)
                if status != DONE:
                    return status
        level = next_level(r, b, side, level)
    return DONE


@compiled
def withdraw(r: Any, s: State, header: Any) -> None:
    """Take the history account's orders out of the engine's books; what is missing, bots have taken."""
    for number in range(r.injected_count):
        row = injected_at(r.injected, number)
        order = order_at(s.orders, row.order_id & _SLOT_MASK)
        left = order.leaves_lots if order.order_id == row.order_id else 0
        take_lots(r, book_at(r.books, row.instrument), row.level, row.lots - left)
        if left > 0:
            index = word(row.instrument)
            as_history(r, s, header, index, codes.DO_CANCEL, ZERO, ZERO, ZERO, ZERO, row.order_id)
    r.injected_count = 0


@compiled
def reach(r: Any, s: State, header: Any, c: Any) -> int:
    """Put into the book what the command `c` can take; return a status."""
    index, lots, price = word(c.instrument), c.quantity_lots, c.price_ticks
    if c.kind == codes.DO_MODIFY:
        # Which side is in the engine; levels of the order's own side do no harm.
        status = _reach_side(r, s, header, index, ZERO, price, lots)
        return _reach_side(r, s, header, index, word(1), price, lots) if status == DONE else status
    if c.order_type not in (codes.LIMIT, codes.MARKET):
        return DONE
    if c.has_terms != 0 and c.close_position != 0:
        lots = abs(position_at(s.positions, c.account * header.instruments + index).lots)
    side = word(c.side)
    limit = word(price) if c.order_type == codes.LIMIT else ZERO
    return _reach_side(r, s, header, index, side, limit, lots)


@compiled
def reach_best(r: Any, s: State, header: Any, index: int, end: int) -> int:
    """Put the best levels of both sides into the book, a third of the room for bids; return a status."""
    most = word(2**62)
    b = book_at(r.books, index)
    level, count = first_free(r, b, 0), 0
    low = ZERO
    while level >= 0 and count < (end - r.injected_count) // 3:
        low = word(recorded_level_at(r.levels, level).price_ticks)
        level = next_level(r, b, 0, level)
        count += 1
    status = DONE
    if low > 0:
        status = inject(r, s, header, index, ZERO, low, most, end)
    if status != DONE:
        return status
    return inject(r, s, header, index, word(1), ZERO, most, end)


@compiled
def _reach_side(r: Any, s: State, header: Any, index: int, side: int, limit_ticks: int, lots: int) -> int:
    """Put into the book what a taker of `side` with this limit (0: none) reaches."""
    b = book_at(r.books, index)
    best = first_free(r, b, 1 - side)
    if best < 0:
        return DONE
    price = recorded_level_at(r.levels, best).price_ticks
    if limit_ticks > 0 and (limit_ticks < price if side == 0 else limit_ticks > price):
        return DONE
    return inject(r, s, header, index, 1 - side, limit_ticks, lots, word(INJECTED_MAXIMUM))
