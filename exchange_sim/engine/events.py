"""Writing rows into the event ring."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled
from exchange_sim.engine.pointers import event_at
from exchange_sim.engine.state import State


@compiled
def emit(
    state: State,
    header: Any,
    ts_ns: int,
    kind: int,
    code: int,
    account: int,
    instrument: int,
    order_id: int,
    client_order_id: int,
    price_ticks: int,
    quantity_lots: int,
    leaves_lots: int,
    fee_atoms: int,
) -> None:
    """Append one event; the caller has made sure that the ring has room."""
    head = header.event_head
    row = event_at(state.events, head & header.event_mask)
    row.ts_ns = ts_ns
    row.order_id = order_id
    row.client_order_id = client_order_id
    row.price_ticks = price_ticks
    row.quantity_lots = quantity_lots
    row.leaves_lots = leaves_lots
    row.fee_atoms = fee_atoms
    row.account = account
    row.instrument = instrument
    row.kind = kind
    row.code = code
    header.event_head = head + 1
