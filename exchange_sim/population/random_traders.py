"""Species that do not think: zero intelligence, noise, and followers of the recent past."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled
from exchange_sim.kernel.clocks import fundamental_ticks
from exchange_sim.kernel.draws import exponential, uniform
from exchange_sim.kernel.sending import GTC, IOC, submit_limit
from exchange_sim.kernel.tables import MIDS, float_at
from exchange_sim.population.common import (
    DRAW_CANCEL,
    DRAW_CHOICE,
    DRAW_PRICE,
    DRAW_SIDE,
    best_prices,
    cancel_beyond,
    draw_lots,
    inventory,
    reducing_side,
)

_SHORT = 20
_LONG = 50


@compiled
def act_zero_intelligence(k: Any, s: Any, g: Any, account: int, counter: int) -> None:
    """See `species.ZeroIntelligence`."""
    instrument = g.instrument
    bid, ask = best_prices(s, instrument)
    reference = fundamental_ticks(k, instrument, k.now_ns)
    held = inventory(k, s, account, instrument, reference)
    side = reducing_side(uniform(g.stream, counter + DRAW_SIDE), held / g.inventory_limit)
    lots = draw_lots(k, g, counter, reference)
    opposite = ask if side == 0 else bid
    cancel_beyond(k, s, account, instrument, g.open_orders, uniform(g.stream, counter + DRAW_CANCEL))
    if uniform(g.stream, counter + DRAW_CHOICE) < g.market_share:
        if opposite > 0:
            submit_limit(k, account, instrument, side, opposite, lots, IOC)
        return
    start = float(opposite) if opposite > 0 else reference
    distance = (g.minimum_depth + g.depth * exponential(g.stream, counter + DRAW_PRICE)) * reference
    ticks = int(distance) + 1
    price = int(start) - ticks if side == 0 else int(start) + ticks
    submit_limit(k, account, instrument, side, price, lots, GTC)


@compiled
def act_noise(k: Any, s: Any, g: Any, account: int, counter: int) -> None:
    """See `species.Noise`."""
    bid, ask = best_prices(s, g.instrument)
    side = 0 if uniform(g.stream, counter + DRAW_SIDE) < 0.5 else 1
    price = ask if side == 0 else bid
    if price == 0:
        return
    cancel_beyond(k, s, account, g.instrument, g.open_orders, uniform(g.stream, counter + DRAW_CANCEL))
    submit_limit(k, account, g.instrument, side, price, draw_lots(k, g, counter, float(price)), GTC)


@compiled
def act_momentum(k: Any, s: Any, g: Any, a: Any, account: int, counter: int) -> None:
    """See `species.Momentum`."""
    bid, ask = best_prices(s, g.instrument)
    if bid == 0 or ask == 0:
        return
    ring = a.children * MIDS  # its place in the table of rings
    seen = a.observations
    float_at(k.mids, ring + seen % MIDS).value = 0.5 * (bid + ask)
    a.observations = seen + 1
    if seen < _LONG:
        return
    short = 0.0
    for back in range(_SHORT):
        short += float_at(k.mids, ring + (seen - back) % MIDS).value
    rest = 0.0
    for back in range(_SHORT, _LONG):
        rest += float_at(k.mids, ring + (seen - back) % MIDS).value
    rising = short / _SHORT >= (short + rest) / _LONG
    side = 0 if rising else 1
    price = ask if rising else bid
    cancel_beyond(k, s, account, g.instrument, g.open_orders, uniform(g.stream, counter + DRAW_CANCEL))
    submit_limit(k, account, g.instrument, side, price, draw_lots(k, g, counter, float(price)), GTC)
