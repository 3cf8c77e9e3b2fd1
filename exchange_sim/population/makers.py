"""Species that quote both sides: the percent-of-volume ladder and the maker around the fundamental."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled
from exchange_sim.engine.pointers import instrument_at, level_at, load, order_at, store
from exchange_sim.kernel.clocks import fundamental_ticks
from exchange_sim.kernel.flow import remembered_flow
from exchange_sim.kernel.levels import next_level
from exchange_sim.kernel.sending import GTC, cancel, modify, submit_limit
from exchange_sim.kernel.tables import market_at
from exchange_sim.population.common import best_prices, cancel_all, inventory, position_of
from exchange_sim.population.species import SUBMIT_LEVELS_MAXIMUM

_INVENTORY_LOAD_MAXIMUM = 3.0
_LOOK_BACK = 1.5
"""Intervals after which every other maker has looked, too: they are jittered by half either way."""
_SLACK = 0.25
"""Tolerance added with each level, in spacings: far quotes need not be exact."""


@compiled
def act_adaptive_market_maker(k: Any, s: Any, g: Any, a: Any, account: int) -> None:
    """See `species.AdaptiveMarketMaker`."""
    instrument = g.instrument
    cancel_all(k, s, account, instrument)
    market = market_at(k.markets, instrument)
    bought, sold = market.bought_lots - a.bought_lots, market.sold_lots - a.sold_lots
    a.bought_lots, a.sold_lots = market.bought_lots, market.sold_lots
    seconds = float(k.now_ns - a.last_action_ns) * 1e-9
    a.last_action_ns = k.now_ns
    bid, ask = best_prices(s, instrument)
    if bid > 0 and ask > 0:
        a.estimate += g.spread_weight * (float(ask - bid) - a.estimate)
        mid = (bid + ask) // 2
        a.observations = 1
        a.children = mid
    elif a.observations == 0:
        return
    mid = a.children
    traded = bought + sold
    # volume over one mean interval of the agent, at the pace since it last looked
    pace = float(traded) / (seconds * g.rate_hz / float(g.count)) if seconds > 0.0 else 0.0
    lots = max(int(g.volume_share * pace + 0.5), g.minimum_lots)
    if traded > 0:
        mid = int(float(mid) + (2.0 * bought / float(traded) - 1.0) * g.skew)
    half = int(0.5 * a.estimate)
    step = max(int(g.spacing * a.estimate + 0.5), 1)
    highest_bid = mid - half
    lowest_ask = max(mid + half, highest_bid + 1)
    for level in range(g.levels):
        price = highest_bid - level * step
        if price >= 1:
            submit_limit(k, account, instrument, 0, price, lots, GTC)
    for level in range(g.levels):
        submit_limit(k, account, instrument, 1, lowest_ask + level * step, lots, GTC)


@compiled
def _sort_side(k: Any, s: Any, first: int, side: int) -> int:
    """Write the slots of a side's own orders into the scratch table, best price first; return how many.

    More than the scratch table holds cannot rest: a maker submits only where a level has no order.
    """
    count = 0
    slot = first
    while slot >= 0 and count < 2 * SUBMIT_LEVELS_MAXIMUM:
        order = order_at(s.orders, slot)
        if order.side == side:
            place = count
            while place > 0:
                other: int = load(k.scratch, place - 1)
                difference = order.price_ticks - order_at(s.orders, other).price_ticks
                better = difference > 0 if side == 0 else difference < 0
                if not better:
                    break
                store(k.scratch, place, other)
                place -= 1
            store(k.scratch, place, slot)
            count += 1
        slot = order.account_next
    return count


@compiled
def _quote_side(k: Any, s: Any, g: Any, account: int, side: int, centre: float, best: int) -> None:
    """Bring one side's orders to their places; level 0 belongs at `best` ticks."""
    instrument = g.instrument
    resting = _sort_side(k, s, position_of(s, account, instrument).first_order, side)
    lots_per_atom = 1.0 / (centre * market_at(k.markets, instrument).atoms_per_tick_lot)
    atoms = g.size_a
    sign = 1 - 2 * side
    for level in range(g.levels):
        price = best - sign * int(level * g.spacing * centre)
        lots = max(int(atoms * lots_per_atom), 1)
        atoms *= g.growth
        if price < 1:
            continue
        if level >= resting:
            submit_limit(k, account, instrument, side, price, lots, GTC)
            continue
        order = order_at(s.orders, load(k.scratch, level))
        moved = abs(order.price_ticks - price) > (g.tolerance + _SLACK * level * g.spacing) * centre
        if moved or 2 * order.leaves_lots < lots:
            filled = order.quantity_lots - order.leaves_lots
            modify(k, account, instrument, order.order_id, price, filled + lots)
    for extra in range(g.levels, resting):
        cancel(k, account, instrument, order_at(s.orders, load(k.scratch, extra)).order_id)


@compiled
def _best_of_others(s: Any, account: int, instrument: int, side: int) -> int:
    """Return the best price of a side at which somebody else rests, 0 for none."""
    row = instrument_at(s.instruments, instrument)
    price: int = row.best_bid_ticks if side == 0 else row.best_ask_ticks
    while price > 0:
        level = level_at(s.levels, row.ladder_offset + price - row.ladder_base_ticks)
        if level.orders > 1 or order_at(s.orders, level.head).account != account:
            break
        price = next_level(s, instrument, side, price)
    return price


@compiled
def _best_own_bid(s: Any, slot: int) -> int:
    """Return the highest price of a maker's resting buys, 0 for none."""
    highest: int = 0
    while slot >= 0:
        order = order_at(s.orders, slot)
        if order.side == 0:
            highest = max(highest, order.price_ticks)
        slot = order.account_next
    return highest


@compiled
def act_market_maker(k: Any, s: Any, g: Any, account: int) -> None:
    """See `species.MarketMaker`."""
    instrument = g.instrument
    truth = fundamental_ticks(k, instrument, k.now_ns)
    load_now = inventory(k, s, account, instrument, truth) / g.inventory_limit
    bounded = min(max(load_now, -_INVENTORY_LOAD_MAXIMUM), _INVENTORY_LOAD_MAXIMUM)
    shift = g.impact * remembered_flow(market_at(k.markets, instrument), k.now_ns)
    centre = truth * (1.0 + shift - g.skew * bounded)
    if centre < 2.0:
        return
    earlier_ns = max(k.now_ns - int(_LOOK_BACK * g.interval_ns), k.path_start_ns)
    moved = abs(truth - fundamental_ticks(k, instrument, earlier_ns))
    half = max(g.half_spread * centre, g.caution * moved)
    edge = g.edge * centre
    bid = int(centre - half)
    other_ask = _best_of_others(s, account, instrument, 1)
    if other_ask > 0 and float(other_ask) > centre - edge:
        bid = min(bid, other_ask - 1)
    ask = int(centre + half + 1.0)
    other_bid = _best_of_others(s, account, instrument, 0)
    if float(other_bid) < centre + edge:
        ask = max(ask, other_bid + 1)
    ask = max(ask, bid + 1)
    # The side that retreats moves first, or the other would run into the maker's own old quotes.
    if _best_own_bid(s, position_of(s, account, instrument).first_order) > bid:
        _quote_side(k, s, g, account, 0, centre, bid)
        _quote_side(k, s, g, account, 1, centre, ask)
    else:
        _quote_side(k, s, g, account, 1, centre, ask)
        _quote_side(k, s, g, account, 0, centre, bid)
