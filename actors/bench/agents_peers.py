"""Other agent-based market simulators, measured beside ours: requests per CPU second.

Each runs 1,000 agents of its own kind, because none can run another's: `bourse` (matching in Rust, agents
in Python) its random agents, `pams` (Python) fundamentalist-chartist-noise agents. None of them has
accounts with margin, fees or latency.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import random  # noqa: TID251 - a peer's interface demands it
import warnings
from collections.abc import Callable
from typing import Any

from actors.bench.machine import cpu_s

_AGENTS = 1_000
NOT_INSTALLED = "not installed"


def _bourse(steps: int) -> float:
    core = importlib.import_module("bourse.core")
    simulation = importlib.import_module("bourse.step_sim")
    agents_module = importlib.import_module("bourse.step_sim.agents")
    activity = 0.5
    agents = [agents_module.RandomAgent(each, activity, (400, 600), (10, 100), 1) for each in range(_AGENTS)]
    environment = core.StepEnv(1, 0, 1, 100_000)
    start = cpu_s()
    simulation.run(environment, agents, steps, 1, show_progress=False)
    # an active agent places or cancels exactly one order a step
    return activity * _AGENTS * steps / (cpu_s() - start)


def _pams_settings(steps: int) -> dict[str, Any]:
    session = {"withOrderPlacement": True, "withPrint": False, "maxNormalOrders": 10}
    return {
        "simulation": {
            "markets": ["Market"],
            "agents": ["Agents"],
            "sessions": [
                {"sessionName": 0, "iterationSteps": 100, "withOrderExecution": False, **session},
                {"sessionName": 1, "iterationSteps": steps, "withOrderExecution": True, **session},
            ],
        },
        "Market": {"class": "Market", "tickSize": 0.01, "marketPrice": 300.0, "outstandingShares": 25_000},
        "Agents": {
            "class": "FCNAgent",
            "numAgents": _AGENTS,
            "markets": ["Market"],
            "assetVolume": 50,
            "cashAmount": 10_000,
            "fundamentalWeight": {"expon": [1.0]},
            "chartWeight": {"expon": [0.0]},
            "noiseWeight": {"expon": [1.0]},
            "meanReversionTime": {"uniform": [50, 100]},
            "noiseScale": 0.001,
            "timeWindowSize": [100, 200],
            "orderMargin": [0.0, 0.1],
        },
    }


def _pams(steps: int) -> float:
    runners = importlib.import_module("pams.runners")
    logger_class = importlib.import_module("pams.logs").Logger

    class Counting(logger_class):  # type: ignore[misc, valid-type]  # the base exists only where pams does
        requests = 0

        def process_order_log(self, log: object) -> None:  # noqa: ARG002 - the interface's argument
            self.requests += 1

        def process_cancel_log(self, log: object) -> None:  # noqa: ARG002 - the interface's argument
            self.requests += 1

    logger = Counting()
    source = random.Random(1)  # noqa: S311 - the peer's interface demands this class
    runner = runners.SequentialRunner(settings=_pams_settings(steps), prng=source, logger=logger)
    start = cpu_s()
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # it warns of every price that it rounds to its own tick
        runner.main()
    return logger.requests / (cpu_s() - start)


_PEERS: dict[str, tuple[Callable[[int], float], int, int]] = {
    "bourse": (_bourse, 400, 20),
    "pams": (_pams, 500, 20),
}
"""Measurement, steps, steps when quick."""


def measure_peers(*, quick: bool) -> dict[str, float | str]:
    """Return requests per CPU second by the peer's name, or that it is not installed."""
    figures: dict[str, float | str] = {}
    for name, (measure, steps, quick_steps) in _PEERS.items():
        try:
            figures[name] = round(measure(quick_steps if quick else steps))
        except ModuleNotFoundError:
            figures[name] = NOT_INSTALLED
    return figures
