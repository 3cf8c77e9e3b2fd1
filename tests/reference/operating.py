"""What the operator and accounts do besides orders: money, margins, marks, funding, states."""

from __future__ import annotations

from exchange_sim.model.enums import EventKind, Reason, TradingState
from tests.reference import checks, money
from tests.reference.book import Book
from tests.reference.money import PPM
from tests.reference.records import Command, divide_up
from tests.reference.venue import Venue

MOST_DEPOSITS_ATOMS = 2**62
MOST_MOVED_ATOMS = 2**62
MOST_RATE_PPB = 10**9
_INTEREST_CLAMP_PPB = 500_000


def deposit(venue: Venue, c: Command) -> None:
    c = Command(c.kind, c.account, c.instrument, quantity=c.quantity)
    if not 0 <= c.instrument < len(venue.assets):
        venue.refuse(c, EventKind.REJECTED, Reason.UNKNOWN_INSTRUMENT)
    elif not 0 <= c.account < len(venue.accounts):
        venue.refuse(c, EventKind.REJECTED, Reason.UNKNOWN_ACCOUNT)
    elif pay_in(venue, c):
        venue.accounts[c.account].balances[c.instrument] += c.quantity
        venue.say(EventKind.DEPOSITED, c.account, c.instrument, quantity=c.quantity)


def feed_insurance(venue: Venue, c: Command) -> None:
    c = Command(c.kind, -1, c.instrument, quantity=c.quantity)
    if not 0 <= c.instrument < len(venue.assets):
        venue.refuse(c, EventKind.REJECTED, Reason.UNKNOWN_INSTRUMENT)
    elif pay_in(venue, c):
        venue.insurance[c.instrument] += c.quantity
        venue.say(EventKind.DEPOSITED, -1, c.instrument, quantity=c.quantity)


def pay_in(venue: Venue, c: Command) -> bool:
    if c.quantity <= 0 or venue.deposits[c.instrument] + c.quantity > MOST_DEPOSITS_ATOMS:
        venue.refuse(c, EventKind.REJECTED, Reason.INVALID_QUANTITY)
        return False
    venue.deposits[c.instrument] += c.quantity
    return True


def withdraw(venue: Venue, c: Command) -> None:
    c = Command(c.kind, c.account, c.instrument, quantity=c.quantity)
    reason = None
    if not 0 <= c.instrument < len(venue.assets):
        reason = Reason.UNKNOWN_INSTRUMENT
    elif not 0 <= c.account < len(venue.accounts):
        reason = Reason.UNKNOWN_ACCOUNT
    elif c.quantity < 1:
        reason = Reason.INVALID_QUANTITY
    elif c.quantity > money.available(venue, venue.accounts[c.account], c.instrument):
        reason = Reason.INSUFFICIENT_BALANCE
    if reason is not None:
        venue.refuse(c._replace(instrument=-1), EventKind.ACCOUNT_REJECTED, reason)
        return
    venue.accounts[c.account].balances[c.instrument] -= c.quantity
    venue.deposits[c.instrument] -= c.quantity
    venue.is_stirred = True
    venue.say(EventKind.WITHDRAWN, c.account, c.instrument, quantity=c.quantity)


# Margins


def why_no_margin_command(venue: Venue, c: Command) -> Reason | None:
    reason = checks.target(venue, c)
    if reason is None and venue.books[c.instrument].is_spot:
        reason = Reason.NOT_FOR_SPOT
    return reason or (checks.state(venue.books[c.instrument]) if reason is None else reason)


def refuse_account(venue: Venue, c: Command, reason: Reason) -> None:
    plain = Command(c.kind, c.account, c.instrument, quantity=c.quantity)
    venue.refuse(plain, EventKind.ACCOUNT_REJECTED, reason)


def set_leverage(venue: Venue, c: Command) -> None:
    reason = why_no_margin_command(venue, c) or why_not_leverage(venue, c)
    if reason is not None:
        refuse_account(venue, c, reason)
        return
    venue.accounts[c.account].holdings[c.instrument].leverage = c.quantity
    venue.say(EventKind.LEVERAGE_SET, c.account, c.instrument, quantity=c.quantity)


def why_not_leverage(venue: Venue, c: Command) -> Reason | None:
    book, account = venue.books[c.instrument], venue.accounts[c.account]
    holding = account.holdings[c.instrument]
    tiers = book.terms.tiers
    highest = tiers[0].maximum_leverage if tiers else PPM // book.terms.initial_margin_ppm
    if not 1 <= c.quantity <= highest:
        return Reason.INVALID_LEVERAGE
    if holding.isolated and holding.lots:
        return Reason.POSITION_OPEN
    value = money.exposure(holding.cost, money.open_orders(account, book)[1])
    if venue.tiers[book.number].initial_ppm(value) > divide_up(PPM, c.quantity):
        return Reason.LEVERAGE_ABOVE_TIER
    before, chosen = money.initial_margin(venue, account, book, value), holding.leverage
    holding.leverage = c.quantity
    after = money.initial_margin(venue, account, book, value)
    required = money.required_elsewhere(venue, account, book.settle)
    holding.leverage = chosen
    free = money.equity(venue, account, book.settle) - money.held(venue, account, book.settle)
    return Reason.INSUFFICIENT_MARGIN if after > before and required > free else None


def set_margin_mode(venue: Venue, c: Command) -> None:
    reason = why_no_margin_command(venue, c)
    if reason is None:
        account = venue.accounts[c.account]
        holding = account.holdings[c.instrument]
        if c.quantity not in {0, 1}:
            reason = Reason.INVALID_COMMAND
        elif holding.lots or account.orders[c.instrument]:
            reason = Reason.POSITION_OPEN
    if reason is not None:
        refuse_account(venue, c, reason)
        return
    holding.isolated = c.quantity == 1
    venue.say(EventKind.MARGIN_MODE_SET, c.account, c.instrument, quantity=c.quantity)


def move_margin(venue: Venue, c: Command) -> None:
    reason = why_no_margin_command(venue, c) or why_not_move(venue, c)
    if reason is not None:
        refuse_account(venue, c, reason)
        return
    account = venue.accounts[c.account]
    account.holdings[c.instrument].margin += c.quantity
    account.balances[venue.books[c.instrument].settle] -= c.quantity
    venue.is_stirred = True
    venue.say(EventKind.MARGIN_MOVED, c.account, c.instrument, quantity=c.quantity)


def why_not_move(venue: Venue, c: Command) -> Reason | None:
    book, account = venue.books[c.instrument], venue.accounts[c.account]
    holding = account.holdings[c.instrument]
    if not c.quantity or abs(c.quantity) > MOST_MOVED_ATOMS:
        return Reason.INVALID_QUANTITY
    if not (holding.isolated and holding.lots):
        return Reason.NO_POSITION
    if c.quantity > 0:
        most = money.available(venue, account, book.settle)
    else:
        value = money.value_at_mark(account, book)
        owned = min(holding.margin, holding.margin + money.unrealized(account, book))
        most = owned - money.initial_margin(venue, account, book, value)
    return Reason.INSUFFICIENT_MARGIN if abs(c.quantity) > most else None


# Prices, funding, states


def set_mark(venue: Venue, c: Command) -> None:
    c = Command(c.kind, -1, c.instrument, price=c.price)
    if not 0 <= c.instrument < len(venue.books):
        venue.refuse(c, EventKind.REJECTED, Reason.UNKNOWN_INSTRUMENT)
        return
    book = venue.books[c.instrument]
    if not 0 <= c.price <= book.highest_price:
        venue.refuse(c, EventKind.REJECTED, Reason.INVALID_PRICE)
        return
    book.mark_is_set = c.price > 0
    venue.set_mark(book, c.price or own_mark(book))


def own_mark(book: Book) -> int:
    """Return the mark of an instrument whose mark is not set: last trade, or index and basis."""
    if book.terms.mark != "index" or not book.index:
        return book.last
    most = 2 * book.index * book.terms.basis_limit_ppm // PPM
    basis = max(-most, min(most, book.basis // 65536))
    return max(1, min(book.highest_price, (2 * book.index + basis + 1) // 2))


def set_index(venue: Venue, c: Command) -> None:
    c = Command(c.kind, -1, c.instrument, price=c.price)
    if not 0 <= c.instrument < len(venue.books):
        venue.refuse(c, EventKind.REJECTED, Reason.UNKNOWN_INSTRUMENT)
        return
    book = venue.books[c.instrument]
    if not 1 <= c.price <= book.highest_price:
        venue.refuse(c, EventKind.REJECTED, Reason.INVALID_PRICE)
        return
    bid, ask = book.sides[0].best, book.sides[1].best
    spread = bid + ask - 2 * c.price if bid and ask else 2 * book.last - 2 * c.price if book.last else 0
    spread = max(-c.price, min(c.price, spread))
    book.index = c.price
    book.basis += (spread * 65536 - book.basis) * book.terms.basis_smoothing_ppm // PPM
    book.premium_sum += spread * 10**9 // (2 * c.price)
    book.premium_count += 1
    book.is_stirred = True
    if book.terms.mark == "index" and not book.mark_is_set:
        venue.set_mark(book, own_mark(book))


def fund(venue: Venue, c: Command) -> None:
    c = Command(c.kind, -1, c.instrument, price=c.price, quantity=c.quantity)
    reason = None
    if not 0 <= c.instrument < len(venue.books):
        reason = Reason.UNKNOWN_INSTRUMENT
    elif venue.books[c.instrument].is_spot:
        reason = Reason.NOT_FOR_SPOT
    elif c.quantity not in {0, 1}:
        reason = Reason.INVALID_QUANTITY
    elif abs(c.price) > MOST_RATE_PPB:
        reason = Reason.INVALID_PRICE
    if reason is not None:
        venue.refuse(c, EventKind.REJECTED, reason)
        return
    book = venue.books[c.instrument]
    rate = premium_rate(book) if c.quantity else c.price
    book.premium_sum = book.premium_count = 0
    for account in venue.accounts:
        holding = account.holdings[book.number]
        if not holding.lots:
            continue
        paid = divide_up(holding.lots * book.mark * book.unit * rate, 10**9)
        if holding.isolated:
            holding.margin -= paid
        else:
            account.balances[book.settle] -= paid
        holding.funding += paid
        venue.insurance[book.settle] += paid
        venue.is_stirred = True
        venue.say(
            EventKind.FUNDED, account.number, book.number, price=book.mark, quantity=holding.lots, fee=paid
        )


def premium_rate(book: Book) -> int:
    premium = book.premium_sum // book.premium_count if book.premium_count else 0
    pull = max(-_INTEREST_CLAMP_PPB, min(_INTEREST_CLAMP_PPB, book.terms.interest_ppb - premium))
    most = book.terms.funding_limit_ppb
    return max(-most, min(most, premium + pull))


def set_state(venue: Venue, c: Command) -> None:
    c = Command(c.kind, -1, c.instrument, quantity=c.quantity)
    if not 0 <= c.instrument < len(venue.books):
        venue.refuse(c, EventKind.REJECTED, Reason.UNKNOWN_INSTRUMENT)
    elif c.quantity not in {each.value for each in TradingState}:
        venue.refuse(c, EventKind.REJECTED, Reason.INVALID_COMMAND)
    else:
        book = venue.books[c.instrument]
        book.state = TradingState(c.quantity)
        book.is_stirred = venue.is_stirred = True
        venue.say(EventKind.STATE_SET, -1, c.instrument, quantity=c.quantity)
