"""What the exchange's operator does on a schedule: index prices, funding, and halts of all trading.

Each appointment is one entry of the heap, which comes before the commands of accounts at the same time. Index
prices are the fundamental values, as the mean of other venues would be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from exchange_sim.compiled import compiled
from exchange_sim.engine.core import apply, apply_by_operator
from exchange_sim.engine.pointers import header_at, load
from exchange_sim.engine.state import DONE
from exchange_sim.kernel.clocks import fundamental_ticks
from exchange_sim.kernel.heap import drop_first, key_of, push, replace_first
from exchange_sim.kernel.recording import record_own
from exchange_sim.kernel.tables import (
    NEVER_NS,
    OPERATION,
    RANK_OPERATOR,
    kernel_at,
    operation_at,
)
from exchange_sim.model.enums import CommandKind, TradingState
from exchange_sim.model.instrument import Instrument

_HOUR_NS = 3_600_000_000_000
_SET_INDEX, _FUND = int(CommandKind.SET_INDEX), int(CommandKind.FUND)
_SET_STATE, _CANCEL_ALL = int(CommandKind.SET_STATE), int(CommandKind.CANCEL_ALL)


@dataclass(frozen=True, slots=True)
class FundingPlan:
    """When positions in an instrument pay funding, and at which rate.

    Parameters
    ----------
    interval_ns
        On the grid of multiples of it since the epoch, at the rate that follows from the premium.
    recorded
        (time in ns, rate in parts per billion) pairs in rising order of time; if there are any, only these
        count.

    Raises
    ------
    ValueError
        The interval is not positive, or times do not rise.
    """

    interval_ns: int = 8 * _HOUR_NS
    recorded: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if self.interval_ns < 1:
            raise ValueError(f"interval_ns: expected 1 or more, was {self.interval_ns}")
        times = [ts_ns for ts_ns, _ in self.recorded]
        for number, (before, after) in enumerate(pairwise(times), 1):
            if after <= before:
                raise ValueError(f"recorded[{number}]: expected a time after {before}, was {after}")


@dataclass(frozen=True, slots=True)
class Halt:
    """A span, in ns, in which no instrument takes any command; `cancels` clears all books before it.

    Raises
    ------
    ValueError
        It does not end after its beginning.
    """

    from_ns: int
    to_ns: int
    cancels: bool = False

    def __post_init__(self) -> None:
        if self.to_ns <= self.from_ns:
            raise ValueError(f"to_ns: expected more than from_ns ({self.from_ns}), was {self.to_ns}")


def operations(
    instruments: Sequence[Instrument],
    plans: Sequence[FundingPlan | None],
    index_interval_ns: int,
    start_ns: int,
    halts: Sequence[Halt] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Return OPERATION rows and the (time, value) words of what is recorded: funding rates, states.

    What falls on one instant happens in the order of the rows, so books are cleared before they are closed.
    """
    rows: list[tuple[int, ...]] = []
    words: list[int] = []
    cleared = [(each.from_ns, 0) for each in halts if each.cancels]
    states = [
        change
        for each in halts
        for change in ((each.from_ns, TradingState.HALTED), (each.to_ns, TradingState.TRADING))
    ]
    for kind, pairs in ((_CANCEL_ALL, cleared), (_SET_STATE, states)):
        if pairs:
            first = len(words) // 2
            words += [int(word) for pair in pairs for word in pair]
            rows += [
                (kind, number, 0, pairs[0][0], first, len(words) // 2) for number in range(len(instruments))
            ]
    for number, (instrument, plan) in enumerate(zip(instruments, plans, strict=True)):
        if instrument.mark == "index":
            rows.append((_SET_INDEX, number, index_interval_ns, start_ns, 0, 0))
        if plan is None:
            continue
        recorded = [each for each in plan.recorded if each[0] >= start_ns]
        first = len(words) // 2
        words += [word for pair in recorded for word in pair]
        if plan.recorded:
            due_ns = recorded[0][0] if recorded else NEVER_NS
        else:
            due_ns = (start_ns // plan.interval_ns + 1) * plan.interval_ns
        rows.append((_FUND, number, plan.interval_ns, due_ns, first, len(words) // 2 if plan.recorded else 0))
    return np.array(rows, OPERATION), np.array(words, np.int64)


@compiled
def start_operations(kernel_address: int, count: int) -> None:
    """Put the first time of each of `count` operations into the heap."""
    k = kernel_at(kernel_address, 0)
    for number in range(count):
        due_ns = operation_at(k.operations, number).due_ns
        if due_ns < NEVER_NS:
            push(k, due_ns, key_of(RANK_OPERATOR, number, 0), number)


@compiled
def _clear(k: Any, s: Any, row: Any) -> int:
    """Cancel the orders of the next account in an instrument; return a status.

    One account at a time: what others see of it is what they see when the journal's commands are replayed.
    """
    account = row.interval_ns
    status = apply(s, k.now_ns, _CANCEL_ALL, account, row.instrument, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    if status == DONE:
        if k.recording:
            record_own(k, k.now_ns, _CANCEL_ALL, account, row.instrument, 0, 0)
        row.interval_ns = account + 1 if account + 1 < header_at(s.header, 0).accounts else 0
    return status


@compiled
def _order(k: Any, s: Any, row: Any) -> int:
    """Give the exchange the command that is due; return its status."""
    price, lots = 0, 0
    if row.kind == _SET_INDEX:
        price = max(1, int(fundamental_ticks(k, row.instrument, k.now_ns) + 0.5))
    elif row.kind == _SET_STATE:
        lots = load(k.rates, 2 * row.place + 1)
    elif row.last > 0:
        price = load(k.rates, 2 * row.place + 1)
    else:
        lots = 1
    status = apply_by_operator(s, k.now_ns, row.kind, row.instrument, price, lots)
    if status == DONE and k.recording:
        record_own(k, k.now_ns, row.kind, -1, row.instrument, price, lots)
    return status


@compiled
def operate(k: Any, s: Any, number: int) -> int:
    """Do what is due and make the next appointment; return the engine's status."""
    row = operation_at(k.operations, number)
    status = _clear(k, s, row) if row.kind == _CANCEL_ALL else _order(k, s, row)
    if status != DONE:
        return status
    k.touched = row.instrument
    if row.kind == _CANCEL_ALL and row.interval_ns > 0:
        return DONE  # the same entry again
    if row.last > 0:
        row.place += 1
        row.due_ns = load(k.rates, 2 * row.place) if row.place < row.last else NEVER_NS
    else:
        row.due_ns += row.interval_ns
    if row.due_ns < NEVER_NS:
        replace_first(k, row.due_ns, key_of(RANK_OPERATOR, number, 0), number)
    else:
        drop_first(k)
    return DONE
