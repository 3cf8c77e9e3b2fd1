"""Recorded depth and trades of one instrument, in integers and in order."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from exchange_sim.model.instrument import Instrument
from exchange_sim.replay.depth.models import QueueModel


class DepthError(ValueError):
    """Recorded depth or trades that cannot be used; the text names file, row and column."""


@dataclass(frozen=True, slots=True)
class Record:
    """What happened in one instrument.

    Parameters
    ----------
    instrument
        Whose ticks and lots the numbers are.
    rows
        ROW rows in order of time; trades before depth at one instant, and in a depth message removals
        first. Their levels are places in `prices`.
    prices
        Every price of the record in ticks, rising.
    start_ns
        Time of the first snapshot: from here on the book is known.
    end_ns
        Time of the last depth message.
    notes
        What was passed over in reading, in words.
    """

    instrument: Instrument
    rows: npt.NDArray[np.void]
    prices: npt.NDArray[np.int64]
    start_ns: int
    end_ns: int
    notes: tuple[str, ...] = ()

    def until(self, end_ns: int) -> Record:
        """Return the record of what happened before an instant."""
        rows = self.rows[: np.searchsorted(self.rows["ts_ns"], end_ns)]
        return replace(self, rows=rows, end_ns=min(self.end_ns, end_ns))


@dataclass(frozen=True, slots=True)
class DepthInputs:
    """The records of a market, one an instrument, and the queue model of the bots' orders."""

    records: tuple[Record, ...]
    queue_model: QueueModel
