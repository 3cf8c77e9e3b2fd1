"""Where text goes: results to stdout, progress and errors to stderr."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def out() -> Console:
    """Return the console of results."""
    from rich.console import Console

    return Console(highlight=False, emoji=False)


def print_json(document: Any) -> None:
    """Print one JSON object; what is not defined (NaN) is null."""
    import msgspec

    payload = msgspec.json.encode(document, enc_hook=str)
    sys.stdout.write(msgspec.json.format(payload, indent=2).decode() + "\n")


def percent(value: float, digits: int = 2) -> str:
    """Return a fraction as a percentage with its sign, or a dash where it is not defined."""
    if math.isnan(value):
        return "-"
    text = f"{value:+.{digits}%}"
    return text if text.strip("+-0.%") else text.lstrip("+-")


def loss(value: float, digits: int = 2) -> str:
    """Return a drawdown, a fraction of at least 0, as a percentage without a sign."""
    return "-" if math.isnan(value) else f"{value:.{digits}%}"


def share(value: float) -> str:
    """Return a fraction between 0 and 1 as a whole percentage."""
    return "-" if math.isnan(value) else f"{value:.0%}"


def number(value: float, digits: int = 2) -> str:
    """Return a number, or a dash where it is not defined."""
    return "-" if math.isnan(value) else f"{value:,.{digits}f}"


def span(seconds: float) -> str:
    """Return a span as h:mm:ss or m:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
