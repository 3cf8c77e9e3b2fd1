"""From options to what a run needs."""

from __future__ import annotations

from pathlib import Path

from actors.cli.errors import CommandError
from actors.run_options import ClusterSettings, OpenMode, RunOptions

DEFAULTS = Path(__file__).parent.parent / "defaults"
"""Contest files that come with the project, by name."""


def example_names() -> list[str]:
    """Return the names of the contest files that come with the project."""
    return sorted(path.stem for path in DEFAULTS.glob("*.toml"))


def contest_file(file: Path | None, default: str = "tournament") -> Path:
    """Return the contest file: the user's, or the one that comes with the project."""
    return file if file is not None else DEFAULTS / f"{default}.toml"


def run_options(
    *,
    root: Path,
    data: Path | None,
    workers: int | None,
    resume: bool,
    fresh: bool,
    cluster: str | None,
    dashboard: bool,
) -> RunOptions:
    """Return how the run is carried out.

    Raises
    ------
    CommandError
        Options exclude each other, or the data folder is none.
    """
    if resume and fresh:
        raise CommandError("--resume, --fresh: expected at most one of them, was both")
    if workers == 0 and cluster is not None:
        raise CommandError("--workers: expected 1 or more with --cluster, was 0")
    if data is not None and not data.is_dir():
        raise CommandError(f"--data: expected a folder with files of bars, was {str(data)!r}")
    if root.exists() and not root.is_dir():
        raise CommandError(f"--out: expected a folder, was the file {str(root)!r}")
    mode = OpenMode.RESUME if resume else OpenMode.FRESH if fresh else OpenMode.NEW
    return RunOptions(
        root=root,
        mode=mode,
        in_process=workers == 0,
        cluster=ClusterSettings(address=cluster, workers=workers or None, dashboard=dashboard),
        data_folder=data,
    )
