"""What must be equal for two runs of one specification."""

from __future__ import annotations

from pathlib import Path

from actors.run_folder import open_catalogue


def kept(folder: Path) -> dict[str, object]:
    """Return everything a run has kept but its timings: catalogue content and the bytes of all files."""
    with open_catalogue(folder) as catalogue:
        content: dict[str, object] = dict(catalogue.content())
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("catalogue.sqlite"):
            content[path.relative_to(folder).as_posix()] = path.read_bytes()
    return content
