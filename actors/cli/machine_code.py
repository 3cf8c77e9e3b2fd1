"""Whether this machine has compiled the market yet: the first match waits for it."""

from __future__ import annotations

COMPILING = "compiling the market's machine code (once per machine, about a minute)"


def is_compiled() -> bool:
    """Return whether there is compiled code of exactly these sources."""
    return cached_mb() > 0


def cached_mb() -> float:
    """Return the size of the compiled code in MB (1e6 bytes); 0 where there is none."""
    from exchange_sim.compiled import cache_folder

    folder = cache_folder()
    files = [path for path in folder.rglob("*") if path.suffix == ".nbc"] if folder.is_dir() else []
    return sum(path.stat().st_size for path in files) / 1e6
