"""The report of one match of a run from the run's folder."""

from __future__ import annotations

from pathlib import Path

import msgspec

from actors.catalogue import Catalogue, MatchEntry
from actors.config import MatchSpec
from actors.frames import equity_frame, fills_frame, market_frame
from actors.reports.provenance import provenance, settlement_asset
from actors.run_folder import open_catalogue, read_series
from actors.series import EQUITY, FILLS, MARKET, SERIES
from actors.storage import storage_errors
from actors.toml_text import toml_text
from analytics.report import BotOutcome, MarketSeries, MatchReport, Provenance, write_match

REPORT = "report.html"
_BOT_FIELDS = (
    *("name", "strategy", "orders", "denied", "rejected", "canceled"),
    *("liquidations", "insurance", "deleveraged", "funding", "disqualified"),
)


def write_match_report(folder: Path, spec: MatchSpec, target: Path | None = None) -> Path:
    """Write the report of the match `spec` of the run in `folder` and return its path.

    `target` is `report.html` in the folder where it is left out.

    Raises
    ------
    StorageError
        There is no run in `folder`, or the disk is full.
    ValueError
        The match is not finished.
    """
    with open_catalogue(folder) as catalogue:
        report = _report(folder, catalogue, spec)
    path = target or folder / REPORT
    with storage_errors(path):
        return write_match(report, path)


def _report(folder: Path, catalogue: Catalogue, spec: MatchSpec) -> MatchReport:
    info = catalogue.info
    entry = next(
        (entry for entry in catalogue.matches(status="done") if entry.match_id == spec.match_id), None
    )
    if info is None or entry is None:
        raise ValueError(f"{folder}: expected a finished match {spec.match_id}, was none")
    facts = {
        "Match": spec.match_id,
        "Market seed": str(spec.seed),
        "Bots' seed": str(spec.bot_seed),
        "Requests to the exchange": f"{entry.requests:,}",
        "Digest of the journal": entry.digest,
        "Digest of the market": entry.market_digest,
    }
    document = {"market": spec.market, "match": spec.settings, "bots": spec.bots}
    origin = provenance(info, (spec.market,), facts, toml_text(document))
    return recorded_match(folder, catalogue, entry, origin, settlement_asset((spec.market,)))


def recorded_match(
    folder: Path, catalogue: Catalogue, entry: MatchEntry, origin: Provenance, currency: str
) -> MatchReport:
    """Return a finished match with its series, as the run in `folder` keeps them; bots in order of name."""
    kept = catalogue.series(entry.match_id)
    files = {kind: read_series(folder, kept[kind]) for kind in SERIES}
    equity = equity_frame(files[EQUITY])
    market = market_frame(files[MARKET])
    fills = fills_frame(files[FILLS])
    outcomes = {bot.name: bot for bot in catalogue.bot_results(entry.match_id)}
    names = sorted(outcomes)
    number_of = {name: index for index, name in enumerate(names)}
    fills["bot"] = [number_of[name] for name in fills["bot_name"]]
    return MatchReport(
        title=entry.match_id,
        provenance=origin,
        bots=[
            BotOutcome(**{field: getattr(outcomes[name], field) for field in _BOT_FIELDS}) for name in names
        ],
        times_ns=equity.index.to_numpy(),
        equity=equity[names].to_numpy(),
        fills=fills,
        markets=[
            MarketSeries(instrument=name, samples=market[market["instrument_id"] == name])
            for name in entry.instruments
        ],
        currency=currency,
    )


def stored_match(folder: Path) -> MatchSpec:
    """Return the specification of the run of one match in `folder`.

    Raises
    ------
    StorageError
        There is no run in `folder`.
    ValueError
        The run is not one match.
    """
    with open_catalogue(folder) as catalogue:
        info = catalogue.info
        if info is None or info.kind != "match":
            raise ValueError(f"{folder}: expected a match, was {info.kind if info else 'an empty run'}")
        return msgspec.json.decode(info.spec, type=MatchSpec)
