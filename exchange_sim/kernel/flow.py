"""The tape as market makers remember it: signed value taken, forgotten exponentially."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled
from exchange_sim.kernel.maths import exp


@compiled
def remembered_flow(market: Any, ts_ns: int) -> float:
    """Return the remembered taker flow at a time, in atoms, positive where buyers took."""
    seconds = float(ts_ns - market.flow_ns) * 1e-9
    return market.flow_atoms * exp(-market.flow_decay_hz * seconds)  # type: ignore[no-any-return]


@compiled
def remember_trade(market: Any, ts_ns: int, signed_atoms: float) -> None:
    """Add a trade to the flow, which is bounded so that no run of trades moves quotes without limit."""
    if ts_ns > market.flow_ns:
        market.flow_atoms = remembered_flow(market, ts_ns)
        market.flow_ns = ts_ns
    limit = market.flow_limit_atoms
    market.flow_atoms = min(max(market.flow_atoms + signed_atoms, -limit), limit)
