"""The exchange's slow twin: lists, loops and Python integers, written to be obviously right.

It knows the rules and nothing of the engine's memory: no ladder, no slots, no 64-bit bounds except where
a rule states one. Orders are named by their sequence number, which is the engine's order id without
its lower 24 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from exchange_sim.model.enums import (
    CommandKind,
    EventKind,
    OrderType,
    Reason,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from exchange_sim.model.instrument import MAXIMUM_LOTS, MAXIMUM_NOTIONAL_ATOMS, MAXIMUM_TICKS, Instrument

WIDEST_BOOK_TICKS = 2**22
MOST_DEPOSITS_ATOMS = 2**62


class Command(NamedTuple):
    """One command; `order` is a sequence number, 0 for none."""

    kind: int
    account: int = 0
    instrument: int = 0
    side: int = 0
    order_type: int = 0
    time_in_force: int = 0
    post_only: int = 0
    stp: int = 0
    price: int = 0
    quantity: int = 0
    client: int = 0
    order: int = 0


class Event(NamedTuple):
    kind: int
    code: int
    account: int
    instrument: int
    order: int
    client: int
    price: int
    quantity: int
    leaves: int
    fee: int


@dataclass
class Order:
    sequence: int
    client: int
    account: int
    instrument: int
    side: Side
    price: int
    quantity: int
    leaves: int
    post_only: bool
    stp: SelfTradePrevention


@dataclass
class Holding:
    """A position as the engine accounts for it."""

    lots: int = 0
    cost: int = 0
    realized: int = 0
    fees: int = 0
    volume: int = 0
    maker: int = 0
    fills: int = 0


@dataclass
class Book:
    """Resting orders of an instrument, each side in order of entry at its price."""

    terms: Instrument
    settle: int
    bids: list[Order] = field(default_factory=list)
    asks: list[Order] = field(default_factory=list)
    last: int = 0
    mark: int = 0
    mark_is_set: bool = False
    volume: int = 0
    trades: int = 0

    def side(self, side: Side) -> list[Order]:
        return self.bids if side is Side.BUY else self.asks

    def by_priority(self, side: Side) -> list[Order]:
        # sorted() is stable: equal prices stay in order of entry.
        return sorted(self.side(side), key=lambda order: -side.sign * order.price)

    def best(self, side: Side) -> int:
        orders = self.by_priority(side)
        return orders[0].price if orders else 0

    def orders(self) -> list[Order]:
        return self.bids + self.asks


def divide_up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


class ReferenceExchange:
    def __init__(self, instruments: Sequence[Instrument], accounts: int) -> None:
        assets = list(dict.fromkeys(each.settle for each in instruments))
        self.books = [Book(each, assets.index(each.settle)) for each in instruments]
        self.balances = [[0] * len(assets) for _ in range(accounts)]
        self.holdings = [[Holding() for _ in instruments] for _ in range(accounts)]
        self.fees = [0] * len(assets)
        self.deposits = [0] * len(assets)
        self.sequence = 0
        self.entered: list[Order] = []  # open orders in the order in which they entered, all books
        self.events: list[Event] = []

    # Commands

    def apply(self, command: Command) -> list[Event]:
        """Execute one command and return its events."""
        self.events = []
        if command.kind == CommandKind.SUBMIT:
            self._submit(command)
        elif command.kind == CommandKind.CANCEL:
            self._cancel(command)
        elif command.kind == CommandKind.CANCEL_ALL:
            self._cancel_all(command)
        elif command.kind == CommandKind.MODIFY:
            self._modify(command)
        elif command.kind == CommandKind.DEPOSIT:
            self._deposit(command)
        elif command.kind == CommandKind.SET_MARK:
            self._set_mark(command)
        else:
            self._refuse(command, EventKind.REJECTED, Reason.INVALID_COMMAND)
        return self.events

    def _submit(self, c: Command) -> None:
        reason = self._why_not_submit(c)
        if reason is not None:
            self._refuse(c._replace(order=0), EventKind.REJECTED, reason)
            return
        self.sequence += 1
        limit = c.price if c.order_type == OrderType.LIMIT else 0
        order = Order(
            self.sequence, c.client, c.account, c.instrument, Side(c.side), limit, c.quantity, c.quantity,
            bool(c.post_only), SelfTradePrevention(c.stp),
        )  # fmt: skip
        self._tell(order, EventKind.ACCEPTED, c.side)
        if self._match(order, market=c.order_type == OrderType.MARKET) or order.leaves == 0:
            return
        if c.order_type == OrderType.MARKET:
            self._tell(order, EventKind.EXPIRED, Reason.MARKET_REMAINDER)
        elif c.time_in_force == TimeInForce.IOC:
            self._tell(order, EventKind.EXPIRED, Reason.IOC_REMAINDER)
        else:
            self.books[c.instrument].side(order.side).append(order)
            self.entered.append(order)

    def _modify(self, c: Command) -> None:
        reason = self._why_no_target(c)
        order = None if reason else self._find(c)
        if order is None:
            self._refuse(c, EventKind.MODIFY_REJECTED, reason or Reason.UNKNOWN_ORDER)
            return
        reason = self._why_not_modify(c, order)
        if reason is not None:
            named = c._replace(order=order.sequence, client=order.client)
            self._refuse(named, EventKind.MODIFY_REJECTED, reason)
            return
        keeps_place = c.price == order.price and c.quantity < order.quantity
        filled = order.quantity - order.leaves
        order.price, order.quantity, order.leaves = c.price, c.quantity, c.quantity - filled
        self._tell(order, EventKind.MODIFIED, order.side)
        if keeps_place:
            return
        side = self.books[c.instrument].side(order.side)
        side.remove(order)
        stopped = self._match(order, market=False)
        if stopped or order.leaves == 0:
            self.entered.remove(order)
        else:
            side.append(order)

    def _cancel(self, c: Command) -> None:
        reason = self._why_no_target(c)
        order = None if reason else self._find(c)
        if order is None:
            plain = c._replace(price=0, quantity=0)
            self._refuse(plain, EventKind.CANCEL_REJECTED, reason or Reason.UNKNOWN_ORDER)
            return
        self._tell(order, EventKind.CANCELED, Reason.CANCELED_BY_USER)
        self._remove(order)

    def _cancel_all(self, c: Command) -> None:
        every = c.instrument == -1
        reason = self._why_no_target(c._replace(instrument=0) if every else c)
        if reason is not None:
            plain = Command(c.kind, c.account, c.instrument)
            self._refuse(plain, EventKind.CANCEL_REJECTED, reason)
            return
        for number in range(len(self.books)) if every else (c.instrument,):
            for order in reversed(self.entered[:]):
                if order.account == c.account and order.instrument == number:
                    self._tell(order, EventKind.CANCELED, Reason.CANCELED_BY_CANCEL_ALL)
                    self._remove(order)

    def _deposit(self, c: Command) -> None:
        c = Command(c.kind, c.account, c.instrument, quantity=c.quantity)
        if not 0 <= c.instrument < len(self.deposits):
            self._refuse(c, EventKind.REJECTED, Reason.UNKNOWN_INSTRUMENT)
        elif not 0 <= c.account < len(self.balances):
            self._refuse(c, EventKind.REJECTED, Reason.UNKNOWN_ACCOUNT)
        elif c.quantity <= 0 or self.deposits[c.instrument] + c.quantity > MOST_DEPOSITS_ATOMS:
            self._refuse(c, EventKind.REJECTED, Reason.INVALID_QUANTITY)
        else:
            self.balances[c.account][c.instrument] += c.quantity
            self.deposits[c.instrument] += c.quantity
            self.events.append(
                Event(EventKind.DEPOSITED, 0, c.account, c.instrument, 0, 0, 0, c.quantity, 0, 0)
            )

    def _set_mark(self, c: Command) -> None:
        c = Command(c.kind, -1, c.instrument, price=c.price)
        if not 0 <= c.instrument < len(self.books):
            self._refuse(c, EventKind.REJECTED, Reason.UNKNOWN_INSTRUMENT)
            return
        book = self.books[c.instrument]
        if (
            not 0 <= c.price <= MAXIMUM_TICKS
            or book.terms.notional_atoms(c.price, 1) > MAXIMUM_NOTIONAL_ATOMS
        ):
            self._refuse(c, EventKind.REJECTED, Reason.INVALID_PRICE)
            return
        book.mark_is_set = c.price > 0
        book.mark = c.price or book.last

    # Refusals

    def _why_no_target(self, c: Command) -> Reason | None:
        if not 0 <= c.instrument < len(self.books):
            return Reason.UNKNOWN_INSTRUMENT
        if not 0 <= c.account < len(self.balances):
            return Reason.UNKNOWN_ACCOUNT
        return None

    def _why_not_submit(self, c: Command) -> Reason | None:  # noqa: C901, PLR0911, PLR0912 - one rule a line
        reason = self._why_no_target(c)
        if reason:
            return reason
        if c.side not in tuple(Side):
            return Reason.INVALID_SIDE
        if c.order_type not in tuple(OrderType):
            return Reason.INVALID_ORDER_TYPE
        if c.time_in_force not in tuple(TimeInForce):
            return Reason.INVALID_TIME_IN_FORCE
        if c.post_only and (c.order_type != OrderType.LIMIT or c.time_in_force != TimeInForce.GTC):
            return Reason.INVALID_TIME_IN_FORCE
        if c.post_only not in (0, 1) or c.stp not in tuple(SelfTradePrevention) or c.client < 0:
            return Reason.INVALID_COMMAND
        book, side = self.books[c.instrument], Side(c.side)
        limit = c.order_type == OrderType.LIMIT
        reason = self._why_bad_size(book, c.price if limit else None, c.quantity)
        if reason:
            return reason
        if c.client and any((o.account, o.client) == (c.account, c.client) for o in self.entered):
            return Reason.DUPLICATE_CLIENT_ORDER_ID
        opposite = book.best(side.opposite)
        value = book.terms.notional_atoms(c.price if limit else opposite, c.quantity)
        if 0 < value < book.terms.minimum_notional_atoms:
            return Reason.BELOW_MINIMUM_NOTIONAL
        if c.post_only and self._crosses(side, c.price, opposite):
            return Reason.POST_ONLY_WOULD_TAKE
        price = (
            self._valuation(side, c.price, opposite)
            if limit
            else self._dearest(book, side, c.quantity) or book.mark
        )
        reason = self._why_too_exposed(c.account, c.instrument, side, price, c.quantity, None)
        if reason:
            return reason
        if c.time_in_force == TimeInForce.FOK and not self._fills_at_once(c, limit=limit):
            return Reason.FOK_NOT_FILLABLE
        if limit and c.time_in_force == TimeInForce.GTC and self._too_wide(book, c.price):
            return Reason.PRICE_OUT_OF_RANGE
        return None

    def _why_not_modify(self, c: Command, order: Order) -> Reason | None:  # noqa: PLR0911 - one rule a line
        book = self.books[c.instrument]
        reason = self._why_bad_size(book, c.price, c.quantity)
        if reason:
            return reason
        if c.quantity <= order.quantity - order.leaves:
            return Reason.QUANTITY_BELOW_FILLED
        if book.terms.notional_atoms(c.price, c.quantity) < book.terms.minimum_notional_atoms:
            return Reason.BELOW_MINIMUM_NOTIONAL
        opposite = book.best(order.side.opposite)
        if order.post_only and self._crosses(order.side, c.price, opposite):
            return Reason.POST_ONLY_WOULD_TAKE
        if c.price == order.price and c.quantity < order.quantity:
            return None
        price = self._valuation(order.side, c.price, opposite)
        leaves = c.quantity - (order.quantity - order.leaves)
        reason = self._why_too_exposed(c.account, c.instrument, order.side, price, leaves, order)
        if reason:
            return reason
        return Reason.PRICE_OUT_OF_RANGE if self._too_wide(book, c.price) else None

    @staticmethod
    def _valuation(side: Side, limit: int, opposite: int) -> int:
        return max(limit, opposite) if side is Side.SELL else limit

    @staticmethod
    def _dearest(book: Book, side: Side, quantity: int) -> int:
        """Return the dearest price a market order can trade at; 0 on an empty book."""
        waiting = book.by_priority(side.opposite)
        if side is Side.SELL or not waiting:
            return book.best(side.opposite)
        for order in waiting:
            quantity -= order.leaves
            if quantity <= 0:
                return order.price
        return waiting[-1].price

    @staticmethod
    def _why_bad_size(book: Book, price: int | None, quantity: int) -> Reason | None:
        if quantity <= 0:
            return Reason.INVALID_QUANTITY
        if quantity > book.terms.maximum_order_lots:
            return Reason.QUANTITY_ABOVE_MAXIMUM
        if price is not None:
            if not 0 < price <= MAXIMUM_TICKS:
                return Reason.INVALID_PRICE
            if book.terms.notional_atoms(price, quantity) > MAXIMUM_NOTIONAL_ATOMS:
                return Reason.QUANTITY_ABOVE_MAXIMUM
        return None

    @staticmethod
    def _too_wide(book: Book, price: int) -> bool:
        prices = [order.price for order in book.orders()] + [price]
        return max(prices) - min(prices) + 1 > WIDEST_BOOK_TICKS

    def _open(self, account: int, instrument: int, side: Side) -> list[Order]:
        return [order for order in self.books[instrument].side(side) if order.account == account]

    def _exposures(self, account: int, instrument: int) -> tuple[list[int], list[int]]:
        """Return lots and value at stake if all open buys fill, and if all open sells fill."""
        holding, terms = self.holdings[account][instrument], self.books[instrument].terms
        lots, atoms = [], []
        for side in Side:
            orders = self._open(account, instrument, side)
            lots.append(holding.lots + side.sign * sum(o.leaves for o in orders))
            value = sum(terms.notional_atoms(o.price, o.leaves) for o in orders)
            atoms.append(holding.cost + side.sign * value)
        return lots, atoms

    def _why_too_exposed(  # noqa: PLR0911 - one rule a line
        self, account: int, instrument: int, side: Side, price: int, lots: int, replaces: Order | None
    ) -> Reason | None:
        book = self.books[instrument]
        terms = book.terms
        added = terms.notional_atoms(price, lots)
        if added > MAXIMUM_NOTIONAL_ATOMS:
            return Reason.POSITION_LIMIT
        dropped_lots = replaces.leaves if replaces else 0
        dropped = terms.notional_atoms(replaces.price, replaces.leaves) if replaces else 0
        lots_at_stake, atoms_at_stake = self._exposures(account, instrument)
        lots_before, before = max(map(abs, lots_at_stake)), max(map(abs, atoms_at_stake))
        lots_at_stake[side] += side.sign * (lots - dropped_lots)
        atoms_at_stake[side] += side.sign * (added - dropped)
        lots_after, after = max(map(abs, lots_at_stake)), max(map(abs, atoms_at_stake))
        if lots_after > max(lots_before, MAXIMUM_LOTS):
            return Reason.POSITION_LIMIT
        resting = sum(terms.notional_atoms(o.price, o.leaves) for o in book.side(side))
        if added > dropped and resting + added - dropped > MAXIMUM_NOTIONAL_ATOMS:
            return Reason.POSITION_LIMIT
        if after <= before:
            return None
        if after > MAXIMUM_NOTIONAL_ATOMS:
            return Reason.POSITION_LIMIT
        required = divide_up(after * terms.initial_margin_ppm, 1_000_000)
        if required <= divide_up(before * terms.initial_margin_ppm, 1_000_000):
            return None
        for number, other in enumerate(self.books):
            if other.settle == book.settle and number != instrument:
                at_stake = max(map(abs, self._exposures(account, number)[1]))
                required += divide_up(at_stake * other.terms.initial_margin_ppm, 1_000_000)
        return Reason.INSUFFICIENT_MARGIN if required > self.equity(account, book.settle) else None

    def _fills_at_once(self, c: Command, *, limit: bool) -> bool:
        book, side = self.books[c.instrument], Side(c.side)
        missing = c.quantity
        for order in book.by_priority(side.opposite):
            if limit and not self._crosses(side, c.price, order.price):
                break
            if order.account == c.account and c.stp != SelfTradePrevention.NONE:
                if c.stp == SelfTradePrevention.CANCEL_OLDEST:
                    continue
                break
            missing -= order.leaves
            if missing <= 0:
                return True
        return False

    # Matching and money

    @staticmethod
    def _crosses(side: Side, limit: int, price: int) -> bool:
        return price > 0 and side.sign * (limit - price) >= 0

    def _match(self, taker: Order, *, market: bool) -> bool:
        """Trade an order; return whether self-trade prevention canceled its rest."""
        book = self.books[taker.instrument]
        while taker.leaves > 0:
            waiting = book.by_priority(taker.side.opposite)
            if not waiting or not (market or self._crosses(taker.side, taker.price, waiting[0].price)):
                return False
            maker = waiting[0]
            if maker.account == taker.account and taker.stp is not SelfTradePrevention.NONE:
                if self._prevent_self_trade(taker, maker):
                    return True
                continue
            lots = min(taker.leaves, maker.leaves)
            for order in (taker, maker):
                order.leaves -= lots
            self._fill(taker, maker.price, lots, maker=False)
            self._fill(maker, maker.price, lots, maker=True)
            book.last = maker.price
            if not book.mark_is_set:
                book.mark = maker.price
            book.volume += lots
            book.trades += 1
            if maker.leaves == 0:
                self._remove(maker)
        return False

    def _prevent_self_trade(self, taker: Order, maker: Order) -> bool:
        mode, cut = taker.stp, min(taker.leaves, maker.leaves)
        ends_maker = mode in (SelfTradePrevention.CANCEL_OLDEST, SelfTradePrevention.CANCEL_BOTH)
        ends_taker = mode in (SelfTradePrevention.CANCEL_NEWEST, SelfTradePrevention.CANCEL_BOTH)
        if mode is SelfTradePrevention.DECREMENT:
            ends_maker, ends_taker = maker.leaves == cut, taker.leaves == cut
        for order, ends in ((maker, ends_maker), (taker, ends_taker)):
            if ends:
                self._tell(order, EventKind.CANCELED, Reason.SELF_TRADE)
            elif mode is SelfTradePrevention.DECREMENT:
                order.leaves -= cut
                order.quantity -= cut
                self._tell(order, EventKind.MODIFIED, order.side)
        if ends_maker:
            self._remove(maker)
        return ends_taker

    def _fill(self, order: Order, price: int, lots: int, *, maker: bool) -> None:
        book, holding = self.books[order.instrument], self.holdings[order.account][order.instrument]
        value = book.terms.notional_atoms(price, lots)
        ppm = book.terms.maker_fee_ppm if maker else book.terms.taker_fee_ppm
        fee = divide_up(value * ppm, 1_000_000)
        balances = self.balances[order.account]
        signed = order.side.sign * lots
        closing = min(lots, abs(holding.lots)) if holding.lots * signed < 0 else 0
        if closing:
            share = holding.cost * closing // abs(holding.lots)
            realized = -order.side.sign * book.terms.notional_atoms(price, closing) - share
            holding.cost -= share
            holding.realized += realized
            balances[book.settle] += realized
        holding.cost += order.side.sign * book.terms.notional_atoms(price, lots - closing)
        holding.lots += signed
        holding.fees += fee
        holding.volume += value
        holding.maker += value if maker else 0
        holding.fills += 1
        balances[book.settle] -= fee
        self.fees[book.settle] += fee
        code = order.side | (2 if maker else 0)
        self._tell(order, EventKind.FILLED, code, price=price, quantity=lots, fee=fee)

    def equity(self, account: int, settle: int) -> int:
        total = self.balances[account][settle]
        for book, holding in zip(self.books, self.holdings[account], strict=True):
            if book.settle == settle and holding.lots:
                total += book.terms.notional_atoms(book.mark, holding.lots) - holding.cost
        return total

    # Bookkeeping

    def _find(self, c: Command) -> Order | None:
        for order in self.entered:
            named = order.sequence == c.order if c.order else order.client == c.client != 0
            if named and order.account == c.account and order.instrument == c.instrument:
                return order
        return None

    def _remove(self, order: Order) -> None:
        self.books[order.instrument].side(order.side).remove(order)
        self.entered.remove(order)

    def _refuse(self, c: Command, kind: EventKind, reason: Reason) -> None:
        account = c.account if 0 <= c.account < len(self.balances) else -1
        limit = max(len(self.books), len(self.deposits))
        instrument = c.instrument if 0 <= c.instrument < limit else -1
        self.events.append(
            Event(kind, reason, account, instrument, c.order, c.client, c.price, c.quantity, 0, 0)
        )

    def _tell(
        self,
        order: Order,
        kind: EventKind,
        code: int,
        *,
        price: int | None = None,
        quantity: int | None = None,
        fee: int = 0,
    ) -> None:
        self.events.append(
            Event(
                kind, code, order.account, order.instrument, order.sequence, order.client,
                order.price if price is None else price,
                order.quantity if quantity is None else quantity, order.leaves, fee,
            )
        )  # fmt: skip

    def check_conservation(self) -> None:
        """Check the invariant that every step keeps."""
        for asset in range(len(self.deposits)):
            held = sum(balances[asset] for balances in self.balances) + self.fees[asset]
            for number, book in enumerate(self.books):
                if book.settle == asset:
                    held -= sum(holdings[number].cost for holdings in self.holdings)
            assert held == self.deposits[asset]
        for number in range(len(self.books)):
            assert sum(holdings[number].lots for holdings in self.holdings) == 0
