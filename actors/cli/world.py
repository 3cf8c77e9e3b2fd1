"""`arena world`: look at a match that is being played, hold it, and steer its accounts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actors.cli import options
from actors.cli.console import number, out, print_json, share
from actors.cli.errors import CommandError

if TYPE_CHECKING:
    from rich.table import Table

    from actors.world.world import WorldStatus

app = typer.Typer(
    help="Look at a match that is being played, hold it, and steer its accounts.",
    rich_markup_mode="markdown",
)

Run = Annotated[str, typer.Argument(help="Folder of the run, or the beginning of its name under --out.")]
Account = Annotated[
    str | None, typer.Argument(help="One account. Left out: the whole match.", show_default=False)
]


@app.callback(invoke_without_command=True)
def world(context: typer.Context) -> None:
    """Look at a match that another process plays, hold it, and steer its accounts."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def status(
    run: Run, out_folder: options.OutFolder = options.DEFAULT_ROOT, json: options.Json = False
) -> None:
    """Show how far a match is and how its accounts stand."""
    _ask(run, out_folder, "status", json=json)


@app.command()
def pause(
    run: Run,
    account: Account = None,
    out_folder: options.OutFolder = options.DEFAULT_ROOT,
    json: options.Json = False,
) -> None:
    """Hold the match, or one account.

    A match that is held computes no further window and its result does not change. An account that is held
    hears everything; its orders stay, new ones are denied. That changes the result, and is in the journal.
    """
    _ask(run, out_folder, "pause", account, json=json)


@app.command()
def resume(
    run: Run,
    account: Account = None,
    out_folder: options.OutFolder = options.DEFAULT_ROOT,
    json: options.Json = False,
) -> None:
    """Let the match, or one account, go on."""
    _ask(run, out_folder, "resume", account, json=json)


@app.command()
def stop(
    run: Run,
    account: Account = None,
    out_folder: options.OutFolder = options.DEFAULT_ROOT,
    json: options.Json = False,
) -> None:
    """Stop the match, or end one account for good.

    A match in shards keeps what is done, and `arena match --resume` goes on. The orders of an account that is
    ended are canceled, its position stays.
    """
    _ask(run, out_folder, "stop", account, json=json)


@app.command("set")
def set_fields(
    run: Run,
    account: Annotated[str, typer.Argument(help="The account.")],
    fields: Annotated[list[str], typer.Argument(metavar="FIELD=VALUE...", help="What to change, to what.")],
    out_folder: options.OutFolder = options.DEFAULT_ROOT,
    json: options.Json = False,
) -> None:
    """Change fields of an account's configuration while it plays.

    Values are written as in a contest file; text needs no quotes. `arena strategies NAME` lists the fields.

    Example: `arena world set runs/match-0123456789abcdef maker half_spread=0.001`
    """
    _ask(run, out_folder, "set", account, fields_of(fields), json=json)


def fields_of(words: list[str]) -> dict[str, Any]:
    """Return fields and values from words like `half_spread=0.001`.

    Raises
    ------
    CommandError
        A word is no field with a value.
    """
    import tomllib

    found: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not (name and equals):
            raise CommandError(f"FIELD=VALUE: expected a field, = and its value, was {word!r}")
        try:
            found[name] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            found[name] = text
    return found


def _ask(
    run: str,
    root: Path,
    do: str,
    account: str | None = None,
    values: dict[str, Any] | None = None,
    *,
    json: bool,
) -> None:
    import msgspec

    from actors.cli.runs import find_run
    from actors.world.client import ask

    found = ask(find_run(root, run, kind="match"), do, account=account or "", values=values)
    if json:
        print_json(msgspec.to_builtins(found))
    else:
        _print(found)


def _print(found: WorldStatus) -> None:
    console = out()
    line = f"{found.state}, {found.placement}: {share(found.share)} done, {found.windows:,} windows"
    if found.deaths:
        line += f", {found.deaths} processes replaced"
    console.print(line, markup=False, highlight=False)
    if found.accounts:
        console.print(accounts_table(found))
    for account in found.accounts:
        if account.disqualified:
            console.print(f"{account.name}: {account.disqualified}", markup=False, style="red")
    for note in found.notes:
        console.print(note, markup=False, style="yellow")


def accounts_table(found: WorldStatus) -> Table:
    """Return the accounts as they stood at the last sample of the equity."""
    from rich import box
    from rich.table import Table

    from exchange_sim.model.instrument import ASSET_SCALE

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Account", no_wrap=True, max_width=24)
    table.add_column("Strategy", no_wrap=True, max_width=20)
    for heading in ("Equity", "Open", "Fills", "Denied"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("State", no_wrap=True)
    equities = found.equity_atoms or (None,) * len(found.accounts)
    for account, equity in zip(found.accounts, equities, strict=True):
        ended = "disqualified" if account.disqualified else "ended" if account.stopped else ""
        table.add_row(
            account.name,
            account.strategy,
            "" if equity is None else number(equity / 10**ASSET_SCALE),
            f"{account.open_orders:,}",
            f"{account.fills:,}",
            f"{account.denied:,}",
            ended or ("paused" if account.paused else "playing"),
        )
    return table
