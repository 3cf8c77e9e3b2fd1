"""`arena fork`: two futures of one moment of a match."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actors.cli import options
from actors.cli.console import number, out, percent, print_json
from actors.cli.errors import CommandError

if TYPE_CHECKING:
    from actors.fork import Change, Fork
    from actors.moment import Moment


def fork(
    file: Annotated[Path, typer.Argument(help="Contest file (TOML), or a moment that was saved (.moment).")],
    at: Annotated[
        str | None,
        typer.Option(metavar="10m", help="When the futures part, after the bots' start.", show_default=False),
    ] = None,
    without: Annotated[
        str | None, typer.Option(metavar="BOT", help="A bot leaves.", show_default=False)
    ] = None,
    latency: Annotated[
        str | None,
        typer.Option(metavar="BOT=20ms", help="A bot's messages take so long each way.", show_default=False),
    ] = None,
    order: Annotated[
        str | None,
        typer.Option(
            metavar="'BOT buy 0.5 BTC/USDT:USDT [PRICE]'",
            help="A bot sends one order more, at the market without a price.",
            show_default=False,
        ),
    ] = None,
    data: options.Data = None,
    out_folder: options.OutFolder = options.DEFAULT_ROOT,
    seed: options.Seed = None,
    json: options.Json = False,
) -> None:
    """Play a match to a moment, and from there two futures: as it goes, and with one thing changed.

    Shows side by side what every account earned, where the price went and who paid for the difference. The
    moment is kept, so another change can be tried without playing the match again.

    Examples: `arena fork my.toml --at 10m --without maker`,
    `arena fork my.toml --at 10m --order 'trend buy 0.5 BTC/USDT:USDT'`
    """
    from actors.cli.progress import spinner
    from actors.fork import check_change
    from actors.fork import fork as play
    from actors.reports.fork import write_fork_report
    from actors.storage import storage_errors, write_whole

    change = _change(without, latency, order)
    with spinner("Playing to the moment", quiet=json):
        moment = _moment(file, at, data, seed)
        check_change(change, moment.spec)
    with spinner("Playing both futures", quiet=json):
        played = play(moment, change, data_folder=data)
    folder = _folder(out_folder, played)
    kept, report = folder / "fork.moment", folder / "report.html"
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(kept, moment.save())
        write_fork_report(played, report)
    if json:
        print_json({**fork_document(played), "moment": str(kept), "report": str(report)})
        return
    _print(played)
    console = out()
    console.print(f"Moment: {kept}", markup=False, soft_wrap=True)
    console.print(f"Report: {report}", markup=False, soft_wrap=True)


def _change(without: str | None, latency: str | None, order: str | None) -> Change:
    from actors.fork import Without, parse_latency, parse_order

    if sum(each is not None for each in (without, latency, order)) != 1:
        raise CommandError("expected one of --without, --latency and --order")
    if without is not None:
        return Without(without)
    if latency is not None:
        return parse_latency(latency)
    return parse_order(order or "")


def _moment(file: Path, at: str | None, data: Path | None, seed: int | None) -> Moment:
    from actors.cli.preflight import check_markets
    from actors.config_files import load_match
    from actors.moment import Moment
    from exchange_sim.markets.duration import parse_duration_ns

    if file.suffix == ".moment":
        if at is not None or seed is not None:
            raise CommandError("--at, --seed: expected none with a saved moment")
        if not file.is_file():
            raise CommandError(f"FILE: expected a file that exists, was {str(file)!r}")
        return Moment.load(file.read_bytes(), name=file.name)
    if at is None:
        raise CommandError("--at: expected a time after the bots' start like 10m, was missing")
    try:
        after_ns = parse_duration_ns(at)
    except ValueError as error:
        raise CommandError(f"--at: {error}") from None
    spec = load_match(file, seed=seed)
    check_markets([spec], data)
    return Moment.reach(spec, after_ns, data_folder=data)


def _folder(root: Path, played: Fork) -> Path:
    from actors.config import digest_of

    name = played.spec.match_id.replace(" ", "_")
    moment = played.at_ns - played.base.start_ns
    return root / f"fork-{name}-{digest_of(played.spec)}-{moment // 1_000_000}ms"


def fork_document(played: Fork) -> dict[str, Any]:
    """Return what `arena fork --json` prints, its files apart."""
    paths = []
    for index, name in enumerate(played.base.instruments):
        base, other = played.base.figures[index], played.other.figures[index]
        paths.append(
            {
                "instrument": name,
                "last": base.last,
                "last_changed": other.last,
                "volume": base.volume,
                "volume_changed": other.volume,
                "largest_gap": played.largest_gap(index),
            }
        )
    return {
        "name": played.spec.match_id,
        "change": str(played.change),
        "at_s": (played.at_ns - played.base.start_ns) / 1e9,
        "digest": played.base.digest,
        "digest_changed": played.other.digest,
        "currency": played.currency,
        "holders": [
            {
                "name": each.name,
                "at_fork": str(each.before),
                "unchanged": str(each.base),
                "changed": str(each.other),
                "difference": str(each.difference),
            }
            for each in played.holders
        ],
        "prices": paths,
    }


def _print(played: Fork) -> None:
    from rich import box
    from rich.table import Table

    from analytics.report.fork import NOTHING_MOVED
    from exchange_sim.markets.duration import format_duration

    console = out()
    at = format_duration(played.at_ns - played.base.start_ns)
    console.print(f"\n{played.spec.match_id}, from {at} on: {played.change}", markup=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Account", no_wrap=True, max_width=24)
    for heading in ("At the fork", "Unchanged", "Changed", "Difference"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in played.holders:
        earned = [number(float(money - each.before)) for money in (each.base, each.other)]
        table.add_row(each.name, number(float(each.before)), *earned, _signed(float(each.difference)))
    table.caption = f"Profit since the fork in {played.currency}; the differences add up to 0"
    table.caption_justify = "left"
    console.print(table)
    prices = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    prices.add_column("Market", no_wrap=True)
    for heading in ("Last", "Changed", "Change", "Largest gap"):
        prices.add_column(heading, justify="right", no_wrap=True)
    for index, name in enumerate(played.base.instruments):
        base, other = played.base.figures[index].last, played.other.figures[index].last
        gap = played.largest_gap(index)
        prices.add_row(name, f"{base:,.6g}", f"{other:,.6g}", percent(other / base - 1.0), f"{gap:,.6g}")
    console.print(prices)
    if played.is_same:
        console.print(NOTHING_MOVED, markup=False)


def _signed(value: float) -> str:
    return f"+{number(value)}" if value > 0 else number(value)
