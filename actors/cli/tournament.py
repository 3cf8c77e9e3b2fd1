"""`arena tournament`: run, list, show, report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actors.cli import options
from actors.cli.console import out, print_json, span
from actors.cli.errors import CommandError, ExitCode

if TYPE_CHECKING:
    from actors.tournament import TournamentResult

app = typer.Typer(help="Play tournaments and look at their results.", rich_markup_mode="markdown")

Run = Annotated[str, typer.Argument(help="Folder of the run, or the beginning of its name under --out.")]


@app.callback(invoke_without_command=True)
def tournament(context: typer.Context) -> None:
    """Many matches on markets with different seeds, and a leaderboard that tells skill from luck."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def run(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="Contest file (TOML). Left out: the built-in one, see `arena example tournament`."
        ),
    ] = None,
    data: options.Data = None,
    workers: options.Workers = None,
    resume: options.Resume = False,
    fresh: options.Fresh = False,
    out_folder: options.OutFolder = options.DEFAULT_ROOT,
    seed: options.Seed = None,
    rounds: Annotated[
        int | None, typer.Option(min=1, help="In place of the file's rounds.", show_default=False)
    ] = None,
    cluster: options.Cluster = None,
    dashboard: options.Dashboard = False,
    metrics_port: options.MetricsPort = None,
    json: options.Json = False,
) -> None:
    """Play a tournament and write its report.

    Every round is a market of its own; all matches of a round share its randomness. Results are kept match by
    match: Ctrl-C loses nothing that is finished, and the same command with `--resume` goes on.

    Examples: `arena tournament run`, `arena tournament run my.toml --workers 4`,
    `arena tournament run examples/real_2025_05.toml --data path/to/bars`
    """
    import msgspec

    from actors.cli.contest import contest_file, run_options
    from actors.cli.metrics import metrics_on
    from actors.cli.preflight import check_markets
    from actors.cli.progress import shown, spinner
    from actors.config_files import load_tournament
    from actors.reports.tournament import write_tournament_report
    from actors.schedule import tournament_jobs
    from actors.tournament import run_tournament

    spec = load_tournament(contest_file(file), seed=seed, rounds=rounds)
    chosen = run_options(
        root=out_folder,
        data=data,
        workers=workers,
        resume=resume,
        fresh=fresh,
        cluster=cluster,
        dashboard=dashboard,
    )
    with spinner("Checking bots and bars", quiet=json):
        check_markets((job.match for job in tournament_jobs(spec)), data)
    with metrics_on(metrics_port) as metrics, shown(spec.name, quiet=json) as show:
        result = run_tournament(spec, msgspec.structs.replace(chosen, metrics=metrics), show=show)
    with spinner("Writing the report", quiet=json):
        report = write_tournament_report(result.folder) if result.leaderboards else None
    _print(result, report, json=json)
    if result.matches_failed:
        raise CommandError(_failures_text(result), ExitCode.FAILED)


@app.command("list")
def list_runs(out_folder: options.OutFolder = options.DEFAULT_ROOT, json: options.Json = False) -> None:
    """List the tournaments in the folder of runs."""
    from actors.cli.runs import runs_document, runs_table

    found = runs_document(out_folder, kind="tournament")
    if json:
        print_json({"runs": found})
    elif not found:
        out().print(f"No tournaments under {out_folder}. Play one with: arena tournament run", markup=False)
    else:
        out().print(runs_table(found))


@app.command()
def show(run: Run, out_folder: options.OutFolder = options.DEFAULT_ROOT, json: options.Json = False) -> None:
    """Show the leaderboard of a tournament, finished or not."""
    from actors.cli.runs import find_run
    from actors.reports.tournament import REPORT
    from actors.tournament import read_tournament

    folder = find_run(out_folder, run, kind="tournament")
    report = folder / REPORT
    _print(read_tournament(folder), report if report.is_file() else None, json=json)


@app.command()
def report(run: Run, out_folder: options.OutFolder = options.DEFAULT_ROOT) -> None:
    """Write the HTML report of a tournament, finished or not, and print its path."""
    from actors.cli.runs import find_run
    from actors.reports.tournament import write_tournament_report

    folder = find_run(out_folder, run, kind="tournament")
    try:
        path = write_tournament_report(folder)
    except ValueError as error:
        raise CommandError(str(error)) from error
    typer.echo(str(path))


def _print(result: TournamentResult, report: Path | None, *, json: bool) -> None:
    from actors.cli.leaderboard import leaderboard_table, legend
    from actors.cli.machine import tournament_document

    taken_out = disqualifications(result.folder)
    if json:
        print_json({**tournament_document(result, report), "disqualified": taken_out})
        return
    console = out()
    for name, board in result.leaderboards.items():
        matches = f"{board.matches} {'match' if board.matches == 1 else 'matches'}"
        console.print(f"\n[bold]{result.name}[/bold], {name}: {matches}", highlight=False)
        console.print(leaderboard_table(board, console.width))
        console.print()
        for line in legend(board):
            console.print(line, markup=False, style="dim")
    for entry in taken_out:
        console.print(disqualification_line(entry), markup=False, style="red")
    if not result.leaderboards:
        console.print(f"{result.name}: no match has ended well.", markup=False)
    console.print(f"\n{result.matches_done} matches, {span(result.cpu_s)} of processor time", markup=False)
    console.print(f"Digest: {result.digest}", markup=False)
    if report is not None:
        console.print(f"Report: {report}", markup=False, soft_wrap=True)


def disqualifications(folder: Path) -> list[dict[str, Any]]:
    """Return the bots that were taken out of a match, how often, and why the first time."""
    from actors.run_folder import open_catalogue

    with open_catalogue(folder) as catalogue:
        return [
            {"bot": bot, "matches": matches, "reason": reason}
            for bot, matches, reason in catalogue.disqualifications()
        ]


def disqualification_line(entry: dict[str, Any]) -> str:
    """Return an entry of `disqualifications` in words."""
    return (
        f"{entry['bot']} was disqualified in {entry['matches']} of its matches; the first time: "
        f"{entry['reason']}"
    )


def _failures_text(result: TournamentResult) -> str:
    match_id, error = next(iter(result.failures.items()))
    return (
        f"{result.matches_failed} of {result.matches_done + result.matches_failed} matches failed; "
        f"match {match_id}: {error}"
    )
