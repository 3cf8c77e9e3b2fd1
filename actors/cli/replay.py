"""`arena replay`: a journal played again and compared with itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actors.cli import options
from actors.cli.console import out, print_json
from actors.cli.errors import CommandError, ExitCode

if TYPE_CHECKING:
    from actors.replay import Replay


def replay(
    journal: Annotated[Path, typer.Argument(help="A journal, such as the match.journal of a run.")],
    json: options.Json = False,
) -> int:
    """Rebuild a run from its journal and compare.

    The exchange executes every command again: events and the state at every checkpoint must be the same.
    The bots of a match are handed again what they were handed, and must send the same. The first difference
    is named; a tail that was not written whole is cut and said so.

    Example: `arena replay runs/match-0123456789abcdef/match.journal`
    """
    from actors.cli.progress import spinner
    from actors.replay import replay_journal

    if not journal.is_file():
        raise CommandError(f"JOURNAL: expected a file that exists, was {str(journal)!r}")
    with spinner(f"Replaying {journal.name}", quiet=json):
        found = replay_journal(journal)
    if json:
        print_json(replay_document(found))
    else:
        _print(found)
    return ExitCode.DONE if found.equal else ExitCode.FAILED


def replay_document(found: Replay) -> dict[str, Any]:
    """Return what `arena replay --json` prints."""
    import dataclasses

    journal, engine = found.journal, found.engine
    footer = journal.footer
    difference = engine.difference if engine is not None else None
    return {
        "journal": journal.name,
        "equal": found.equal,
        "complete": journal.complete,
        "torn_bytes": journal.torn_bytes,
        "config_digest": journal.header.config_digest,
        "seed": journal.header.seed,
        "digest": footer.digest if footer is not None else None,
        "commands": engine.commands if engine is not None else 0,
        "events": engine.events if engine is not None else 0,
        "checkpoints": engine.checkpoints if engine is not None else 0,
        "difference": dataclasses.asdict(difference) if difference is not None else None,
        "bots": [{"bot": name, "records": count} for name, count in found.bots],
        "bot_differences": [dataclasses.asdict(each) for each in found.differences],
    }


def _print(found: Replay) -> None:
    console = out()
    journal, engine = found.journal, found.engine
    header = journal.header

    def say(text: str, style: str | None = None) -> None:
        console.print(text, markup=False, highlight=False, style=style, soft_wrap=True)

    say(f"{journal.name}: configuration {header.config_digest}, seed {header.seed}, Python {header.python}")
    if journal.torn_bytes:
        say(
            f"The last frame was not written whole: {journal.torn_bytes} bytes cut off at byte {journal.end}",
            "yellow",
        )
    if not journal.complete:
        say("The journal was not closed: it is compared as far as it goes", "yellow")
    if engine is None:
        say("The journal holds accounts only: frames and digests are whole, there is no exchange to rebuild")
        return
    say(f"Exchange: {engine.commands:,} commands, {engine.events:,} events, {engine.checkpoints} states")
    if engine.difference is not None:
        say(f"First difference: {engine.difference}", "red")
        return
    for name, count in found.bots:
        say(f"Bot {name}: {count:,} records")
    for each in found.differences:
        say(f"First difference of {each}", "red")
    if found.equal:
        say("Everything is as it was.", "green")
