"""Writing rows into the event ring."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine.codes import MISSING, ZERO, word
from exchange_sim.engine.pointers import event_at
from exchange_sim.engine.state import State

SPARE_EVENTS = 8
"""Event rows a command may write besides those for the open orders of the instrument."""


@inlined
def lacks_room(header: Any, rows: int) -> bool:
    """Return whether the ring has fewer than `rows` free rows."""
    return header.event_capacity - (header.event_head - header.event_tail) < rows  # type: ignore[no-any-return]


@inlined
def rows_of_unit(header: Any, instrument: Any) -> int:
    """Return how many rows an order that acts in an instrument may write at most.

    Two for each order that it meets. Where there are special ones, four, for each part that an iceberg can
    still show too: a trade may lower the reduce-only orders of both sides, and cancel linked ones.
    """
    if header.special_orders == 0:
        return 2 * instrument.open_orders + SPARE_EVENTS  # type: ignore[no-any-return]
    return 4 * (instrument.open_orders + instrument.hidden_slices) + SPARE_EVENTS  # type: ignore[no-any-return]


@inlined
def emit(
    state: State,
    header: Any,
    ts_ns: int,
    kind: int,
    code: int,
    account: int,
    index: int,
    order_id: int,
    client_order_id: int,
    price_ticks: int,
    quantity_lots: int,
    leaves_lots: int,
    fee_atoms: int,
) -> None:
    """Append one event of instrument `index`; the caller has made sure that the ring has room."""
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
    row.instrument = index
    row.kind = kind
    row.code = code
    header.event_head = head + 1


@inlined
def emit_order(
    state: State,
    header: Any,
    ts_ns: int,
    kind: int,
    code: int,
    order: Any,
    quantity_lots: int,
    leaves_lots: int,
) -> None:
    """Append an event that is not a fill of an order in the tables."""
    emit(
        state, header, ts_ns, kind, code, word(order.account), word(order.instrument), order.order_id,
        order.client_order_id, order.price_ticks, quantity_lots, leaves_lots, ZERO,
    )  # fmt: skip


@compiled
def refuse(
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
) -> None:
    """Append a refusal; an account or instrument that does not exist is reported as -1."""
    if account < 0 or account >= header.accounts:
        account = MISSING
    if index < 0 or index >= max(header.instruments, header.assets):
        index = MISSING
    emit(
        state, header, ts_ns, kind, reason, account, index, order_id, client_order_id, price_ticks,
        quantity_lots, ZERO, ZERO,
    )  # fmt: skip
