"""Reduce-only orders that rest are never larger than the position that they reduce."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled
from exchange_sim.engine import codes
from exchange_sim.engine.codes import word
from exchange_sim.engine.ending import end_order
from exchange_sim.engine.events import emit_order
from exchange_sim.engine.pointers import order_at, position_at
from exchange_sim.engine.special import SPECIAL, lower, reducible, rests, terms_of, total_leaves
from exchange_sim.engine.state import State


@compiled
def cut_reduce_only(state: State, header: Any, ts_ns: int, account: int, index: int) -> None:
    """Cut an account's resting reduce-only orders in an instrument to its position, newest first.

    To be called after every change of a position whose `reduce_only_lots` is not 0. They are all on one side.
    """
    position = position_at(state.positions, account * header.instruments + index)
    slot = word(position.first_order)
    while slot >= 0 and position.reduce_only_lots > 0:
        order = order_at(state.orders, slot)
        if order.flags & SPECIAL == 0 or not rests(order) or terms_of(state, header, slot).reduce_only == 0:
            slot = word(order.account_next)
            continue
        excess = position.reduce_only_lots - reducible(position, word(order.side))
        if excess <= 0:
            return
        leaves = total_leaves(state, header, slot, order)
        if leaves > excess:
            lower(state, header, slot, excess)
            emit_order(
                state, header, ts_ns, codes.MODIFIED, word(order.side), order, order.quantity_lots,
                leaves - excess,
            )  # fmt: skip
            return
        following = word(order.account_next)
        # Its end may cancel linked orders, also the following one.
        was_linked = terms_of(state, header, slot).group_next >= 0
        end_order(state, header, ts_ns, codes.CANCELED, codes.REDUCED, slot)
        slot = word(position.first_order) if was_linked else following
