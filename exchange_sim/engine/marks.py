"""Mark prices, and the band of marks inside which nobody can be below maintenance."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import inlined


@inlined
def mark_moved(header: Any, instrument: Any) -> None:
    """Have accounts checked for liquidation if a mark just written lies outside its watch band."""
    mark = instrument.mark_ticks
    if mark < instrument.watch_low_ticks or mark > instrument.watch_high_ticks:
        header.alarm = 1
