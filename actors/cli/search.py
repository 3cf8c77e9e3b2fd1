"""`arena search`: the best configuration of one bot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actors.cli import options
from actors.cli.console import out, print_json, share, span
from actors.cli.errors import CommandError, ExitCode

if TYPE_CHECKING:
    from rich.table import Table

    from actors.search import SearchResult

_SHOWN = 10


def search(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="Contest file (TOML) with a `[search]` table. Left out: see `arena example search`."
        ),
    ] = None,
    data: options.Data = None,
    workers: options.Workers = None,
    resume: options.Resume = False,
    fresh: options.Fresh = False,
    out_folder: options.OutFolder = options.DEFAULT_ROOT,
    seed: options.Seed = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="In place of the file's trials.", show_default=False)
    ] = None,
    cluster: options.Cluster = None,
    dashboard: options.Dashboard = False,
    metrics_port: options.MetricsPort = None,
    json: options.Json = False,
) -> None:
    """Search the configuration of one bot and say how far the best may be luck.

    Any field of a strategy's configuration can get a range or choices. Every trial plays the same markets.
    The best configuration is written as a contest file that `arena match` and `arena tournament run` read.

    Examples: `arena search`, `arena search my.toml --trials 50 --workers 4`
    """
    import msgspec

    from actors.cli.contest import contest_file, run_options
    from actors.cli.metrics import metrics_on
    from actors.cli.preflight import check_markets
    from actors.cli.progress import shown, spinner
    from actors.config_files import load_search
    from actors.reports.search import write_search_report
    from actors.search import run_search, trial_jobs

    spec = load_search(contest_file(file, "search"), seed=seed, trials=trials)
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
        check_markets([job.match for job in trial_jobs(spec, 0, spec.bot)], data)
    with metrics_on(metrics_port) as metrics, shown(spec.name, quiet=json) as show:
        result = run_search(spec, msgspec.structs.replace(chosen, metrics=metrics), show=show)
    with spinner("Writing the report", quiet=json):
        report = write_search_report(result.folder)
    if json:
        from actors.cli.machine import search_document

        print_json(search_document(result, report))
    else:
        _print(result, report, spec.bot.name)
    if result.best is None:
        raise CommandError(f"every trial failed; the first: {result.trials[0].error}", ExitCode.FAILED)


def _print(result: SearchResult, report: Path, subject: str) -> None:
    from actors.cli.tournament import disqualification_line, disqualifications

    console = out()
    console.print(f"\n[bold]{result.name}[/bold]: {len(result.trials)} trials", highlight=False)
    console.print(trials_table(result))
    for line in verdict_lines(result):
        console.print(line, markup=False)
    for line in failure_lines(result):
        console.print(line, markup=False, style="red")
    for entry in disqualifications(result.folder):
        if entry["bot"] != subject:  # why its own trials failed is told above
            console.print(disqualification_line(entry), markup=False, style="red")
    console.print(f"\n{result.matches_done} matches, {span(result.cpu_s)} of processor time", markup=False)
    console.print(f"Digest: {result.digest}", markup=False)
    if result.best_file is not None:
        console.print(f"Best configuration: {result.best_file}", markup=False, soft_wrap=True)
    console.print(f"Report: {report}", markup=False, soft_wrap=True)


def trials_table(result: SearchResult) -> Table:
    """Return the best trials."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Trial", justify="right")
    table.add_column("Objective", justify="right")
    table.add_column("Configuration", overflow="fold")
    ranked = sorted(result.trials, key=lambda trial: (trial.value != trial.value, -trial.value, trial.number))
    for trial in ranked[:_SHOWN]:
        params = ", ".join(f"{name}={_shown(value)}" for name, value in trial.params.items())
        value = "failed" if trial.error else f"{trial.value:.4g}"
        table.add_row(str(trial.number), value, params)
    return table


def verdict_lines(result: SearchResult) -> list[str]:
    """Return in sentences how far the best trial may be luck."""
    verdict = result.verdict
    if verdict is None or result.best is None:
        return []
    best = (
        f"Best: trial {result.best.number}, score {verdict.score.mean:.4g} on the markets it was "
        f"chosen by; expect {verdict.honest_score:.4g} on fresh ones."
    )
    doubt = (
        f"Chance that the best of {verdict.trials} worthless trials looks as good: {share(verdict.p_luck)}; "
        f"winners of half the seeds that are mediocre on the other half: {share(verdict.overfitting)}."
    )
    return [best, doubt]


def failure_lines(result: SearchResult) -> list[str]:
    """Return how many trials have no value, and why the first of them has none."""
    failed = [trial for trial in result.trials if trial.error]
    if not failed:
        return []
    trials = "1 trial has" if len(failed) == 1 else f"{len(failed)} trials have"
    return [f"{trials} no value; the first, trial {failed[0].number}: {failed[0].error}"]


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
