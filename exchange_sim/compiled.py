"""The one place that configures numba: import `compiled` from here, never `numba.njit`.

numba's on-disk cache does not notice a change in a function of *another* file, so its folder is
keyed by a digest of all compiled sources: stale machine code can never run.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np

_SOURCES = ("compiled.py", "engine", "kernel", "markets", "model", "population", "replay")
# `model` is never compiled, but its codes and bounds are constants in the machine code.
_VERSIONS_KEPT = 10
_F = TypeVar("_F", bound=Callable[..., Any])


def source_digest() -> str:
    """Return the digest that names the machine code of exactly these sources and library versions.

    Where the files lie and when they were written is part of it, because numba accepts its own cached code
    only for the same path and time: two checkouts of one version have a folder each.
    """
    root = Path(__file__).parent
    digest = hashlib.blake2b(digest_size=8)
    digest.update(f"{numba.__version__} {np.__version__} {sys.version_info[:2]} {root}".encode())
    for name in _SOURCES:
        path = root / name
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        for file in files:
            digest.update(f"{file.relative_to(root).as_posix()} {file.stat().st_mtime_ns}".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def cache_folder() -> Path:
    """Return the folder of compiled code: under `ARENA_CACHE_DIR`, else the user's cache folder."""
    base = os.environ.get("ARENA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "bot-arena" / "numba" / source_digest()


def _forget_old_code(folder: Path) -> None:
    """Remove machine code of other versions but the `_VERSIONS_KEPT` newest."""
    others = [each for each in folder.parent.glob("*") if each.is_dir() and each != folder]
    others.sort(key=lambda each: each.stat().st_mtime_ns, reverse=True)
    for other in others[_VERSIONS_KEPT:]:
        shutil.rmtree(other, ignore_errors=True)  # somebody else may be removing it too


numba.config.CACHE_DIR = str(cache_folder())  # type: ignore[attr-defined]  # set by numba at import

_njit = numba.njit(cache=True, error_model="numpy")  # noqa: TID251 - the one place


def compiled(function: _F) -> _F:
    """Compile `function` to machine code at its first call, cached on disk, without fast math."""
    return cast("_F", _njit(function))


def announce_compilation() -> None:
    """Say on stderr that the next calls compile, if nothing of this version was compiled before."""
    folder = cache_folder()
    if next(folder.rglob("*.nbi"), None) is None:
        _forget_old_code(folder)
        sys.stderr.write("Compiling the exchange for this machine: once, about half a minute.\n")
        sys.stderr.flush()


def entry_point(function: Callable[..., int], arguments: int) -> int:
    """Return the address of a C function of so many 64-bit integers that returns one, cached on disk too.

    The address holds in this process, for as long as it lives.
    """
    signature = numba.int64(*[numba.int64] * arguments)
    entry: Any = numba.cfunc(signature, cache=True, error_model="numpy")(function)
    _entries.append(entry)
    return int(entry.address)


_entries: list[object] = []  # keeps their machine code in memory


def address_of(function: Callable[..., int], arguments: int) -> int:
    """Return the address of the machine code of a compiled function from so many int64 to one.

    `exchange_sim.engine.pointers.call_two` calls it. Other compiled code is then compiled without it: what
    numba links in, it optimizes again.
    """
    dispatcher = cast("Any", function)
    signature = (numba.int64,) * arguments
    dispatcher.compile(signature)
    made = dispatcher.overloads[signature]
    return int(made.library.get_pointer_to_function(made.fndesc.llvm_func_name))


_njit_inlined = numba.njit(cache=True, error_model="numpy", forceinline=True)  # noqa: TID251 - the one place


def inlined(function: _F) -> _F:
    """Compile `function` into each of its callers: for small steps on the hot path."""
    return cast("_F", _njit_inlined(function))
