"""Finds the recorded depth and trades of a symbol in a folder."""

from __future__ import annotations

from pathlib import Path

from exchange_sim.markets.find_bars import files_named
from exchange_sim.replay.depth.columns import first_and_last_ns
from exchange_sim.replay.depth.record import DepthError

_DEPTH, _TRADES = "_events.parquet", "_trades.parquet"
_SHOWN = 8


def find_depth(folder: Path, symbol: str, start_ns: int | None) -> Path:
    """Return the one `*_events.parquet` under `folder` that names the symbol and reaches over `start_ns`.

    Raises
    ------
    DepthError
        There is no such folder, no file fits, or several do.
    """
    if not folder.is_dir():
        raise DepthError(f"{folder}: expected a folder of recorded depth, found none")
    named = [path for path in files_named(folder, symbol) if path.name.endswith(_DEPTH)]
    found = [path for path in named if start_ns is None or _covers(path, start_ns)]
    if len(found) == 1:
        return found[0]
    names = [path.relative_to(folder).as_posix() for path in found or named]
    shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    if not named:
        raise DepthError(f"{symbol}: expected a file *{_DEPTH} with the symbol in its name under {folder}")
    if not found:
        raise DepthError(f"{symbol}: expected a record that reaches over `start`, found only {shown}")
    raise DepthError(f"{symbol}: expected one record, found {shown}; name one with `file`, or set `start`")


def find_trades(folder: Path, depth: Path) -> Path:
    """Return the trades that belong to a record of depth: `X_trades.parquet` for `X_events.parquet`.

    Raises
    ------
    DepthError
        There is none beside it or elsewhere under `folder`, or there are several.
    """
    name = depth.name.removesuffix(_DEPTH) + _TRADES
    beside = depth.with_name(name)
    found = [beside] if beside.is_file() else sorted(folder.rglob(name))
    if len(found) != 1:
        seen = ", ".join(path.relative_to(folder).as_posix() for path in found) or "none"
        raise DepthError(f"{depth}: expected one {name} beside it or under {folder}, found {seen}")
    return found[0]


def _covers(path: Path, instant_ns: int) -> bool:
    first_ns, last_ns = first_and_last_ns(path)
    return first_ns <= instant_ns <= last_ns
