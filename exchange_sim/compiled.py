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
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder

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

_njit: Any = numba.njit  # noqa: TID251 - the one place
_OPTIONS = {"error_model": "numpy", "no_cfunc_wrapper": True}


class _PartLibrary(JITCodeLibrary):
    """What a function and all that it calls are, before any optimization: for a caller to take in."""

    def finalize(self) -> None:
        for library in dict.fromkeys(self._linking_libraries):
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)  # noqa: SLF001
        self._finalize_dynamic_globals()  # type: ignore[no-untyped-call]  # of numba, as below
        self._finalized = True


class _PartCompiler(CompilerBase):
    """Compiles a function as far as a caller needs it: to a part of the caller's machine code.

    numba itself makes machine code of every function, each time with all that it calls optimized anew: a deep
    program takes minutes. Parts are optimized once in each function that Python calls.
    """

    def define_pipelines(self) -> list[Any]:
        state = self.state
        state.flags.no_compile = True
        name = state.func_id.func_qualname
        state.library = _PartLibrary(state.targetctx.codegen(), name)  # type: ignore[no-untyped-call]
        return [DefaultPassBuilder.define_nopython_pipeline(state)]  # type: ignore[no-untyped-call]

    def _compile_core(self) -> Any:
        made: Any = super()._compile_core()  # type: ignore[no-untyped-call]
        name = object()  # callers find the part by it
        self.state.targetctx.insert_user_function(name, made.fndesc, [made.library])
        return made._replace(entry_point=name)


def _dispatcher(function: Callable[..., Any], **options: bool) -> Any:
    """Return what Python calls, which has a part in its place wherever compiled code calls it."""
    entry = _njit(cache=True, **_OPTIONS)(function)
    part = _njit(pipeline_class=_PartCompiler, no_cpython_wrapper=True, **_OPTIONS, **options)(function)

    def keep(made: Any) -> None:
        part.overloads[made.signature.args] = made

    part.add_overload = keep  # numba's own would make it callable from Python
    entry.get_call_template = part.get_call_template
    entry.get_overload = part.get_overload
    return entry


def compiled(function: _F) -> _F:
    """Compile `function` to machine code at its first call from Python, cached on disk, without fast math.

    Compiled code that calls it takes it in, and inlines it where LLVM finds that worth it.
    """
    return cast("_F", _dispatcher(function))


def announce_compilation() -> None:
    """Say on stderr that the next calls compile, if nothing of this version was compiled before."""
    folder = cache_folder()
    if next(folder.rglob("*.nbi"), None) is None:
        _forget_old_code(folder)
        sys.stderr.write("Compiling the exchange for this machine: once, about 40 seconds.\n")
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


def inlined(function: _F) -> _F:
    """Compile `function` into each of its callers: for small steps on the hot path."""
    return cast("_F", _dispatcher(function, forceinline=True))
