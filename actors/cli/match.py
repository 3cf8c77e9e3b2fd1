"""`arena match`: one market, its bots, one seed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actors.cli import options
from actors.cli.console import loss, number, out, percent, print_json, share
from actors.cli.errors import CommandError

if TYPE_CHECKING:
    from rich.table import Table

    from actors.bot_output import BotLine
    from actors.match_config import MatchSpec
    from actors.result import BotResult, MatchResult
    from actors.single import SingleMatch

_WIDE = 100
_LIQUIDATED_WIDTH = 14  # that column and what is around it


def match(
    file: Annotated[
        Path | None,
        typer.Argument(help="Contest file (TOML). Left out: the built-in one, see `arena example match`."),
    ] = None,
    data: options.Data = None,
    out_folder: options.OutFolder = options.DEFAULT_ROOT,
    seed: options.Seed = None,
    placement: Annotated[
        str | None,
        typer.Option(
            metavar="process|shards=N|account|auto",
            help="Where the bots live: in this process, in N processes of a Ray cluster, a process each, or "
            "what a probe finds fastest. In place of the file's [world]; results are the same.",
            show_default=False,
        ),
    ] = None,
    cluster: options.Cluster = None,
    resume: options.Resume = False,
    fresh: options.Fresh = False,
    dashboard: options.Dashboard = False,
    metrics_port: options.MetricsPort = None,
    realtime: Annotated[
        float | None,
        typer.Option(
            metavar="SPEED",
            help="Keep to the wall clock: 1 is real time, 10 ten times as fast; 0.1 to 1000.",
            show_default=False,
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65_535, help="Where outside accounts join; 0 for any that is free.", show_default=False
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Play one match and write its report.

    All bots of the file meet in its first market. Fills, equity curves, the journal and the report are kept
    in a folder; the same file and seed give the same digest on any machine, however the bots are spread over
    processes. A match that is spread can be stopped with Ctrl-C and gone on with `--resume`. `arena world`
    looks at a match that is being played, and steers it.

    With `--realtime` the market keeps to the wall clock, and other programs can trade its outside accounts;
    Ctrl-C ends it, with its report.

    Examples: `arena match`, `arena match my.toml --seed 7`, `arena match my.toml --placement shards=2`,
    `arena match my.toml --realtime 10`
    """
    import msgspec

    from actors.cli.contest import contest_file, run_options
    from actors.cli.metrics import metrics_on
    from actors.cli.preflight import check_markets
    from actors.cli.progress import spinner
    from actors.cli.realtime import realtime_document, realtime_lines, realtime_runner
    from actors.config_files import load_match, load_placement
    from actors.reports.match import write_match_report
    from actors.reports.provenance import limits_of
    from actors.single import play_single
    from actors.world.placement import IN_PROCESS, parse_placement

    chosen = run_options(
        root=out_folder,
        data=data,
        workers=None,
        resume=resume,
        fresh=fresh,
        cluster=cluster,
        dashboard=dashboard,
    )
    if port is not None and realtime is None:
        raise CommandError(f"--port: expected with --realtime only, was {port}")
    path = contest_file(file, "match")
    spec = load_match(path, seed=seed, outside=realtime is not None)
    wanted = load_placement(path) if placement is None else parse_placement(placement)
    if realtime is not None and wanted != IN_PROCESS:
        raise CommandError(f"--realtime: expected placement process, was {wanted}")
    check_markets([spec], data)
    timing = None
    with metrics_on(metrics_port) as metrics:
        chosen = msgspec.structs.replace(chosen, metrics=metrics, placement=wanted)
        if realtime is None:
            with _progress(spec.match_id, quiet=json) as show:
                played = play_single(spec, chosen, progress=show, say=_say, tell=_tell)
        else:
            with realtime_runner(spec, realtime, port or 0, quiet=json) as runner:
                played = play_single(spec, chosen, say=_say, tell=_tell, play=runner.play)
                timing = runner.report
    with spinner("Writing the report", quiet=json):
        report = write_match_report(played.folder, spec)
    if json:
        document = {**match_document(played, report), "not_modelled": limits_of([spec.market])}
        print_json(document if timing is None else {**document, "realtime": realtime_document(timing)})
        return
    _print(played, report, spec)
    for line in [] if timing is None else realtime_lines(timing):
        out().print(line, markup=False, highlight=False, soft_wrap=True)


def _say(line: BotLine) -> None:
    """Show what a bot prints while it plays; not among the results."""
    sys.stderr.write(f"{line}\n")


def _tell(line: str) -> None:
    """Show what the user should know of how the match is played."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def match_document(played: SingleMatch, report: Path) -> dict[str, Any]:
    """Return what `arena match --json` prints."""
    import msgspec

    from actors.cli.machine import leaderboard_document

    result = played.result
    return {
        "name": result.match_id,
        "digest": result.digest,
        "market_digest": result.market_digest,
        "matches_done": 1,
        "cpu_s": result.cpu_s,
        "wall_s": result.wall_s,
        "requests": result.requests,
        "leaderboard": leaderboard_document(played.leaderboard),
        "bots": [msgspec.structs.asdict(bot) for bot in result.bots],
        "markets": [msgspec.structs.asdict(figures) for figures in result.figures],
        "folder": str(played.folder),
        "journal": str(played.journal),
        "report": str(report),
    }


def _print(played: SingleMatch, report: Path, spec: MatchSpec) -> None:
    from actors.reports.provenance import limits_of

    console = out()
    result = played.result
    console.print(
        f"\n[bold]{result.match_id}[/bold]: {len(result.bots)} bots, {spec.settings.duration} of market time"
    )
    console.print(bots_table(played, console.width))
    console.print(_markets_table(result))
    for bot in result.bots:
        if bot.disqualified:
            console.print(f"{bot.name} was disqualified: {bot.disqualified}", markup=False, style="red")
        for line in margin_lines(bot):
            console.print(line, markup=False)
    console.print(
        f"{result.requests:,} requests to the exchange, {result.cpu_s:.1f} s of processor time", markup=False
    )
    for limit in limits_of([spec.market]):
        console.print(f"Not modelled: {limit}", markup=False, style="dim")
    console.print(f"Digest: {result.digest}", markup=False)
    console.print(f"Report: {report}", markup=False, soft_wrap=True)


def margin_lines(bot: BotResult) -> list[str]:
    """Return what the exchange did to an account besides its trades, a line each."""
    lines = []
    if bot.liquidations:
        times = "once" if bot.liquidations == 1 else f"{bot.liquidations} times"
        moved = (
            f"paid {number(bot.insurance)} to" if bot.insurance >= 0 else f"got {number(-bot.insurance)} from"
        )
        lines.append(f"{bot.name} was liquidated {times}, {moved} the insurance fund")
    if bot.deleveraged:
        times = "once" if bot.deleveraged == 1 else f"{bot.deleveraged} times"
        lines.append(f"{bot.name} was deleveraged {times}: closed against a bankrupt position")
    if bot.funding:
        word = "paid" if bot.funding > 0 else "received"
        lines.append(f"{bot.name} {word} {number(abs(bot.funding))} of funding")
    return lines


def bots_table(played: SingleMatch, width: int) -> Table:
    """Return the accounts, best return first: complete where the terminal is wide, else the essential."""
    from rich import box
    from rich.table import Table

    liquidated = any(bot.liquidations for bot in played.result.bots)
    wide = width >= _WIDE + (_LIQUIDATED_WIDTH if liquidated else 0)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Bot", no_wrap=True, max_width=40 if wide else 18)
    headings = ["Equity", "Return", "Max DD", "Fills", "Fees"]
    headings += ["Liquidated"] if liquidated else []
    headings += ["Orders", "Denied", "Rejected", "Won", "Maker"] if wide else []
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    accounts = {bot.name: bot for bot in played.result.bots}
    for row in played.leaderboard.rows:
        bot = accounts[row.bot]
        cells = [
            number(bot.final_equity),
            percent(bot.total_return),
            loss(row.max_drawdown),
            f"{bot.fills:,}",
        ]
        cells += [number(bot.fees)]
        cells += [f"{bot.liquidations:,}"] if liquidated else []
        if wide:
            cells += [f"{bot.orders:,}", f"{bot.denied:,}", f"{bot.rejected:,}"]
            cells += [share(row.win_rate), share(row.maker_share)]
        table.add_row(row.bot, *cells)
    return table


def _markets_table(result: MatchResult) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Market", no_wrap=True)
    for heading in ("First", "Last", "Change", "Trades", "Volume", "Spread bp"):
        table.add_column(heading, justify="right", no_wrap=True)
    for entry in result.figures:
        table.add_row(
            entry.instrument,
            f"{entry.first:,.6g}",
            f"{entry.last:,.6g}",
            percent(entry.last / entry.first - 1.0),
            f"{entry.trades:,}",
            number(entry.volume, 1),
            number(entry.mean_spread_bps),
        )
    return table


@contextmanager
def _progress(title: str, *, quiet: bool) -> Iterator[Callable[[float], None] | None]:
    """Give what a match calls with its finished fraction, or None where nobody looks."""
    if quiet:
        yield None
        return
    from actors.cli.machine_code import COMPILING, is_compiled

    compiled = is_compiled()
    if not sys.stderr.isatty():
        if not compiled:
            sys.stderr.write(f"{title}: {COMPILING}\n")
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Preparing" if compiled else COMPILING, total=1.0)
        yield lambda done: bar.update(task, description=title, completed=done)
