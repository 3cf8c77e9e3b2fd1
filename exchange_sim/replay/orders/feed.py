"""Plays an order recording into a market's kernel."""

from __future__ import annotations

import numpy as np

from exchange_sim.model.instrument import Instrument
from exchange_sim.replay.orders.recording import OrderRecording
from exchange_sim.replay.orders.translation import translate


class OrderFeed:
    """The commands of a recording before `until_ns`, at their recorded times.

    Attributes
    ----------
    accounts
        Names (`history/0` ...) and deposits of the accounts that stand for the recorded market.
    """

    def __init__(
        self, recording: OrderRecording, instrument: Instrument, until_ns: int, number: int = 0
    ) -> None:
        commands = translate(recording, instrument, until_ns)
        self.accounts = tuple(
            (f"history/{each}", deposit) for each, deposit in enumerate(commands.deposits_atoms)
        )
        self._rows = commands.rows
        self._rows["instrument"] = number
        self._times = np.ascontiguousarray(commands.rows["ts_ns"])

    def rows(self, begin_ns: int, end_ns: int) -> np.ndarray:
        """Return the COMMAND rows that arrive in `[begin_ns, end_ns)`, in order of time."""
        first, end = np.searchsorted(self._times, (begin_ns, end_ns))
        return self._rows[first:end]
