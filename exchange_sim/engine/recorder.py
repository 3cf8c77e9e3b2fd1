"""How an exchange tells what it does, to whoever writes it down."""

from __future__ import annotations

from typing import Any, Protocol

import numpy.typing as npt


class Recorder(Protocol):
    """Takes down accounts, commands and events; `exchange_sim.engine_journal.EngineRecorder` is one.

    Every method may raise OSError where nothing can be written.
    """

    def check(self) -> None:
        """Raise if the next command could not be taken down: it must not be executed then."""

    def opened(self, account_id: str) -> None:
        """Take note of an account that is about to be opened."""

    def record(self, commands: npt.NDArray[Any], events: npt.NDArray[Any]) -> None:
        """Take COMMAND rows that have been executed and the EVENT rows they wrote."""

    def record_one(self, command: bytes, events: bytes) -> None:
        """Take one executed command and its events, as the bytes of their rows."""
