"""Species with an opinion or a task: value traders and workers of large parent orders."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled
from exchange_sim.kernel.clocks import fundamental_ticks
from exchange_sim.kernel.draws import normal, pareto, uniform
from exchange_sim.kernel.levels import lots_at
from exchange_sim.kernel.sending import GTC, IOC, submit_limit
from exchange_sim.population.common import (
    DRAW_CHOICE,
    DRAW_PARENT,
    DRAW_PRICE,
    DRAW_SIDE,
    best_prices,
    cancel_all,
    draw_lots,
    inventory,
    reducing_side,
)


@compiled
def _observe(k: Any, g: Any, a: Any, counter: int) -> float:
    """Update the agent's estimate with a new observation and return it, in ticks."""
    truth = fundamental_ticks(k, g.instrument, k.now_ns)
    seen = truth * (1.0 + g.noise * normal(g.stream, counter + DRAW_PRICE))
    if a.observations == 0:
        a.estimate = seen
    else:
        seconds = float(k.now_ns - a.last_action_ns) * 1e-9
        prior = g.drift * g.drift * seconds
        noise = g.noise * g.noise
        gain = prior / (prior + noise) if prior + noise > 0.0 else 1.0
        a.estimate += gain * (seen - a.estimate)
    a.observations = 1
    a.last_action_ns = k.now_ns
    return a.estimate  # type: ignore[no-any-return]


@compiled
def act_value(k: Any, s: Any, g: Any, a: Any, account: int, counter: int) -> None:
    """See `species.Value`."""
    instrument = g.instrument
    cancel_all(k, s, account, instrument)
    estimate = _observe(k, g, a, counter)
    bid, ask = best_prices(s, instrument)
    lots = draw_lots(k, g, counter, estimate)
    if bid == 0 or ask == 0:
        side = 0 if uniform(g.stream, counter + DRAW_SIDE) < 0.5 else 1
        submit_limit(k, account, instrument, side, int(estimate), lots, GTC)
        return
    inwards = 0
    u = uniform(g.stream, counter + DRAW_CHOICE)
    if u >= g.aggressive_share:
        # the same number, stretched back to (0, 1), places the order
        rest = (u - g.aggressive_share) / (1.0 - g.aggressive_share)
        inwards = int(rest * g.depth_spreads * (ask - bid))
    side = 1 if estimate < 0.5 * (bid + ask) else 0
    price = ask - inwards if side == 0 else bid + inwards
    submit_limit(k, account, instrument, side, price, lots, GTC)


@compiled
def act_meta_order(k: Any, s: Any, g: Any, a: Any, account: int, counter: int) -> None:
    """See `species.MetaOrders`."""
    instrument = g.instrument
    if a.children == 0:
        reference = fundamental_ticks(k, instrument, k.now_ns)
        load = inventory(k, s, account, instrument, reference) / g.inventory_limit
        if g.foresight_ns > 0:
            ahead = fundamental_ticks(k, instrument, k.now_ns + g.foresight_ns)
            load -= (ahead / reference - 1.0) / g.foresight
        children = int(pareto(g.stream, counter + DRAW_PARENT, 1.0, g.parent_exponent, g.children_maximum))
        side = reducing_side(uniform(g.stream, counter + DRAW_SIDE), load)
        a.children = children if side == 0 else -children
    side = 0 if a.children > 0 else 1
    a.children -= 1 - 2 * side
    bid, ask = best_prices(s, instrument)
    price = ask if side == 0 else bid
    if price == 0:
        return
    reach = int(g.slippage * float(price))
    available = int(g.depth_share * float(lots_at(s, instrument, price)))
    lots = max(min(draw_lots(k, g, counter, float(price)), available), 1)
    submit_limit(k, account, instrument, side, price + reach * (1 - 2 * side), lots, IOC)
