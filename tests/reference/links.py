"""The ends of orders, and what follows from them and from first fills for linked orders and brackets."""

from __future__ import annotations

from collections.abc import Sequence

from exchange_sim.model.enums import EventKind, Reason
from tests.reference.records import GONE, SLEEPING, WAITING, Order
from tests.reference.venue import Venue


def end(venue: Venue, order: Order, kind: int, reason: int) -> None:
    """End an order with an event; orders that depend on it follow."""
    venue.tell(order, kind, reason)
    was_asleep = order.state == SLEEPING
    venue.drop(order)
    cancel_linked(venue, order)
    if was_asleep and order.entry is not None:
        others = order.entry.exits
        order.entry.exits = []
        cancel(venue, others, Reason.LINKED_ORDER)
    if not order.has_traded:
        exits, order.exits = order.exits, []
        cancel(venue, exits, Reason.LINKED_ORDER)


def cancel(venue: Venue, orders: Sequence[Order], reason: int) -> None:
    """Cancel those of some orders that are still open, in the order given."""
    for order in orders:
        if order.state != GONE:
            end(venue, order, EventKind.CANCELED, reason)


def cancel_linked(venue: Venue, order: Order) -> None:
    """Cancel what an order is linked to, oldest first: it traded, fired or ended."""
    group = sorted(order.linked, key=lambda each: each.sequence)
    for each in group:
        each.linked = []
    cancel(venue, [each for each in group if each is not order], Reason.LINKED_ORDER)


def link(order: Order, other: Order) -> None:
    group = [*(other.linked or [other]), order]
    for each in group:
        each.linked = group


def after_fill(venue: Venue, order: Order) -> None:
    """Do what the first fill of a resting order since it was linked, or of an entry, brings about."""
    cancel_linked(venue, order)
    wake_exits(venue, order)


def wake_exits(venue: Venue, entry: Order) -> None:
    exits, entry.exits = entry.exits, []
    for order in exits:
        order.state = WAITING
        order.linked = exits if len(exits) > 1 else []
    if exits:
        venue.books[entry.instrument].is_stirred = True


def before_firing(venue: Venue, order: Order) -> None:
    """Cancel what the firing of an order ends: linked orders, and first what is left of its entry."""
    if order.entry is not None:
        cancel(venue, [order.entry], Reason.LINKED_ORDER)
    cancel_linked(venue, order)
