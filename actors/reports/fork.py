"""The report of two futures of one moment."""

from __future__ import annotations

from pathlib import Path

from actors.fork import Fork
from actors.reports.provenance import provenance
from actors.single import match_info
from actors.toml_text import toml_text
from analytics.report import ForkReport, FutureHolder, FuturePrices, write_fork


def write_fork_report(played: Fork, path: Path) -> Path:
    """Write the report of a fork and return its path.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    spec = played.spec
    facts = {
        "Seed": str(spec.seed),
        "Change": str(played.change),
        "Digest unchanged": played.base.digest,
        "Digest changed": played.other.digest,
    }
    document = {"market": spec.market, "match": spec.settings, "bots": spec.bots}
    origin = provenance(match_info(spec), (spec.market,), facts, toml_text(document))
    names = [bot.name for bot in played.base.bots]
    report = ForkReport(
        title=spec.match_id,
        change=str(played.change),
        is_same=played.is_same,
        at_ns=played.at_ns,
        holders=[
            FutureHolder(each.name, float(each.before), float(each.base), float(each.other))
            for each in played.holders
        ],
        prices=[
            FuturePrices(name, *played.path(number)) for number, name in enumerate(played.base.instruments)
        ],
        bots=names,
        times_ns=(played.base.times_ns, played.other.times_ns),
        equity=(played.base.equity, played.other.equity),
        currency=played.currency,
        provenance=origin,
    )
    return write_fork(report, path)
