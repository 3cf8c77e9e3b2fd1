"""A search finds the same on any number of workers, goes on after a stop, and leaves a file to play."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import pytest

from actors.cluster import Cluster
from actors.config import SearchSpec
from actors.config_errors import ConfigError
from actors.config_files import load_match, load_tournament
from actors.contest import RunInterruptedError
from actors.run_options import OpenMode
from actors.search import read_search, run_search
from actors.search_config import Dimension
from tests.contests.comparison import kept
from tests.contests.conftest import OptionsMaker
from tests.contests.fake_match import calls, make_panel

METHODS = ["grid", "random", "optuna"]


def changed(spec: SearchSpec, **fields: object) -> SearchSpec:
    return msgspec.structs.replace(spec, search=msgspec.structs.replace(spec.search, **fields))


def by_method(spec: SearchSpec, method: str) -> SearchSpec:
    if method != "grid":
        return changed(spec, method=method)
    space = {"stop_loss": Dimension(low=0.1, high=0.3, step=0.1), "fast": Dimension(choices=(3, 5))}
    return changed(spec, method=method, space=space, trials=None)


@pytest.mark.parametrize("method", METHODS)
def test_the_best_stop_loss_is_found(search: SearchSpec, options: OptionsMaker, method: str) -> None:
    """In the stand-in for a match a higher stop loss earns more."""
    result = run_search(by_method(search, method), options(0))
    assert [trial.number for trial in result.trials] == list(range(6))
    assert result.best is not None
    assert result.best.params["stop_loss"] == max(trial.params["stop_loss"] for trial in result.trials)
    assert result.matches_done == 12
    assert result.verdict is not None
    assert result.verdict.best == result.best.number


def test_the_number_of_workers_does_not_matter(
    ray_cluster: Cluster, search: SearchSpec, options: OptionsMaker
) -> None:
    spec = changed(search, method="optuna", trials=12, batch=4, seeds=1)
    here = run_search(spec, options(0, root="here"))
    there = run_search(spec, options(2))
    assert kept(there.folder) == kept(here.folder)
    assert there.digest == here.digest


@pytest.mark.parametrize("method", METHODS)
def test_an_interrupted_search_goes_on_with_the_same_questions(
    search: SearchSpec, options: OptionsMaker, tmp_path: Path, method: str
) -> None:
    spec = by_method(search, method)
    whole = run_search(spec, options(0, root="whole"))
    panel = make_panel(tmp_path / "panel", interrupts=["t00004-s0000"])
    with pytest.raises(RunInterruptedError) as caught:
        run_search(spec, options(0, panel=panel))
    assert read_search(caught.value.folder).matches_done == 8
    make_panel(panel)
    resumed = run_search(spec, options(0, panel=panel, mode=OpenMode.RESUME))
    assert kept(resumed.folder) == kept(whole.folder)
    assert [match_id for match_id, count in calls(panel).items() if count > 1] == ["t00004-s0000"]


def test_the_best_configuration_is_a_file_to_play(search: SearchSpec, options: OptionsMaker) -> None:
    result = run_search(search, options(0))
    assert result.best is not None
    assert result.best_file is not None
    match, tournament = load_match(result.best_file), load_tournament(result.best_file)
    assert match.bots[0].config == {"slow": 15, **result.best.params}
    assert match.bots[1:] == search.company
    assert (match.market, match.settings) == (search.markets[0], search.settings)
    assert tournament.seed != search.seed


def test_combinations_that_exclude_each_other_are_not_played(
    search: SearchSpec, options: OptionsMaker, tmp_path: Path
) -> None:
    panel = make_panel(tmp_path / "panel")
    space = {"fast": Dimension(choices=(5, 15, 25))}
    result = run_search(changed(search, method="grid", space=space, trials=None), options(0, panel=panel))
    assert [math.isnan(trial.value) for trial in result.trials] == [False, True, True]
    assert result.trials[1].error.startswith("fast: expected less than slow")
    assert set(calls(panel)) == {"t00000-s0000", "t00000-s0001"}


def test_a_configuration_is_played_once(search: SearchSpec, options: OptionsMaker, tmp_path: Path) -> None:
    panel = make_panel(tmp_path / "panel")
    space = {"stop_loss": Dimension(choices=(0.1, 0.2))}
    result = run_search(changed(search, space=space, trials=8, seeds=1), options(0, panel=panel))
    assert len(calls(panel)) == 2
    assert len({trial.value for trial in result.trials}) == 2
    assert len(result.trials) == 8


def test_a_trial_with_a_failed_match_has_no_value(
    search: SearchSpec, options: OptionsMaker, tmp_path: Path
) -> None:
    panel = make_panel(tmp_path / "panel", fails=["t00002-s0001"])
    result = run_search(search, options(0, panel=panel))
    assert [math.isnan(trial.value) for trial in result.trials] == [number == 2 for number in range(6)]
    assert "planned failure" in result.trials[2].error


def test_a_space_of_which_nothing_fits_is_refused(search: SearchSpec, options: OptionsMaker) -> None:
    space = {"fast": Dimension(low=2.5, high=7.5, step=1.0)}
    with pytest.raises(ConfigError, match=r"every configuration is refused: fast: expected int.*, was 2\.5"):
        run_search(changed(search, method="grid", space=space), options(0))


@pytest.mark.parametrize(
    ("space", "path", "problem"),
    [
        (
            {"fsat": Dimension(low=2, high=5)},
            "search.space.fsat",
            "expected a field of Alpha's configuration",
        ),
        (
            {"stop_loss": Dimension(low=0.1, high=0.5)},
            "search.space.stop_loss.step",
            "expected a step in a grid",
        ),
    ],
)
def test_a_space_that_cannot_be_searched_is_refused(
    search: SearchSpec, options: OptionsMaker, space: dict[str, Dimension], path: str, problem: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        run_search(changed(search, method="grid", space=space), options(0))
    assert (caught.value.path, problem in caught.value.problem) == (path, True)
