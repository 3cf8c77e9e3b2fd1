"""The one place that configures numba: import `compiled` from here, never `numba.njit`.

numba's on-disk cache does not notice a change in a function of *another* file, so its folder is
keyed by a digest of all compiled sources: stale machine code can never run.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np

_SOURCES = ("compiled.py", "engine", "kernel", "markets", "model", "population")
# `model` is never compiled, but its codes and bounds are constants in the machine code.
_F = TypeVar("_F", bound=Callable[..., Any])


def source_digest() -> str:
    """Return the digest that names the machine code of exactly these sources and library versions."""
    root = Path(__file__).parent
    digest = hashlib.blake2b(digest_size=8)
    digest.update(f"{numba.__version__} {np.__version__} {sys.version_info[:2]}".encode())
    for name in _SOURCES:
        path = root / name
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        for file in files:
            digest.update(file.relative_to(root).as_posix().encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def cache_folder() -> Path:
    """Return the folder of compiled code: under `ARENA_CACHE_DIR`, else the user's cache folder."""
    base = os.environ.get("ARENA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "bot-arena" / "numba" / source_digest()


numba.config.CACHE_DIR = str(cache_folder())  # type: ignore[attr-defined]  # set by numba at import

_njit = numba.njit(cache=True, error_model="numpy")  # noqa: TID251 - the one place


def compiled(function: _F) -> _F:
    """Compile `function` to machine code at its first call, cached on disk, without fast math."""
    return cast("_F", _njit(function))


def announce_compilation() -> None:
    """Say on stderr that the next calls compile, if nothing of this version was compiled before."""
    if next(cache_folder().rglob("*.nbi"), None) is None:
        sys.stderr.write("Compiling the exchange for this machine: once, about half a minute.\n")
        sys.stderr.flush()


_njit_inlined = numba.njit(cache=True, error_model="numpy", forceinline=True)  # noqa: TID251 - the one place


def inlined(function: _F) -> _F:
    """Compile `function` into each of its callers: for small steps on the hot path."""
    return cast("_F", _njit_inlined(function))
