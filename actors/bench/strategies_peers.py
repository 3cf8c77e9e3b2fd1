"""Other frameworks' cost per callback, measured beside ours where they are installed.

`backtrader` (pure Python): a strategy whose `next` does nothing, called once per bar, observers off; and a
strategy that sends one market order per bar, each filled at the next bar's open and notified to it.

`nautilus_trader` (compiled core): the same work as ours, see `nautilus_peer`. It needs an older pandas than
we do, so it is measured by another interpreter, which `ARENA_NAUTILUS_PYTHON` names.
"""

from __future__ import annotations

import importlib
import os
import subprocess
from pathlib import Path
from typing import Any

import msgspec

from actors.bench.machine import cpu_s

_BARS = 100_000
_QUICK_BARS = 10_000
_TIMEOUT_S = 600
NOT_INSTALLED = "not installed"


def _feed(library: Any, bars: int) -> Any:
    """Return a data feed of `bars` one-minute bars made on the fly."""

    class Made(library.feed.DataBase):  # type: ignore[misc]  # the base exists only where the peer does
        def start(self) -> None:
            super().start()
            self._made = 0

        def _load(self) -> bool:
            if self._made >= bars:
                return False
            number = self._made
            self._made += 1
            price = 60_000.0 + number % 7
            lines = self.lines
            lines.datetime[0] = 730_000.0 + number / 1_440.0
            lines.open[0] = lines.close[0] = price
            lines.high[0], lines.low[0] = price + 1.0, price - 1.0
            lines.volume[0], lines.openinterest[0] = 10.0, 0.0
            return True

    return Made()


def _run(library: Any, strategy: Any, bars: int) -> float:
    engine = library.Cerebro(stdstats=False)
    engine.adddata(_feed(library, bars))
    engine.broker.setcash(1e9)
    engine.addstrategy(strategy)
    start = cpu_s()
    engine.run()
    return cpu_s() - start


def _backtrader(bars: int) -> dict[str, int]:
    library = importlib.import_module("backtrader")
    ended = 0

    class Idle(library.Strategy):  # type: ignore[misc, name-defined]
        def next(self) -> None:
            pass

    class Busy(library.Strategy):  # type: ignore[misc, name-defined]
        def next(self) -> None:
            if self.position.size <= 0:
                self.buy(size=1)
            else:
                self.sell(size=1)

        def notify_order(self, order: Any) -> None:
            nonlocal ended
            ended += order.status == order.Completed

    callbacks = bars / _run(library, Idle, bars)
    spent = _run(library, Busy, bars)
    return {
        "backtrader_callbacks_per_cpu_s": round(callbacks),
        "backtrader_order_lives_per_cpu_s": round(ended / spent),
    }


def _nautilus(python: str, *, quick: bool) -> dict[str, int]:
    quotes, orders = (20_000, 500) if quick else (300_000, 5_000)
    script = Path(__file__).with_name("nautilus_peer.py")
    command = [python, str(script), str(quotes), str(orders)]
    ended = subprocess.run(command, check=True, capture_output=True, timeout=_TIMEOUT_S)  # noqa: S603 - the user names it
    return msgspec.json.decode(ended.stdout.splitlines()[-1], type=dict[str, int])


def measure_peers(*, quick: bool) -> dict[str, float | str]:
    """Return figures by name, or that a peer is not installed."""
    figures: dict[str, float | str] = {}
    try:
        figures |= _backtrader(_QUICK_BARS if quick else _BARS)
    except ModuleNotFoundError:
        figures["backtrader"] = NOT_INSTALLED
    python = os.environ.get("ARENA_NAUTILUS_PYTHON")
    if python is None:
        figures["nautilus_trader"] = f"{NOT_INSTALLED} (ARENA_NAUTILUS_PYTHON names no interpreter)"
    else:
        figures |= _nautilus(python, quick=quick)
    return figures
