"""What several species do: draw a size, look at the book, take their own orders back."""

from __future__ import annotations

from typing import Any

import numpy as np

from exchange_sim.compiled import compiled
from exchange_sim.engine.pointers import header_at, instrument_at, load, order_at, position_at
from exchange_sim.kernel.draws import lognormal, pareto, uniform
from exchange_sim.kernel.maths import exp
from exchange_sim.kernel.sending import cancel
from exchange_sim.kernel.tables import agent_at, group_at, market_at

DRAWS_PER_ACTION = 16
"""Counters of a group's stream set aside for each action; the uses of each are named below."""

CANCELS_MAXIMUM = 64
"""Leaves room in an action for the quotes of both sides, see `tables.ACTION_COMMANDS_MAXIMUM`."""

DRAW_AGENT = 0
DRAW_JITTER = 1
DRAW_SIZE = 2
DRAW_SIZE_KIND = 3
DRAW_SIDE = 4
DRAW_CHOICE = 5
DRAW_PRICE = 6
DRAW_CANCEL = 7
DRAW_PARENT = 8
DRAW_INTERVAL = 9

SIZE_PARETO = 0
SIZE_LOGNORMAL = 1
SIZE_REFERENCE = 2

_REFERENCE_STEPS = np.array([0.7, 0.76, 0.764, 0.7969, 0.7979, 0.7985, 0.7989, 0.7994, 0.7997, 0.8])
"""Cumulative weights of sizes 100, 200 ... 1,000; the rest is lognormal."""


@compiled
def reference_lots(key: int, counter: int) -> int:
    """Return a size of the ABIDES reference mixture, in lots."""
    u = uniform(key, counter + DRAW_SIZE_KIND)
    if u < 0.8:
        step = 0
        while u >= _REFERENCE_STEPS[step]:
            step += 1
        return 100 * (step + 1)
    return max(int(lognormal(key, counter + DRAW_SIZE, 18.17414536944306, 1.2) + 0.5), 1)


@compiled
def draw_lots(k: Any, g: Any, counter: int, price_ticks: float) -> int:
    """Return the size of an order at about `price_ticks`: as large as the instrument demands, at least."""
    if g.size_kind == SIZE_REFERENCE:
        return reference_lots(g.stream, counter)
    if g.size_kind == SIZE_PARETO:
        atoms = pareto(g.stream, counter + DRAW_SIZE, g.size_a, g.size_b, g.size_c)
    else:
        atoms = lognormal(g.stream, counter + DRAW_SIZE, g.size_a, g.size_b)
    market = market_at(k.markets, g.instrument)
    atoms = max(atoms, market.smallest_atoms)
    return max(int(atoms / (price_ticks * market.atoms_per_tick_lot)), 1)


@compiled
def position_of(s: Any, account: int, instrument: int) -> Any:
    """Return the position row of an account."""
    return position_at(s.positions, account * header_at(s.header, 0).instruments + instrument)


@compiled
def inventory(k: Any, s: Any, account: int, instrument: int, price_ticks: float) -> float:
    """Return the signed value of a position in atoms; of a spot pair: of what has come in since the start."""
    value = price_ticks * market_at(k.markets, instrument).atoms_per_tick_lot
    row = instrument_at(s.instruments, instrument)
    if row.is_spot == 0:
        return float(position_of(s, account, instrument).lots) * value  # type: ignore[no-any-return]
    held = load(s.balances, account * header_at(s.header, 0).assets + row.base)
    start = group_at(k.groups, agent_at(k.agents, account).group).start_base_atoms
    return (float(held) - start) / float(row.base_atoms_per_lot) * value  # type: ignore[no-any-return]


@compiled
def cancel_all(k: Any, s: Any, account: int, instrument: int) -> None:
    """Cancel the orders that rest now, each by a request of its own: the newest `CANCELS_MAXIMUM` of them.

    More can rest only where an agent acts often while its requests travel; the next action takes the rest.
    """
    slot = position_of(s, account, instrument).first_order
    for _ in range(CANCELS_MAXIMUM):
        if slot < 0:
            break
        order = order_at(s.orders, slot)
        cancel(k, account, instrument, order.order_id)
        slot = order.account_next


@compiled
def cancel_beyond(k: Any, s: Any, account: int, instrument: int, limit: int, u: float) -> None:
    """With `limit` or more orders resting, cancel one of them, drawn by `u` in (0, 1)."""
    position = position_of(s, account, instrument)
    resting = position.open_orders
    if resting < limit:
        return
    slot = position.first_order
    for _ in range(min(int(u * resting), resting - 1)):
        slot = order_at(s.orders, slot).account_next
    cancel(k, account, instrument, order_at(s.orders, slot).order_id)


@compiled
def reducing_side(u: float, load: float) -> int:
    """Return a side; at `load` (inventory over limit) 0 both are equal, at 1 the odds of buying are 12 %."""
    bounded = min(max(load, -3.0), 3.0)
    return 0 if u * (1.0 + exp(2.0 * bounded)) < 1.0 else 1


@compiled
def best_prices(s: Any, instrument: int) -> tuple[int, int]:
    """Return best bid and ask in ticks, 0 for an empty side."""
    row = instrument_at(s.instruments, instrument)
    return row.best_bid_ticks, row.best_ask_ticks
