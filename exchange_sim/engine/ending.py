"""The end of an open order, whatever it is: by its owner, by time, by a link, by the exchange."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled
from exchange_sim.engine import codes
from exchange_sim.engine.codes import word
from exchange_sim.engine.events import SPARE_EVENTS, emit_order, lacks_room
from exchange_sim.engine.linking import ON_END, leave_group, take_out
from exchange_sim.engine.orders import forget_order, remove_order
from exchange_sim.engine.pointers import instrument_at, order_at, position_at
from exchange_sim.engine.special import FLYING, SPECIAL, terms_of, total_leaves
from exchange_sim.engine.state import DONE, NEED_EVENTS, State


@compiled
def drop_order(state: State, header: Any, ts_ns: int, slot: int) -> None:
    """Take an open order out of all tables; what it means for linked orders happens at `ts_ns`."""
    order = order_at(state.orders, slot)
    if order.flags & SPECIAL != 0:
        leave_group(state, header, ts_ns, slot, ON_END)
        take_out(state, header, slot)
        return
    instrument = instrument_at(state.instruments, order.instrument)
    position = position_at(state.positions, order.account * header.instruments + order.instrument)
    if order.flags & FLYING != 0:
        forget_order(state, header, instrument, position, slot, order)
    else:
        remove_order(state, header, instrument, position, slot, order)


@compiled
def end_order(state: State, header: Any, ts_ns: int, kind: int, reason: int, slot: int) -> None:
    """Cancel or expire an open order; `kind` is the event's."""
    order = order_at(state.orders, slot)
    emit_order(
        state, header, ts_ns, kind, reason, order, order.quantity_lots,
        total_leaves(state, header, slot, order),
    )  # fmt: skip
    drop_order(state, header, ts_ns, slot)


@compiled
def expire_due(state: State, header: Any, ts_ns: int) -> int:
    """End the orders whose time is over at `ts_ns`, each at its own time; return a status."""
    while header.next_due_ns <= ts_ns:
        slot = word(header.expiry_root)
        instrument = instrument_at(state.instruments, order_at(state.orders, slot).instrument)
        if lacks_room(header, instrument.open_orders + SPARE_EVENTS):
            return NEED_EVENTS
        end_ns = terms_of(state, header, slot).expire_ns
        end_order(state, header, end_ns, codes.EXPIRED, codes.GTD_EXPIRED, slot)
    return DONE
