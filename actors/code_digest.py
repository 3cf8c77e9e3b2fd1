"""Which code a run was made by."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

BESIDE_THE_MATCH: Final = (
    "actors/app.py",
    "actors/bench",
    "actors/cli",
    "actors/dashboard.py",
    "actors/metrics",
    "actors/ray_actors.py",
    "actors/reports",
    "actors/run_watch.py",
    "actors/standings.py",
    "actors/status.py",
    "actors/testing",
    "actors/top.py",
    "actors/world_watch.py",
)
"""Files and folders that show or check results and cannot change them."""


def code_digest(sources: Mapping[str, bytes] | None = None) -> str:
    """Return the digest of the code a match's outcome depends on.

    Market, strategies, order path and contests are in it, so is what `sources` adds (the user's own strategy
    files); the command line, reports and statistics are not.
    """
    digest = hashlib.blake2b(_own_digest(), digest_size=8)
    for name, content in sorted((sources or {}).items()):
        digest.update(name.encode() + b"\0" + len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()


@cache
def _own_digest() -> bytes:
    """Read once: a process goes on with the code it has loaded, whatever becomes of the files."""
    root = Path(__file__).parent.parent
    files = [
        file
        for package in ("exchange_sim", "strategies", "actors")
        for file in (root / package).rglob("*.py")
    ]
    beside = [root / name for name in BESIDE_THE_MATCH]
    digest = hashlib.blake2b()
    for path in sorted(files):
        if any(path.is_relative_to(other) for other in beside):
            continue
        content = path.read_bytes()
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + len(content).to_bytes(8, "little"))
        digest.update(content)
    return digest.digest()
