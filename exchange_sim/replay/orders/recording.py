"""An order-by-order recording in the market's own integers, whatever file it came from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Self

import numpy as np
import numpy.typing as npt

from exchange_sim.model.enums import Side


class Action(IntEnum):
    """What a message does."""

    ADD = 0
    """A new order; `lots` is its total: all it will trade plus what is left at its end."""
    REPRICE = 1
    """The order goes to another price; `lots` is its total."""
    REDUCE = 2
    """The owner takes back a part; `lots` is the new total."""
    END = 3
    """The order is gone, by its owner or because it is filled."""
    TAKE = 4
    """An order whose arrival is not recorded, only that it took `lots` from the order named."""
    TAKE_HIDDEN = 5
    """The same against an order that the book did not show."""


MESSAGE = np.dtype(
    [
        ("ts_ns", "<i8"),
        ("order_id", "<i8"),
        ("price_ticks", "<i8"),
        ("lots", "<i8"),
        ("action", "u1"),  # Action
        ("side", "u1"),  # Side of the order named
    ]
)
"""One message. END has price and lots 0."""

RESTING = np.dtype([("order_id", "<i8"), ("price_ticks", "<i8"), ("lots", "<i8"), ("side", "u1")])
"""One order that rests when the recording begins, in the order of the queue."""

EXECUTION = np.dtype(
    [
        ("ts_ns", "<i8"),
        ("price_ticks", "<i8"),
        ("lots", "<i8"),
        ("buy_order_id", "<i8"),  # 0: not known
        ("sell_order_id", "<i8"),
    ]
)
"""One recorded trade."""

NAMELESS_IDS = 2**61
"""Ids from here on are given to orders that a recording shows without naming them."""

Rows = npt.NDArray[np.void]


@dataclass(frozen=True, slots=True)
class OrderRecording:
    """What happened in one market, order by order, in `[first_ns, end_ns]`.

    Parameters
    ----------
    source
        Of the messages, for errors and reports.
    first_ns, end_ns
        First instant (the book is that of `resting`) and time of the last message.
    resting
        RESTING rows: best place in the queue first.
    messages
        MESSAGE rows from `first_ns` on, in order.
    executions
        EXECUTION rows from `first_ns` on, in order: what the replay has to bring about.
    quirks
        How often the data had to be read with indulgence, by what was the matter.
    """

    source: str
    first_ns: int
    end_ns: int
    resting: Rows
    messages: Rows
    executions: Rows
    quirks: dict[str, int]

    def since(self, start_ns: int) -> Self:
        """Return the recording from a later instant on: what is open then rests, with its place.

        Raises
        ------
        ValueError
            The instant is not inside the recording.
        """
        if not self.first_ns <= start_ns <= self.end_ns:
            raise ValueError(f"start_ns: expected {self.first_ns} to {self.end_ns}, was {start_ns}")
        cut = int(np.searchsorted(self.messages["ts_ns"], start_ns))
        done = int(np.searchsorted(self.executions["ts_ns"], start_ns))
        book = OpenOrders(self)
        book.follow(start_ns - 1)
        left = [
            (order, each.price_ticks, each.lots - each.traded, each.side)
            for order, each in book.orders.items()
        ]
        messages = self.messages[cut:].copy()
        for row in messages:  # totals from here on do not count what was traded before
            if row["action"] in (Action.REPRICE, Action.REDUCE) and int(row["order_id"]) in book.orders:
                row["lots"] -= book.orders[int(row["order_id"])].traded
        return replace(
            self,
            first_ns=start_ns,
            resting=np.array(left, RESTING),
            messages=messages,
            executions=self.executions[done:],
        )


@dataclass(slots=True)
class OpenOrder:
    """An order in the recording's own book: its total, and how much of it was traded."""

    side: int
    price_ticks: int
    lots: int
    traded: int = 0


class OpenOrders:
    """The recording's own book, without any matching: what messages and executions say is open.

    Attributes
    ----------
    orders
        By id, in the order of the queue.
    levels
        Lots by (side, price in ticks); may have entries of 0.
    """

    def __init__(self, recording: OrderRecording) -> None:
        self.orders: dict[int, OpenOrder] = {}
        self.levels: Counter[tuple[int, int]] = Counter()
        for order, price, lots, side in recording.resting.tolist():
            self._open(order, OpenOrder(side, price, lots))
        # Executions before messages of the same time: the end of a filled order has nothing left to take.
        self._changes = sorted(
            [(row[0], 1, place, row) for place, row in enumerate(recording.messages.tolist())]
            + [(row[0], 0, place, row) for place, row in enumerate(recording.executions.tolist())]
        )
        self._place = 0

    def follow(self, until_ns: int) -> None:
        """Take in everything up to and at `until_ns`."""
        while self._place < len(self._changes) and self._changes[self._place][0] <= until_ns:
            _, is_message, _, row = self._changes[self._place]
            self._place += 1
            if is_message:
                self._change(*row[1:])
                continue
            for order in row[3:]:
                self._trade(order, row[2])

    def _open(self, order: int, terms: OpenOrder) -> None:
        if terms.lots > terms.traded:
            self.orders[order] = terms
            self.levels[terms.side, terms.price_ticks] += terms.lots - terms.traded

    def _close(self, order: int) -> int:
        """Take an order out and return what it had traded."""
        gone = self.orders.pop(order, None)
        if gone is None:
            return 0
        self.levels[gone.side, gone.price_ticks] -= gone.lots - gone.traded
        return gone.traded

    def _change(self, order: int, price: int, lots: int, action: int, side: int) -> None:
        if action == Action.END:
            self._close(order)
        elif action == Action.ADD:
            self._open(order, OpenOrder(side, price, lots))
        elif action == Action.REPRICE:  # a new place in the queue
            self._open(order, OpenOrder(side, price, lots, self._close(order)))
        elif action == Action.REDUCE and order in self.orders:
            known = self.orders[order]
            self.levels[known.side, known.price_ticks] -= known.lots - lots
            known.lots = lots

    def _trade(self, order: int, lots: int) -> None:
        known = self.orders.get(order)
        if known is not None:
            known.traded += lots
            self.levels[known.side, known.price_ticks] -= lots
            if known.traded >= known.lots:
                del self.orders[order]


def side_of(sign: int) -> int:
    """Return the Side of +1 (buy, bid) or -1 (sell, ask)."""
    return int(Side.BUY if sign > 0 else Side.SELL)
