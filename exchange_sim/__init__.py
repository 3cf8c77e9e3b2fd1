"""What a market is: its model, the matching engine, the background crowd and the clock.

`Exchange` and `Instrument` can be imported from here. They are loaded at first use, so that importing
this package costs nothing where only its vocabulary is needed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exchange_sim.engine.exchange import Exchange
    from exchange_sim.model.instrument import Instrument

__all__ = ["Exchange", "Instrument"]

_HOMES = {"Exchange": "exchange_sim.engine.exchange", "Instrument": "exchange_sim.model.instrument"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
