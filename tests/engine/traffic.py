"""Endless mixed streams from a seed: every kind of command, prices that wander and jump, time that passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np

from exchange_sim.model.enums import CommandKind, OrderType, TimeInForce
from tests.engine.twin import UNKNOWN_SEQUENCE
from tests.engine.venues import VenueTerms
from tests.reference.exchange import Command, ReferenceExchange
from tests.reference.records import Order

_K, _T, _F = CommandKind, OrderType, TimeInForce
_Item = TypeVar("_Item")
_SECOND = 1_000_000_000
_DAY = 86_400 * _SECOND
START_NS = 1_700_000_000 * _SECOND

_EDGES = {
    "kind": (0, 17, 77, 255),
    "account": (-1, -(2**31), 2**31 - 1, 6),
    "instrument": (-2, -(2**15), 2**15 - 1, 5, 3, -1),
    "side": (2, 255),
    "order_type": (7, 255, 1, 0),
    "time_in_force": (4, 255, 0, 1, 2, 3),
    "post_only": (2, 1),
    "stp": (5, 255),
    "price": (0, -1, 1, 2**31 - 1, 2**31, 2**62, -(2**63), 2**63 - 1, 5_000_000),
    "quantity": (0, -1, 1, 901, 2**31 - 1, 2**31, 2**62, -(2**63), 2**63 - 1, 10**9),
    "client": (-1, 0, 2**63 - 1, 2**63 - 2, 2**63 - 3, -(2**63)),
    "order": (UNKNOWN_SEQUENCE,),
    "trigger": (1, -1, 2**31 - 1, 2**31, 2**63 - 1),
    "source": (1, 2, 3, 255),
    "trail": (1, -1, 2**31, 2**63 - 1, 10_000),
    "display": (1, -1, 2**31, 2**63 - 1),
    "expire": (1, -1, 2**63 - 1),
    "reduce_only": (1, 2),
    "close_position": (1, 2),
    "linked": (-1, 2**63 - 1, 1),
    "stop_loss": (1, -1, 2**31 - 1, 2**31, 2**63 - 1),
    "take_profit": (1, -1, 2**31 - 1, 2**31, 2**63 - 1),
}
"""Values at and beyond the bounds of each field."""


class Draws:
    """Uniform integers from a seed, cheaper one at a time than a generator's own."""

    def __init__(self, seed: int) -> None:
        self._generator = np.random.default_rng(seed)
        self._store: list[int] = []

    def below(self, end: int) -> int:
        if not self._store:
            self._store = self._generator.integers(0, 2**62, 4096).tolist()
        return self._store.pop() % end

    def between(self, low: int, high: int) -> int:
        return low + self.below(high - low + 1)

    def one_in(self, count: int) -> bool:
        return self.below(count) == 0

    def pick(self, items: tuple[_Item, ...] | list[_Item]) -> _Item:
        return items[self.below(len(items))]


class Traffic:
    """Commands for a venue; some depend on what is open in `twin`, to which the stream is fed.

    Parameters
    ----------
    mood
        Multiplies the weights of named makers, so that a stream can be about something.
    """

    def __init__(
        self, twin: ReferenceExchange, terms: VenueTerms, seed: int, mood: dict[str, int] | None = None
    ) -> None:
        self.twin, self.terms = twin, terms
        self.draws = Draws(seed)
        self.now = START_NS
        self.centres = list(terms.prices)
        self._next_client = 1
        self._makers: list[Callable[[], Command]] = []
        for name, weight in WEIGHTS.items():
            self._makers += [getattr(self, f"_{name}")] * (weight * (mood or {}).get(name, 1))
        self._new_orders = [getattr(self, f"_{name}") for name in _NEW_ORDERS]

    def opening(self) -> Iterator[Command]:
        """Yield the deposits with which a stream begins."""
        for account, atoms in enumerate(self.terms.deposits):
            for asset in range(len(self.twin.assets)):
                yield Command(_K.DEPOSIT, account, asset, quantity=atoms, ts=self.now)
        for asset in range(len(self.twin.assets)):
            yield Command(_K.FEED_INSURANCE, 0, asset, quantity=10**9, ts=self.now)

    def __iter__(self) -> Iterator[Command]:
        while True:
            yield self.next()

    def next(self) -> Command:
        draws = self.draws
        self._pass_time()
        stopped = any(book.state for book in self.twin.books)
        command = (self._state if stopped and draws.one_in(12) else draws.pick(self._makers))()
        if draws.one_in(25):
            field = draws.pick(list(_EDGES))
            command = command._replace(**{field: draws.pick(_EDGES[field])})
        return command._replace(ts=self.now)

    def _pass_time(self) -> None:
        draw = self.draws.below(2000)
        if draw == 0:
            self.now += self.draws.between(1, 20) * _DAY // 10
        elif draw < 100:
            self.now += self.draws.below(3 * _SECOND)
        elif draw < 1600:
            self.now += self.draws.below(_SECOND // 20)
        elif draw < 1640 and self.twin.expiring:
            # To the very instant at which the next order ends, or the one before.
            end_ns = min(order.expire for order in self.twin.expiring.values()) - self.draws.below(2)
            if end_ns < self.now + 60 * _SECOND:
                self.now = max(self.now, end_ns)

    # Pieces

    def _place(self) -> tuple[int, int]:
        """Return an account and an instrument, the first ones more often."""
        instruments, accounts = len(self.twin.books), len(self.twin.accounts)
        instrument = 0 if self.draws.one_in(2) else self.draws.below(instruments)
        return self.draws.below(accounts), instrument

    def _price(self, instrument: int, width: int = 12) -> int:
        """Return a price near the instrument's centre, which moves a little."""
        draws = self.draws
        centre = self.centres[instrument]
        if draws.one_in(300):
            centre = centre * draws.pick((70, 85, 92, 108, 115, 130)) // 100
        elif draws.one_in(4):
            centre += draws.between(-2, 2)
        if draws.one_in(150):
            centre = self.twin.books[instrument].mark or self.terms.prices[instrument]
        if draws.one_in(400):
            centre = self.terms.prices[instrument]
        self.centres[instrument] = max(40, min(30_000, centre))
        return max(1, self.centres[instrument] + draws.between(-width, width))

    def _quantity(self) -> int:
        draw = self.draws.below(100)
        return self.draws.between(1, 8 if draw < 60 else 30 if draw < 97 else 300)

    def _client(self) -> int:
        draw = self.draws.below(100)
        if draw < 8:
            return 0
        if draw < 10:
            return max(1, self._next_client - self.draws.between(1, 60))
        self._next_client += 3
        return self._next_client

    def _open_order(self) -> Order | None:
        """Return some open order."""
        entered = self.twin.entered
        if not entered:
            return None
        sequences = list(entered)
        return entered[self.draws.pick(sequences)]

    def _base(self, **fields: int) -> Command:
        account, instrument = self._place()
        stp = self.draws.below(5) if self.draws.one_in(2) else 0
        plain = Command(
            _K.SUBMIT, account, instrument, self.draws.below(2), stp=stp, price=self._price(instrument),
            quantity=self._quantity(), client=self._client(),
        )  # fmt: skip
        return plain._replace(**fields)

    def _gtd(self, command: Command) -> Command:
        """Return the command, now and then good till some near time."""
        if not self.draws.one_in(5):
            return command
        return command._replace(time_in_force=_F.GTD, expire=self.now + self.draws.below(60 * _SECOND))

    # Orders

    def _limit(self) -> Command:
        command = self._base(post_only=int(self.draws.one_in(8)))
        return self._gtd(command)

    def _taker(self) -> Command:
        order_type = self.draws.pick((_T.LIMIT, _T.MARKET, _T.MARKET))
        times = (_F.IOC, _F.IOC, _F.FOK, _F.GTC)
        return self._base(order_type=int(order_type), time_in_force=int(self.draws.pick(times)))

    def _sweep(self) -> Command:
        """Take a good part of a side."""
        return self._base(order_type=int(_T.MARKET), quantity=self.draws.between(20, 400), account=0)

    def _iceberg(self) -> Command:
        quantity = self.draws.between(5, 120)
        display = self.draws.between(1, max(1, quantity // self.draws.between(1, 12)))
        return self._gtd(self._base(quantity=quantity, display=display))

    def _trigger(self) -> Command:
        draws = self.draws
        command = self._base(
            order_type=draws.between(_T.STOP_MARKET, _T.TRAILING_STOP), source=draws.below(3)
        )
        book = self.twin.books[command.instrument]
        now = book.sources[command.source] or self.centres[command.instrument]
        distance = draws.between(-4, 30)
        if command.order_type == _T.TRAILING_STOP:
            command = command._replace(trail=draws.between(1, 25), price=0)
        else:
            profit = command.order_type in {_T.TAKE_PROFIT_MARKET, _T.TAKE_PROFIT_LIMIT}
            upwards = profit == bool(command.side)
            command = command._replace(trigger=now + (distance if upwards else -distance))
        if command.order_type in {_T.STOP_LIMIT, _T.TAKE_PROFIT_LIMIT}:
            if draws.one_in(4):
                command = command._replace(display=draws.between(1, command.quantity))
            elif draws.one_in(4):
                command = command._replace(post_only=1)
            elif draws.one_in(4):
                return command._replace(time_in_force=_F.IOC)
        if draws.one_in(3):
            command = command._replace(reduce_only=1)
        if draws.one_in(6):
            command = command._replace(close_position=1, quantity=0)
        return self._gtd(command)

    def _bracket(self) -> Command:
        draws = self.draws
        command = self._base(source=0 if draws.one_in(2) else draws.below(3))
        sign = -1 if command.side else 1
        stop, target = (command.price + each * sign * draws.between(1, 30) for each in (-1, 1))
        command = command._replace(
            stop_loss=stop if draws.below(5) else 0, take_profit=target if draws.below(5) else 0
        )
        if draws.one_in(3):
            command = command._replace(order_type=_T.MARKET, time_in_force=draws.below(3))
        elif draws.one_in(3):
            command = command._replace(time_in_force=draws.below(3))
        return command

    def _linked(self) -> Command:
        other = self._open_order()
        trigger = self.draws.one_in(2)
        command = self._trigger() if trigger else self._gtd(self._base(price=0))
        if not command.price and command.order_type == _T.LIMIT:
            away = self.draws.between(1, 20) * (1 if command.side else -1)
            command = command._replace(price=self._price(command.instrument, 4) + away)
        if other is None or self.draws.one_in(12):
            return command._replace(linked=self.draws.between(1, 50))
        return command._replace(account=other.account, instrument=other.instrument, linked=other.client)

    def _reducing(self) -> Command:
        """Place a reduce-only order, mostly one that fits the account's position."""
        draws = self.draws
        command = self._base(reduce_only=1)
        lots = self.twin.accounts[command.account].holdings[command.instrument].lots
        if lots and draws.below(6):
            command = command._replace(side=int(lots > 0), quantity=draws.between(1, abs(lots) % 10**6))
        if draws.one_in(4):
            command = command._replace(order_type=_T.MARKET)
        elif draws.one_in(4):
            command = command._replace(display=draws.between(1, command.quantity))
        if draws.one_in(5):
            command = command._replace(order_type=_T.MARKET, close_position=1, quantity=0)
        return command

    # Changes

    def _named(self, kind: int) -> Command | None:
        order = self._open_order()
        if order is None:
            return None
        draws = self.draws
        command = Command(kind, order.account, order.instrument, client=order.client)
        if not order.client or draws.one_in(3):
            command = command._replace(order=order.sequence, client=0)
        if draws.one_in(20):
            command = command._replace(account=draws.below(len(self.twin.accounts)))
        return command

    def _cancel(self) -> Command:
        return self._named(_K.CANCEL) or self._limit()

    def _modify(self) -> Command:
        draws = self.draws
        command = self._named(_K.MODIFY)
        if command is None:
            return self._limit()
        order = self.twin.find(command)
        if order is None:
            return command._replace(price=self._price(command.instrument), quantity=self._quantity())
        price = order.price if draws.below(3) else self._price(order.instrument)
        quantity = draws.pick((order.quantity, max(1, order.quantity - draws.below(4)), self._quantity()))
        command = command._replace(price=price, quantity=quantity)
        if order.trigger and draws.one_in(2):
            command = command._replace(trigger=max(1, order.trigger + draws.between(-9, 9)))
        return command

    def _replace(self) -> Command:
        named = self._named(_K.REPLACE)
        new = self.draws.pick(self._new_orders)()
        if named is None:
            return new
        return new._replace(
            kind=_K.REPLACE, account=named.account, instrument=named.instrument, order=named.order,
            linked=named.client,
        )  # fmt: skip

    def _cancel_all(self) -> Command:
        account, instrument = self._place()
        return Command(_K.CANCEL_ALL, account, -1 if self.draws.one_in(3) else instrument)

    # Money, margins and prices

    def _margin(self) -> Command:
        draws = self.draws
        account, instrument = self._place()
        kind = draws.pick(
            (_K.SET_LEVERAGE, _K.SET_LEVERAGE, _K.SET_MARGIN_MODE, _K.MOVE_MARGIN, _K.MOVE_MARGIN)
        )
        if kind == _K.SET_LEVERAGE:
            quantity = draws.between(0, 60)
        elif kind == _K.SET_MARGIN_MODE:
            quantity = draws.below(2)
        else:
            quantity = draws.between(-(10**9), 2 * 10**9)
            isolated = [
                (number, place)
                for number, owner in enumerate(self.twin.accounts)
                for place, holding in enumerate(owner.holdings)
                if holding.isolated and holding.lots
            ]
            if isolated and draws.below(4):
                account, instrument = draws.pick(isolated)
        return Command(int(kind), account, instrument, quantity=quantity)

    def _isolate(self) -> Command:
        """Isolate what is flat and has no orders."""
        free = [
            (owner.number, place)
            for owner in self.twin.accounts
            for place, holding in enumerate(owner.holdings)
            if not holding.isolated and not holding.lots and not owner.orders[place]
        ]
        if not free:
            return self._cancel_all()
        account, instrument = self.draws.pick(free)
        return Command(_K.SET_MARGIN_MODE, account, instrument, quantity=1)

    def _cash(self) -> Command:
        draws = self.draws
        account, asset = draws.below(len(self.twin.accounts)), draws.below(len(self.twin.assets))
        kind = draws.pick((_K.DEPOSIT, _K.WITHDRAW, _K.WITHDRAW, _K.FEED_INSURANCE))
        atoms = draws.between(1, 10 ** draws.between(1, 11))
        if kind == _K.DEPOSIT:
            atoms = draws.between(1, 3 * 10**9)
        return Command(int(kind), account, asset, quantity=atoms)

    def _mark(self) -> Command:
        draws = self.draws
        _, instrument = self._place()
        price = 0 if draws.one_in(2) else self._price(instrument, 60)
        return Command(_K.SET_MARK, 0, instrument, price=price)

    def _index(self) -> Command:
        _, instrument = self._place()
        return Command(_K.SET_INDEX, 0, instrument, price=self._price(instrument, 15))

    def _fund(self) -> Command:
        draws = self.draws
        _, instrument = self._place()
        if draws.one_in(2):
            return Command(_K.FUND, 0, instrument, quantity=1)
        return Command(_K.FUND, 0, instrument, price=draws.between(-3_000_000, 3_000_000))

    def _state(self) -> Command:
        """Mostly back to trading."""
        _, instrument = self._place()
        closed = [book.number for book in self.twin.books if book.state]
        if closed and self.draws.below(8):
            return Command(_K.SET_STATE, 0, self.draws.pick(closed), quantity=0)
        return Command(_K.SET_STATE, 0, instrument, quantity=self.draws.below(3))

    def _wait(self) -> Command:
        return Command(_K.ADVANCE)


WEIGHTS = {
    "limit": 340,
    "taker": 90,
    "sweep": 10,
    "iceberg": 50,
    "trigger": 110,
    "bracket": 45,
    "linked": 45,
    "reducing": 45,
    "cancel": 80,
    "modify": 90,
    "replace": 35,
    "cancel_all": 9,
    "margin": 14,
    "isolate": 14,
    "cash": 12,
    "mark": 12,
    "index": 20,
    "fund": 6,
    "state": 10,
    "wait": 6,
}
"""How often each maker is asked."""

_NEW_ORDERS = ("limit", "limit", "taker", "iceberg", "trigger", "bracket", "reducing")

PLAIN = {
    name: 0 for name in WEIGHTS if name not in {"limit", "taker", "sweep", "cancel", "modify", "cancel_all"}
}
"""A mood of plain orders only."""
