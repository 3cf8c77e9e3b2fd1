"""What the replay tells everybody: quotes, trades, bars, book snapshots and samples, all from the record."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine.pointers import event_at, store
from exchange_sim.engine.state import State
from exchange_sim.kernel.publishing import count_in_bars, end_window, hand_out, measure_spread, stirred
from exchange_sim.kernel.recording import record_event
from exchange_sim.kernel.tables import (
    NEVER_NS,
    TIMER_BAR,
    TIMER_SNAPSHOT,
    market_at,
    quote_at,
    sample_at,
    timer_at,
    trade_at,
)
from exchange_sim.kernel.timers import close_bar
from exchange_sim.model.enums import EventKind
from exchange_sim.replay.depth.book import next_level
from exchange_sim.replay.depth.layout import HISTORY, book_at, recorded_level_at
from exchange_sim.replay.depth.places import note_fill, place_order

_ACCEPTED, _FILLED = int(EventKind.ACCEPTED), int(EventKind.FILLED)
_MODIFIED, _TRIGGERED = int(EventKind.MODIFIED), int(EventKind.TRIGGERED)
_REFUSALS = (int(EventKind.REJECTED), int(EventKind.CANCEL_REJECTED), int(EventKind.MODIFY_REJECTED))
_REFUSED, _CANCEL_REFUSED, _MODIFY_REFUSED = _REFUSALS
_SAMPLE_LEVELS = 10


@compiled
def consume_events(k: Any, r: Any, s: State, header: Any) -> None:
    """Hand out the accounts' events that the last step wrote, place their orders, and free the ring."""
    head, mask = header.event_head, header.event_mask
    digest = k.digest
    for number in range(header.event_tail, head):
        row = number & mask
        event = event_at(s.events, row)
        if event.account <= HISTORY:
            continue
        digest = stirred(digest, s.events, row)
        if k.recording:
            record_event(k, s.events, row)
        k.events += 1
        kind = event.kind
        trade_id = 0
        if kind == _FILLED:
            maker = event.code >> 1
            trade_id = number - maker  # the taker's row comes right before the maker's
            k.trades_made += 1
            if maker != 0:
                note_fill(r, s, event.order_id, event.quantity_lots)
        elif kind in (_ACCEPTED, _MODIFIED, _TRIGGERED):
            place_order(r, s, event.order_id)
        elif kind in (_REFUSED, _CANCEL_REFUSED, _MODIFY_REFUSED):
            k.refusals += 1
        hand_out(k, event, trade_id)
    k.digest = digest
    header.event_tail = head


@inlined
def price_of(r: Any, level: int) -> int:
    """Return the price of a level, 0 for none."""
    return recorded_level_at(r.levels, level).price_ticks if level >= 0 else 0


@compiled
def look_at_book(k: Any, r: Any, index: int) -> None:
    """Notice what a depth message did to the best prices: for the mean spread, and as a quote."""
    market = market_at(k.markets, index)
    b = book_at(r.books, index)
    bid, ask = price_of(r, b.bid), price_of(r, b.ask)
    if bid != market.spread_bid_ticks or ask != market.spread_ask_ticks:
        measure_spread(k, market)
        market.spread_bid_ticks = bid
        market.spread_ask_ticks = ask
    if not market.publish_quotes:
        return
    bid_lots = recorded_level_at(r.levels, b.bid).lots if bid > 0 else 0
    ask_lots = recorded_level_at(r.levels, b.ask).lots if ask > 0 else 0
    if (
        bid == market.bid_ticks
        and ask == market.ask_ticks
        and bid_lots == market.bid_lots
        and ask_lots == market.ask_lots
    ):
        return
    market.bid_ticks = bid
    market.bid_lots = bid_lots
    market.ask_ticks = ask
    market.ask_lots = ask_lots
    quote = quote_at(k.quotes, k.quote_count)
    k.quote_count += 1
    quote.ts_ns = k.now_ns
    quote.bid_ticks = bid
    quote.bid_lots = bid_lots
    quote.ask_ticks = ask
    quote.ask_lots = ask_lots
    quote.instrument = index
    end_window(k)


@compiled
def publish_trade(k: Any, r: Any, index: int, side: int, price_ticks: int, lots: int) -> None:
    """Count a recorded trade in volumes and bars, and publish it; its number is its id."""
    market = market_at(k.markets, index)
    b = book_at(r.books, index)
    b.volume_lots += lots
    b.trades += 1
    r.trade_number += 1
    if side == 0:
        market.bought_lots += lots
    else:
        market.sold_lots += lots
    count_in_bars(k, market, price_ticks, lots)
    if market.publish_trades:
        row = trade_at(k.trades, k.trade_count)
        k.trade_count += 1
        row.ts_ns = k.now_ns
        row.trade_id = r.trade_number
        row.price_ticks = price_ticks
        row.quantity_lots = lots
        row.instrument = index
        row.aggressor = side
        end_window(k)


@compiled
def _write_side(r: Any, b: Any, side: int, depth: int, words: int) -> None:
    """Write `depth` (price, lots) pairs at the address `words`, best first, zeros behind the last."""
    level = b.bid if side == 0 else b.ask
    for number in range(depth):
        lots = recorded_level_at(r.levels, level).lots if level >= 0 else 0
        store(words, 2 * number, price_of(r, level))
        store(words, 2 * number + 1, lots)
        if level >= 0:
            level = next_level(r, b, side, level)


@compiled
def _publish_snapshot(k: Any, r: Any, timer: Any) -> None:
    depth = k.snapshot_depth
    b = book_at(r.books, timer.instrument)
    words = k.snapshots + 8 * (3 + 4 * depth) * k.snapshot_count
    k.snapshot_count += 1
    store(words, 0, k.now_ns)
    store(words, 1, timer.interval_ns)
    store(words, 2, timer.instrument)
    _write_side(r, b, 0, depth, words + 24)
    _write_side(r, b, 1, depth, words + 24 + 16 * depth)
    end_window(k)


@compiled
def _side_depth(r: Any, b: Any, side: int) -> int:
    level = b.bid if side == 0 else b.ask
    total = 0
    for _ in range(_SAMPLE_LEVELS):
        if level < 0:
            break
        total += recorded_level_at(r.levels, level).lots
        level = next_level(r, b, side, level)
    return total


@compiled
def _take_sample(k: Any, r: Any, timer: Any) -> None:
    index = timer.instrument
    market = market_at(k.markets, index)
    b = book_at(r.books, index)
    measure_spread(k, market)
    sample = sample_at(k.samples, k.sample_count)
    k.sample_count += 1
    sample.ts_ns = k.now_ns
    sample.bid_ticks = price_of(r, b.bid)
    sample.ask_ticks = price_of(r, b.ask)
    sample.last_ticks = b.last_ticks
    sample.volume_lots = b.volume_lots - market.sampled_lots
    sample.bid_depth_lots = _side_depth(r, b, 0)
    sample.ask_depth_lots = _side_depth(r, b, 1)
    sample.fundamental_ticks = 0.5 * float(price_of(r, b.bid) + price_of(r, b.ask))
    sample.spread_bps = market.spread_area / float(market.two_sided_ns) if market.two_sided_ns > 0 else 0.0
    sample.instrument = index
    market.sampled_lots = b.volume_lots
    market.spread_area = 0.0
    market.two_sided_ns = 0


@compiled
def run_timers(k: Any, r: Any) -> None:
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
                _publish_snapshot(k, r, timer)
            else:
                _take_sample(k, r, timer)
            timer.next_ns = now_ns + timer.interval_ns
        next_ns = min(next_ns, timer.next_ns)
    k.next_timer_ns = next_ns
