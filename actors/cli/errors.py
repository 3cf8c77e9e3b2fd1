"""From an error to one line and an exit code."""

from __future__ import annotations

import sys
from enum import IntEnum
from typing import NamedTuple


class ExitCode(IntEnum):
    """What the shell learns. The meanings are part of the interface, see docs/cli.md.

    FAILED: it ran, and something in it did not end well. INPUT: a word, file or field is wrong.
    INTERRUPTED: stopped on request; the same command with --resume goes on. ENVIRONMENT: the disk, the
    cluster or a lock stands in the way, not the input. DEFECT: a fault of this program.
    """

    DONE = 0
    FAILED = 1
    INPUT = 2
    INTERRUPTED = 3
    ENVIRONMENT = 4
    DEFECT = 70


class CommandError(Exception):
    """An error of a command itself: its one-line text, and the exit code."""

    def __init__(self, text: str, code: ExitCode = ExitCode.INPUT) -> None:
        super().__init__(text)
        self.code = code


class _Known(NamedTuple):
    module: str
    name: str
    code: ExitCode


KNOWN_ERRORS = (
    _Known("actors.config_errors", "ConfigError", ExitCode.INPUT),
    _Known("strategies.plugins", "StrategyNotFoundError", ExitCode.INPUT),
    _Known("actors.faults", "StrategySetupError", ExitCode.INPUT),
    _Known("actors.node_kind", "ClusterFileError", ExitCode.INPUT),
    _Known("actors.realtime.keys", "AccountKeyError", ExitCode.INPUT),
    _Known("actors.realtime.server", "PortError", ExitCode.ENVIRONMENT),
    _Known("exchange_sim.markets.bars", "BarsError", ExitCode.INPUT),
    _Known("exchange_sim.replay.depth.record", "DepthError", ExitCode.INPUT),
    _Known("exchange_sim.markets.read_latency", "LatencyError", ExitCode.INPUT),
    _Known("exchange_sim.markets.read_series", "SeriesError", ExitCode.INPUT),
    _Known("exchange_sim.replay.orders.table", "RecordingError", ExitCode.INPUT),
    _Known("exchange_sim.journal_reader", "JournalError", ExitCode.INPUT),
    _Known("exchange_sim.engine.snapshots", "SnapshotError", ExitCode.INPUT),
    _Known("actors.fork", "ForkError", ExitCode.INPUT),
    _Known("actors.run_folder", "RunExistsError", ExitCode.INPUT),
    _Known("actors.run_folder", "CodeChangedError", ExitCode.INPUT),
    _Known("actors.run_folder", "RunLockedError", ExitCode.ENVIRONMENT),
    _Known("actors.storage", "StorageError", ExitCode.ENVIRONMENT),
    _Known("actors.pool", "PoolError", ExitCode.ENVIRONMENT),
    _Known("actors.metrics.prometheus_sink", "MetricsPortError", ExitCode.ENVIRONMENT),
    _Known("actors.world.placement", "PlacementError", ExitCode.INPUT),
    _Known("actors.world.client", "ControlRefusedError", ExitCode.INPUT),
    _Known("actors.world.client", "ControlError", ExitCode.ENVIRONMENT),
    _Known("actors.world.keeper", "TapeError", ExitCode.ENVIRONMENT),
    _Known("actors.world.world", "WorldStoppedError", ExitCode.INTERRUPTED),
    _Known("actors.world.parts", "PartFailedError", ExitCode.FAILED),
    _Known("actors.world.parts", "WorldError", ExitCode.FAILED),
    _Known("actors.contest", "RunInterruptedError", ExitCode.INTERRUPTED),
    _Known("actors.contest", "MatchesFailedError", ExitCode.FAILED),
)
"""Errors whose text is meant for the user.

By name, because importing all of them would load everything the command line avoids loading: an error can
only have been raised by a module that is loaded.
"""


def exit_code_of(error: BaseException) -> ExitCode | None:
    """Return the exit code of an error whose text is meant for the user, or None for any other."""
    if isinstance(error, CommandError):
        return error.code
    for known in KNOWN_ERRORS:
        kind = getattr(sys.modules.get(known.module), known.name, None)
        if kind is not None and isinstance(error, kind):
            return known.code
    return None


def one_line(error: BaseException) -> str:
    """Return the text of an error in one line."""
    text = " ".join(str(error).split())
    return text or type(error).__name__
