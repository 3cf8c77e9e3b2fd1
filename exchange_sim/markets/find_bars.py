"""Finds the file of bars that belongs to a symbol in a folder somebody else laid out."""

from __future__ import annotations

import re
from pathlib import Path

from exchange_sim.markets.bars import BarsError
from exchange_sim.markets.duration import MINUTE_NS, format_duration
from exchange_sim.markets.read_bars import CSV_SUFFIXES, PARQUET_SUFFIXES, read_times
from exchange_sim.markets.spec import format_instant

_SUFFIXES = PARQUET_SUFFIXES + CSV_SUFFIXES
_SHOWN = 8


def find_bars(
    folder: Path,
    symbol: str,
    *,
    interval_ns: int = MINUTE_NS,
    start_ns: int | None = None,
    end_ns: int | None = None,
) -> Path:
    """Return the one file under `folder` that holds the symbol's bars over the asked span.

    A file belongs to `BTC/USDT:USDT` when its path below the folder names BTC and USDT as a word
    of their own: `BTCUSDT.parquet`, `BTC_USDT_USDT-1m.csv`, `btc-usdt/2025.parquet`,
    `binance_usdm_1m_202505_BTCUSDT.parquet`, but not `WBTCUSDT.csv`. Of those the bars must have the interval
    and reach from `start_ns` (or earlier) to `end_ns` (or later); a file named by nothing but the symbol
    and the interval wins over one with more in its name.

    Raises
    ------
    BarsError
        There is no such folder, no file fits (the text says why each was left out), or several do.
    """
    if not folder.is_dir():
        raise BarsError(f"{folder}: expected a folder with files of bars, found none")
    named = files_named(folder, symbol)
    if not named:
        raise BarsError(
            f"{symbol}: no file under {folder} has the symbol in its name "
            f"(expected for example {_compact(symbol)}.parquet or {_compact(symbol)}.csv)"
        )
    fitting: list[tuple[Path, str]] = []
    refused: list[str] = []
    for path in named:
        name = path.relative_to(folder).as_posix()
        try:
            interval, first, end = read_times(path)
        except BarsError as error:
            refused.append(str(error).replace(str(path), name))
            continue
        span = f"{format_instant(first)} to {format_instant(end)}"
        if interval != interval_ns:
            refused.append(f"{name}: bars of {interval / 1e9:g} s, expected {format_duration(interval_ns)}")
        elif (start_ns is not None and not first <= start_ns < end) or (end_ns is not None and end < end_ns):
            refused.append(f"{name}: only has {span}")
        else:
            fitting.append((path, f"{name} ({span})"))
    if not fitting:
        raise BarsError(
            f"{symbol}: no file under {folder} has {format_duration(interval_ns)} bars"
            f"{_span_text(start_ns, end_ns)}; looked at {_shown(refused)}"
        )
    exact = [entry for entry in fitting if _is_exact(entry[0], symbol)]
    chosen = exact or fitting
    if len(chosen) > 1:
        raise BarsError(
            f"{symbol}: several files under {folder} fit{_span_text(start_ns, end_ns)}: "
            f"{_shown([text for _, text in chosen])}; name one with `file`, or set `start`"
        )
    return chosen[0][0]


def files_named(folder: Path, symbol: str) -> list[Path]:
    """Return the files of bars whose path names the symbol, in order of their names."""
    base, quote = _parts(symbol)
    pattern = re.compile(
        rf"(?<![A-Z0-9]){re.escape(base)}[^A-Z0-9]?{re.escape(quote)}(?![A-Z])", re.IGNORECASE
    )
    found = []
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        suffix = next((suffix for suffix in _SUFFIXES if name.lower().endswith(suffix)), None)
        if suffix is not None and pattern.search(name[: -len(suffix)]) and path.is_file():
            found.append(path)
    return sorted(found)


def _parts(symbol: str) -> tuple[str, str]:
    base, _, rest = symbol.partition("/")
    return base, rest.partition(":")[0]


def _compact(symbol: str) -> str:
    return "".join(_parts(symbol))


def _is_exact(path: Path, symbol: str) -> bool:
    """Say whether the file's name has nothing but the symbol, its settlement asset and an interval."""
    base, quote = _parts(symbol)
    stem = path.name.lower()
    for suffix in _SUFFIXES:
        stem = stem.removesuffix(suffix)
    stem = re.sub(r"[-_. ]?1m(in)?$", "", stem)
    letters = re.sub(r"[^a-z0-9]", "", stem)
    return letters in {f"{base}{quote}".lower(), f"{base}{quote}{quote}".lower()}


def _span_text(start_ns: int | None, end_ns: int | None) -> str:
    start = "" if start_ns is None else f" from {format_instant(start_ns)}"
    end = "" if end_ns is None else f" to {format_instant(end_ns)}"
    return f"{start}{end} UTC" if start or end else ""


def _shown(entries: list[str]) -> str:
    text = "; ".join(entries[:_SHOWN])
    more = len(entries) - _SHOWN
    return f"{text}; and {more} more" if more > 0 else text
