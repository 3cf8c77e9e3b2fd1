"""Fees, positions, holds and margins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.reference.book import Book
from tests.reference.records import BUY, Account, Order, divide_up

if TYPE_CHECKING:
    from tests.reference.venue import Venue

PPM = 1_000_000
DAY_NS = 86_400_000_000_000
DAYS = 30


class Tiers:
    """Margin tiers of an instrument as numbers."""

    def __init__(self, book: Book) -> None:
        self.rows: list[tuple[int, int, int, int]] = []
        amount = 0
        for number, tier in enumerate(book.terms.tiers):
            if number:
                below = book.terms.tiers[number - 1]
                amount += below.up_to_atoms * (tier.maintenance_ppm - below.maintenance_ppm) // PPM
            self.rows.append((tier.up_to_atoms, tier.maintenance_ppm, tier.initial_ppm, amount))

    def number(self, value: int) -> int:
        return next(
            (number for number, row in enumerate(self.rows) if value <= row[0]),
            len(self.rows) - 1,
        )

    def initial_ppm(self, value: int) -> int:
        return self.rows[self.number(value)][2] if self.rows else 0

    def maintenance(self, value: int) -> int:
        if not self.rows or not value:
            return 0
        _, ppm, _, amount = self.rows[self.number(value)]
        return divide_up(value * ppm, PPM) - amount


# Fees and fills


def fee_ppm(venue: Venue, account: Account, book: Book, *, maker: bool) -> int:
    today = venue.now // DAY_NS
    rates = book.terms.maker_fee_ppm if maker else book.terms.taker_fee_ppm
    if venue.rules.fee_tiers:
        volume = sum(atoms for day, atoms in account.volumes.items() if today - DAYS <= day < today)
        for tier in venue.rules.fee_tiers:
            if volume >= tier.volume_atoms:
                rates = tier.maker_fee_ppm if maker else tier.taker_fee_ppm
    return rates


def settle(
    venue: Venue, account: Account, book: Book, side: int, price: int, lots: int, ppm: int, *, maker: bool
) -> int:
    """Book one side of a trade; return its fee."""
    value = price * lots * book.unit
    holding = account.holdings[book.number]
    if book.is_spot:
        fee = settle_spot(venue, account, book, side, value, lots, ppm)
    else:
        change_position(venue, account, book, side, price, lots)
        fee = divide_up(value * ppm, PPM)
        account.balances[book.settle] -= fee
        venue.fees[book.settle] += fee
        holding.fees += fee
    holding.volume += value
    holding.maker += value if maker else 0
    holding.fills += 1
    if venue.rules.fee_tiers:
        today = venue.now // DAY_NS
        account.volumes[today] = account.volumes.get(today, 0) + value
    venue.is_stirred = True
    return fee


def settle_spot(
    venue: Venue, account: Account, book: Book, side: int, value: int, lots: int, ppm: int
) -> int:
    bought = lots * book.base_unit
    sign = 1 if side == BUY else -1
    account.balances[book.base] += sign * bought
    account.balances[book.settle] -= sign * value
    in_base = side == BUY and book.terms.fee_asset == "received"
    asset = book.base if in_base else book.settle
    fee = divide_up((bought if in_base else value) * ppm, PPM)
    account.balances[asset] -= fee
    venue.fees[asset] += fee
    if not in_base:
        account.holdings[book.number].fees += fee
    return fee


def change_position(venue: Venue, account: Account, book: Book, side: int, price: int, lots: int) -> None:
    holding, balances = account.holdings[book.number], account.balances
    sign = 1 if side == BUY else -1
    held = abs(holding.lots)
    closing = min(lots, held) if holding.lots * sign < 0 else 0
    if closing:
        share = holding.cost * closing // held
        realized = -sign * price * closing * book.unit - share
        back = holding.margin * closing // held
        holding.cost -= share
        holding.margin -= back
        holding.realized += realized
        balances[book.settle] += realized + back
    opened = price * (lots - closing) * book.unit
    holding.lots += sign * lots
    holding.cost += sign * opened
    if holding.isolated and opened:
        moved = divide_up(opened * margin_ppm(venue, account, book, abs(holding.cost)), PPM)
        balances[book.settle] -= moved
        holding.margin += moved
    venue.is_stirred = True


# Margin


def chosen_ppm(account: Account, book: Book) -> int:
    leverage = account.holdings[book.number].leverage
    return divide_up(PPM, leverage) if leverage else book.terms.initial_margin_ppm


def margin_ppm(venue: Venue, account: Account, book: Book, value: int) -> int:
    return max(chosen_ppm(account, book), venue.tiers[book.number].initial_ppm(value))


def open_orders(account: Account, book: Book) -> tuple[list[int], list[int]]:
    """Return lots and value at their limits of resting buys and sells."""
    lots, values = [0, 0], [0, 0]
    for order in account.orders[book.number].values():
        if order.state == "resting":
            lots[order.side] += order.leaves
            values[order.side] += order.leaves * order.price * book.unit
    return lots, values


def exposure(amount: int, opened: list[int]) -> int:
    """Return the larger size that an amount can reach if the open orders of one side fill."""
    return max(abs(amount + opened[0]), abs(amount - opened[1]))


def initial_margin(venue: Venue, account: Account, book: Book, value: int) -> int:
    return divide_up(value * margin_ppm(venue, account, book, value), PPM)


def counted_margin(venue: Venue, account: Account, book: Book, value: int) -> int:
    """Return the part of an exposure's initial margin that the account must cover."""
    return max(0, initial_margin(venue, account, book, value) - account.holdings[book.number].margin)


def required_elsewhere(venue: Venue, account: Account, asset: int, but: Book | None = None) -> int:
    total = 0
    for book in venue.contracts[asset]:
        if book is not but:
            value = exposure(account.holdings[book.number].cost, open_orders(account, book)[1])
            total += counted_margin(venue, account, book, value)
    return total


def unrealized(account: Account, book: Book) -> int:
    holding = account.holdings[book.number]
    return holding.lots * book.mark * book.unit - holding.cost if holding.lots else 0


def equity(venue: Venue, account: Account, asset: int) -> int:
    return account.balances[asset] + sum(
        unrealized(account, book)
        for book in venue.contracts[asset]
        if not account.holdings[book.number].isolated
    )


def value_at_mark(account: Account, book: Book) -> int:
    return abs(account.holdings[book.number].lots) * book.mark * book.unit


# Spot


def hold_of(book: Book, side: int, price: int, lots: int) -> tuple[int, int]:
    """Return the asset that an order of a spot pair holds, and how much."""
    if side != BUY:
        return book.base, lots * book.base_unit
    fee = 0
    if book.terms.fee_asset == "quote":
        ppm = max(book.terms.maker_fee_ppm, book.terms.taker_fee_ppm, 0)
        fee = divide_up(price * book.unit * ppm, PPM)
    return book.settle, lots * (price * book.unit + fee)


def held(venue: Venue, account: Account, asset: int) -> int:
    total = 0
    for book in venue.spots:
        if asset in {book.settle, book.base}:
            for order in account.orders[book.number].values():
                if order.state == "resting":
                    of, atoms = hold_of(book, order.side, order.price, order.leaves)
                    total += atoms if of == asset else 0
    return total


def available(venue: Venue, account: Account, asset: int) -> int:
    """Return what can be withdrawn or held: neither unrealized profit, nor margin, nor holds."""
    owned = min(account.balances[asset], equity(venue, account, asset))
    return owned - required_elsewhere(venue, account, asset) - held(venue, account, asset)


def reducible(account: Account, order: Order) -> int:
    """Return how many lots an order of this side can close."""
    return max(0, -order.sign * account.holdings[order.instrument].lots)


def resting_reduce_only(account: Account, order: Order) -> int:
    """Return what other reduce-only orders rest on the order's side."""
    return sum(
        other.leaves
        for other in account.orders[order.instrument].values()
        if other.reduce_only and other.state == "resting" and other.side == order.side and other is not order
    )
