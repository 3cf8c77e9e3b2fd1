"""Numbers as people read them. What is not defined is a dash."""

from __future__ import annotations

import math

import numpy as np

from analytics.report.page import Cell

MISSING = "–"  # noqa: RUF001 - an en dash is what is meant

_MINUS = "\u2212"


def percent(value: float, digits: int = 2, *, signed: bool = False) -> str:
    """Return a fraction of one in percent."""
    return _text(100.0 * value, f"{'+' if signed else ''}.{digits}f", "\u202f%")


def ratio(value: float, digits: int = 2) -> str:
    return _text(value, f",.{digits}f")


def whole(value: float) -> str:
    """Return a number without decimals or separators, such as a rating."""
    return _text(value, ".0f")


def money(value: float, *, signed: bool = False) -> str:
    """Return an amount with as many decimals as its size needs."""
    return _text(value, f"{'+' if signed else ''},.{0 if abs(value) >= 10_000 else 2}f")


def count(value: int) -> str:
    return f"{value:,}"


def significant(value: float, digits: int = 4) -> str:
    return _text(value, f".{digits}g")


def duration(nanoseconds: int) -> str:
    """Return a span as its two largest units: `3 d 4 h`, `10 min`, `2.5 s`."""
    seconds = nanoseconds / 1e9
    if seconds < 60:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    sizes = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    parts = []
    for unit, size in sizes:
        amount, whole = divmod(whole, size)
        if amount:
            parts.append(f"{amount} {unit}")
    return " ".join(parts[:2])


def moment(ts_ns: int) -> str:
    """Return a time as `2025-05-01 12:30:00` (UTC)."""
    return str(np.datetime64(ts_ns, "ns").astype("datetime64[s]")).replace("T", " ")


def toned(text: str, value: float) -> Cell:
    """Return a cell for a gain or loss, sorted by its value."""
    tone = "good" if value > 0 else "bad" if value < 0 else ""
    return Cell(text, _order(value), tone)


def plain(text: str, value: float) -> Cell:
    """Return a cell for a number without judgement, sorted by its value."""
    return Cell(text, _order(value))


def _order(value: float) -> float:
    return -1e300 if math.isnan(value) else max(-1e300, min(1e300, value))


def _text(value: float, form: str, unit: str = "") -> str:
    if not math.isfinite(value):
        return MISSING if math.isnan(value) else ("∞" if value > 0 else f"{_MINUS}∞")
    text = format(value, form)
    if text.startswith("-"):  # minus zero is zero
        text = _MINUS + text[1:] if text.strip("-0.,") else text[1:]
    return text + unit
