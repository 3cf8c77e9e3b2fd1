"""The cost model of docs/scaling.md against a simulation of the scheduler."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "scaling.py"


@pytest.fixture(scope="module")
def scaling() -> ModuleType:
    source = importlib.util.spec_from_file_location("scaling", SCRIPT)
    assert source is not None
    assert source.loader is not None
    module = importlib.util.module_from_spec(source)
    sys.modules["scaling"] = module  # dataclasses look for it
    source.loader.exec_module(module)
    return module


@pytest.mark.parametrize("match_s", [0.1, 1.0, 60.0])
@pytest.mark.parametrize("cores", [100, 1_000])
def test_model_and_simulation_agree(scaling: ModuleType, cores: int, match_s: float) -> None:
    said, played = scaling.model(cores, match_s), scaling.simulate(cores, match_s)
    assert played.matches_per_s == pytest.approx(said.matches_per_s, rel=0.05)
    assert played.efficiency == pytest.approx(said.efficiency, rel=0.05)
    assert played.driver == pytest.approx(said.driver, rel=0.1, abs=0.01)


def test_the_driver_is_used_up_first_and_the_document_says_so(scaling: ModuleType) -> None:
    assert scaling.model(1_000, 0.1).limit == "driver"
    assert scaling.model(1_000, 1.0).limit == "cores"
    assert scaling.model(10_000, 60.0).limit == "cores"
    document = (SCRIPT.parents[1] / "docs" / "scaling.md").read_text()
    for line in scaling.table(simulated=False).splitlines()[2:]:
        assert line.removesuffix(" |") in document


def test_calls_stay_below_the_drivers_limit_for_any_number_of_workers(scaling: ModuleType) -> None:
    for cores in (100, 1_000, 10_000):
        for match_s in (0.001, 0.1):
            batch = scaling.batch_of(cores, match_s, scaling.Costs())
            assert scaling.model(cores, match_s).matches_per_s / batch <= 1.1 * scaling.CALLS_PER_S
