"""One Bitstamp order from its first message to its last."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from exchange_sim.replay.orders.bitstamp_trades import Execution, Reduction
from exchange_sim.replay.orders.recording import side_of
from exchange_sim.replay.orders.table import fail


class Row(NamedTuple):
    row: int  # of the file, from 0
    ts_ms: int
    action: str
    price_ticks: int
    quantity: int  # in 1e-8
    lots: int


class Life:
    """One order: its rows in the order in which things happened, and its executions."""

    def __init__(self, order_id: int, sign: int, rows: list[Row], *, known: bool) -> None:
        self.order_id = order_id
        self.side = side_of(sign)
        self.rows = rows
        self.known = known
        self.executions: list[Execution] = []
        self.filled = False

    @property
    def rest_lots(self) -> int:
        """What was left at the end, or is at the end of the recording."""
        last = self.rows[-1]
        return last.lots if last.quantity and not self.filled else 0

    @property
    def total_lots(self) -> int:
        return self.rest_lots + sum(each.lots for each in self.executions)

    def reductions(self) -> list[Reduction]:
        """Return the rows in which the order may have been executed, with how much it lost."""
        found = []
        before = self.rows[0].lots if self.known else None
        price = self.rows[0].price_ticks
        for row in self.rows[1:] if self.known else self.rows:
            executed = row.price_ticks == price and (row.action == "changed" or row.quantity == 0)
            lost = None if before is None else before - row.lots
            if executed and (lost is None or lost > 0):
                found.append(Reduction(row.row, row.ts_ms, self.order_id, self.side, row.price_ticks, lost))
            before, price = row.lots, row.price_ticks
        return found

    def endings(self) -> list[Reduction]:
        """Return the deletion, if something was left then."""
        last = self.rows[-1]
        if last.action != "deleted" or last.quantity == 0:
            return []
        return [Reduction(last.row, last.ts_ms, self.order_id, self.side, last.price_ticks, last.lots)]


def in_order(path: Path, rows: list[Row], quirks: Counter[str]) -> list[Row]:
    """Return an order's rows in the order in which they happened; none if it was gone before it came."""
    ends = [place for place, row in enumerate(rows) if row.action == "deleted"]
    again = [row for row in rows[1:] if row.action == "created"]
    if again:
        if rows[0].action != "deleted":
            fail(path, again[0].row, "order_id", "an order created before", "a new order")
        quirks["deleted_before_created"] += 1
        return []
    if not ends or ends[0] == len(rows) - 1:
        return rows
    late = [row for row in rows[ends[0] + 1 :] if row.action == "changed"]
    quirks["deleted_twice"] += len(ends) - 1
    quirks["changed_after_deleted"] += len(late)
    return [*rows[: ends[0]], *late, rows[ends[0]]]
