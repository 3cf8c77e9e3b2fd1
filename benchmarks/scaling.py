"""What a tournament gains from more cores: a cost model, and a simulation of the scheduler that checks it.

    python benchmarks/scaling.py

The simulation plays workers, driver and batches (the real ones, `actors.batching`) event by event in
simulated time; the model is four lines of arithmetic. Prints both in Markdown.
"""
# ruff: noqa: INP001 - a script, no part of a package

from __future__ import annotations

import heapq
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from actors.batching import CALL_S, CALLS_PER_S, Pace


@dataclass(frozen=True)
class Costs:
    """Measured on two cores, see docs/scaling.md. Seconds, except for bytes."""

    call_s: float = 1.0e-3  # driver: handing out a call and taking it back
    match_s: float = 0.22e-3  # driver: making a job, decoding and storing its outcome
    keeping_s: float = 3.0e-3  # worker: Parquet, round trips, rows of the catalogue
    travel_s: float = 1.0e-3  # from driver to worker and back
    answer_bytes: float = 10_000  # of a match
    network_bytes_per_s: float = 1.25e9  # into the driver's node: 10 Gbit/s


@dataclass(frozen=True)
class Outlook:
    """What so many cores give: matches per second, useful share of the cores' time, use of the parts."""

    matches_per_s: float
    efficiency: float
    driver: float
    network: float

    @property
    def limit(self) -> str:
        """The part that is used up, if one is."""
        if self.driver > 0.95:
            return "driver"
        return "network" if self.network > 0.95 else "cores"


def batch_of(cores: int, match_s: float, costs: Costs) -> float:
    """Return how many matches of `match_s` go into a call."""
    return max(1.0, max(CALL_S, cores / CALLS_PER_S) / (match_s + costs.keeping_s))


def model(cores: int, match_s: float, costs: Costs | None = None) -> Outlook:
    """Return what `cores` give for matches of `match_s`: as much as the scarcest part lets through."""
    costs = costs or Costs()
    own_s = match_s + costs.keeping_s
    batch = batch_of(cores, match_s, costs)
    driver_s = costs.match_s + costs.call_s / batch
    rate = min(cores / own_s, 1.0 / driver_s, costs.network_bytes_per_s / costs.answer_bytes)
    return Outlook(
        matches_per_s=rate,
        efficiency=rate * match_s / cores,
        driver=rate * driver_s,
        network=rate * costs.answer_bytes / costs.network_bytes_per_s,
    )


@dataclass
class _Worker:
    calls: deque[int] = field(default_factory=deque)  # matches of each call at the worker or on its way
    free_s: float = 0.0  # when all of them are played


def simulate(
    cores: int, match_s: float, costs: Costs | None = None, *, spread: float = 0.2, rounds: int = 8
) -> Outlook:
    """Return what a simulated run gives once all workers are busy.

    Matches take `match_s` with a lognormal `spread` (standard deviation of the logarithm); the run lasts at
    least `rounds` calls of every worker, or a minute where the driver cannot keep up. The first third does
    not count.
    """
    costs = costs or Costs()
    draws = np.random.Generator(np.random.PCG64(cores))
    pace = Pace(cores)
    workers = [_Worker() for _ in range(cores)]
    ended: list[tuple[float, int, float]] = []  # when a call ends, of which worker, how long it took
    now_s = busy_s = 0.0  # the driver's clock and what it has worked
    done: list[tuple[float, int, float]] = []  # when stored, matches, their playing time
    last_s = max(60.0, rounds * max(CALL_S, cores / CALLS_PER_S, match_s))

    def hand_out(number: int) -> None:
        nonlocal now_s
        worker = workers[number]
        while pace.wants(len(worker.calls), sum(worker.calls)):
            matches = pace.batch(10**12)
            lengths = match_s * np.exp(draws.normal(-spread * spread / 2, spread, matches)) + costs.keeping_s
            worker.calls.append(matches)
            begin = max(worker.free_s, now_s + costs.travel_s / 2)
            took_s = float(lengths.sum())
            worker.free_s = begin + took_s
            heapq.heappush(ended, (worker.free_s + costs.travel_s / 2, number, took_s))

    for number in range(cores):
        hand_out(number)
    while ended and now_s < last_s:
        ready_s, number, took_s = heapq.heappop(ended)
        now_s = max(now_s, ready_s)
        worker = workers[number]
        matches = worker.calls.popleft()
        pace.note(took_s, int(matches * costs.answer_bytes), matches)
        spent_s = costs.call_s + matches * costs.match_s
        now_s += spent_s
        busy_s += spent_s
        done.append((now_s, matches, took_s - matches * costs.keeping_s))
        hand_out(number)
    begin_s = now_s / 3
    counted = [entry for entry in done if entry[0] > begin_s]
    span_s = now_s - begin_s
    matches = sum(entry[1] for entry in counted)
    driver_s = sum(costs.call_s + entry[1] * costs.match_s for entry in counted)
    return Outlook(
        matches_per_s=matches / span_s,
        efficiency=sum(entry[2] for entry in counted) / (cores * span_s),
        driver=driver_s / span_s,
        network=matches * costs.answer_bytes / costs.network_bytes_per_s / span_s,
    )


def table(cores: Sequence[int] = (100, 1_000, 10_000), *, simulated: bool = True) -> str:
    """Return the model's figures in Markdown, with those of the simulation if wanted."""
    headings = ["cores", "match", "matches/s", "efficiency", "driver", "network", "used up first"]
    headings += ["simulated matches/s", "simulated efficiency"] if simulated else []
    rows = [headings, ["---"] * len(headings)]
    for count in cores:
        for match_s in (0.1, 1.0, 60.0):
            said = model(count, match_s)
            row = [f"{count:,}", f"{match_s:g} s", f"{said.matches_per_s:,.4g}", f"{said.efficiency:.2f}"]
            row += [f"{said.driver:.1%}", f"{said.network:.1%}", said.limit]
            if simulated:
                played = simulate(count, match_s)
                row += [f"{played.matches_per_s:,.4g}", f"{played.efficiency:.2f}"]
            rows.append(row)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    sys.stdout.write(f"{table()}\n")
