"""How a bot decides: the Strategy API, indicators, and the bots that come with the project."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strategies.builtin import BUILTIN

__all__ = ["BUILTIN"]


def __getattr__(name: str) -> object:
    """Import the bots only when they are asked for: TA-Lib brings pandas, half a second of start-up."""
    if name == "BUILTIN":
        return importlib.import_module("strategies.builtin").BUILTIN
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
