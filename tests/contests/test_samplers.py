"""What a search asks for, and what it makes of the answers."""

from __future__ import annotations

import itertools
import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.objective import objective_value, penalised_values
from actors.optuna_sampler import OptunaSampler
from actors.samplers import GridSampler, RandomSampler, draw, grid_values, make_sampler
from actors.search_config import Dimension, ObjectiveSpec, SearchSettings
from analytics.match_table import MatchRow
from analytics.returns import ReturnMoments, equity_metrics
from analytics.trades import TradeTotals

SPACE = {
    "whole": Dimension(low=2, high=9, step=3),
    "share": Dimension(low=0.1, high=0.5, step=0.1),
    "word": Dimension(choices=("a", ["b", "c"])),
    "logarithm": Dimension(low=1e-4, high=1.0, log=True),
}


def test_a_grid_is_every_combination_in_order() -> None:
    space = {name: SPACE[name] for name in ("whole", "share", "word")}
    sampler = GridSampler(space)
    points = sampler.ask(7) + sampler.ask(1000)
    expected = itertools.product([2, 5, 8], [0.1, 0.2, 0.3, 0.4, 0.5], ["a", ["b", "c"]])
    assert [tuple(point.values()) for point in points] == list(expected)
    assert sampler.trials == len(points) == 30
    assert len(GridSampler(space, trials=4).ask(100)) == 4


def test_steps_are_exact_in_decimal() -> None:
    assert grid_values("x", Dimension(low=0.1, high=0.7, step=0.1)) == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    assert grid_values("x", Dimension(low=0, high=1.0, step=0.4)) == [0.0, 0.4, 0.8]


@given(st.floats(0.0, 1.0, exclude_max=True), st.sampled_from(sorted(SPACE)))
def test_a_draw_is_a_value_of_the_dimension(uniform: float, name: str) -> None:
    dimension = SPACE[name]
    value: Any = draw(dimension, uniform)
    if dimension.choices:
        assert value in dimension.choices
        return
    low, high = dimension.bounds
    assert low <= value <= high
    if dimension.step is not None:
        assert value in grid_values(name, dimension)


@given(st.floats(0.0, 1.0, exclude_max=True), st.integers(1, 50), st.integers(1, 50))
def test_a_logarithmic_draw_of_whole_numbers_stays_inside(uniform: float, low: int, width: int) -> None:
    value = draw(Dimension(low=low, high=low + width, log=True), uniform)
    assert isinstance(value, int)
    assert low <= value <= low + width


def test_random_draws_do_not_depend_on_how_many_are_asked_at_once() -> None:
    one, other = RandomSampler(SPACE, 10, 3), RandomSampler(SPACE, 10, 3)
    singly = [point for _ in range(12) for point in one.ask(1)]
    assert other.ask(4) + other.ask(20) == singly
    assert len(singly) == 10
    assert RandomSampler(SPACE, 10, 4).ask(10) != singly


def test_the_same_answers_lead_to_the_same_questions() -> None:
    def play() -> list[dict[str, Any]]:
        sampler = OptunaSampler(SPACE, 20, 5)
        asked = []
        while batch := sampler.ask(6):
            asked += batch
            sampler.tell([math.nan if point["whole"] == 5 else -point["share"] for point in batch])
        return asked

    first = play()
    assert first == play()
    assert len(first) == 20
    assert all(point["whole"] in {2, 5, 8} and point["word"] in ("a", ["b", "c"]) for point in first)


def row(total_return: float, drawdown: float = 0.1) -> MatchRow:
    return MatchRow(
        match_id="m",
        contest="m",
        block="b",
        bot="ann",
        start_equity=100.0,
        total_return=total_return,
        max_drawdown=drawdown,
        moments=ReturnMoments(),
        trades=TradeTotals(),
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, 0.2),
        ({"aggregate": "median"}, 0.1),
        ({"aggregate": "min"}, 0.0),
        ({"drawdown_penalty": 2.0}, 0.2 - 2.0 * 0.2),
        ({"spread_penalty": 1.0}, 0.2 - math.sqrt((0.04 + 0.01 + 0.09) / 2)),
        ({"metric": "sharpe"}, 0.0),
    ],
)
def test_the_objective_joins_the_seeds(fields: dict[str, Any], expected: float) -> None:
    spec = msgspec.convert(fields, ObjectiveSpec)
    rows = [row(0.0, 0.1), row(0.1, 0.2), row(0.5, 0.3)]
    assert objective_value(spec, rows) == pytest.approx(expected)


@pytest.mark.parametrize("metric", ["sortino", "calmar"])
def test_a_flawless_match_scores_above_a_flawed_and_an_idle_one(metric: str) -> None:
    def played(*returns: float) -> MatchRow:
        times = np.arange(len(returns) + 1) * 60 * 10**9
        metrics = equity_metrics(times, 100.0 * np.cumprod([1.0, *(1.0 + change for change in returns)]))
        return msgspec.structs.replace(
            row(metrics.total_return, metrics.max_drawdown), moments=metrics.moments
        )

    spec = msgspec.convert({"metric": metric}, ObjectiveSpec)
    matches = (played(0.01, 0.01), played(0.011, -0.001, 0.01), played(0.0, 0.0), played(-0.01, 0.001))
    flawless, flawed, idle, losing = (objective_value(spec, [match]) for match in matches)
    assert math.isfinite(flawless)
    assert flawless > flawed > idle == 0.0 > losing


def test_penalised_values_average_to_the_objective() -> None:
    spec = ObjectiveSpec(drawdown_penalty=0.7, spread_penalty=0.3)
    rows = [row(0.0, 0.1), row(0.1, 0.2), row(0.5, 0.3)]
    values = penalised_values(spec, rows)
    assert sum(values) / 3 == pytest.approx(objective_value(spec, rows))


def test_no_return_is_no_value() -> None:
    assert math.isnan(objective_value(ObjectiveSpec(), [row(0.1), row(math.nan)]))
    assert math.isnan(objective_value(ObjectiveSpec(), []))


@pytest.mark.parametrize("method", ["grid", "random", "optuna"])
def test_the_order_of_fields_in_the_file_changes_no_proposal(method: str) -> None:
    space = {"slow": {"low": 10, "high": 13}, "fast": {"low": 2, "high": 5}}
    proposals = []
    for fields in (space, dict(reversed(space.items()))):
        settings = msgspec.convert({"method": method, "trials": 5, "space": fields}, SearchSettings)
        sampler = make_sampler(settings, 7)
        proposals.append(sampler.ask(5))
    assert proposals[0] == proposals[1]
