"""What a market applied to its exchange and what came of it, as COMMAND and EVENT rows for a journal."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine.layout import COMMAND_BYTES, EVENT_BYTES
from exchange_sim.engine.pointers import command_at, load, store

_WORDS = COMMAND_BYTES // 8
_EVENT_WORDS = EVENT_BYTES // 8


@compiled
def record_command(k: Any, rows: int, number: int, ts_ns: int) -> None:
    """Keep a COMMAND row that was applied at `ts_ns`."""
    for word in range(_WORDS):
        store(k.applied, k.applied_count * _WORDS + word, load(rows, number * _WORDS + word))
    command_at(k.applied, k.applied_count).ts_ns = ts_ns
    k.applied_count += 1


@compiled
def record_own(
    k: Any, ts_ns: int, kind: int, account: int, instrument: int, price_ticks: int, lots: int
) -> None:
    """Keep a command that the market itself gave."""
    for word in range(_WORDS):
        store(k.applied, k.applied_count * _WORDS + word, 0)
    row = command_at(k.applied, k.applied_count)
    row.ts_ns = ts_ns
    row.kind = kind
    row.account = account
    row.instrument = instrument
    row.price_ticks = price_ticks
    row.quantity_lots = lots
    k.applied_count += 1


@inlined
def record_event(k: Any, events: int, row: int) -> None:
    """Keep an EVENT row that a command wrote."""
    for word in range(_EVENT_WORDS):
        store(k.written, k.written_count * _EVENT_WORDS + word, load(events, row * _EVENT_WORDS + word))
    k.written_count += 1
