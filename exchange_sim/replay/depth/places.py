"""The bots' resting orders at a price: their places in the recorded queue."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine.book import occupied_above, occupied_below
from exchange_sim.engine.orders import SLOT_BITS
from exchange_sim.engine.pointers import instrument_at, level_at, order_at
from exchange_sim.engine.state import State
from exchange_sim.replay.depth.book import lots_on_side
from exchange_sim.replay.depth.layout import book_at, place_at
from exchange_sim.replay.depth.queues import ahead_after_change

_SLOT_MASK = (1 << SLOT_BITS) - 1
_WAITING = 32  # flag of an order that is in no queue


@inlined
def first_own(s: State, instrument: Any, price_ticks: int) -> int:
    """Return the slot of the first own order at a price, -1 for none."""
    index = price_ticks - instrument.ladder_base_ticks
    if index < 0 or index >= instrument.ladder_size:
        return -1
    level = level_at(s.levels, instrument.ladder_offset + index)
    return level.head if level.orders > 0 else -1


@compiled
def own_below(s: State, instrument: Any, price_ticks: int) -> int:
    """Return the next price with own orders below a price inside the ladder, 0 for none."""
    base = instrument.ladder_base_ticks
    index = occupied_below(s, instrument, min(price_ticks - base, instrument.ladder_size) - 1)
    return 0 if index < 0 else base + index


@compiled
def own_above(s: State, instrument: Any, price_ticks: int) -> int:
    """Return the next price with own orders above a price inside the ladder, 0 for none."""
    base = instrument.ladder_base_ticks
    index = occupied_above(s, instrument, max(price_ticks - base, -1) + 1)
    return 0 if index < 0 else base + index


@compiled
def _join(r: Any, order: Any, place: Any) -> None:
    """Put an order behind everything the record has at its price."""
    b = book_at(r.books, order.instrument)
    place.order_id = order.order_id
    place.price_ticks = order.price_ticks
    place.ahead_lots = float(lots_on_side(r, b, order.side, order.price_ticks))
    place.traded_lots = 0


@compiled
def place_order(r: Any, s: State, order_id: int) -> None:
    """Give an order that was accepted, changed or filled its place, if it rests.

    It keeps the one it has unless its price changed, its total grew, or it shows a new part (iceberg).
    """
    slot = order_id & _SLOT_MASK
    order = order_at(s.orders, slot)
    if order.order_id != order_id or order.flags & _WAITING != 0:
        return
    place = place_at(r.places, slot)
    if (
        place.order_id != order_id
        or place.price_ticks != order.price_ticks
        or order.quantity_lots > place.quantity_lots
        or order.leaves_lots > place.leaves_lots
    ):
        _join(r, order, place)
    place.quantity_lots = order.quantity_lots
    place.leaves_lots = order.leaves_lots


@compiled
def note_fill(r: Any, s: State, order_id: int, lots: int) -> None:
    """Follow a fill of a resting order; an iceberg that shows a new part goes to the back."""
    slot = order_id & _SLOT_MASK
    place = place_at(r.places, slot)
    if place.order_id == order_id:
        place.leaves_lots -= lots
        place_order(r, s, order_id)


@compiled
def follow_change(r: Any, b: Any, s: State, slot: int, before: int, after: int) -> None:
    """Move the own orders from `slot` on by what the record says of their price."""
    while slot >= 0:
        place = place_at(r.places, slot)
        place.ahead_lots = ahead_after_change(b, place.ahead_lots, place.traded_lots, before, after)
        place.traded_lots = 0
        slot = order_at(s.orders, slot).next


@compiled
def follow_trade(r: Any, s: State, slot: int, lots: int) -> int:
    """Let `lots` trade at the price of the own orders from `slot` on; return how many reach them."""
    reached = 0
    while slot >= 0:
        order = order_at(s.orders, slot)
        place = place_at(r.places, slot)
        free = int(float(lots) - place.ahead_lots) - reached if place.ahead_lots < float(lots) else 0
        reached += max(0, min(free, order.leaves_lots))
        place.ahead_lots = max(0.0, place.ahead_lots - float(lots))
        place.traded_lots += lots
        slot = order.next
    return reached


@compiled
def lead_queue(r: Any, s: State, slot: int) -> None:
    """Note that nothing is ahead of the own orders from `slot` on: the market traded through them."""
    while slot >= 0:
        place_at(r.places, slot).ahead_lots = 0.0
        slot = order_at(s.orders, slot).next


@compiled
def renew_places(r: Any, s: State, index: int) -> None:
    """After a snapshot of the whole book: nobody is behind more than there is."""
    instrument = instrument_at(s.instruments, index)
    b = book_at(r.books, index)
    price = own_above(s, instrument, instrument.ladder_base_ticks - 1)
    while price > 0:
        slot = first_own(s, instrument, price)
        lots = lots_on_side(r, b, order_at(s.orders, slot).side, price)
        while slot >= 0:
            place = place_at(r.places, slot)
            place.ahead_lots = min(place.ahead_lots, float(lots))
            place.traded_lots = 0
            slot = order_at(s.orders, slot).next
        price = own_above(s, instrument, price)
