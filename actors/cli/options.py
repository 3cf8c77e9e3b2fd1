"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_ROOT = Path("runs")

Json = Annotated[
    bool,
    typer.Option(
        "--json", help="Print one JSON object (keys in docs/cli.md) in place of tables and progress."
    ),
]
Seed = Annotated[
    int | None, typer.Option(min=0, max=2**63 - 1, help="In place of the file's seed.", show_default=False)
]
Data = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Folder with files of recorded bars (Parquet or CSV, subfolders too), for anchored markets.",
        show_default=False,
    ),
]
OutFolder = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Folder of all runs.")]
Workers = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Match processes; 0 plays in this process, without Ray. [default: one per CPU]",
        show_default=False,
    ),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on with a run that was stopped; nothing finished is played again."),
]
Fresh = Annotated[
    bool, typer.Option("--fresh", help="Delete the results of an earlier run of this file first.")
]
Dashboard = Annotated[
    bool,
    typer.Option("--dashboard", help="Start Ray's dashboard too and print its address (about 200 MB more)."),
]
MetricsPort = Annotated[
    int | None,
    typer.Option(
        "--metrics-port",
        min=0,
        max=65535,
        metavar="PORT",
        help="Serve figures for Prometheus on this port of 127.0.0.1 (0: a free one).",
        show_default=False,
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Join a running Ray cluster (auto, or HOST:PORT) in place of an own one.",
        show_default=False,
    ),
]
