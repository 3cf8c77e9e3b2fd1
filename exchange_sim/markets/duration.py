"""Spans of time as people write them in configuration: `500ms`, `90s`, `10m`, `6h`, `3d`."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

DURATION_PATTERN = r"^[1-9][0-9]*(ms|s|m|h|d)$"
"""What a duration in a configuration file looks like."""

Duration = Annotated[
    str, msgspec.Meta(pattern=DURATION_PATTERN, description="like 500ms, 90s, 10m, 6h or 3d")
]

Funding = Annotated[
    str,
    msgspec.Meta(pattern=rf"{DURATION_PATTERN}|^off$", description="a duration like 1h or 8h, or off"),
]

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS

_UNITS_NS = {"ms": 1_000_000, "s": SECOND_NS, "m": MINUTE_NS, "h": HOUR_NS, "d": DAY_NS}
_PATTERN = re.compile(DURATION_PATTERN)


def parse_duration_ns(text: str) -> int:
    """Return the span `text` names, in ns.

    Raises
    ------
    ValueError
        `text` is not a positive whole number followed by ms, s, m, h or d.
    """
    if not _PATTERN.match(text):
        raise ValueError(f"expected a duration like 500ms, 90s, 10m, 6h or 3d, was {text!r}")
    digits = text.rstrip("dhms")
    return int(digits) * _UNITS_NS[text[len(digits) :]]


def format_duration(span_ns: int) -> str:
    """Return the shortest text that `parse_duration_ns` reads as `span_ns`; in ns below a millisecond."""
    for unit in ("d", "h", "m", "s", "ms"):
        if span_ns % _UNITS_NS[unit] == 0:
            return f"{span_ns // _UNITS_NS[unit]}{unit}"
    return f"{span_ns}ns"
