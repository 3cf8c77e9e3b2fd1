"""An order meets the book: trades, self-trade prevention, cuts of reduce-only orders."""

from __future__ import annotations

from exchange_sim.model.enums import EventKind, Reason, SelfTradePrevention
from tests.reference import links, money
from tests.reference.book import Book
from tests.reference.records import BUY, GONE, RESTING, SELL, Order
from tests.reference.venue import Venue


def match(venue: Venue, taker: Order, limit: int | None, ppm: int) -> int:
    """Trade an order with all that its limit reaches; return the value traded in ticks times lots."""
    book = venue.books[taker.instrument]
    opposite = book.sides[1 - taker.side]
    traded = 0
    while taker.leaves and taker.state != GONE and opposite.prices:
        if limit is not None and not book.reaches(taker.side, limit, opposite.best):
            break
        maker = opposite.first()
        if maker.account == taker.account and taker.stp != SelfTradePrevention.NONE:
            prevent_self_trade(venue, book, taker, maker)
        else:
            traded += trade(venue, book, taker, maker, ppm)
    return traded


def trade(venue: Venue, book: Book, taker: Order, maker: Order, taker_ppm: int) -> int:
    price, lots = maker.price, min(taker.leaves, maker.shown)
    queue = book.sides[maker.side]
    taker.leaves -= lots
    queue.trade(maker, lots)
    for order in (taker, maker):
        account, is_maker = venue.accounts[order.account], order is maker
        ppm = money.fee_ppm(venue, account, book, maker=True) if is_maker else taker_ppm
        fee = money.settle(venue, account, book, order.side, price, lots, ppm, maker=is_maker)
        code = order.side | (2 if is_maker else 0)
        venue.tell(order, EventKind.FILLED, code, price=price, quantity=lots, fee=fee)
    book.last = price
    book.volume += lots
    book.trades += 1
    book.is_stirred = True
    if not book.mark_is_set and not (book.terms.mark == "index" and book.index):
        venue.set_mark(book, price)
    taker.has_traded = maker.has_traded = True
    links.after_fill(venue, maker)
    if not maker.leaves:
        venue.drop(maker)
    elif not maker.shown:
        queue.show_next(maker)
    cut_reduce_only(venue, book, taker.account)
    cut_reduce_only(venue, book, maker.account)
    return price * lots


def prevent_self_trade(venue: Venue, book: Book, taker: Order, maker: Order) -> None:
    mode, cut = taker.stp, min(taker.leaves, maker.leaves)
    ends_maker = mode in {SelfTradePrevention.CANCEL_OLDEST, SelfTradePrevention.CANCEL_BOTH}
    ends_taker = mode in {SelfTradePrevention.CANCEL_NEWEST, SelfTradePrevention.CANCEL_BOTH}
    if mode == SelfTradePrevention.DECREMENT:
        ends_maker, ends_taker = maker.leaves == cut, taker.leaves == cut
        if not ends_maker:
            book.sides[maker.side].lower(maker, cut)
            venue.tell(maker, EventKind.MODIFIED, maker.side)
    if ends_maker:
        links.end(venue, maker, EventKind.CANCELED, Reason.SELF_TRADE)
    if ends_taker:
        links.end(venue, taker, EventKind.CANCELED, Reason.SELF_TRADE)
    elif mode == SelfTradePrevention.DECREMENT:
        taker.leaves -= cut
        taker.quantity -= cut
        venue.tell(taker, EventKind.MODIFIED, taker.side)


def cut_reduce_only(venue: Venue, book: Book, number: int) -> None:
    """Cut an account's resting reduce-only orders to its position, newest first."""
    account = venue.accounts[number]
    lots = account.holdings[book.number].lots
    own = account.orders[book.number]
    for side, most in ((BUY, max(0, -lots)), (SELL, max(0, lots))):
        resting = [o for o in own.values() if o.reduce_only and o.side == side and o.state == RESTING]
        excess = sum(order.leaves for order in resting) - most
        for order in reversed(resting):
            if excess <= 0:
                break
            if order.state == GONE:
                continue
            if order.leaves <= excess:
                excess -= order.leaves
                links.end(venue, order, EventKind.CANCELED, Reason.REDUCED)
            else:
                book.sides[side].lower(order, excess)
                excess = 0
                venue.tell(order, EventKind.MODIFIED, order.side)
