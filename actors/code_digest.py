"""Which code a run was made by."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
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
    root = Path(__file__).parent.parent
    digest = hashlib.blake2b(digest_size=8)
    files = [*(root / "exchange_sim").rglob("*.py"), *(root / "strategies").rglob("*.py")]
    for name in MATCH_MODULES:
        files += [root / "actors" / f"{name}.py", *(root / "actors" / name).rglob("*.py")]
    contents = {path.relative_to(root).as_posix(): path.read_bytes() for path in files if path.is_file()}
    for name, content in sorted({**contents, **(sources or {})}.items()):
        digest.update(name.encode() + b"\0" + len(content).to_bytes(8, "little"))
        digest.update(content)
    return digest.hexdigest()
