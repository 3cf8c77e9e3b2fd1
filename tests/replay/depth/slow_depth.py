"""The slow twin of the depth replay: the rules of docs/replay.md with dictionaries and lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain

from exchange_sim.kernel.maths import log, power
from exchange_sim.replay.depth.models import LogQueue, PowerQueue, QueueModel
from tests.replay.depth.histories import ASK, BID, BUY, SELL, Change

Fill = tuple[int, int, int, int, int]  # ms, client id, price, lots, maker


@dataclass
class Level:
    side: int
    lots: int
    taken: int = 0


@dataclass
class Own:
    client_id: int
    side: int
    price: int
    leaves: int
    ahead: float
    traded: int = 0


@dataclass
class SlowDepth:
    """Replays a history with orders of bots; `lot_size` in base units scales the log model."""

    model: QueueModel
    lot_size: float
    book: dict[int, Level] = field(default_factory=dict)
    own: list[Own] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    now: int = 0
    before: dict[int, int] = field(default_factory=dict)
    """While a command is executed: recorded lots that stand before the own orders of a price."""

    def depth(self, now: int, changes: list[Change]) -> None:
        self.now = now
        for side, price, lots in sorted(changes, key=lambda change: change[2] > 0):
            held = self.book.pop(price, None)
            before = held.lots if held else 0
            if lots:
                self.book[price] = Level(side, lots)
            if before != lots:
                for each in self._own_at(price):
                    self._move(each, before, lots)
        for side in (BID, ASK):
            self._cross(side)

    def trade(self, now: int, aggressor: int, price: int, lots: int) -> None:
        self.now = now
        better = [each for each in self._queue(1 - aggressor) if self._beats(aggressor, each.price, price)]
        for each in better:
            done = min(lots, each.leaves)
            lots -= done
            self._fill(each, done)
            each.ahead = 0.0
        if not lots:
            return
        reached = 0
        queue = [each for each in self._queue(1 - aggressor) if each.price == price]
        for each in queue:
            free = int(lots - each.ahead) - reached if each.ahead < lots else 0
            reached += max(0, min(free, each.leaves))
            each.ahead = max(0.0, each.ahead - lots)
            each.traded += lots
        for each in queue:
            done = min(reached, each.leaves)
            reached -= done
            self._fill(each, done)

    def submit(
        self, now: int, client_id: int, side: int, price: int, lots: int, *, rests: bool, post_only: bool
    ) -> None:
        """An incoming limit order; it trades with recorded lots and other own orders."""
        self.now = now
        if post_only and self._next(side, price) is not None:
            return
        self.before = {}
        while lots:
            found = self._next(side, price)
            if found is None:
                break
            at, maker = found
            if maker is None:
                level = self.book[at]
                done = min(lots, level.lots - level.taken, self.before.get(at) or lots)
                level.taken += done
                if self.before.get(at):
                    self.before[at] -= done
                self.fills.append((self.now, client_id, at, done, 0))
            else:
                done = min(lots, maker.leaves)
                self.fills.append((self.now, client_id, at, done, 0))
                self._fill(maker, done)
            lots -= done
        if lots and rests:
            level_here = self.book.get(price)
            ahead_lots = level_here.lots if level_here and level_here.side == side else 0
            self.own.append(Own(client_id, side, price, lots, float(ahead_lots)))

    def cancel(self, client_id: int) -> None:
        self.own = [each for each in self.own if each.client_id != client_id]

    def places(self) -> list[tuple[int, int, float]]:
        """Return (client id, leaves, lots ahead) of every resting own order, in order of id."""
        return sorted((each.client_id, each.leaves, each.ahead) for each in self.own)

    def _next(self, side: int, limit: int) -> tuple[int, Own | None] | None:
        """Return the price and the own order (None: recorded lots) that a taker of `side` meets next."""
        recorded = [
            price for price, level in self.book.items() if level.side == 1 - side and level.lots > level.taken
        ]
        queue = self._queue(1 - side)
        prices = [
            price
            for price in chain(recorded, (each.price for each in queue))
            if (price <= limit if side == BUY else price >= limit)
        ]
        if not prices:
            return None
        best = min(prices) if side == BUY else max(prices)
        here = [each for each in queue if each.price == best]
        if here:
            # Recorded lots ahead of the first own order come before all own orders, the others behind them.
            self.before.setdefault(best, int(-(-here[0].ahead // 1.0)))
        if here and (best not in recorded or not self.before[best]):
            return best, here[0]
        return best, None

    def _cross(self, side: int) -> None:
        """Let recorded lots at or through own orders of `side` trade with them."""
        prices = [price for price, level in self.book.items() if level.side == 1 - side]
        for price in sorted(prices, reverse=side == ASK):
            level = self.book[price]
            for each in self._queue(side):
                if each.price >= price if side == BUY else each.price <= price:
                    done = min(each.leaves, level.lots - level.taken)
                    level.taken += done
                    self._fill(each, done)

    def _move(self, each: Own, before: int, after: int) -> None:
        fall = before - after - each.traded
        traded, each.traded = each.traded, 0
        if fall > 0 and isinstance(self.model, PowerQueue | LogQueue):
            back = max(before - traded - each.ahead, 0.0)
            behind, front = self._weight(back), self._weight(each.ahead)
            share = behind / (behind + front) if behind + front > 0 else 1.0
            each.ahead = each.ahead - (1.0 - share) * fall + min(back - share * fall, 0.0)
        each.ahead = max(0.0, min(each.ahead, float(after)))

    def _weight(self, lots: float) -> float:
        if isinstance(self.model, PowerQueue):
            return power(float(lots), self.model.exponent)
        return log(1.0 + lots * self.lot_size)

    def _queue(self, side: int) -> list[Own]:
        """Return the own orders of a side by price and time."""
        found = [each for each in self.own if each.side == side]
        return sorted(found, key=lambda each: -each.price if side == BUY else each.price)

    def _own_at(self, price: int) -> list[Own]:
        return [each for each in self.own if each.price == price]

    @staticmethod
    def _beats(aggressor: int, own: int, price: int) -> bool:
        return own > price if aggressor == SELL else own < price

    def _fill(self, each: Own, lots: int) -> None:
        if lots:
            self.fills.append((self.now, each.client_id, each.price, lots, 1))
            each.leaves -= lots
            if not each.leaves:
                self.own.remove(each)
