"""`arena bench`: measures, states workload and machine, compares with peers where they are installed."""

from __future__ import annotations

import importlib
from enum import StrEnum
from typing import Annotated, Any

import typer

from actors.cli import options
from actors.cli.console import out, print_json
from actors.cli.progress import spinner


class Bench(StrEnum):
    """What can be measured."""

    ENGINE = "engine"
    AGENTS = "agents"
    STRATEGIES = "strategies"
    TOURNAMENT = "tournament"
    JOURNAL = "journal"


def bench(
    what: Annotated[Bench, typer.Argument(help="What to measure.")],
    quick: Annotated[
        bool,
        typer.Option("--quick", help="A smaller workload: seconds in place of minutes, rougher figures."),
    ] = False,
    peers: Annotated[
        bool,
        typer.Option("--peers/--no-peers", help="Measure other libraries on the same work (extra `bench`)."),
    ] = True,
    json: options.Json = False,
) -> None:
    """Measure the speed of a part on this machine, in processor seconds.

    **engine**: commands of the matching engine. **agents**: order requests of the simulated crowd.
    **strategies**: callbacks and order lives of Python bots. **tournament**: efficiency of match workers.
    **journal**: journaling, replay and snapshots.

    Example: `arena bench engine --json`
    """
    with spinner(f"Measuring {what.value}", quiet=json):
        measured = importlib.import_module(f"actors.bench.{what.value}").run(quick=quick, peers=peers)
    if json:
        print_json(measured)
    else:
        _print(what.value, measured)


def _print(what: str, measured: dict[str, Any]) -> None:
    from rich import box
    from rich.table import Table

    console = out()
    console.print(f"[bold]{what}[/bold]")
    for title in ("workload", "machine"):
        console.print(f"{title}: {_text(measured[title])}", markup=False, style="dim")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Figure", no_wrap=True)
    table.add_column("Value", justify="right", overflow="fold")
    for name, value in measured["figures"].items():
        table.add_row(name, _text(value))
    for name, value in measured["peers"].items():
        table.add_row(f"peer: {name}", _text(value))
    console.print(table)


def _text(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(each)}" for name, each in value.items())
    return str(value)
