"""From the name in a configuration to a strategy class, and from its settings to a typed configuration.

A strategy is named in one of four ways:

* `market_maker`: one of the bots that come with the project (`strategies.BUILTIN`);
* `my_bot`: an entry point of an installed distribution in the group `bot_arena.strategies`;
* `package.module:Class`: a class in an importable module (the base folder is searched first);
* `path/to/file.py:Class`: a class in a file anywhere, relative to the base folder. The file may import its
  neighbours while it is being loaded.

A built-in name cannot be taken by an entry point.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from strategies.api import Strategy
from strategies.builtin import BUILTIN

ENTRY_POINT_GROUP = "bot_arena.strategies"
"""Where installed distributions offer strategies: `my_bot = "my_package.my_module:MyBot"`."""


class StrategyNotFoundError(ValueError):
    """A reference that leads to no usable strategy. The message is one line and says what was expected."""


def load_strategy(reference: str, *, base: Path | None = None) -> type[Strategy[Any]]:
    """Return the strategy class that `reference` names; see the module's text for the forms.

    Parameters
    ----------
    base
        Folder from which relative paths and modules are looked for; the working folder if None.

    Raises
    ------
    StrategyNotFoundError
        There is no such name, file, module or class, the import fails, or it is no `Strategy`.
    """
    where = Path.cwd() if base is None else base
    if ":" in reference:
        location, _, name = reference.rpartition(":")
        if not location or not name:
            raise StrategyNotFoundError(
                f"strategy: expected module:Class or path/to/file.py:Class, was {reference!r}"
            )
        module = _from_file(where, location) if location.endswith(".py") else _from_module(where, location)
        return _class_of(module, name, reference)
    if reference in BUILTIN:
        return BUILTIN[reference]
    return _from_entry_point(reference)


def absolute_reference(reference: str, base: Path) -> str:
    """Return `reference` so that it means the same in every process: a file's path is made absolute."""
    location, _, name = reference.rpartition(":")
    if not location.endswith(".py"):
        return reference
    return f"{(base / location).resolve()}:{name}"


def strategy_names() -> tuple[str, ...]:
    """Return every name that needs no path: built in first, then the installed ones, sorted."""
    return (*BUILTIN, *sorted({point.name for point in _installed()} - BUILTIN.keys()))


def _installed() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=ENTRY_POINT_GROUP))


def _from_entry_point(reference: str) -> type[Strategy[Any]]:
    points = [point for point in _installed() if point.name == reference]
    if not points:
        names = strategy_names()
        near = difflib.get_close_matches(reference, names, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise StrategyNotFoundError(
            f"strategy: unknown name {reference!r}; {hint}expected one of {', '.join(names)}, "
            "module:Class or path/to/file.py:Class"
        )
    if len({point.value for point in points}) > 1:
        offers = " and ".join(sorted(point.value for point in points))
        raise StrategyNotFoundError(
            f"strategy: expected one distribution to offer {reference!r}, was {offers}"
        )
    location, _, name = points[0].value.partition(":")
    with _import_errors(f"entry point {reference!r} ({points[0].value})"):
        module = importlib.import_module(location.strip())
    return _class_of(module, name.strip(), reference)


def _from_module(base: Path, location: str) -> ModuleType:
    with _search_first(base), _import_errors(f"module {location!r}"):
        return importlib.import_module(location)


def _from_file(base: Path, location: str) -> ModuleType:
    path = (base / location).expanduser().resolve()
    if not path.is_file():
        raise StrategyNotFoundError(f"strategy: expected a Python file at {path}, there is none")
    name = f"bot_arena_plugin_{path.stem}_{hashlib.blake2b(str(path).encode(), digest_size=6).hexdigest()}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise StrategyNotFoundError(f"strategy: expected a Python file at {path}, was something else")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs: msgspec looks annotations up there
    try:
        with _search_first(path.parent), _import_errors(f"file {path}"):
            spec.loader.exec_module(module)
    except StrategyNotFoundError:
        del sys.modules[name]
        raise
    return module


@contextmanager
def _search_first(folder: Path) -> Iterator[None]:
    """Let imports find modules in `folder` before any others, for the time of the block."""
    entry = str(folder.resolve())
    sys.path.insert(0, entry)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(entry)


@contextmanager
def _import_errors(what: str) -> Iterator[None]:
    """Turn whatever an import raises into one line with the place it was raised at."""
    try:
        yield
    except SyntaxError as error:
        place = f"{error.filename}, line {error.lineno}"
        raise StrategyNotFoundError(f"strategy: {what} does not parse: {error.msg} ({place})") from error
    except Exception as error:  # a plug-in may raise anything
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if "importlib" not in frame.filename and frame.filename != __file__
        ]
        place = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
        raise StrategyNotFoundError(
            f"strategy: {what} cannot be imported: {type(error).__name__}: {error}{place}"
        ) from error


def _class_of(module: ModuleType, name: str, reference: str) -> type[Strategy[Any]]:
    found = getattr(module, name, None)
    if found is None:
        own = sorted(
            key
            for key, value in vars(module).items()
            if _is_strategy(value) and value.__module__ == module.__name__
        )
        there = f"has {', '.join(own)}" if own else "has no strategies"
        raise StrategyNotFoundError(
            f"strategy: expected a class {name!r} in {reference!r}, the module {there}"
        )
    if not _is_strategy(found):
        kind = f"the class {name}" if isinstance(found, type) else f"a {type(found).__name__}"
        raise StrategyNotFoundError(
            f"strategy: expected a subclass of strategies.api.Strategy at {reference!r}, was {kind}"
        )
    if inspect.isabstract(found):
        missing = ", ".join(sorted(found.__abstractmethods__))
        raise StrategyNotFoundError(f"strategy: expected {name} to define {missing} at {reference!r}")
    return found  # type: ignore[no-any-return] # proved by _is_strategy


def _is_strategy(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Strategy) and value is not Strategy
