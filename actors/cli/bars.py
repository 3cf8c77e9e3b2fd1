"""`arena bars`: look at recorded bars before a market is built on them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actors.cli import options
from actors.cli.console import out, print_json
from actors.cli.errors import CommandError, ExitCode

if TYPE_CHECKING:
    from exchange_sim.markets.bars import Bars

app = typer.Typer(help="Look at recorded bars.", rich_markup_mode="markdown")


@app.callback(invoke_without_command=True)
def bars(context: typer.Context) -> None:
    """Recorded bars: Parquet or CSV with timestamp (UTC, ms), open, high, low, close, volume."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="A file of bars, or a folder with such files.")],
    symbol: Annotated[
        str | None,
        typer.Option(help="Find this symbol's file in the folder, like BTC/USDT:USDT.", show_default=False),
    ] = None,
    json: options.Json = False,
) -> None:
    """Check files of bars: columns, order, duplicates, gaps, impossible rows.

    Examples: `arena bars check BTCUSDT.parquet`, `arena bars check my/bars --symbol BTC/USDT:USDT`
    """
    from exchange_sim.markets.bars import BarsError
    from exchange_sim.markets.find_bars import find_bars
    from exchange_sim.markets.read_bars import CSV_SUFFIXES, PARQUET_SUFFIXES, read_bars

    if symbol is not None and path.is_dir():
        files = [find_bars(path, symbol)]
    elif path.is_dir():
        suffixes = CSV_SUFFIXES + PARQUET_SUFFIXES
        files = sorted(file for file in path.rglob("*") if file.name.lower().endswith(tuple(suffixes)))
        if not files:
            raise CommandError(f"{path}: expected files ending in {', '.join(suffixes)}, found none")
    else:
        files = [path]
    entries: list[dict[str, Any]] = []
    for file in files:
        try:
            entries.append(_described(file, read_bars(file)))
        except BarsError as error:
            entries.append({"file": str(file), "error": str(error)})
    wrong = [entry["error"] for entry in entries if "error" in entry]
    if json:
        print_json({"files": entries})
    else:
        _print(entries)
    if wrong:
        if len(entries) == 1:
            raise CommandError(wrong[0])
        raise CommandError(f"{len(wrong)} of {len(entries)} files cannot be used", ExitCode.FAILED)


def _described(file: Path, bars: Bars) -> dict[str, Any]:
    from exchange_sim.markets.duration import format_duration
    from exchange_sim.markets.spec import format_instant

    return {
        "file": str(file),
        "bars": len(bars),
        "interval": format_duration(bars.interval_ns),
        "first": format_instant(bars.first_ns),
        "end": format_instant(bars.end_ns),
        "lowest": float(bars.low.min()),
        "highest": float(bars.high.max()),
    }


def _print(entries: list[dict[str, Any]]) -> None:
    console = out()
    for entry in entries:
        if "error" in entry:
            if len(entries) > 1:
                console.print(entry["error"], style="red", markup=False, soft_wrap=True)
            continue
        console.print(
            f"{entry['file']}: {entry['bars']:,} bars of {entry['interval']}, "
            f"{entry['first']} to {entry['end']} UTC, {entry['lowest']:.6g} to {entry['highest']:.6g}",
            markup=False,
            soft_wrap=True,
        )
