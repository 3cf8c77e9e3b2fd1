"""What a catalogue lists."""

from __future__ import annotations

import math
from typing import Any

import msgspec


class RunInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is: `kind` (tournament, search), its specification and the code that plays it."""

    kind: str
    name: str
    digest: str
    code: str
    spec: str  # JSON


class MatchEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One match as the catalogue lists it.

    `status` is done or failed; `error` says why it failed in a line, `detail` in full.
    """

    match_id: str
    position: int
    round: int
    format: str
    contest: str
    block: str
    subject: str
    trial: int
    seed: int
    market: str
    spec_digest: str
    status: str
    error: str
    detail: str
    digest: str
    market_digest: str
    instruments: tuple[str, ...]
    start_ns: int
    end_ns: int
    requests: int


class SeriesFile(msgspec.Struct, frozen=True):
    """A series on disk: `size` bytes from `at` on in the file `path`, relative to the run's folder."""

    kind: str
    path: str
    at: int
    size: int
    digest: str


class TrialEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One trial of a search. `value` is NaN and `error` says why where it has none."""

    number: int
    params: dict[str, Any]
    value: float
    values: tuple[float, ...]
    error: str = ""


def float_or_nan(value: Any) -> Any:
    """Return a value from SQLite, which keeps NaN as NULL."""
    return math.nan if value is None else value
