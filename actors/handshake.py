"""What a worker must share with its driver before it may play: code, libraries, the user's strategies.

Matches played by two versions do not compare, and nothing in their results would say so.
"""

from __future__ import annotations

import hashlib
import platform
import socket
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from actors.bot_check import strategy_source
from actors.code_digest import code_digest
from actors.version import VERSION
from strategies.builtin import BUILTIN
from strategies.plugins import StrategyNotFoundError

_LIBRARIES: Final = ("numba", "llvmlite", "numpy", "pyarrow")
_MISSING: Final = "none"
_STRATEGY: Final = "strategy "


def fingerprint(strategies: Iterable[str] = ()) -> dict[str, str]:
    """Return what this process plays with: versions, and digests of the code.

    `strategies` are references to strategies; of those that are not part of the project the source's digest
    is in it, or what stands in the way of finding it.
    """
    found = {
        "python": ".".join(platform.python_version_tuple()[:2]),
        "bot-arena": VERSION,
        **{name: _version(name) for name in _LIBRARIES},
        "code": code_digest(),
    }
    for reference in sorted(set(strategies) - set(BUILTIN)):
        try:
            source = strategy_source(reference)
        except StrategyNotFoundError as error:
            found[_STRATEGY + reference] = f"{_MISSING} ({' '.join(str(error).split())})"
        else:
            found[_STRATEGY + reference] = hashlib.blake2b(source, digest_size=8).hexdigest()
    return found


def refusal(expected: Mapping[str, str]) -> str:
    """Return why this process must not play for a driver of that fingerprint, in a line; empty: it may."""
    references = [name.removeprefix(_STRATEGY) for name in expected if name.startswith(_STRATEGY)]
    found = fingerprint(references)
    wrong = [
        f"{name}: expected {wanted}, was {found.get(name, _MISSING)}"
        for name, wanted in expected.items()
        if found.get(name) != wanted
    ]
    if not wrong:
        return ""
    return (
        f"worker on {socket.gethostname()} does not fit its driver: {'; '.join(wrong)}: "
        "install the same bot-arena with the same constraints, and the same strategy files, on every node"
    )


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return _MISSING
