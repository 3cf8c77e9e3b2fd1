"""hftbacktest on the same events, measured beside ours where it is installed.

It needs an older numpy than we do, so it is measured by another interpreter, which `ARENA_HFTBACKTEST_PYTHON`
names; see `hftbacktest_peer`.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import msgspec
import numpy as np

from actors.bench.strategies_peers import NOT_INSTALLED
from exchange_sim.replay.depth.layout import CLEAR_FLAG, RENEW_FLAG, TRADE_FLAG
from exchange_sim.replay.depth.record import Record

_TIMEOUT_S = 600


def measure_peers(record: Record, interval_ns: int, latency_ns: int, runs: int) -> dict[str, float | str]:
    """Return figures by name, or that the peer is not installed."""
    python = os.environ.get("ARENA_HFTBACKTEST_PYTHON")
    if python is None:
        return {"hftbacktest": f"{NOT_INSTALLED} (ARENA_HFTBACKTEST_PYTHON names no interpreter)"}
    script = Path(__file__).with_name("hftbacktest_peer.py")
    steps = (str(record.instrument.tick_size), str(record.instrument.lot_size))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.npz"
        _write(record, path)
        numbers = (str(interval_ns), str(latency_ns), str(runs))
        command = [python, str(script), str(path), *steps, *numbers]
        ended = subprocess.run(command, check=True, capture_output=True, timeout=_TIMEOUT_S)  # noqa: S603 - the user names it
    figures = msgspec.json.decode(ended.stdout.splitlines()[-1], type=dict[str, int])
    return dict(figures)


def _write(record: Record, path: Path) -> None:
    rows = record.rows
    flags = rows["flags"]
    first = np.flatnonzero(flags & CLEAR_FLAG)[0]
    last = np.flatnonzero(flags & RENEW_FLAG)[0]
    snapshot = np.zeros(len(rows), np.bool_)
    snapshot[first : last + 1] = True
    np.savez(
        path,
        ts_ns=rows["ts_ns"],
        price=record.prices[rows["level"]] * float(record.instrument.tick_size),
        quantity=rows["lots"] * float(record.instrument.lot_size),
        side=rows["side"],
        trade=(flags & TRADE_FLAG) != 0,
        snapshot=snapshot,
    )
