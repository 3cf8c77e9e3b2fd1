"""`arena check-strategy`: whether a bot keeps the rules of the arena."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from actors.cli import options
from actors.cli.console import out, print_json
from actors.cli.errors import CommandError, ExitCode
from actors.cli.progress import spinner


def check(
    plugin: Annotated[str, typer.Argument(help="A name, `module:Class` or `path/to/file.py:Class`.")],
    config: Annotated[
        str, typer.Option(metavar="TOML", help="Fields of its configuration, like 'period = 20'.")
    ] = "",
    duration: Annotated[str, typer.Option(help="Market time of each run, like 10m.")] = "10m",
    seed: Annotated[int, typer.Option(min=0, help="Of the markets.")] = 1,
    json: options.Json = False,
) -> None:
    """Run the contract suite on a strategy: the rules every bot of the arena keeps.

    Typed configuration, every symbol, the same decisions twice, save and load half-way, young markets and
    empty books, refusals and partial fills, no orders left after the end.

    Example: `arena check-strategy examples/own_bot.py:Breakout`
    """
    from actors.testing.cards import CheckError
    from actors.testing.check_strategy import check_strategy
    from strategies.plugins import load_strategy

    strategy = load_strategy(plugin)
    settings = _configuration(strategy, config)
    failures: dict[str, str] = {}
    with spinner("Playing on small markets", quiet=json):
        try:
            check_strategy(strategy, settings, duration=_duration(duration), seed=seed)
        except CheckError as error:
            failures = dict(_failure(line) for line in str(error).splitlines()[1:])
    findings = _findings(failures)
    if json:
        print_json({"strategy": plugin, "ok": not failures, "findings": findings})
    else:
        _print(findings)
    if failures:
        number, text = next(iter(failures.items()))
        raise CommandError(
            f"{plugin}: {len(failures)} of {len(findings)} cards failed; {number} {text}", ExitCode.FAILED
        )


def _configuration(strategy: Any, text: str) -> Any:
    import tomllib

    from actors.bot_check import decode_config

    try:
        fields = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CommandError(f"--config: expected TOML like 'period = 20', was {text!r}: {error}") from error
    return decode_config(strategy, fields, source="--config", at="")


def _duration(text: str) -> str:
    from exchange_sim.markets.duration import parse_duration_ns

    try:
        parse_duration_ns(text)
    except ValueError as error:
        raise CommandError(f"--duration: {error}") from error
    return text


def _failure(line: str) -> tuple[str, str]:
    """Return the number of the card and its text, from a line of a CheckError."""
    number, _, text = line.strip().partition(" ")
    return number, text


def _findings(failures: dict[str, str]) -> list[dict[str, Any]]:
    from actors.testing.check_strategy import CARDS

    return [
        {
            "card": card.number,
            "title": card.title,
            "ok": card.number not in failures,
            "text": failures.get(card.number, "").removeprefix(f"{card.title}: "),
        }
        for card in CARDS
    ]


def _print(findings: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=False)
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        text = escape(finding["title"] if finding["ok"] else f"{finding['title']}: {finding['text']}")
        table.add_row("[green]ok[/green]" if finding["ok"] else "[red]failed[/red]", finding["card"], text)
    out().print(table)
