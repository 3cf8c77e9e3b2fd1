"""What a worker must share with its driver before it may play: code, libraries, the user's strategies.

Matches played by two versions do not compare, and nothing in their results would say so.
"""

from __future__ import annotations

import hashlib
import platform
import re
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
_ERROR_LINE: Final = re.compile(r"\w+(Error|Exception): ")
_NODE: Final = re.compile(r"\bip=([^,)\s]+)")
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


def start_failure(cause: BaseException, report: str) -> str:
    """Return in a line why a worker has not come as far as the handshake.

    A worker whose package is another version, or missing, fails when it imports it; Ray wraps what was raised
    there into lines of advice, of which the last that names an error says what it was. `report` is Ray's
    whole account, which names the node.
    """
    node = _NODE.search(report)
    where = f"on {node[1]}: " if node else ""
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    named = [line for line in lines if _ERROR_LINE.match(line)]
    text = named[-1] if named else f"{type(cause).__name__}: {lines[0] if lines else ''}"
    hint = ""
    if text.startswith(("ImportError", "ModuleNotFoundError")):
        hint = f" (expected bot-arena {VERSION} and what it needs, and the driver's modules, on every node)"
    return f"workers do not start: {where}{text}{hint}"


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return _MISSING
