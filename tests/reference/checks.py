"""Why an order is refused: docs/exchange.md, checks 1, 2 and 4 to 12."""

from __future__ import annotations

from exchange_sim.model.enums import OrderType, Reason, SelfTradePrevention, TradingState
from exchange_sim.model.instrument import MAXIMUM_LOTS, MAXIMUM_NOTIONAL_ATOMS, MAXIMUM_TICKS
from tests.reference import money
from tests.reference.book import Book
from tests.reference.records import (
    BUY,
    LIMIT_TYPES,
    RESTING_TIMES,
    SELL,
    TAKE_PROFITS,
    Account,
    Command,
    Order,
)
from tests.reference.venue import Venue

WIDEST_BOOK_TICKS = 2**22


def target(venue: Venue, c: Command) -> Reason | None:
    if not 0 <= c.instrument < len(venue.books):
        return Reason.UNKNOWN_INSTRUMENT
    if not 0 <= c.account < len(venue.accounts):
        return Reason.UNKNOWN_ACCOUNT
    return None


def state(book: Book, *, cancels: bool = False) -> Reason | None:
    if book.state == TradingState.HALTED:
        return Reason.INSTRUMENT_HALTED
    if book.state == TradingState.CANCEL_ONLY and not cancels:
        return Reason.INSTRUMENT_CANCEL_ONLY
    return None


def rate(venue: Venue, account: Account) -> Reason | None:
    most = venue.rules.messages_per_second
    if most and account.second == venue.now // 1_000_000_000 and account.messages >= most:
        return Reason.RATE_LIMITED
    return None


def count_message(venue: Venue, account: Account) -> None:
    second = venue.now // 1_000_000_000
    account.messages = account.messages + 1 if account.second == second else 1
    account.second = second


# 4 to 8


def size(book: Book, price: int | None, quantity: int) -> Reason | None:
    """Check bounds; `price` is None for orders without a limit."""
    if quantity <= 0:
        return Reason.INVALID_QUANTITY
    if quantity > book.terms.maximum_order_lots:
        return Reason.QUANTITY_ABOVE_MAXIMUM
    if price is not None:
        if not 0 < price <= MAXIMUM_TICKS:
            return Reason.INVALID_PRICE
        if price * quantity * book.unit > MAXIMUM_NOTIONAL_ATOMS:
            return Reason.QUANTITY_ABOVE_MAXIMUM
    return None


def size_of(book: Book, c: Command) -> Reason | None:
    if c.close_position:
        return Reason.INVALID_QUANTITY if c.quantity else None
    return size(book, c.price if c.order_type in LIMIT_TYPES else None, c.quantity)


def names(venue: Venue, c: Command) -> Reason | None:
    """Check client order ids and the linked order."""
    bracket = c.stop_loss != 0 or c.take_profit != 0
    for client in range(c.client, c.client + (3 if bracket else 1)):
        if c.client and (c.account, client) in venue.clients:
            return Reason.DUPLICATE_CLIENT_ORDER_ID
    if c.linked:
        other = venue.clients.get((c.account, c.linked))
        if other is None or other.instrument != c.instrument or other.of_bracket:
            return Reason.UNKNOWN_LINKED_ORDER
    return None


def counts(venue: Venue, book: Book, c: Command) -> Reason | None:
    own = venue.accounts[c.account].orders[c.instrument].values()
    waiting = sum(order.waits for order in own)
    exits = (c.stop_loss != 0) + (c.take_profit != 0)
    waits = c.order_type >= OrderType.STOP_MARKET
    rests = c.order_type == OrderType.LIMIT and c.time_in_force in RESTING_TIMES
    most = book.terms.maximum_open_orders
    if most and rests and len(own) - waiting + 1 > most:
        return Reason.TOO_MANY_ACCOUNT_ORDERS
    most, more = book.terms.maximum_waiting_orders, exits + waits
    if most and more and waiting + more > most:
        return Reason.TOO_MANY_WAITING_ORDERS
    return None


def trigger_price(
    book: Book, side: int, order_type: int, source: int, trigger: int, trail: int
) -> Reason | None:
    price = book.sources[source]
    if not price:
        return Reason.NO_TRIGGER_PRICE
    if order_type == OrderType.TRAILING_STOP:
        first = price + trail if side == BUY else price - trail
        return None if 1 <= first <= MAXIMUM_TICKS else Reason.INVALID_TRIGGER
    upwards = (order_type in TAKE_PROFITS) == (side == SELL)
    if price >= trigger if upwards else price <= trigger:
        return Reason.WOULD_TRIGGER_IMMEDIATELY
    return None


# 9 to 12


def price(
    book: Book, order: Order, value_price: int, total: int, *, may_take: bool = True, minimum: bool = True
) -> Reason | None:
    """Check minimum notional, band, and orders that may not take."""
    if minimum and 0 < value_price * total * book.unit < book.minimum_notional:
        return Reason.BELOW_MINIMUM_NOTIONAL
    if order.is_limit:
        band = book.band
        if band and not band[0] <= order.price <= band[1]:
            return Reason.PRICE_OUTSIDE_BAND
        opposite = book.sides[1 - order.side].best
        if (order.post_only or not may_take) and book.reaches(order.side, order.price, opposite):
            return Reason.POST_ONLY_WOULD_TAKE
    return None


def valuation(book: Book, order: Order) -> int:
    """Return the price at which an order counts: the dearest at which it can trade."""
    opposite = book.sides[1 - order.side]
    if order.is_limit:
        return max(order.price, opposite.best) if order.side == SELL else order.price
    if not opposite.prices:
        return book.mark
    if order.side == SELL:
        return opposite.best
    missing = order.leaves
    for asked in opposite.prices:
        missing -= sum(each.shown for each in opposite.levels[asked])
        if missing <= 0:
            return asked
    return opposite.prices[-1]


def exposure(venue: Venue, book: Book, order: Order, before: Order | None = None) -> Reason | None:  # noqa: PLR0911 - one rule a line
    """Check bounds, leverage and money of a new order, or of what a change makes of `before`."""
    account, holding = venue.accounts[order.account], venue.accounts[order.account].holdings[book.number]
    side, at = order.side, valuation(book, order)
    added = at * order.leaves * book.unit
    dropped = before.price * before.leaves * book.unit if before else 0
    if added > MAXIMUM_NOTIONAL_ATOMS:
        return Reason.POSITION_LIMIT
    lots, values = money.open_orders(account, book)
    lots_before, value_before = money.exposure(holding.lots, lots), money.exposure(holding.cost, values)
    lots[side] += order.leaves - (before.leaves if before else 0)
    values[side] += added - dropped
    lots_after, value_after = money.exposure(holding.lots, lots), money.exposure(holding.cost, values)
    if lots_after > lots_before and lots_after > MAXIMUM_LOTS:
        return Reason.POSITION_LIMIT
    resting = book.sides[side].tick_lots * book.unit
    if added > dropped and resting + added - dropped > MAXIMUM_NOTIONAL_ATOMS:
        return Reason.POSITION_LIMIT
    if value_after > value_before and value_after > MAXIMUM_NOTIONAL_ATOMS:
        return Reason.POSITION_LIMIT
    if book.is_spot:
        return balance(venue, book, order, at, before)
    if value_after <= value_before:
        return None
    return margin(venue, account, book, value_before, value_after)


def balance(venue: Venue, book: Book, order: Order, at: int, before: Order | None) -> Reason | None:
    asset, needed = money.hold_of(book, order.side, at, order.leaves)
    if before:
        needed -= money.hold_of(book, order.side, before.price, before.leaves)[1]
    if needed > 0 and needed > money.available(venue, venue.accounts[order.account], asset):
        return Reason.INSUFFICIENT_BALANCE
    return None


def margin(venue: Venue, account: Account, book: Book, before: int, after: int) -> Reason | None:
    """Check leverage and margin where an exposure grows."""
    allowed = venue.tiers[book.number].initial_ppm(after)
    if account.holdings[book.number].leverage and allowed > money.chosen_ppm(account, book):
        return Reason.LEVERAGE_ABOVE_TIER
    if money.initial_margin(venue, account, book, after) <= money.initial_margin(
        venue, account, book, before
    ):
        return None
    required = money.counted_margin(venue, account, book, after)
    required += money.required_elsewhere(venue, account, book.settle, book)
    free = money.equity(venue, account, book.settle) - money.held(venue, account, book.settle)
    return Reason.INSUFFICIENT_MARGIN if required > free else None


def fills_at_once(book: Book, order: Order, limit: int | None) -> bool:
    """Return whether an order fills; at a price hidden lots trade behind all that is shown."""
    missing, hidden, price = order.leaves, 0, 0
    for maker in book.sides[1 - order.side]:
        if maker.price != price:
            missing, hidden, price = missing - hidden, 0, maker.price
        if missing <= 0:
            return True
        if limit is not None and not book.reaches(order.side, limit, price):
            return False
        if maker.account == order.account and order.stp != SelfTradePrevention.NONE:
            if order.stp == SelfTradePrevention.CANCEL_OLDEST:
                continue
            return False
        if maker.linked or (maker.reduce_only and maker.account != order.account):
            continue
        missing -= maker.shown
        hidden += maker.leaves - maker.shown
        if missing <= 0:
            return True
    return missing - hidden <= 0


def too_wide(book: Book, price: int) -> bool:
    low, high = book.widest
    return high > 0 and max(high, price) - min(low, price) + 1 > WIDEST_BOOK_TICKS


def limit_of(book: Book, order: Order) -> int | None:
    """Return the worst price at which an order may trade; None: any."""
    if order.is_limit:
        return order.price
    band = book.band
    limit = None if band is None else band[1 - order.side]
    if book.is_spot and order.side == BUY:
        covered = valuation(book, order)
        limit = covered if limit is None else min(limit, covered)
    return limit
