"""What happens in a depth replay, written down and played again.

The record itself stands in the journal, the bots' commands with their times of arrival, the bots' events,
and how far time had come whenever something was written: what the record did to the bots' orders in between
follows from all that. Frames besides those of `exchange_sim.engine_journal`:

`D` a piece of the record, see `exchange_sim.replay.depth.replay_snapshot.packed_record`

They come before the first state. A row of kind ADVANCE says that everything before its time has happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from exchange_sim.engine.layout import COMMAND
from exchange_sim.engine_journal import EngineRecorder, FrameSink
from exchange_sim.kernel.recorded import RecordedCommands, given_commands
from exchange_sim.model.enums import CommandKind
from exchange_sim.replay.depth.market import DepthReplay
from exchange_sim.replay.depth.replay_snapshot import packed_record

DEPTH_CHECKPOINT_COMMANDS = 10_000
"""Bots alone send fewer commands than whole markets do."""
_ADVANCE = int(CommandKind.ADVANCE)


class DepthRecorder(EngineRecorder):
    """Writes down what happens in a depth replay, from now until `close`; see `EngineRecorder`."""

    def __init__(self, journal: FrameSink, market: DepthReplay) -> None:
        self._market = market
        self._told_ns = market.now_ns
        for piece in packed_record(market.rows):
            journal.write(b"D" + piece)
        super().__init__(journal, market, checkpoint_commands=DEPTH_CHECKPOINT_COMMANDS)

    def record(self, commands: npt.NDArray[Any], events: npt.NDArray[Any]) -> None:
        """Take the bots' COMMAND rows that have arrived and the EVENT rows that the bots were sent."""
        super().record(np.concatenate((commands, self._time())), events)

    def _time(self) -> npt.NDArray[Any]:
        """Return a row that says how far time has come."""
        self._told_ns = self._market.now_ns
        row = np.zeros(1, COMMAND)
        row["ts_ns"], row["kind"], row["account"], row["instrument"] = self._told_ns, _ADVANCE, -1, -1
        return row

    def _write_gathered(self) -> None:
        if self._told_ns < self._market.now_ns:
            self._keep(self._time().tobytes(), b"", 1)
        super()._write_gathered()


class RecordedDepth(DepthReplay):
    """The depth replay of a journal; an `exchange_sim.ports.RunningMarket`. Made by `restore`.

    What participants push changes nothing: their commands are on record.
    """

    _record: RecordedCommands | None = None

    def follow(self, batches: Iterator[npt.NDArray[Any]]) -> None:
        """Let the COMMAND rows of a journal arrive, in order, as time passes."""
        self._record = RecordedCommands(batches, self.now_ns)

    def push(self, commands: np.ndarray) -> None:
        """Do nothing: what arrived is in the journal."""

    def advance(self, until_ns: int, window_ns: int) -> int:
        if self._record is not None:
            for given in self._record.before(until_ns):
                super().push(given)
        return super().advance(until_ns, window_ns)

    def apply(self, commands: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Let COMMAND rows arrive and time pass as they say; return the EVENT rows that the bots are sent."""
        super().push(given_commands(commands))
        times = commands["ts_ns"][commands["kind"] == _ADVANCE]
        until_ns = int(times[-1]) if len(times) else self.now_ns
        written = self.written_until(until_ns)
        for output in ("order_events", "applied", "samples"):
            self.take(output)
        return written
