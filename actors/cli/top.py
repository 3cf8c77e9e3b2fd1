"""`arena top`: a run, live in the terminal."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actors.cli import options
from actors.cli.console import loss, number, out, percent, print_json, span
from actors.cli.errors import CommandError

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from actors.progress import Progress
    from actors.status import RunStatus
    from actors.top import Snapshot

_EVERY_S = 1.0
_WORKERS_SHOWN = 16


def top(
    run: Annotated[
        str | None,
        typer.Argument(
            help="Folder of the run, or the beginning of its name under --out. Left out: the one that was "
            "written to last.",
            show_default=False,
        ),
    ] = None,
    out_folder: options.OutFolder = options.DEFAULT_ROOT,
    once: Annotated[bool, typer.Option("--once", help="Show it once and leave.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object (keys in docs/cli.md) and leave.")
    ] = False,
) -> None:
    """Watch a run: who leads so far, who is at work, how fast it goes, what failed, and the time left.

    It only reads what the run writes anyway, so it may be started and stopped at any time, by several people
    too. It leaves when the run ends, or with Ctrl-C, which does not touch the run.

    Examples: `arena top`, `arena top tournament --once`, `arena top --json`
    """
    from actors.top import TopReader

    reader = TopReader(_find(out_folder, run))
    if json:
        print_json(snapshot_document(reader.look()))
        return
    console = out()
    if once or not sys.stdout.isatty():
        console.print(snapshot_view(reader.look()))
        return
    from rich.live import Live

    try:
        with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
            while True:
                snapshot = reader.look(patient=False)
                live.update(snapshot_view(snapshot), refresh=True)
                if snapshot.state == "not running":
                    return
                threading.Event().wait(_EVERY_S)
    except KeyboardInterrupt:
        return


def snapshot_document(snapshot: Snapshot) -> dict[str, Any]:
    """Return what `arena top --json` prints."""
    import msgspec

    return {**msgspec.structs.asdict(snapshot), "folder": str(snapshot.folder)}


def snapshot_view(snapshot: Snapshot) -> RenderableType:
    """Return what is shown of a run at one moment."""
    from rich.console import Group
    from rich.text import Text

    standings, status = snapshot.standings, snapshot.status
    name = standings.name or (status.run if status is not None else snapshot.folder.name)
    parts: list[RenderableType] = [
        Text.assemble((name, "bold"), f" {standings.kind or 'world'}, {_state(snapshot)}"),
    ]
    if status is not None:
        parts += [Text(line) for line in progress_lines(status.progress)]
        speed = speed_text(status)
        parts += [Text(speed)] if speed else []
    else:
        parts.append(Text(f"{standings.done} matches done, {standings.failed} failed"))
    if standings.bots and standings.kind != "search":
        parts += [Text(), _bots_table(snapshot)]
    if standings.trials:
        parts += [Text(), _trials_table(snapshot)]
    if status is not None and status.accounts:
        parts += [Text(), _accounts_table(status)]
    if status is not None and status.workers:
        parts += [Text(), _workers_table(snapshot, status)]
    parts += [Text(f"{match_id} failed: {error}", style="red") for match_id, error in standings.errors]
    return Group(*parts)


def progress_lines(progress: Progress) -> list[str]:
    """Return in words how far a run is."""
    ended = progress.done + progress.failed
    share = (ended + progress.part) / progress.total if progress.total else 0.0
    failed = f", {progress.failed} failed" if progress.failed else ""
    left = f", {span(progress.left_s)} left" if progress.left_s is not None else ""
    counts = f"{ended}/{progress.total} matches ({share:.0%}){failed}, {progress.running} running"
    line = f"{counts}, {span(progress.elapsed_s)} so far{left}"
    return [line, progress.note] if progress.note else [line]


def speed_text(status: RunStatus) -> str:
    """Return the speeds that are known, or nothing."""
    progress = status.progress
    played = progress.done + progress.failed - progress.resumed + progress.part
    parts = []
    if progress.total > 1 and played > 0 and progress.elapsed_s > 0:
        parts.append(f"{played / progress.elapsed_s:,.2f} matches/s")
    if progress.cpu_s:
        parts.append(f"{span(progress.cpu_s)} of processor time")
    if status.windows_per_s is not None:
        parts.append(f"{status.windows_per_s:,.0f} windows/s")
    if status.events_per_s is not None:
        parts.append(f"{status.events_per_s:,.0f} engine events/s")
    if status.lag_s is not None:
        parts.append(f"{status.lag_s:.3f} s behind the clock")
    return ", ".join(parts)


def _state(snapshot: Snapshot) -> str:
    if snapshot.state == "silent" and snapshot.silent_s is not None and snapshot.status is not None:
        return f"no sign of process {snapshot.status.pid} for {span(snapshot.silent_s)}: go on with --resume"
    return snapshot.state


def _table(*headings: str) -> Table:
    """Return a table whose first column is words and whose others are numbers."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="right" if index else "left", no_wrap=True, overflow="ellipsis")
    return table


def _bots_table(snapshot: Snapshot) -> Table:
    table = _table(f"So far ({snapshot.standings.format})", "Matches", "Return", "Max DD", "Fills", "Out")
    for row in snapshot.standings.bots:
        table.add_row(
            row.bot,
            f"{row.matches:,}",
            percent(row.return_mean) if row.return_mean is not None else "-",
            loss(row.max_drawdown) if row.max_drawdown is not None else "-",
            f"{row.fills:,}",
            f"{row.disqualified:,}",
        )
    return table


def _trials_table(snapshot: Snapshot) -> Table:
    table = _table("Best trials so far", "Objective")
    for row in snapshot.standings.trials:
        params = ", ".join(f"{name}={value}" for name, value in row.params.items())
        table.add_row(f"{row.number}: {params}", f"{row.value:.4g}")
    return table


def _accounts_table(status: RunStatus) -> Table:
    table = _table("Account, live", "Equity", "Position", "Drawdown", "Fills", "Rejects")
    for row in status.accounts:
        table.add_row(
            row.account,
            number(row.equity) if row.equity is not None else "-",
            number(row.position) if row.position is not None else "-",
            loss(row.drawdown) if row.drawdown is not None else "-",
            f"{row.fills:,}",
            f"{row.rejects:,}",
        )
    return table


def _workers_table(snapshot: Snapshot, status: RunStatus) -> Table:
    places = {row.name: f"{row.pid} on {row.node[:8]}" for row in snapshot.actors}
    table = _table("At work", "Doing", "Process") if places else _table("At work", "Doing")
    for worker in status.workers[:_WORKERS_SHOWN]:
        cells = (worker.name, worker.doing or "waiting")
        table.add_row(*cells, places.get(worker.name, "-")) if places else table.add_row(*cells)
    if len(status.workers) > _WORKERS_SHOWN:
        table.add_row(f"and {len(status.workers) - _WORKERS_SHOWN} more", "")
    return table


def _find(root: Path, name: str | None) -> Path:
    """Return the folder of a run from its path or the beginning of its name, or the last one.

    Raises
    ------
    CommandError
        There is no such run, or several names begin so.
    """
    from actors.run_folder import CATALOGUE
    from actors.status import STATUS

    kept = (CATALOGUE, STATUS)
    if name is not None and any((Path(name) / file).is_file() for file in kept):
        return Path(name)
    folders = sorted({path.parent for file in kept for path in root.glob(f"*/{file}")})
    if name is None:
        if not folders:
            raise CommandError(f"RUN: expected a run under {root}, was none yet")
        return max(folders, key=_last_written)
    found = [folder for folder in folders if folder.name.startswith(name)]
    found = [folder for folder in found if folder.name == name] or found
    if len(found) > 1:  # the one that is being played is meant
        found = [folder for folder in found if (folder / STATUS).is_file()] or found
    if len(found) == 1:
        return found[0]
    names = ", ".join(folder.name for folder in found or folders) or "none yet"
    raise CommandError(f"RUN: expected the beginning of one run's name under {root} ({names}), was {name!r}")


def _last_written(folder: Path) -> float:
    """Return when the run was last worked on: the newest file of its folder."""
    return max(path.stat().st_mtime for path in folder.iterdir())
