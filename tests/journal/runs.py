"""Runs of an exchange that are journaled: rows in and single calls in, accounts opened on the way."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from exchange_sim.engine.exchange import Exchange
from exchange_sim.engine.layout import COMMAND
from exchange_sim.engine_journal import EngineRecorder, engine_header
from exchange_sim.journal import JournalWriter
from tests.engine.test_exchange import _FIELDS, new_exchange, recorded

HEADER = engine_header(seed=5, config_digest="c0ffee", configuration="{}")


@cache
def commands(count: int = 900) -> npt.NDArray[Any]:
    """Return COMMAND rows in which everything happens."""
    rows = recorded(count)
    table = np.zeros(len(rows), COMMAND)
    for field, values in zip(_FIELDS, zip(*rows, strict=True), strict=True):
        table[field] = values
    return table


def drive(exchange: Exchange, rows: npt.NDArray[Any], seed: int) -> None:
    """Execute rows in calls of every kind and length, drawn from `seed`."""
    random = np.random.default_rng(seed)
    at = 0
    while at < len(rows):
        if random.random() < 0.5:
            count = int(random.integers(1, 120))
            exchange.apply(rows[at : at + count])
            at += count
        else:
            assert exchange.execute(*(int(rows[at][field]) for field in _FIELDS)) == 0
            at += 1
        if random.random() < 0.1:
            exchange.take_events()
        if random.random() < 0.02:
            exchange.open_account(f"late-{at}", deposit="10", asset="USD")
    exchange.take_events()


class Recorded:
    """An exchange with the journal it writes into memory."""

    def __init__(self, *, checkpoint_commands: int = 100) -> None:
        self.sink = io.BytesIO()
        self.exchange = new_exchange()
        self.journal = JournalWriter(HEADER, self.sink)
        self.recorder = EngineRecorder(self.journal, self.exchange, checkpoint_commands=checkpoint_commands)

    def close(self) -> bytes:
        """Return the whole journal."""
        self.recorder.close()
        self.journal.close()
        return self.sink.getvalue()
