"""Chooses between one process and shards, from what a probe of the match has cost.

A window in shards costs what the exchange costs, what the slowest shard costs, and the calls; in one process
it costs what exchange and all bots cost. The constants were measured with `arena bench worlds`, see
docs/worlds.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from actors.world.placement import IN_PROCESS, Placement
from actors.world.probe import Probe

START_S = 12.0
"""From the choice of shards to their first window: Ray, five actors, machine code."""

WINDOW_S = 0.0018
"""Of a window in shards, whatever is computed in it: the call of the exchange, tape and journal."""

SHARD_S = 0.0008
"""Of each shard in a window: its call and what it is told."""

_MARGIN = 1.1
"""Shards are taken where they promise to be faster by this factor: estimates are rough."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A placement, and why: the seconds that the whole match should take, by placement."""

    placement: Placement
    seconds: dict[str, float]
    market_ms: float
    bots_ms: float

    def __str__(self) -> str:
        others = ", ".join(f"{name} {_span(s)}" for name, s in self.seconds.items())
        return (
            f"Placement: {self.placement} (a window: market {self.market_ms:.2g} ms, bots "
            f"{self.bots_ms:.2g} ms; the match: {others})"
        )


def choose(probe: Probe, *, cpus: int) -> Choice:
    """Return the placement that should finish a match first on `cpus` processors.

    Parameters
    ----------
    probe
        What the first windows have cost; they stand for all.
    cpus
        That shards may have, one each.
    """
    scale = 1.0 / max(probe.share, 1e-9)
    bots = probe.bots_s.shape[1]
    alone_s = (probe.market_s + float(probe.bots_s.sum())) * scale
    seconds = {str(IN_PROCESS): alone_s}
    best, best_s = IN_PROCESS, alone_s
    for shards in range(2, min(cpus, bots) + 1):
        placement = Placement("shards", shards)
        expected_s = START_S + _spread_s(probe, placement) * scale
        seconds[str(placement)] = expected_s
        if expected_s * _MARGIN < alone_s and expected_s < best_s:
            best, best_s = placement, expected_s
    windows = max(probe.windows, 1)
    return Choice(
        placement=best,
        seconds=seconds,
        market_ms=probe.market_s / windows * 1e3,
        bots_ms=float(probe.bots_s.sum()) / windows * 1e3,
    )


def _spread_s(probe: Probe, placement: Placement) -> float:
    """Return what the windows of the probe would have cost in shards."""
    crews = placement.crews(probe.bots_s.shape[1])
    sums_s = np.stack([probe.bots_s[:, list(crew)].sum(axis=1) for crew in crews])
    slowest_s = float(sums_s.max(axis=0).sum())
    return probe.market_s + slowest_s + probe.windows * (WINDOW_S + SHARD_S * len(crews))


def _span(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds >= 100.0 else f"{seconds:.3g} s"
