"""Other frameworks' cost per callback, measured beside ours where they are installed.

`backtrader` (pure Python): a strategy whose `next` does nothing, called once per bar, observers off; and a
strategy that sends one market order per bar, each filled at the next bar's open and notified to it.
"""

from __future__ import annotations

import importlib
from typing import Any

from actors.bench.machine import cpu_s

_BARS = 100_000
_QUICK_BARS = 10_000
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


def measure_peers(*, quick: bool) -> dict[str, float | str]:
    """Return figures by name, or that a peer is not installed."""
    try:
        return {**_backtrader(_QUICK_BARS if quick else _BARS)}
    except ModuleNotFoundError:
        return {"backtrader": NOT_INSTALLED}
