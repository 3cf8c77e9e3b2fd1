"""A new order as the exchange is asked for it: both lines of its command in one tuple."""

from __future__ import annotations

from typing import NamedTuple

from exchange_sim.compiled import compiled
from exchange_sim.engine.codes import ZERO, word
from exchange_sim.engine.pointers import terms_at


class Request(NamedTuple):
    """A new order; the fields are those of COMMAND, all 64 bits wide."""

    account: int
    instrument: int
    side: int
    order_type: int
    time_in_force: int
    post_only: int
    stp: int
    price_ticks: int
    quantity_lots: int
    client_order_id: int
    trigger_ticks: int
    display_lots: int
    expire_ns: int
    trail_ticks: int
    stop_loss_ticks: int
    take_profit_ticks: int
    linked_client_id: int
    trigger_source: int
    reduce_only: int
    close_position: int


@compiled
def read_request(
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
    terms: int,
    is_alternative: int,
) -> Request:
    """Return the order of a command whose TERMS row is at the address `terms`, 0 for none.

    `is_alternative` says whether the linked id names an alternative; in REPLACE it names the old order.
    """
    if terms == 0:
        return Request(
            account, index, side, order_type, time_in_force, post_only, stp, price_ticks, quantity_lots,
            client_order_id, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO,
        )  # fmt: skip
    row = terms_at(terms, 0)
    return Request(
        account, index, side, order_type, time_in_force, post_only, stp, price_ticks, quantity_lots,
        client_order_id, row.trigger_ticks, row.display_lots, row.expire_ns, row.trail_ticks,
        row.stop_loss_ticks, row.take_profit_ticks, row.linked_client_id if is_alternative != 0 else ZERO,
        word(row.trigger_source), word(row.reduce_only), word(row.close_position),
    )  # fmt: skip
