"""The report of a search from its folder."""

from __future__ import annotations

from pathlib import Path

import msgspec

from actors.config import SearchSpec
from actors.reports.provenance import provenance
from actors.run_folder import open_catalogue
from actors.search import BEST, read_search
from actors.search_config import ObjectiveSpec
from actors.storage import storage_errors
from actors.toml_text import toml_text
from analytics.report import SearchReport, Trial, write_search

REPORT = "report.html"


def write_search_report(folder: Path) -> Path:
    """Write the report of the search in `folder`, finished or not, and return its path.

    Raises
    ------
    StorageError
        There is no run in `folder`, or the disk is full.
    ValueError
        The run is no search, or has no trials.
    """
    result = read_search(folder)
    with open_catalogue(folder) as catalogue:
        info = catalogue.info
    if info is None or not result.trials:
        raise ValueError(f"{folder}: expected finished trials, was none")
    spec = msgspec.json.decode(info.spec, type=SearchSpec)
    facts = {
        "Search": spec.name,
        "Seed": str(spec.seed),
        "Method": spec.search.method,
        "Matches": f"{result.matches_done} played, {result.matches_failed} failed",
        "Digest of all trials": result.digest,
    }
    document = {
        "name": spec.name,
        "seed": spec.seed,
        "market": spec.markets[0] if len(spec.markets) == 1 else spec.markets,
        "match": spec.settings,
        "search": spec.search,
        "bots": (spec.bot, *spec.company),
    }
    best = folder / BEST
    report = SearchReport(
        title=spec.name,
        provenance=provenance(info, spec.markets, facts, toml_text(document)),
        bot=spec.bot.name,
        metric=objective_text(spec.search.objective),
        trials=[
            Trial(
                number=trial.number,
                parameters=trial.params,
                scores=trial.values,
                objective=trial.value,
                failure=trial.error,
            )
            for trial in result.trials
        ],
        verdict=result.verdict,
        percent=spec.search.objective.metric == "return",
        best_configuration=best.read_text() if result.best is not None and best.is_file() else "",
    )
    with storage_errors(folder / REPORT):
        return write_search(report, folder / REPORT)


def objective_text(objective: ObjectiveSpec) -> str:
    """Return in words what a search maximises."""
    text = f"{objective.aggregate} {objective.metric} over the seeds"
    if objective.drawdown_penalty:
        text += f", less {objective.drawdown_penalty:g} x the mean maximum drawdown"
    if objective.spread_penalty:
        text += f", less {objective.spread_penalty:g} x the deviation between seeds"
    return text
