"""Accounts below maintenance: docs/exchange.md, liquidation, steps 1 to 7."""

from __future__ import annotations

from exchange_sim.model.enums import (
    EventKind,
    OrderType,
    Reason,
    SelfTradePrevention,
    TimeInForce,
    TradingState,
)
from exchange_sim.model.instrument import MAXIMUM_TICKS
from tests.reference import matching, money, orders
from tests.reference.book import Book
from tests.reference.records import BUY, SELL, Account, Order
from tests.reference.venue import Venue

_MOST_ATOMS = 2**61


def liquidate_next(venue: Venue) -> bool:
    """Take one step with the first account below maintenance; return whether there was one."""
    if not venue.is_stirred:
        return False
    for account in venue.accounts:
        holdings = account.holdings
        for asset, contracts in enumerate(venue.contracts):
            mine = [book for book in contracts if holdings[book.number].lots]
            if not mine:
                continue
            cross = [book for book in mine if not holdings[book.number].isolated]
            if any(may_be_closed(book) for book in cross) and money.equity(venue, account, asset) < sum(
                maintenance(venue, account, book) for book in cross
            ):
                take_step(venue, account, cross, [book for book in venue.books if book.settle == asset])
                return True
            for book in mine:
                holding = holdings[book.number]
                own = holding.margin + money.unrealized(account, book)
                if holding.isolated and may_be_closed(book) and own < maintenance(venue, account, book):
                    take_step(venue, account, [book], [book])
                    return True
    venue.is_stirred = False
    return False


def may_be_closed(book: Book) -> bool:
    return bool(book.terms.tiers) and book.state == TradingState.TRADING


def maintenance(venue: Venue, account: Account, book: Book) -> int:
    return venue.tiers[book.number].maintenance(money.value_at_mark(account, book))


def take_step(venue: Venue, account: Account, positions: list[Book], with_orders: list[Book]) -> None:
    canceled = [orders.cancel_of(venue, book, account.number, Reason.LIQUIDATION) for book in with_orders]
    if not any(canceled):
        candidates = [book for book in positions if may_be_closed(book)]
        close(venue, account, max(candidates, key=lambda book: maintenance(venue, account, book)))


def close(venue: Venue, account: Account, book: Book) -> None:
    """Close the position, or what is too much for the tier below."""
    holding, asset = account.holdings[book.number], book.settle
    long, held = holding.lots > 0, abs(holding.lots)
    tiers = venue.tiers[book.number]
    tier = tiers.number(money.value_at_mark(account, book))
    kept = min(held - 1, tiers.rows[tier - 1][0] // (book.mark * book.unit)) if tier else 0
    closing = held - kept
    if holding.isolated:
        equity = holding.margin + money.unrealized(account, book)
    else:
        equity = money.equity(venue, account, asset)
    distance = equity // (held * book.unit)
    highest = min(MAXIMUM_TICKS, _MOST_ATOMS // (held * book.unit))
    bankrupt = max(1, min(highest, book.mark - distance if long else book.mark + distance))
    balance_before = account.balances[asset]
    order = Order(
        venue.next_sequence(), 0, account.number, book.number, SELL if long else BUY, OrderType.LIMIT,
        TimeInForce.IOC, 0, SelfTradePrevention.NONE, bankrupt, closing, closing,
    )  # fmt: skip
    venue.say(
        EventKind.LIQUIDATED, account.number, book.number, code=order.side, order=order.sequence,
        price=bankrupt, quantity=closing, leaves=holding.lots,
    )  # fmt: skip
    traded = matching.match(venue, order, bankrupt, 0) * book.unit
    traded_lots = closing - order.leaves
    left = trade_with_the_fund(venue, account, book, order)
    deleverage(venue, account, book, order, left)
    pay_fee(venue, account, book, order, traded, traded_lots, balance_before)


def trade_with_the_fund(venue: Venue, account: Account, book: Book, order: Order) -> int:
    """Trade on at worse prices while the insurance fund pays the difference; return what is left."""
    left, asset, queue = order.leaves, book.settle, book.sides[1 - order.side]
    while left and queue.prices:
        price = queue.best
        difference = abs(price - order.price) * book.unit
        lots = min(
            left, sum(each.shown for each in queue.levels[price]), venue.insurance[asset] // difference
        )
        if not lots:
            break
        piece = Order(
            order.sequence, 0, order.account, order.instrument, order.side, OrderType.LIMIT,
            TimeInForce.IOC, 0, SelfTradePrevention.NONE, price, lots, lots,
        )  # fmt: skip
        matching.match(venue, piece, price, 0)
        traded = lots - piece.leaves
        left -= traded
        paid = traded * difference
        venue.insurance[asset] -= paid
        account.balances[asset] += paid
        venue.say(
            EventKind.INSURANCE,
            account.number,
            book.number,
            order=order.sequence,
            price=price,
            quantity=traded,
            fee=-paid,
        )
    return left


def deleverage(venue: Venue, account: Account, book: Book, order: Order, left: int) -> None:
    def rank(other: Account) -> tuple[int, int]:
        cost = abs(other.holdings[book.number].cost)
        return (-(money.unrealized(other, book) * 1_000_000 // cost), other.number)

    while left:
        opposite = [
            other for other in venue.accounts if other.holdings[book.number].lots * order.sign > 0
            and other is not account
        ]  # fmt: skip
        other = min(opposite, key=rank)
        lots = min(left, abs(other.holdings[book.number].lots))
        left -= lots
        for each, side in ((account, order.side), (other, 1 - order.side)):
            money.change_position(venue, each, book, side, order.price, lots)
            venue.say(
                EventKind.DELEVERAGED, each.number, book.number, code=side, order=order.sequence,
                price=order.price, quantity=lots,
            )  # fmt: skip
        matching.cut_reduce_only(venue, book, other.number)


def pay_fee(
    venue: Venue, account: Account, book: Book, order: Order, traded: int, lots: int, balance_before: int
) -> None:
    asset, holding = book.settle, account.holdings[book.number]
    if not holding.isolated:
        left = money.equity(venue, account, asset)
    elif holding.lots:
        left = holding.margin + money.unrealized(account, book)
    else:
        left = account.balances[asset] - balance_before
    fee = min(left, money.divide_up(traded * book.terms.liquidation_fee_ppm, money.PPM))
    if fee <= 0:
        return
    if holding.isolated and holding.lots:
        holding.margin -= fee
    else:
        account.balances[asset] -= fee
    venue.insurance[asset] += fee
    venue.is_stirred = True
    venue.say(
        EventKind.INSURANCE,
        account.number,
        book.number,
        order=order.sequence,
        price=order.price,
        quantity=lots,
        fee=fee,
    )
