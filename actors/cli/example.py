"""`arena example`: contest files to start from."""

from __future__ import annotations

from typing import Annotated

import typer

from actors.cli.errors import CommandError


def example(
    name: Annotated[str, typer.Argument(help="tournament, match or search.")] = "tournament",
) -> None:
    """Print a contest file to start from.

    These are the files that `arena tournament run`, `arena match` and `arena search` use where they are given
    none. Example: `arena example tournament > my.toml`
    """
    from actors.cli.contest import DEFAULTS, example_names

    if name not in example_names():
        raise CommandError(f"NAME: expected one of {', '.join(example_names())}, was {name!r}")
    typer.echo((DEFAULTS / f"{name}.toml").read_text(), nl=False)
