"""A match as a trainable of Ray Tune."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import msgspec
import pytest

# isort: off
from actors.cluster import Cluster  # before Ray: see actors.ray_environment

from ray import cloudpickle
# isort: on

from actors.config_files import load_search
from actors.match import run_match
from actors.objective import objective_value
from actors.record import record_of
from actors.search import trial_jobs, with_params

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_a_trial_of_tune_has_the_objective_of_a_search(
    ray_cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(
        "ray.tune", reason="needs the extra tune: pip install 'bot-arena[tune]'", exc_type=ImportError
    )
    monkeypatch.setenv("RAY_TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
    source = importlib.util.spec_from_file_location("ray_tune_example", EXAMPLES / "ray_tune.py")
    assert source is not None
    assert source.loader is not None
    example = importlib.util.module_from_spec(source)
    monkeypatch.setitem(sys.modules, "ray_tune_example", example)
    source.loader.exec_module(example)
    cloudpickle.register_pickle_by_value(example)  # no worker finds the file by its name
    spec = load_search(EXAMPLES / "search.toml")
    short = msgspec.structs.replace(
        spec,
        settings=msgspec.structs.replace(spec.settings, duration="1m"),
        search=msgspec.structs.replace(spec.search, seeds=1),
    )
    result = example.search(short, 1, tmp_path)[0]
    assert result.error is None
    assert result.config.keys() == example.SPACE.keys()
    (job,) = trial_jobs(short, 0, with_params(short.bot, result.config))
    rows = [row for row in record_of(job, run_match(job.match)).rows if row.bot == short.bot.name]
    assert result.metrics["objective"] == objective_value(short.search.objective, rows)
