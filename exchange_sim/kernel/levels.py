"""Reading the book's levels from compiled code."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled
from exchange_sim.engine.book import occupied_above, occupied_below
from exchange_sim.engine.pointers import instrument_at, level_at


@compiled
def lots_at(s: Any, instrument: int, price_ticks: int) -> int:
    """Return the quantity resting at a price that is occupied."""
    row = instrument_at(s.instruments, instrument)
    index = row.ladder_offset + price_ticks - row.ladder_base_ticks
    return level_at(s.levels, index).lots  # type: ignore[no-any-return]


@compiled
def next_level(s: Any, instrument: int, side: int, price_ticks: int) -> int:
    """Return the next worse occupied price of the same side behind an occupied one, 0 for none."""
    row = instrument_at(s.instruments, instrument)
    base = row.ladder_base_ticks
    if side == 0:
        index = occupied_below(s, row, price_ticks - base - 1)
    else:
        index = occupied_above(s, row, price_ticks - base + 1)
    return 0 if index < 0 else base + index
