"""Waiting orders: which fires next, and how."""

from __future__ import annotations

from exchange_sim.model.enums import EventKind, OrderType, Reason, TradingState
from tests.reference import checks, links, money, orders
from tests.reference.book import Book
from tests.reference.records import BUY, MARKET_TRIGGERS, TAKING, WAITING, Order
from tests.reference.venue import Venue


def fire_next(venue: Venue) -> bool:
    """Fire the order whose turn it is; return whether there was one."""
    for book in venue.books:
        if not book.is_stirred or book.state != TradingState.TRADING:
            continue
        follow(book)
        order = next_of(book)
        if order is not None:
            fire(venue, book, order)
            return True
        book.is_stirred = False
    return False


def follow(book: Book) -> None:
    """Let trailing triggers follow their sources."""
    for order in book.waiting.values():
        price = book.sources[order.source]
        if order.order_type == OrderType.TRAILING_STOP and price:
            if order.side == BUY:
                order.trigger = min(order.trigger, price + order.trail)
            else:
                order.trigger = max(order.trigger, price - order.trail)


def next_of(book: Book) -> Order | None:
    for source, price in enumerate(book.sources):
        armed = [o for o in book.waiting.values() if o.source == source and o.state == WAITING and price]
        upwards = [order for order in armed if order.fires_upwards and price >= order.trigger]
        if upwards:
            return min(upwards, key=lambda order: (order.trigger, order.sequence))
        downwards = [order for order in armed if not order.fires_upwards and price <= order.trigger]
        if downwards:
            return min(downwards, key=lambda order: (-order.trigger, order.sequence))
    return None


def fire(venue: Venue, book: Book, order: Order) -> None:
    account = venue.accounts[order.account]
    venue.tell(order, EventKind.TRIGGERED, 0, price=order.trigger)
    del book.waiting[order.sequence]
    order.state = TAKING
    links.before_firing(venue, order)
    if order.reduce_only:
        most = money.reducible(account, order)
        if order.order_type not in MARKET_TRIGGERS:
            most -= money.resting_reduce_only(account, order)
        if most <= 0:
            links.end(venue, order, EventKind.EXPIRED, Reason.REDUCED)
            return
        order.quantity = order.leaves = most if order.close_position else min(order.leaves, most)
    reason = checks.price(book, order, order.price, order.quantity, minimum=False)
    reason = reason or orders.last_checks(venue, book, order)
    if reason is not None:
        links.end(venue, order, EventKind.EXPIRED, reason)
        return
    orders.act(venue, book, order)
