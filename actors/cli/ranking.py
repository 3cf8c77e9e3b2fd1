"""`arena leaderboard`: one table of several tournaments."""

from __future__ import annotations

from typing import Annotated

import typer

from actors.cli import options
from actors.cli.console import out, print_json
from actors.cli.errors import CommandError


def leaderboard(
    runs: Annotated[
        list[str],
        typer.Argument(help="Folders of tournaments, or the beginnings of their names under --out."),
    ],
    out_folder: options.OutFolder = options.DEFAULT_ROOT,
    json: options.Json = False,
) -> None:
    """Rank the bots over all matches of several tournaments, finished or not.

    They must be the same but for their seeds and rounds: one file run with several seeds, one after another
    or, on a cluster, at the same time.

    Example: `arena leaderboard cup-0a cup-7f`
    """
    from actors.cli.leaderboard import leaderboard_table, legend
    from actors.cli.machine import leaderboard_document
    from actors.cli.runs import find_run
    from actors.combine import combine

    folders = [find_run(out_folder, run, kind="tournament") for run in runs]
    try:
        result = combine(folders)
    except ValueError as error:
        raise CommandError(f"RUNS: {error}") from error
    if json:
        boards = {name: leaderboard_document(board) for name, board in result.leaderboards.items()}
        counts = {"matches_done": result.matches_done, "matches_failed": result.matches_failed}
        print_json({"runs": result.runs, **counts, "leaderboards": boards})
        return
    console = out()
    for name, board in result.leaderboards.items():
        runs_text = f"{len(folders)} {'tournament' if len(folders) == 1 else 'tournaments'}"
        text = f"\n[bold]{runs_text}[/bold], {name}: {board.matches:,} matches"
        console.print(text, highlight=False)
        console.print(leaderboard_table(board, console.width))
        console.print()
        for line in legend(board):
            console.print(line, markup=False, style="dim")
    if not result.leaderboards:
        console.print("No match has ended well.", markup=False)
