"""Follows LOBSTER's messages with the row-aligned book beside them, and fills in what they do not name."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from exchange_sim.model.enums import Side
from exchange_sim.model.instrument import MAXIMUM_TICKS
from exchange_sim.replay.orders.recording import NAMELESS_IDS, Action
from exchange_sim.replay.orders.table import fail

NEW, REDUCED, CANCELED, EXECUTED, HIDDEN, CROSS, HALT = range(1, 8)

Row = tuple[int, int, int, int, int, int]
"""ns, type, order id, lots, ticks, Side."""

Levels = list[tuple[int, int]]
"""(ticks, lots), best first."""

Message = tuple[int, int, int, int, int, int]
"""As MESSAGE: ns, order id, ticks, lots, Action, Side."""


class _Order:
    __slots__ = ("left", "price", "side", "total")

    def __init__(self, side: int, price: int, lots: int) -> None:
        self.side, self.price, self.total, self.left = side, price, lots, lots


class Follower:
    """Turns rows into messages, and says which orders rest before the first.

    Attributes
    ----------
    messages, executions
        Rows as in MESSAGE and EXECUTION.
    quirks
        What the files left open, counted.
    """

    def __init__(
        self, path: Path, fields: tuple[str, str], rows: list[Row], book: list[tuple[Levels, Levels]]
    ) -> None:
        self.messages: list[Message] = []
        self.executions: list[tuple[int, int, int, int, int]] = []
        self.quirks: Counter[str] = Counter()
        self._path, (self._id_field, self._lots_field) = path, fields
        self._orders: dict[int, _Order] = {}
        self._levels: Counter[tuple[int, int]] = Counter()
        self._waiting: dict[tuple[int, int], list[tuple[int, int]]] = {}  # (order, lots) named later on
        self._wanted: Counter[int] = Counter()  # what messages to come take from an order
        self._deepest: list[int] = []  # price of each side that was ever in view
        self._depth = max(len(levels) for row in book for levels in row)
        self._next_nameless = NAMELESS_IDS
        self._resting: dict[int, tuple[int, int, int]] = {}  # ticks, lots, Side
        self._rest_before(rows, book[0])
        for number, row in enumerate(rows):
            self._follow(number, row)
            self._look(row[0], book[number])

    def resting(self) -> list[tuple[int, int, int, int]]:
        """Return what rests before the first message, as in RESTING: named orders first, oldest first."""
        return [(order, *terms) for order, terms in sorted(self._resting.items())]

    def _rest_before(self, rows: list[Row], first: tuple[Levels, Levels]) -> None:
        """Note the orders that messages name without having added them; let rest what the first book has."""
        added = {order for _, kind, order, *_ in rows if kind == NEW}
        old: dict[int, tuple[int, int]] = {}
        for _, kind, order, lots, ticks, side in rows:
            if kind in (REDUCED, CANCELED, EXECUTED):
                self._wanted[order] += lots
                if order not in added:
                    old[order] = side, ticks
        for order, level in sorted(old.items()):
            self._waiting.setdefault(level, []).append((order, self._wanted[order]))
        self.quirks["resting_before"] = len(old)
        # The first row is the book after the first message.
        _, kind, _, lots, ticks, side = rows[0]
        change = lots if kind == NEW else -lots if kind in (REDUCED, CANCELED, EXECUTED) else 0
        levels = {(side, price): lots for side, own in enumerate(first) for price, lots in own}
        levels[side, ticks] = levels.get((side, ticks), 0) - change
        for level, shown in levels.items():
            for order, more in self._orders_for(level, shown):
                self._rest(order, level, more)
        self._deepest = [self._reach(own, shown_levels) for own, shown_levels in enumerate(first)]

    def _orders_for(self, level: tuple[int, int], lots: int) -> list[tuple[int, int]]:
        """Return orders of `lots` together: those that messages name later, and a nameless one."""
        found = []
        waiting = self._waiting.get(level, [])
        while waiting and waiting[0][1] <= lots:
            found.append(waiting.pop(0))
            lots -= found[-1][1]
        if lots > 0:
            found.append((self._next_nameless, lots))
            self._next_nameless += 1
        return found

    def _rest(self, order: int, level: tuple[int, int], lots: int) -> None:
        """Let an order rest from the start on."""
        side, price = level
        self._resting[order] = (price, lots, side)
        self._add(order, side, price, lots)
        self.quirks["nameless_resting"] += order >= NAMELESS_IDS

    def _add(self, order: int, side: int, price: int, lots: int) -> None:
        self._orders[order] = _Order(side, price, lots)
        self._levels[side, price] += lots

    def _take(self, order: int, lots: int) -> None:
        known = self._orders[order]
        known.left -= lots
        self._levels[known.side, known.price] -= lots
        if known.left == 0:
            del self._orders[order]

    def _follow(self, number: int, row: Row) -> None:
        ts_ns, kind, order, lots, price, side = row
        if kind in (CROSS, HALT):
            self.quirks["crosses_and_halts"] += 1
        elif kind == HIDDEN:
            self.messages.append((ts_ns, 0, price, lots, int(Action.TAKE_HIDDEN), side))
            self.executions.append((ts_ns, price, lots, 0, 0))
        elif kind == NEW:
            if order in self._orders:
                fail(self._path, number, self._id_field, order, "a new order, it is open already")
            self._add(order, side, price, lots)
            self.messages.append((ts_ns, order, price, lots, int(Action.ADD), side))
        else:
            self._change(number, row)

    def _change(self, number: int, row: Row) -> None:
        """Follow a cancel or an execution."""
        ts_ns, kind, order, lots, price, side = row
        level = side, price
        if lots > self._levels[level]:
            fail(
                self._path, number, self._lots_field, lots,
                f"at most what the book has at this price, {self._levels[level]}",
            )  # fmt: skip
        known = self._orders.get(order)
        if known is not None and (known.side, known.price) != level:
            fail(self._path, number, self._id_field, order, f"an order at its price, {known.price} ticks")
        if known is None or known.left < lots:
            known = self._reveal(ts_ns, order, level)
        self._wanted[order] -= lots
        self._take(order, lots if kind != CANCELED else known.left)
        gone = known.left == 0
        if kind == EXECUTED:
            self.messages.append((ts_ns, order, price, lots, int(Action.TAKE), side))
            buy, sell = (order, 0) if side == Side.BUY else (0, order)
            self.executions.append((ts_ns, price, lots, buy, sell))
        elif not gone:
            known.total -= lots
            self.messages.append((ts_ns, order, price, known.total, int(Action.REDUCE), side))
        if gone:
            self.messages.append((ts_ns, order, 0, 0, int(Action.END), side))

    def _look(self, ts_ns: int, shown: tuple[Levels, Levels]) -> None:
        """Compare with the book after the message and mend what came into view again."""
        for side, levels in enumerate(shown):
            worst = self._reach(side, levels)
            there = dict(levels)
            ours = {
                price: lots
                for (own, price), lots in self._levels.items()
                if own == side and lots and (price <= worst if side else price >= worst)
            }
            if ours != there:
                for price in sorted(there.keys() | ours.keys()):
                    self._mend(ts_ns, (side, price), there.get(price, 0))
            deepest = self._deepest[side]
            self._deepest[side] = max(worst, deepest) if side else min(worst, deepest)

    def _reach(self, side: int, levels: Levels) -> int:
        """Return the worst price of which the shown levels tell: a side that is not full is all there is."""
        if len(levels) == self._depth:
            return levels[-1][0]
        return MAXIMUM_TICKS if side else 0

    def _mend(self, ts_ns: int, level: tuple[int, int], shown: int) -> None:
        more = shown - self._levels[level]
        if more == 0:
            return
        side, price = level
        deepest = self._deepest[side]
        if more > 0 and (price > deepest if side else price < deepest):
            for order, lots in self._orders_for(level, more):  # first seen: there all along
                self._rest(order, level, lots)
            return
        self.quirks["changed_without_message"] += 1
        if more > 0:
            for order, lots in self._orders_for(level, more):
                self._add(order, side, price, lots)
                self.messages.append((ts_ns, order, price, lots, int(Action.ADD), side))
            return
        self._withdraw(ts_ns, level, -more)

    def _withdraw(self, ts_ns: int, level: tuple[int, int], lots: int) -> None:
        """Take back what went unseen: nameless orders first, then the newest."""
        side, price = level
        behind = [each for each, known in self._orders.items() if (known.side, known.price) == level]
        for order in sorted(behind, reverse=True):
            if lots == 0:
                break
            known = self._orders[order]
            gone = min(known.left, lots)
            self._take(order, gone)
            lots -= gone
            known.total -= gone
            action = Action.END if known.left == 0 else Action.REDUCE
            terms = (0, 0) if action is Action.END else (price, known.total)
            self.messages.append((ts_ns, order, *terms, int(action), side))

    def _reveal(self, ts_ns: int, order: int, level: tuple[int, int]) -> _Order:
        """Give a part of the level to an order that came to it unseen."""
        side, price = level
        self.quirks["named_late"] += 1
        self._waiting[level] = [each for each in self._waiting.get(level, []) if each[0] != order]
        lots = min(self._wanted[order], self._levels[level])
        if order in self._orders:  # known with too little: it comes again with what it must have had
            left = self._orders[order].left
            self._take(order, left)
            self.messages.append((ts_ns, order, 0, 0, int(Action.END), side))
            lots -= left
            self._withdraw(ts_ns, level, lots)
            lots += left
        else:
            self._withdraw(ts_ns, level, lots)
        self._add(order, side, price, lots)
        self.messages.append((ts_ns, order, price, lots, int(Action.ADD), side))
        return self._orders[order]
