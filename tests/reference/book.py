"""One instrument's queues and prices."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator

from exchange_sim.model.enums import TradingState
from exchange_sim.model.instrument import MAXIMUM_NOTIONAL_ATOMS, MAXIMUM_TICKS, Instrument
from tests.reference.records import BUY, RESTING, SELL, Order


class Queue:
    """The resting orders of one side, at each price in the order in which they joined."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.prices: list[int] = []
        self.levels: dict[int, list[Order]] = {}
        self.tick_lots = 0
        """Sum of price times lots left."""

    def __iter__(self) -> Iterator[Order]:
        for price in reversed(self.prices) if self.side == BUY else self.prices:
            yield from self.levels[price]

    @property
    def best(self) -> int:
        """The best price; 0: the side is empty."""
        if not self.prices:
            return 0
        return self.prices[-1] if self.side == BUY else self.prices[0]

    def first(self) -> Order:
        return self.levels[self.best][0]

    def join(self, order: Order) -> None:
        order.state = RESTING
        order.shown = min(order.display, order.leaves) if order.display else order.leaves
        if order.price not in self.levels:
            insort(self.prices, order.price)
            self.levels[order.price] = []
        self.levels[order.price].append(order)
        self.tick_lots += order.price * order.leaves

    def leave(self, order: Order) -> None:
        level = self.levels[order.price]
        level.remove(order)
        if not level:
            del self.levels[order.price]
            del self.prices[bisect_left(self.prices, order.price)]
        self.tick_lots -= order.price * order.leaves

    def trade(self, order: Order, lots: int) -> None:
        """Take lots from the shown part."""
        order.leaves -= lots
        order.shown -= lots
        self.tick_lots -= order.price * lots

    def show_next(self, order: Order) -> None:
        """Show the next part of an iceberg, at the back of its price."""
        level = self.levels[order.price]
        level.remove(order)
        level.append(order)
        order.shown = min(order.display, order.leaves)

    def lower(self, order: Order, lots: int) -> None:
        """Take lots away without a trade, hidden ones first; the place is kept."""
        order.quantity -= lots
        order.leaves -= lots
        order.shown = min(order.shown, order.leaves)
        self.tick_lots -= order.price * lots


class Book:
    def __init__(self, number: int, terms: Instrument, assets: list[str]) -> None:
        self.number = number
        self.terms = terms
        self.is_spot = terms.is_spot
        self.settle = assets.index(terms.settle)
        self.base = assets.index(terms.base) if terms.is_spot else -1
        self.unit = terms.atoms_per_tick_lot
        self.base_unit = terms.base_atoms_per_lot
        self.minimum_notional = terms.minimum_notional_atoms
        self.highest_price = min(MAXIMUM_TICKS, MAXIMUM_NOTIONAL_ATOMS // self.unit)
        self.sides = (Queue(BUY), Queue(SELL))
        self.state = TradingState.TRADING
        self.waiting: dict[int, Order] = {}
        self.last = 0
        self.mark = 0
        self.mark_is_set = False
        self.index = 0
        self.basis = 0
        self.premium_sum = 0
        self.premium_count = 0
        self.volume = 0
        self.trades = 0
        self.is_stirred = False
        """Whether something happened here that may make a trigger fire."""

    @property
    def sources(self) -> tuple[int, int, int]:
        return self.last, self.mark, self.index

    @property
    def widest(self) -> tuple[int, int]:
        """Lowest and highest price with resting orders."""
        ends = [end for queue in self.sides if queue.prices for end in (queue.prices[0], queue.prices[-1])]
        return (min(ends), max(ends)) if ends else (0, 0)

    def reaches(self, side: int, limit: int, price: int) -> bool:
        return price > 0 and (limit >= price if side == BUY else limit <= price)

    @property
    def band(self) -> tuple[int, int] | None:
        """Lowest and highest limit that is taken; None: any."""
        reference = self.mark or self.last
        if not reference or not self.terms.price_band_ppm:
            return None
        width = reference * self.terms.price_band_ppm // 1_000_000
        return reference - width, reference + width
