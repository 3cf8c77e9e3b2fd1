"""How many requests a second the crowd makes: `arena bench agents`.

Every request is an order, cancellation or modification that travels with its agent's latency, reaches
the exchange in order of arrival, and is executed with accounts, margin, fees and events.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from actors.bench.agents_peers import measure_peers
from actors.bench.machine import cpu_s, describe_machine
from exchange_sim.kernel.draws import normal
from exchange_sim.kernel.kernel import Counters, Kernel
from exchange_sim.kernel.path import MarketPath
from exchange_sim.model.instrument import Instrument
from exchange_sim.population.presets import mixed, rmsc04
from exchange_sim.population.scale import with_rates
from exchange_sim.population.species import Population
from exchange_sim.rng import derive

REQUESTS = 5_000_000
QUICK_REQUESTS = 200_000
_SECOND_NS = 1_000_000_000
_HALF_HOUR_NS = 1_800 * _SECOND_NS
_START_NS = 1_612_517_400 * _SECOND_NS  # 2021-02-05 09:30, the day of the reference configuration
_REFERENCE_TICKS = 100_000.0
_REFERENCE_VOLATILITY = 1.58  # ticks per square root of a second: 5e-5 per square root of a ns
_RUNS = 3

WORKLOAD = (
    "half an hour of one instrument; ABIDES RMSC04 mix (1,000 noise, 102 value, 12 momentum, 2 adaptive "
    "market makers) and mixes of all seven species, rates raised until {requests:,} requests are made; "
    "the original rates for rmsc04_half_hour_cpu_s; CPU seconds after the start, least of {runs} runs"
)


def reference_instrument() -> Instrument:
    """Return a share with a tick of one cent, as the reference configuration trades it."""
    return Instrument.linear("ABM/USD:USD", tick_size="0.01", lot_size="1")


def reference_path(seed: int) -> MarketPath:
    """Return half an hour of a random walk from 1,000.00 with the reference configuration's volatility."""
    points = _HALF_HOUR_NS // _SECOND_NS + 1
    key = derive(seed, "reference path")
    steps = np.array([normal(key, each) for each in range(points - 1)])
    walk = _REFERENCE_TICKS + _REFERENCE_VOLATILITY * np.concatenate(([0.0], np.cumsum(steps)))
    return MarketPath(_START_NS, _SECOND_NS, walk[None, :], np.ones((1, points)))


def run_half_hour(population: Population, seed: int) -> tuple[Counters, float]:
    """Run half an hour; return what happened and the CPU seconds it took after the start."""
    path = reference_path(seed)
    kernel = Kernel([reference_instrument()], path, population, seed=seed)
    kernel.advance(path.start_ns, _SECOND_NS)  # compiled code is loaded before the measurement
    start = cpu_s()
    kernel.advance(path.end_ns, _SECOND_NS)
    return kernel.counters, cpu_s() - start


def _requests_per_cpu_s(population: Population, requests: int, runs: int) -> tuple[float, Counters]:
    """Return the best rate of several runs, and what happens at rates raised to at least `requests`."""
    busy = population
    made, _ = run_half_hour(busy, 0)
    while made.requests < requests:
        # Requests grow a little slower than the rates: aim above, and look again.
        busy = with_rates(busy, 1.05 * requests / made.requests)
        made, _ = run_half_hour(busy, 0)
    best = 0.0
    for seed in range(1, runs + 1):
        counters, seconds = run_half_hour(busy, seed)
        best = max(best, counters.requests / seconds)
    return best, made


def run(*, quick: bool = False, peers: bool = True) -> dict[str, Any]:
    """Return workload, machine, figures and peers of the agents benchmark.

    Parameters
    ----------
    quick
        A twenty-fifth of the requests and one run each: to see that it works, not to quote.
    peers
        Measure other simulators where they are installed.
    """
    requests, runs = (QUICK_REQUESTS, 1) if quick else (REQUESTS, _RUNS)
    populations = {"rmsc04": rmsc04(), "mixed_1000": mixed(1_000), "mixed_10000": mixed(10_000)}
    figures: dict[str, float] = {}
    for name, population in populations.items():
        rate, made = _requests_per_cpu_s(population, requests, runs)
        figures[f"{name}_requests_per_cpu_s"] = round(rate)
        figures[f"{name}_requests"] = made.requests
        figures[f"{name}_refused_share"] = round(made.refusals / made.requests, 4)
    original = [run_half_hour(rmsc04(), seed) for seed in range(1, runs + 1)]
    figures["rmsc04_half_hour_cpu_s"] = round(min(seconds for _, seconds in original), 6)
    figures["rmsc04_half_hour_requests"] = original[0][0].requests
    return {
        "workload": WORKLOAD.format(requests=requests, runs=runs),
        "machine": msgspec.to_builtins(describe_machine()),
        "figures": figures,
        "peers": measure_peers(quick=quick) if peers else {},
    }
