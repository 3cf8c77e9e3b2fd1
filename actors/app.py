"""The `arena` command: what is behind every word, and how errors leave.

Nothing heavy is imported here: `arena --help` needs typer and rich only.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from actors.cli import (
    bars,
    bench,
    check_strategy,
    cluster,
    doctor,
    example,
    fork,
    match,
    matches,
    ranking,
    replay,
    search,
    strategies,
    top,
    tournament,
    world,
)
from actors.cli.errors import ExitCode, exit_code_of, one_line
from actors.version import VERSION

_DEBUG = "--debug"
_ABORTED = 130

app = typer.Typer(
    name="arena",
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with `arena tournament run`; `arena COMMAND --help` says more. Errors are one line; "
    "`--debug` anywhere shows where they came from.",
)
app.command("match")(match.match)
app.command("fork")(fork.fork)
app.command("replay")(replay.replay)
app.add_typer(tournament.app, name="tournament")
app.command("leaderboard")(ranking.leaderboard)
app.command("matches")(matches.matches)
app.add_typer(world.app, name="world")
app.command("search")(search.search)
app.command("top")(top.top)
app.command("strategies")(strategies.strategies)
app.command("check-strategy")(check_strategy.check)
app.add_typer(bars.app, name="bars")
app.add_typer(cluster.app, name="cluster")
app.command("example")(example.example)
app.command("doctor")(doctor.doctor)
app.command("bench")(bench.bench)


@app.callback(invoke_without_command=True)
def arena(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Where trading bots compete before they may touch money.

    Bots meet in simulated markets whose prices they move, in matches (one market), tournaments (many, with
    a rating that tells skill from luck) and searches (the best configuration of one bot).
    """
    if version:
        typer.echo(f"bot-arena {VERSION}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line of this process and exit."""
    sys.exit(run(sys.argv[1:]))


def run(words: Sequence[str]) -> int:
    """Run `arena` with these words and return the exit code. Whatever goes wrong is one line on stderr."""
    debug = _DEBUG in words
    try:
        code = _call([word for word in words if word != _DEBUG])
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _failed("stopped", ExitCode.INTERRUPTED, debug=debug)
    except BrokenPipeError:
        # the reader has left (arena ... | head): nothing more to say, and nothing to flush at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except typer.TyperException as error:
        place = getattr(getattr(error, "ctx", None), "command_path", "arena")
        text = " ".join(error.format_message().split())
        return _failed(f"{text} (see {place} --help)", ExitCode.INPUT, debug=debug)
    except Exception as error:  # noqa: BLE001 - the last line of defence: no traceback reaches a user
        known = exit_code_of(error)
        if known is not None:
            return _failed(one_line(error), known, debug=debug)
        text = f"{type(error).__name__}: {one_line(error)}"
        hint = "" if debug else "; this is a defect: run it again with --debug and report what it prints"
        return _failed(f"{text}{hint}", ExitCode.DEFECT, debug=debug)
    return code if isinstance(code, int) else ExitCode.DONE


def _call(words: Sequence[str]) -> object:
    code = app(list(words), prog_name="arena", standalone_mode=False)
    if code == _ABORTED:  # what typer makes of a KeyboardInterrupt
        raise KeyboardInterrupt
    return code


def _failed(text: str, code: ExitCode, *, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    typer.secho(f"arena: {text}", err=True, fg=typer.colors.RED if sys.stderr.isatty() else None)
    return code
