"""`arena bench`: measures, states workload and machine, compares with peers where they are installed."""

from __future__ import annotations

import importlib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from actors.cli import options
from actors.cli.console import out, print_json
from actors.cli.errors import CommandError
from actors.cli.progress import spinner


class Bench(StrEnum):
    """What can be measured."""

    ENGINE = "engine"
    AGENTS = "agents"
    STRATEGIES = "strategies"
    TOURNAMENT = "tournament"
    JOURNAL = "journal"
    REPLAY = "replay"
    SCALE = "scale"
    WORLDS = "worlds"


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
    record: Annotated[
        Path | None,
        typer.Option(
            help="For replay: recorded depth of BTC/USDT:USDT (*_events.parquet, its trades near it); left "
            "out: a made record."
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Measure the speed of a part on this machine, in processor seconds.

    **engine**: commands of the matching engine. **agents**: order requests of the simulated crowd.
    **strategies**: callbacks and order lives of Python bots. **tournament**: efficiency of match workers.
    **journal**: journaling, replay and snapshots. **replay**: recorded depth
    events, alone and with a bot that requotes. **scale**: what many matches cost the driver, efficiency of
    short ones, how fast results are found.

    Example: `arena bench engine --json`
    """
    given: dict[str, Any] = {"recorded": record} if what is Bench.REPLAY else {}
    if record is not None and not given:
        raise CommandError(f"--record: expected it with replay only, was given with {what.value}")
    with spinner(f"Measuring {what.value}", quiet=json):
        measured = importlib.import_module(f"actors.bench.{what.value}").run(
            quick=quick, peers=peers, **given
        )
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
