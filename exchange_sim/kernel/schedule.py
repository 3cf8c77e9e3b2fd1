"""The market's own schedule: which bars close, snapshots are published and samples taken, and when."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from exchange_sim.kernel.tables import TIMER, TIMER_BAR

Appointment = tuple[int, int, int]
"""Kind (TIMER_BAR ...), instrument, interval in ns. Their order is the order of what falls on one instant."""


def timer_rows(wanted: Iterable[Appointment], now_ns: int) -> np.ndarray:
    """Return TIMER rows for appointments at the multiples of their intervals after `now_ns`, each once."""
    schedule = sorted(set(wanted))
    rows = np.zeros(len(schedule), TIMER)
    for row, (kind, instrument, interval_ns) in zip(rows, schedule, strict=True):
        row["kind"], row["instrument"], row["interval_ns"] = kind, instrument, interval_ns
        row["next_ns"] = (now_ns // interval_ns + 1) * interval_ns
    return rows


def bar_places(rows: np.ndarray, instrument: int) -> tuple[int, int]:
    """Return the first row and the number of rows of an instrument's bars, which are consecutive."""
    places = np.flatnonzero((rows["kind"] == TIMER_BAR) & (rows["instrument"] == instrument))
    return (int(places[0]) if len(places) else 0), len(places)
