"""The state of the twin and its bookkeeping: who owns what, which orders are open, what was said."""

from __future__ import annotations

from collections.abc import Sequence

from exchange_sim.model.enums import EventKind
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.rules import ExchangeRules
from tests.reference import money
from tests.reference.book import Book
from tests.reference.records import GONE, RESTING, Account, Command, Event, Holding, Order


class Venue:
    def __init__(self, instruments: Sequence[Instrument], accounts: int, rules: ExchangeRules) -> None:
        self.rules = rules
        self.assets: list[str] = list(dict.fromkeys(asset for each in instruments for asset in each.assets))
        self.books = [Book(number, terms, self.assets) for number, terms in enumerate(instruments)]
        self.perpetuals = [book for book in self.books if not book.is_spot]
        self.spots = [book for book in self.books if book.is_spot]
        self.contracts = [
            [book for book in self.perpetuals if book.settle == asset] for asset in range(len(self.assets))
        ]
        """The perpetuals of each settlement asset."""
        self.tiers = [money.Tiers(book) for book in self.books]
        self.accounts = [
            Account(number, [0] * len(self.assets), [Holding() for _ in self.books], [{} for _ in self.books])
            for number in range(accounts)
        ]
        self.fees = [0] * len(self.assets)
        self.insurance = [0] * len(self.assets)
        self.deposits = [0] * len(self.assets)
        self.sequence = 0
        self.now = 0
        self.events: list[Event] = []
        self.entered: dict[int, Order] = {}
        """All open orders, in order of acceptance."""
        self.clients: dict[tuple[int, int], Order] = {}
        self.expiring: dict[int, Order] = {}
        self.is_stirred = False
        """Whether something happened that may put an account below maintenance."""

    def next_sequence(self) -> int:
        self.sequence += 1
        return self.sequence

    def enter(self, order: Order) -> None:
        """Count an accepted order as open and say so."""
        self.entered[order.sequence] = order
        self.accounts[order.account].orders[order.instrument][order.sequence] = order
        if order.client:
            self.clients[order.account, order.client] = order
        if order.expire:
            self.expiring[order.sequence] = order
        self.tell(order, EventKind.ACCEPTED, order.side)

    def drop(self, order: Order) -> None:
        """Forget an order that has ended."""
        book = self.books[order.instrument]
        if order.state == RESTING:
            book.sides[order.side].leave(order)
        order.state = GONE
        book.waiting.pop(order.sequence, None)
        self.expiring.pop(order.sequence, None)
        del self.entered[order.sequence]
        del self.accounts[order.account].orders[order.instrument][order.sequence]
        if order.client:
            del self.clients[order.account, order.client]

    def find(self, c: Command) -> Order | None:
        """Return the open order of the account in the instrument that a command names."""
        order = self.entered.get(c.order) if c.order else self.clients.get((c.account, c.client))
        if order is None or (order.account, order.instrument) != (c.account, c.instrument):
            return None
        return order

    def held(self, account: Account, asset: int) -> int:
        return money.held(self, account, asset)

    def set_mark(self, book: Book, price: int) -> None:
        book.mark = price
        book.is_stirred = self.is_stirred = True

    def tell(
        self,
        order: Order,
        kind: int,
        code: int,
        *,
        price: int | None = None,
        quantity: int | None = None,
        fee: int = 0,
    ) -> None:
        self.events.append(
            Event(
                self.now, order.sequence, order.client, order.price if price is None else price,
                order.quantity if quantity is None else quantity, order.leaves, fee,
                order.account, order.instrument, int(kind), int(code),
            )
        )  # fmt: skip

    def say(
        self,
        kind: int,
        account: int,
        instrument: int,
        *,
        code: int = 0,
        order: int = 0,
        price: int = 0,
        quantity: int = 0,
        leaves: int = 0,
        fee: int = 0,
    ) -> None:
        """Say what happened without an order of the account."""
        self.events.append(
            Event(
                self.now, order, 0, price, quantity, leaves, fee, account, instrument, int(kind), int(code)
            )
        )  # fmt: skip

    def refuse(self, c: Command, kind: int, reason: int) -> None:
        account = c.account if 0 <= c.account < len(self.accounts) else -1
        limit = max(len(self.books), len(self.assets))
        instrument = c.instrument if 0 <= c.instrument < limit else -1
        self.events.append(
            Event(
                self.now, c.order, c.client, c.price, c.quantity, 0, 0, account, instrument, int(kind),
                int(reason),
            )
        )  # fmt: skip

    def check_conservation(self) -> None:
        """Check the invariant that every step keeps."""
        owned = [sum(column) for column in zip(*(each.balances for each in self.accounts), strict=True)]
        for book in self.perpetuals:
            holdings = [each.holdings[book.number] for each in self.accounts]
            owned[book.settle] += sum([each.margin - each.cost for each in holdings])
            assert sum([each.lots for each in holdings]) == 0
        for asset, deposits in enumerate(self.deposits):
            total = owned[asset] + self.fees[asset] + self.insurance[asset]
            assert total == deposits, (self.assets[asset], total, deposits)
