"""The report of a tournament from its folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from actors.catalogue import Catalogue, MatchEntry
from actors.config import MatchFormat, TournamentSpec
from actors.frames import equity_frame
from actors.reports.match import recorded_match
from actors.reports.provenance import provenance, settlement_asset
from actors.run_folder import open_catalogue, read_series
from actors.series import EQUITY
from actors.storage import storage_errors
from actors.toml_text import toml_text
from actors.tournament import RemovalEffect, TournamentResult, read_tournament, stored_specification
from analytics.report import Curve, FormatOutcome, TournamentReport, write_tournament

REPORT = "report.html"

CURVES_MAX = 60
"""Matches of a format whose equity curves are drawn; of more, every n-th is taken."""


def write_tournament_report(folder: Path) -> Path:
    """Write the report of the tournament in `folder`, finished or not, and return its path.

    Raises
    ------
    StorageError
        There is no run in `folder`, or the disk is full.
    ValueError
        The run is no tournament, or no match has ended well.
    """
    result = read_tournament(folder)
    if not result.leaderboards:
        raise ValueError(f"{folder}: expected a finished match, was none")
    with open_catalogue(folder) as catalogue:
        spec = stored_specification(catalogue, folder)
        report = _report(folder, catalogue, spec, result)
    with storage_errors(folder / REPORT):
        return write_tournament(report, folder / REPORT)


def _report(
    folder: Path, catalogue: Catalogue, spec: TournamentSpec, result: TournamentResult
) -> TournamentReport:
    info = catalogue.info
    if info is None:
        raise ValueError(f"{folder}: expected a tournament, was an empty run")
    done = list(catalogue.matches(status="done"))
    facts = {
        "Tournament": spec.name,
        "Seed": str(spec.seed),
        "Matches": f"{result.matches_done} played, {result.matches_failed} failed",
        "Rounds": str(spec.tournament.rounds),
        "Digest of all matches": result.digest,
    }
    document = {
        "name": spec.name,
        "seed": spec.seed,
        "market": spec.markets[0] if len(spec.markets) == 1 else spec.markets,
        "match": spec.settings,
        "tournament": spec.tournament,
        "bots": spec.bots,
    }
    origin = provenance(info, spec.markets, facts, toml_text(document))
    currency = settlement_asset(spec.markets)
    return TournamentReport(
        title=spec.name,
        provenance=origin,
        formats=[
            FormatOutcome(
                name=name,
                leaderboard=board,
                rows=list(catalogue.rows((name,))),
                curves=_curves(folder, catalogue, [entry for entry in done if entry.format == name]),
            )
            for name, board in result.leaderboards.items()
        ],
        effects=_effects_frame(result.effects)
        if MatchFormat.LEAVE_ONE_OUT in spec.tournament.formats
        else None,
        example=recorded_match(folder, catalogue, _example(done), origin, currency),
        currency=currency,
    )


def _example(done: Sequence[MatchEntry]) -> MatchEntry:
    """Return the first match that all bots played, or the first at all."""
    return min(done, key=lambda entry: (entry.format != MatchFormat.MELEE, entry.position))


def _curves(folder: Path, catalogue: Catalogue, matches: Sequence[MatchEntry]) -> dict[str, list[Curve]]:
    """Return equity curves per bot, of evenly chosen matches."""
    curves: dict[str, list[Curve]] = defaultdict(list)
    step = -(-len(matches) // CURVES_MAX)
    for entry in matches[:: max(1, step)]:
        frame = equity_frame(read_series(folder, catalogue.series(entry.match_id)[EQUITY]))
        for bot in frame.columns:
            curves[bot].append(Curve(times_ns=frame.index.to_numpy(), equity=frame[bot].to_numpy()))
    return dict(curves)


def _effects_frame(effects: Sequence[RemovalEffect]) -> pd.DataFrame:
    names = RemovalEffect.__struct_fields__
    return pd.DataFrame(
        [[getattr(effect, name) for name in names] for effect in effects], columns=list(names)
    )
