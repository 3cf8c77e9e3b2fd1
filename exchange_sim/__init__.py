"""What a market is: its model, the matching engine, the background crowd and the clock.

The names in `__all__` can be imported from here. They are loaded at first use, so that importing
this package costs nothing where only its vocabulary is needed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exchange_sim.engine.exchange import Exchange
    from exchange_sim.engine.trades import trades_of
    from exchange_sim.model.instrument import Instrument
    from exchange_sim.model.rules import ExchangeRules, MarginTier

__all__ = ["Exchange", "ExchangeRules", "Instrument", "MarginTier", "trades_of"]

_HOMES = {
    "Exchange": "exchange_sim.engine.exchange",
    "ExchangeRules": "exchange_sim.model.rules",
    "Instrument": "exchange_sim.model.instrument",
    "MarginTier": "exchange_sim.model.rules",
    "trades_of": "exchange_sim.engine.trades",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
