"""What the market itself does on a schedule: closing bars, book snapshots, samples for reports."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled
from exchange_sim.engine.pointers import instrument_at, store
from exchange_sim.kernel.clocks import fundamental_ticks
from exchange_sim.kernel.levels import lots_at, next_level
from exchange_sim.kernel.publishing import end_window, measure_spread
from exchange_sim.kernel.tables import (
    NEVER_NS,
    TIMER_BAR,
    TIMER_SNAPSHOT,
    bar_at,
    market_at,
    sample_at,
    timer_at,
)

_SAMPLE_LEVELS = 10


@compiled
def close_bar(k: Any, timer: Any) -> None:
    """Publish the bar that ends now, if there ever was a trade, and begin the next."""
    if timer.close_ticks == 0:
        return
    bar = bar_at(k.bars, k.bar_count)
    k.bar_count += 1
    bar.ts_open_ns = k.now_ns - timer.interval_ns
    bar.interval_ns = timer.interval_ns
    silent = timer.trades == 0
    bar.open_ticks = timer.close_ticks if silent else timer.open_ticks
    bar.high_ticks = timer.close_ticks if silent else timer.high_ticks
    bar.low_ticks = timer.close_ticks if silent else timer.low_ticks
    bar.close_ticks = timer.close_ticks
    bar.volume_lots = timer.volume_lots
    bar.trades = timer.trades
    bar.instrument = timer.instrument
    timer.volume_lots = 0
    timer.trades = 0
    end_window(k)


@compiled
def _write_side(s: Any, instrument: int, side: int, depth: int, words: int) -> None:
    """Write `depth` (price, lots) pairs at the address `words`, best first, zeros behind the last."""
    row = instrument_at(s.instruments, instrument)
    price = row.best_bid_ticks if side == 0 else row.best_ask_ticks
    for level in range(depth):
        lots = 0
        if price > 0:
            lots = lots_at(s, instrument, price)
        store(words, 2 * level, price)
        store(words, 2 * level + 1, lots)
        if price > 0:
            price = next_level(s, instrument, side, price)


@compiled
def _publish_snapshot(k: Any, s: Any, timer: Any) -> None:
    depth = k.snapshot_depth
    words = k.snapshots + 8 * (3 + 4 * depth) * k.snapshot_count
    k.snapshot_count += 1
    store(words, 0, k.now_ns)
    store(words, 1, timer.interval_ns)
    store(words, 2, timer.instrument)
    _write_side(s, timer.instrument, 0, depth, words + 24)
    _write_side(s, timer.instrument, 1, depth, words + 24 + 16 * depth)
    end_window(k)


@compiled
def _side_depth(s: Any, instrument: int, side: int) -> int:
    row = instrument_at(s.instruments, instrument)
    price = row.best_bid_ticks if side == 0 else row.best_ask_ticks
    total = 0
    for _ in range(_SAMPLE_LEVELS):
        if price == 0:
            break
        total += lots_at(s, instrument, price)
        price = next_level(s, instrument, side, price)
    return total


@compiled
def _take_sample(k: Any, s: Any, timer: Any) -> None:
    instrument = timer.instrument
    market = market_at(k.markets, instrument)
    row = instrument_at(s.instruments, instrument)
    measure_spread(k, market)
    sample = sample_at(k.samples, k.sample_count)
    k.sample_count += 1
    volume = market.bought_lots + market.sold_lots
    sample.ts_ns = k.now_ns
    sample.bid_ticks = row.best_bid_ticks
    sample.ask_ticks = row.best_ask_ticks
    sample.last_ticks = row.last_ticks
    sample.volume_lots = volume - market.sampled_lots
    sample.bid_depth_lots = _side_depth(s, instrument, 0)
    sample.ask_depth_lots = _side_depth(s, instrument, 1)
    sample.fundamental_ticks = fundamental_ticks(k, instrument, k.now_ns)
    sample.spread_bps = market.spread_area / float(market.two_sided_ns) if market.two_sided_ns > 0 else 0.0
    sample.instrument = instrument
    market.sampled_lots = volume
    market.spread_area = 0.0
    market.two_sided_ns = 0


@compiled
def run_timers(k: Any, s: Any) -> None:
    """Do everything that is due at `next_timer_ns`, in the order of the table, and find the next time."""
    now_ns = k.next_timer_ns
    k.now_ns = now_ns
    next_ns = NEVER_NS
    for number in range(k.timer_count):
        timer = timer_at(k.timers, number)
        if timer.next_ns == now_ns:
            if timer.kind == TIMER_BAR:
                close_bar(k, timer)
            elif timer.kind == TIMER_SNAPSHOT:
                _publish_snapshot(k, s, timer)
            else:
                _take_sample(k, s, timer)
            timer.next_ns = now_ns + timer.interval_ns
        next_ns = min(next_ns, timer.next_ns)
    k.next_timer_ns = next_ns
