"""`arena matches`: find matches of a run."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from actors.cli import options
from actors.cli.console import loss, number, out, percent, print_json
from actors.cli.errors import CommandError

if TYPE_CHECKING:
    from rich.table import Table

    from actors.match_query import MatchLine

_SHOWN = 50


class Status(StrEnum):
    """How a match ended."""

    DONE = "done"
    FAILED = "failed"


class Format(StrEnum):
    """Who met whom; as `actors.config.MatchFormat`, which takes long to import."""

    MELEE = "melee"
    SOLO = "solo"
    LEAVE_ONE_OUT = "leave_one_out"


def matches(
    run: Annotated[
        str,
        typer.Argument(help="Folder of a tournament or search, or the beginning of its name under --out."),
    ],
    bot: Annotated[
        str, typer.Option(help="Matches this bot took part in, with its figures.", show_default=False)
    ] = "",
    market: Annotated[
        str, typer.Option(help="Kind of market, or one of its instruments.", show_default=False)
    ] = "",
    form: Annotated[Format | None, typer.Option("--format", help="Who met whom.", show_default=False)] = None,
    status: Annotated[Status | None, typer.Option(help="How they ended.", show_default=False)] = None,
    top: Annotated[
        int, typer.Option(min=0, help="The N best accounts by return, best first.", show_default=False)
    ] = 0,
    out_folder: options.OutFolder = options.DEFAULT_ROOT,
    json: options.Json = False,
) -> None:
    """List matches of a run, in the order of the schedule.

    Examples: `arena matches my --status failed`, `arena matches my --bot ann --top 10`
    """
    from actors.cli.runs import find_run
    from actors.match_query import MatchFilter, find_matches

    folder = find_run(out_folder, run)
    wanted = MatchFilter(bot=bot, market=market, format=form or "", status=status or "", top=top)
    try:
        found = find_matches(folder, wanted)
    except ValueError as error:
        raise CommandError(f"--{error}") from error
    if json:
        print_json({"folder": str(folder), "matches": found})
        return
    console = out()
    if not found:
        console.print(f"{folder.name}: no match is like that.", markup=False)
        return
    console.print(_table(found[:_SHOWN]))
    if len(found) > _SHOWN:
        console.print(f"{len(found) - _SHOWN:,} more; --json prints all.", markup=False, style="dim")


def _table(found: list[MatchLine]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    accounts = any(line.bot for line in found)
    headings = ["Match", "Market", "Seed", "Status"]
    headings += ["Bot", "Return", "Max DD", "Fees", "Fills"] if accounts else []
    for heading in headings:
        figure = heading in {"Seed", "Return", "Max DD", "Fees", "Fills"}
        table.add_column(heading, justify="right" if figure else "left", overflow="fold")
    for line in found:
        cells = [line.match_id, line.market, str(line.seed), line.error or line.status]
        if accounts:
            cells += [line.bot, percent(line.total_return), loss(line.max_drawdown)]
            cells += [number(line.fees), f"{line.fills:,}"]
        table.add_row(*cells)
    return table
