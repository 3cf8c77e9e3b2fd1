"""When the crowd acts: superposed Poisson and Hawkes clocks on the market's activity.

A group of N agents has one clock of N times an agent's rate, and each tick draws who acts: exact for
Poisson agents, and the same cost for ten agents or ten thousand.

References
----------
Ogata 1981, "On Lewis' simulation method for point processes": thinning, here restarted at each change of
the activity, which is constant between grid points of the path.
"""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled
from exchange_sim.kernel.draws import exponential, uniform
from exchange_sim.kernel.maths import exp
from exchange_sim.kernel.tables import NEVER_NS, float_at

_NS = 1e9


@compiled
def fundamental_ticks(k: Any, instrument: int, ts_ns: int) -> float:
    """Return an instrument's fundamental value at a time of the market, in ticks."""
    since = ts_ns - k.path_start_ns
    step = k.path_step_ns
    point = since // step
    if point >= k.path_points - 1:
        return float_at(k.fundamental, instrument * k.path_points + k.path_points - 1).value  # type: ignore[no-any-return]
    row = instrument * k.path_points + point
    here = float_at(k.fundamental, row).value
    there = float_at(k.fundamental, row + 1).value
    return here + (there - here) * (float(since - point * step) / float(step))  # type: ignore[no-any-return]


@compiled
def _next_poisson(k: Any, clock: Any, ts_ns: int) -> int:
    need = exponential(clock.stream, clock.draws) * _NS
    clock.draws += 1
    step, last = k.path_step_ns, k.path_points - 1
    point = (ts_ns - k.path_start_ns) // step
    boundary_ns = k.path_start_ns + (point + 1) * step
    row = clock.instrument * k.path_points
    while point < last:
        rate = clock.rate_hz * float_at(k.activity, row + point).value
        here = rate * float(boundary_ns - ts_ns)
        if need <= here:
            return ts_ns + int(need / rate)
        need -= here
        ts_ns = boundary_ns
        boundary_ns += step
        point += 1
    return NEVER_NS


@compiled
def _next_hawkes(k: Any, clock: Any, ts_ns: int) -> int:
    step, last = k.path_step_ns, k.path_points - 1
    point = (ts_ns - k.path_start_ns) // step
    boundary_ns = k.path_start_ns + (point + 1) * step
    row = clock.instrument * k.path_points
    fast, slow = clock.fast_hz, clock.slow_hz
    while point < last:
        base = clock.rate_hz * (1.0 - clock.branching) * float_at(k.activity, row + point).value
        bound = base + fast + slow  # the intensity only falls until the next arrival or boundary
        left_ns = boundary_ns - ts_ns
        wait_ns = left_ns
        if bound > 0.0:
            wait = exponential(clock.stream, clock.draws) / bound * _NS
            clock.draws += 1
            if wait < float(left_ns):
                wait_ns = int(wait)
        seconds = float(wait_ns) / _NS
        fast *= exp(-clock.fast_decay_hz * seconds)
        slow *= exp(-clock.slow_decay_hz * seconds)
        ts_ns += wait_ns
        if wait_ns == left_ns:
            boundary_ns += step
            point += 1
            continue
        accepted = uniform(clock.stream, clock.draws) * bound <= base + fast + slow
        clock.draws += 1
        if accepted:
            clock.fast_hz = fast + clock.fast_jump_hz
            clock.slow_hz = slow + clock.slow_jump_hz
            return ts_ns
    return NEVER_NS


@compiled
def next_tick_ns(k: Any, clock: Any, ts_ns: int) -> int:
    """Return when a clock that ticked or started at `ts_ns` ticks next; NEVER_NS behind the market's end."""
    if clock.branching > 0.0:
        return _next_hawkes(k, clock, ts_ns)
    return _next_poisson(k, clock, ts_ns)
