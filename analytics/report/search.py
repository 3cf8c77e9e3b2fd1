"""The report of a parameter search."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analytics.report import numbers
from analytics.report.charts import axis, escaped
from analytics.report.content import SearchReport, Trial
from analytics.report.numbers import plain
from analytics.report.page import (
    Block,
    Cell,
    Column,
    Figure,
    Gallery,
    Listing,
    Page,
    Section,
    Table,
    Text,
    Tile,
    write,
)
from analytics.report.series import rounded
from analytics.search import SearchVerdict

TRIALS_MAX = 500
"""Trials listed, the best by objective."""

_LOG_SPAN = 50.0  # a parameter that spans more than this factor is drawn on a logarithmic axis


def search_page(report: SearchReport) -> Page:
    """Return the page of a search.

    Raises
    ------
    ValueError
        There are no trials, or the verdict's best is none of them.
    """
    if not report.trials:
        raise ValueError("trials: expected at least one, was none")
    numbered = {trial.number for trial in report.trials}
    if report.verdict is not None and report.verdict.best not in numbered:
        raise ValueError(f"verdict.best: expected the number of a trial, was {report.verdict.best}")
    names = list(dict.fromkeys(name for trial in report.trials for name in trial.parameters))
    sections = []
    if report.verdict is not None:
        sections.append(Section("Is the best trial luck?", [Text(_in_words(report, report.verdict))]))
    sections.append(
        Section(
            "Progress",
            [_progress_figure(report)],
            f"Objective of every trial in the order in which they were asked for: {report.metric}."
            " The line is the best so far.",
        )
    )
    sections.append(
        Section(
            "Objective by parameter",
            [Gallery([(name, _parameter_figure(name, report)) for name in names])],
            "One point per trial; the large one is the best. Each plot sees one parameter only.",
        )
    )
    if report.best_configuration:
        blocks: list[Block] = [Listing(report.best_configuration)]
        sections.append(Section("Best configuration", blocks, "Ready for a match or a tournament."))
    sections.append(_trials_section(report, names))
    failed = sum(bool(trial.failure) for trial in report.trials)
    remark = f"{failed:,} of {len(report.trials):,} trials failed; they cannot be the best."
    seeds = max(len(trial.scores) for trial in report.trials)
    return Page(
        kind="Search",
        title=report.title,
        subtitle=f"{report.bot}: {len(report.trials):,} trials on {seeds:,} markets each",
        tiles=_tiles(report),
        sections=sections,
        provenance=report.provenance,
        remarks=[remark] if failed else [],
    )


def write_search(report: SearchReport, path: Path) -> Path:
    """Write the report of a search as one HTML file and return its path."""
    return write(search_page(report), path)


def _score(report: SearchReport, value: float) -> str:
    return numbers.percent(value, 3, signed=True) if report.percent else numbers.significant(value)


def _tiles(report: SearchReport) -> list[Tile]:
    verdict = report.verdict
    if verdict is None:
        return [Tile("Best trial", numbers.MISSING, "no trial was complete")]
    interval = f"{_score(report, verdict.score.low)} to {_score(report, verdict.score.high)}"
    honest = _score(report, verdict.honest_score)
    luck = numbers.percent(verdict.p_luck, 1)
    return [
        Tile("Best trial", f"no. {verdict.best}", f"of {verdict.trials:,}"),
        Tile("Its mean score", _score(report, verdict.score.mean), interval),
        Tile("To expect on fresh markets", honest, "cross-validated over the markets"),
        Tile("Luck looks as good with", luck, "probability, all trials counted"),
    ]


def _in_words(report: SearchReport, verdict: SearchVerdict) -> list[str]:
    paragraphs = [
        (
            f"The best of {verdict.trials:,} trials was chosen by its score, so that score flatters it."
            " If all trials were worthless, the best would look at least as good with probability"
            f" {numbers.percent(verdict.p_luck, 1)}."
        )
    ]
    if 2.0**-verdict.seeds > 0.05:
        paragraphs.append(
            f"With {verdict.seeds} markets that probability cannot fall below"
            f" {numbers.percent(2.0**-verdict.seeds, 1)}: more seeds are needed to show anything."
        )
    if not math.isnan(verdict.honest_score):
        paragraphs.append(
            f"Chosen by one half of the markets and judged by the other, the winner scored"
            f" {_score(report, verdict.honest_score)} on average; expect that rather than"
            f" {_score(report, verdict.score.mean)}."
        )
    if not math.isnan(verdict.overfitting):
        paragraphs.append(
            f"In {numbers.percent(verdict.overfitting, 0)} of such splits the winner fell into the lower half"
            " of the trials (probability of overfitting)."
        )
    if not math.isnan(verdict.deflated_sharpe):
        paragraphs.append(
            "Probability that its true Sharpe ratio is above the best expected of as many worthless trials"
            f" (deflated Sharpe ratio): {numbers.percent(verdict.deflated_sharpe, 1)}."
        )
    return paragraphs


def _progress_figure(report: SearchReport) -> Figure:
    factor = 100.0 if report.percent else 1.0
    values = np.array([factor * trial.objective for trial in report.trials])
    number = [trial.number for trial in report.trials]
    best = np.fmax.accumulate(values)
    data: list[Mapping[str, Any]] = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "trial",
            "x": number,
            "y": rounded(values, 5),
            "marker": {"color": "@c0/0.55", "size": 7},
            "hovertemplate": "%{y}<extra>trial %{x}</extra>",
        },
        {
            "type": "scatter",
            "mode": "lines",
            "name": "best so far",
            "x": number,
            "y": rounded(best, 5),
            "line": {"color": "@c1", "width": 2, "shape": "hv"},
            "hovertemplate": "%{y}<extra>best so far</extra>",
        },
    ]
    layout = {"xaxis": axis("trial"), "yaxis": axis(_unit(report)), "hovermode": "closest"}
    return Figure("Objective of the trials in order", data, layout, 340)


def _parameter_figure(name: str, report: SearchReport) -> Figure:
    factor = 100.0 if report.percent else 1.0
    trials = [trial for trial in report.trials if name in trial.parameters]
    values = _values(name, report)
    objective = rounded([factor * trial.objective for trial in trials], 5)
    best = -1 if report.verdict is None else report.verdict.best
    chosen = [trial.number == best for trial in trials]
    data = [
        {
            "type": "scatter",
            "mode": "markers",
            "x": _coordinates(values),
            "y": objective,
            "customdata": [trial.number for trial in trials],
            "marker": {
                "line": {"width": 0},
                "color": ["@c1" if is_best else "@c0/0.45" for is_best in chosen],
                "size": [11 if is_best else 7 for is_best in chosen],
            },
            "hovertemplate": "%{x}: %{y}<extra>trial %{customdata}</extra>",
        }
    ]
    layout = {
        "xaxis": _parameter_axis(values),
        "yaxis": axis(_unit(report)),
        "showlegend": False,
        "hovermode": "closest",
    }
    return Figure(f"Objective against {name}", data, layout, 240)


def _values(name: str, report: SearchReport) -> list[object]:
    return [trial.parameters[name] for trial in report.trials if name in trial.parameters]


def _numeric(values: Sequence[object]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _coordinates(values: Sequence[object]) -> list[Any]:
    return list(values) if _numeric(values) else [escaped(str(value)) for value in values]


def _parameter_axis(values: Sequence[object]) -> dict[str, Any]:
    if not _numeric(values):
        return axis("", type="category")
    known = [float(str(value)) for value in values]
    spread = min(known, default=0.0) > 0 and max(known) / min(known) > _LOG_SPAN
    return axis("", type="log" if spread else "linear")


def _unit(report: SearchReport) -> str:
    return "objective, %" if report.percent else "objective"


def _trials_section(report: SearchReport, names: Sequence[str]) -> Section:
    ranked = sorted(report.trials, key=lambda trial: (-_known(trial.objective), trial.number))
    columns = [
        Column("Trial"),
        Column("Objective", report.metric),
        Column("Mean score", "mean over the markets"),
        Column("Worst", "lowest score of any market"),
        Column("Best", "highest score of any market"),
        *(Column(name, number=_numeric(_values(name, report))) for name in names),
    ]
    failures = any(trial.failure for trial in report.trials)
    if failures:
        columns.append(Column("Failure", number=False))
    rows = []
    for trial in ranked[:TRIALS_MAX]:
        row = [plain(f"no. {trial.number}", trial.number), *_score_cells(report, trial)]
        row += [_parameter_cell(trial.parameters.get(name, "")) for name in names]
        if failures:
            row.append(Cell(trial.failure, tone="bad"))
        rows.append(row)
    shown = f"The {len(rows)} best of {len(ranked):,}." if len(rows) < len(ranked) else ""
    return Section("Trials", [Table(columns, rows)], f"Best first. {shown}".rstrip())


def _score_cells(report: SearchReport, trial: Trial) -> list[Cell]:
    scores = np.array([score for score in trial.scores if not math.isnan(score)])
    mean, worst, best = (
        (float(scores.mean()), float(scores.min()), float(scores.max())) if len(scores) else (math.nan,) * 3
    )
    return [plain(_score(report, value), value) for value in (trial.objective, mean, worst, best)]


def _parameter_cell(value: object) -> Cell:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return plain(f"{value:.6g}", float(value))
    return Cell(str(value))


def _known(value: float) -> float:
    return -math.inf if math.isnan(value) else value
