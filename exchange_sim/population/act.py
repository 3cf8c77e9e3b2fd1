"""One action of one agent: look, decide, send."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled
from exchange_sim.kernel.draws import exponential
from exchange_sim.kernel.sending import dispatch
from exchange_sim.kernel.tables import (
    SPECIES_ADAPTIVE_MARKET_MAKER,
    SPECIES_MARKET_MAKER,
    SPECIES_META_ORDERS,
    SPECIES_MOMENTUM,
    SPECIES_NOISE,
    SPECIES_VALUE,
    agent_at,
)
from exchange_sim.population.common import DRAW_JITTER, DRAWS_PER_ACTION
from exchange_sim.population.informed import act_meta_order, act_value
from exchange_sim.population.makers import act_adaptive_market_maker, act_market_maker
from exchange_sim.population.random_traders import act_momentum, act_noise, act_zero_intelligence


@compiled
def act(k: Any, s: Any, g: Any, account: int) -> None:
    """Let the agent with this account act at `k.now_ns`, and send what it decides."""
    a = agent_at(k.agents, account)
    counter = g.actions * DRAWS_PER_ACTION
    g.actions += 1
    k.actions += 1
    species = g.species
    if species == SPECIES_VALUE:
        act_value(k, s, g, a, account, counter)
    elif species == SPECIES_NOISE:
        act_noise(k, s, g, account, counter)
    elif species == SPECIES_MOMENTUM:
        act_momentum(k, s, g, a, account, counter)
    elif species == SPECIES_ADAPTIVE_MARKET_MAKER:
        act_adaptive_market_maker(k, s, g, a, account)
    elif species == SPECIES_MARKET_MAKER:
        act_market_maker(k, s, g, account)
    elif species == SPECIES_META_ORDERS:
        act_meta_order(k, s, g, a, account, counter)
    else:
        act_zero_intelligence(k, s, g, account, counter)
    jitter_ns = g.jitter_ns * exponential(g.stream, counter + DRAW_JITTER)
    dispatch(k, a, account, a.latency_ns + int(jitter_ns))
