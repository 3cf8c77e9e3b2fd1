"""What accounts do with orders: submit, change, replace, cancel."""

from __future__ import annotations

from exchange_sim.model.enums import (
    EventKind,
    OrderType,
    Reason,
    TimeInForce,
    TradingState,
)
from exchange_sim.model.instrument import MAXIMUM_TICKS
from tests.reference import checks, links, matching, money, terms
from tests.reference.book import Book
from tests.reference.records import BUY, LIMIT_TYPES, SLEEPING, TAKING, WAITING, Command, Order
from tests.reference.venue import Venue

# New orders


def submit(venue: Venue, c: Command) -> None:
    refused = c._replace(order=0)
    reason = checks.target(venue, c)
    if reason is None:
        reason = checks.state(venue.books[c.instrument]) or checks.rate(venue, venue.accounts[c.account])
    if reason is None:
        reason = place(venue, c)
    if reason is not None:
        venue.refuse(refused, EventKind.REJECTED, reason)


def place(venue: Venue, c: Command) -> Reason | None:
    """Accept and execute a new order, or return why not."""
    book = venue.books[c.instrument]
    account = venue.accounts[c.account]
    reason = (
        terms.why_not(venue, c)
        or checks.size_of(book, c)
        or checks.names(venue, c)
        or checks.counts(venue, book, c)
    )
    if reason is not None:
        return reason
    order = new_order(c)
    waits = c.order_type >= OrderType.STOP_MARKET
    if waits:
        reason = checks.trigger_price(book, c.side, c.order_type, c.source, c.trigger, c.trail)
    else:
        reason = why_not(venue, book, order, c)
    if reason is not None:
        return reason
    checks.count_message(venue, account)
    order.sequence = venue.next_sequence()
    other = venue.clients.get((c.account, c.linked)) if c.linked else None
    venue.enter(order)
    if other is not None:
        links.link(order, other)
    for which, trigger in ((1, c.stop_loss), (2, c.take_profit)):
        if trigger:
            add_exit(venue, book, order, which, trigger)
    if waits:
        order.state = WAITING
        book.waiting[order.sequence] = order
        if c.order_type == OrderType.TRAILING_STOP:
            order.trigger = book.sources[c.source] + (c.trail if c.side == BUY else -c.trail)
    else:
        act(venue, book, order)
    return None


def new_order(c: Command) -> Order:
    limit = c.price if c.order_type in LIMIT_TYPES else 0
    return Order(
        0, c.client, c.account, c.instrument, c.side, c.order_type, c.time_in_force, c.post_only, c.stp,
        limit, c.quantity, c.quantity, c.display, c.expire, c.trigger, c.trail, c.source,
        int(c.reduce_only or c.close_position), c.close_position,
    )  # fmt: skip


def add_exit(venue: Venue, book: Book, entry: Order, which: int, trigger: int) -> None:
    kind = OrderType.STOP_MARKET if which == 1 else OrderType.TAKE_PROFIT_MARKET
    order = Order(
        venue.next_sequence(), entry.client + which, entry.account, entry.instrument, 1 - entry.side, kind,
        TimeInForce.GTC, 0, entry.stp, 0, entry.quantity, entry.quantity,
        trigger=trigger, source=entry.source, reduce_only=1, state=SLEEPING, entry=entry, of_bracket=True,
    )  # fmt: skip
    entry.of_bracket = True
    entry.exits.append(order)
    book.waiting[order.sequence] = order
    venue.enter(order)


def why_not(venue: Venue, book: Book, order: Order, c: Command) -> Reason | None:
    """Make the checks 9 to 12 on a new order that acts at once; give a close-position order its quantity."""
    account = venue.accounts[order.account]
    if order.close_position:
        order.quantity = order.leaves = money.reducible(account, order)
    value_price = order.price if order.is_limit else book.sides[1 - order.side].best
    reason = checks.price(
        book, order, value_price, order.quantity, may_take=not c.linked, minimum=not order.close_position
    )
    if reason is not None:
        return reason
    if order.close_position:
        if not order.quantity:
            return Reason.REDUCE_ONLY
    elif order.reduce_only:
        together = order.leaves + money.resting_reduce_only(account, order)
        if together > money.reducible(account, order):
            return Reason.REDUCE_ONLY
    return last_checks(venue, book, order)


def last_checks(venue: Venue, book: Book, order: Order) -> Reason | None:
    """Make the checks 11 and 12."""
    reason = checks.exposure(venue, book, order)
    if reason is not None:
        return reason
    if order.time_in_force == TimeInForce.FOK and not checks.fills_at_once(
        book, order, checks.limit_of(book, order)
    ):
        return Reason.FOK_NOT_FILLABLE
    if order.may_rest and checks.too_wide(book, order.price):
        return Reason.PRICE_OUT_OF_RANGE
    return None


def act(venue: Venue, book: Book, order: Order) -> None:
    """Let an order take what it can; what is left rests or expires."""
    ppm = money.fee_ppm(venue, venue.accounts[order.account], book, maker=False)
    matching.match(venue, order, checks.limit_of(book, order), ppm)
    if order.state == TAKING:
        if not order.leaves:
            venue.drop(order)
        elif not order.is_limit:
            links.end(venue, order, EventKind.EXPIRED, Reason.MARKET_REMAINDER)
        elif not order.may_rest:
            links.end(venue, order, EventKind.EXPIRED, Reason.IOC_REMAINDER)
        else:
            book.sides[order.side].join(order)
    if order.has_traded:
        links.wake_exits(venue, order)


# Changes


def modify(venue: Venue, c: Command) -> None:
    reason, order = None, None
    reason = checks.target(venue, c)
    if reason is None:
        reason = checks.state(venue.books[c.instrument]) or checks.rate(venue, venue.accounts[c.account])
    if reason is None:
        order = venue.find(c)
    if order is None:
        venue.refuse(c, EventKind.MODIFY_REJECTED, reason or Reason.UNKNOWN_ORDER)
        return
    change = change_waiting if order.waits else change_resting
    reason = change(venue, venue.books[c.instrument], order, c)
    if reason is not None:
        named = c._replace(order=order.sequence, client=order.client)
        venue.refuse(named, EventKind.MODIFY_REJECTED, reason)


def change_waiting(venue: Venue, book: Book, order: Order, c: Command) -> Reason | None:
    if c.trigger and (order.order_type == OrderType.TRAILING_STOP or not 1 <= c.trigger <= MAXIMUM_TICKS):
        return Reason.INVALID_TRIGGER
    if order.display and c.quantity > terms.MOST_PARTS * order.display:
        return Reason.INVALID_DISPLAY
    if order.close_position:
        reason = Reason.INVALID_QUANTITY if c.quantity else None
    else:
        reason = checks.size(book, c.price if order.is_limit else None, c.quantity)
    if reason is None and c.trigger and order.state != SLEEPING:
        reason = checks.trigger_price(book, order.side, order.order_type, order.source, c.trigger, 0)
    if reason is not None:
        return reason
    checks.count_message(venue, venue.accounts[order.account])
    order.price = c.price if order.is_limit else 0
    order.quantity = order.leaves = c.quantity
    order.display = min(order.display, c.quantity)
    order.trigger = c.trigger or order.trigger
    venue.tell(order, EventKind.MODIFIED, order.side)
    return None


def change_resting(venue: Venue, book: Book, order: Order, c: Command) -> Reason | None:
    changed = Order(
        order.sequence, order.client, order.account, order.instrument, order.side, order.order_type,
        order.time_in_force, order.post_only, order.stp, c.price, c.quantity,
        c.quantity - (order.quantity - order.leaves),
    )  # fmt: skip
    keeps_place = c.price == order.price and c.quantity < order.quantity
    reason = why_not_change(book, order, changed, c)
    if reason is None and not keeps_place:
        reason = why_not_return(venue, book, order, changed)
    if reason is not None:
        return reason
    checks.count_message(venue, venue.accounts[order.account])
    queue = book.sides[order.side]
    order.display = min(order.display, c.quantity)
    if keeps_place:
        queue.lower(order, order.quantity - c.quantity)
        venue.tell(order, EventKind.MODIFIED, order.side)
        return None
    queue.leave(order)
    order.state = TAKING
    order.price, order.quantity, order.leaves = changed.price, changed.quantity, changed.leaves
    venue.tell(order, EventKind.MODIFIED, order.side)
    act(venue, book, order)
    return None


def why_not_change(book: Book, order: Order, changed: Order, c: Command) -> Reason | None:
    """Make the checks that every change must pass."""
    if c.trigger:
        return Reason.INVALID_TRIGGER
    if order.display and c.quantity > terms.MOST_PARTS * order.display:
        return Reason.INVALID_DISPLAY
    reason = checks.size(book, c.price, c.quantity)
    if reason is None and changed.leaves <= 0:
        reason = Reason.QUANTITY_BELOW_FILLED
    if reason is None and c.price * c.quantity * book.unit < book.minimum_notional:
        reason = Reason.BELOW_MINIMUM_NOTIONAL
    return reason


def why_not_return(venue: Venue, book: Book, order: Order, changed: Order) -> Reason | None:
    """Make the checks 9 to 12 on an order that comes back as a new arrival."""
    account = venue.accounts[order.account]
    reason = checks.price(book, changed, changed.price, changed.quantity, may_take=not order.linked)
    if reason is None and order.reduce_only:
        together = changed.leaves + money.resting_reduce_only(account, order)
        if together > money.reducible(account, order):
            reason = Reason.REDUCE_ONLY
    reason = reason or checks.exposure(venue, book, changed, order)
    if reason is None and checks.too_wide(book, changed.price):
        reason = Reason.PRICE_OUT_OF_RANGE
    return reason


# Cancels


def cancel(venue: Venue, c: Command) -> None:
    order = None
    reason = checks.target(venue, c)
    if reason is None:
        reason = checks.state(venue.books[c.instrument], cancels=True)
    if reason is None:
        order = venue.find(c)
    if order is None:
        plain = c._replace(price=0, quantity=0)
        venue.refuse(plain, EventKind.CANCEL_REJECTED, reason or Reason.UNKNOWN_ORDER)
        return
    links.end(venue, order, EventKind.CANCELED, Reason.CANCELED_BY_USER)


def cancel_all(venue: Venue, c: Command) -> None:
    every = c.instrument == -1
    reason = checks.target(venue, c._replace(instrument=0) if every else c)
    if reason is None and not every:
        reason = checks.state(venue.books[c.instrument], cancels=True)
    if reason is not None:
        venue.refuse(Command(c.kind, c.account, c.instrument), EventKind.CANCEL_REJECTED, reason)
        return
    for book in venue.books if every else (venue.books[c.instrument],):
        if book.state != TradingState.HALTED:
            cancel_of(venue, book, c.account, Reason.CANCELED_BY_CANCEL_ALL)


def cancel_of(venue: Venue, book: Book, account: int, reason: int) -> bool:
    """Cancel an account's open orders of an instrument, newest first; return whether there were any."""
    own = list(venue.accounts[account].orders[book.number].values())
    links.cancel(venue, own[::-1], reason)
    return bool(own)


def replace(venue: Venue, c: Command) -> None:
    order = None
    reason = checks.target(venue, c)
    if reason is None:
        reason = checks.state(venue.books[c.instrument]) or checks.rate(venue, venue.accounts[c.account])
    if reason is None:
        order = venue.find(c._replace(client=c.linked))
        reason = Reason.UNKNOWN_ORDER if order is None else None
    c = c._replace(order=0, linked=0)
    if order is not None:
        links.end(venue, order, EventKind.CANCELED, Reason.REPLACED)
        reason = place(venue, c)
    if reason is not None:
        venue.refuse(c, EventKind.REJECTED, reason)
