"""Which code a run was made by."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

MATCH_MODULES: Final = (
    "context",
    "host",
    "match",
    "match_config",
    "portfolio",
    "record",
    "risk",
    "series",
    "tracker",
    "venues",
    "watchdog",
)
"""Modules and packages of `actors` that a match's outcome depends on."""


def code_digest(sources: Mapping[str, bytes] | None = None) -> str:
    """Return the digest of the code a match's outcome depends on.

    Market, strategies and order path are in it, so is what `sources` adds (the user's own strategy files);
    the command line, reports and statistics are not.
    """
    digest = hashlib.blake2b(_own_digest(), digest_size=8)
    for name, content in sorted((sources or {}).items()):
        digest.update(name.encode() + b"\0" + len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()


@cache
def _own_digest() -> bytes:
    """Read once: a process goes on with the code it has loaded, whatever becomes of the files."""
    root = Path(__file__).parent.parent
    files = [*(root / "exchange_sim").rglob("*.py"), *(root / "strategies").rglob("*.py")]
    for name in MATCH_MODULES:
        files += [root / "actors" / f"{name}.py", *(root / "actors" / name).rglob("*.py")]
    digest = hashlib.blake2b()
    for path in sorted(path for path in files if path.is_file()):
        content = path.read_bytes()
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + len(content).to_bytes(8, "little"))
        digest.update(content)
    return digest.digest()
