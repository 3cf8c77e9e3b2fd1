"""What must be equal for two runs of one specification."""

from __future__ import annotations

from pathlib import Path

from actors.run_folder import PACK, open_catalogue, read_series


def kept(folder: Path) -> dict[str, object]:
    """Return all that a run has kept but its timings: catalogue content, bytes of all series and files.

    Series come by match: where in the archive one stands depends on who finished first.
    """
    with open_catalogue(folder) as catalogue:
        content: dict[str, object] = dict(catalogue.content())
        for match_id, file in catalogue.all_series():
            content[f"{match_id} {file.kind}"] = read_series(folder, file)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != PACK and not path.name.startswith("catalogue.sqlite"):
            content[path.relative_to(folder).as_posix()] = path.read_bytes()
    return content
