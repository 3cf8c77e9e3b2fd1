"""Finds runs on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actors.catalogue import Catalogue, RunInfo
from actors.cli.errors import CommandError
from actors.run_folder import CATALOGUE, open_catalogue

if TYPE_CHECKING:
    from rich.table import Table


def find_run(root: Path, name: str, *, kind: str | None = None) -> Path:
    """Return the folder of a run, of this kind or any, from its path or the beginning of its name.

    Raises
    ------
    CommandError
        There is no such run, it is of another kind, or several names begin so.
    """
    direct = Path(name)
    if (direct / CATALOGUE).is_file():
        folders = [direct]
    else:
        folders = [folder for folder in _folders(root) if folder.name.startswith(name)]
        folders = [folder for folder in folders if folder.name == name] or folders
    found = [folder for folder in folders if kind is None or _kind(folder) == kind]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(folder.name for folder in found)
        raise CommandError(f"RUN: expected the beginning of one run's name, was {name!r} of {names}")
    fitting = [folder.name for folder in _folders(root) if kind is None or _kind(folder) == kind]
    known = ", ".join(fitting) or "none yet"
    raise CommandError(f"RUN: expected a {kind or 'run'} under {root} ({known}), was {name!r}")


def runs_document(root: Path, *, kind: str) -> list[dict[str, Any]]:
    """Return the runs of a kind by name."""
    found = []
    for folder in _folders(root):
        with open_catalogue(folder) as catalogue:
            info = catalogue.info
            if info is not None and info.kind == kind:
                found.append(_entry(folder, catalogue, info))
    return found


def runs_table(runs: list[dict[str, Any]]) -> Table:
    """Return the runs as a table."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading, justify in (("Run", "left"), ("Done", "right"), ("Failed", "right"), ("Report", "left")):
        table.add_column(heading, justify="right" if justify == "right" else "left", overflow="fold")
    for entry in runs:
        report = "yes" if entry["report"] else "no"
        table.add_row(
            Path(entry["folder"]).name, str(entry["matches_done"]), str(entry["matches_failed"]), report
        )
    return table


def _entry(folder: Path, catalogue: Catalogue, info: RunInfo) -> dict[str, Any]:
    done, failed = catalogue.counts()
    report = folder / "report.html"
    return {
        "name": info.name,
        "folder": str(folder),
        "specification": info.digest,
        "matches_done": done,
        "matches_failed": failed,
        "report": str(report) if report.is_file() else None,
    }


def _folders(root: Path) -> Iterator[Path]:
    if root.is_dir():
        yield from sorted(folder for folder in root.iterdir() if (folder / CATALOGUE).is_file())


def _kind(folder: Path) -> str:
    with open_catalogue(folder) as catalogue:
        return catalogue.info.kind if catalogue.info is not None else ""
