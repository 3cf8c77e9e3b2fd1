"""A bot that lets a test stop time: it waits at the start of every match until its gate is open.

The folder in its settings is the gate: the file `open` opens it, and every process that waits leaves a file
named with a number of its own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

from exchange_sim.model.instrument import Instrument
from strategies.api import Context, Strategy, StrategyConfig, Subscription


class GatedConfig(StrategyConfig, frozen=True, kw_only=True):
    """Where the gate is."""

    folder: str


class Gated(Strategy[GatedConfig]):
    """Waits, and never trades."""

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        return ()

    def on_start(self, ctx: Context) -> None:
        folder = Path(self.config.folder)
        own = f"{Path('/proc/self/ns/pid').stat().st_ino}{os.getpid()}"  # hosts number their processes alike
        pause = threading.Event()
        while not (folder / "open").exists():
            (folder / own).touch()
            pause.wait(0.05)
