"""What follows from a command: the digest, accounts' events, trades, bars in the making, quotes."""

from __future__ import annotations

from typing import Any

import numpy as np

from exchange_sim.compiled import compiled
from exchange_sim.engine.pointers import event_at, header_at, instrument_at, load
from exchange_sim.kernel.flow import remember_trade
from exchange_sim.kernel.levels import lots_at
from exchange_sim.kernel.recording import record_event
from exchange_sim.kernel.tables import (
    SPECIES_MARKET_MAKER,
    agent_at,
    group_at,
    market_at,
    order_event_at,
    quote_at,
    timer_at,
    trade_at,
)
from exchange_sim.model.enums import EventKind

_FILLED = int(EventKind.FILLED)
_REJECTED = int(EventKind.REJECTED)
_CANCEL_REJECTED = int(EventKind.CANCEL_REJECTED)
_MODIFY_REJECTED = int(EventKind.MODIFY_REJECTED)
_EVENT_WORDS = 8
# odd constants (digits of pi and the golden ratio); they only have to differ
_FACTORS = np.array(
    [
        0x243F6A8885A308D3,
        0x13198A2E03707345,
        0x24093822299F31D1,
        0x082EFA98EC4E6C89,
        0x452821E638D01377,
        0x3E5466CF34E90C6D,
        0x40AC29B7C97C50DD,
        0x3F84D5B5B5470917,
    ],
    dtype=np.int64,
)
_STIR = np.int64(0x1E3779B97F4A7C15)


@compiled
def stirred(digest: int, events: int, row: int) -> int:
    """Return the running digest after one more event row: a multilinear hash, then a multiply and a fold."""
    mixed: Any = digest
    for word in range(_EVENT_WORDS):
        mixed += (load(events, row * _EVENT_WORDS + word) + word) * _FACTORS[word]
    mixed = (mixed ^ ((mixed >> 32) & 0xFFFFFFFF)) * _STIR
    return mixed ^ ((mixed >> 29) & 0x7FFFFFFFF)  # type: ignore[no-any-return]


@compiled
def end_window(k: Any) -> None:
    """Note that something was published for an account: the run ends with the present window."""
    stop_ns = (k.now_ns // k.window_ns + 1) * k.window_ns
    k.stop_ns = min(k.stop_ns, stop_ns)


@compiled
def hand_out(k: Any, event: Any, trade_id: int) -> None:
    """Publish one event of an observed account."""
    row = order_event_at(k.order_events, k.order_event_count)
    k.order_event_count += 1
    row.ts_ns = event.ts_ns
    row.order_id = event.order_id
    row.client_order_id = event.client_order_id
    row.price_ticks = event.price_ticks
    row.quantity_lots = event.quantity_lots
    row.leaves_lots = event.leaves_lots
    row.fee_atoms = event.fee_atoms
    row.account = event.account
    row.instrument = event.instrument
    row.kind = event.kind
    row.code = event.code
    row.trade_id = trade_id
    end_window(k)


@compiled
def count_in_bars(k: Any, market: Any, price_ticks: int, lots: int) -> None:
    """Count a trade in the bars of its instrument that are forming."""
    first = market.bar_first
    for number in range(first, first + market.bars):
        bar = timer_at(k.timers, number)
        if bar.trades == 0:
            bar.open_ticks = price_ticks
            bar.high_ticks = price_ticks
            bar.low_ticks = price_ticks
        bar.high_ticks = max(bar.high_ticks, price_ticks)
        bar.low_ticks = min(bar.low_ticks, price_ticks)
        bar.close_ticks = price_ticks
        bar.volume_lots += lots
        bar.trades += 1


@compiled
def _trade(k: Any, event: Any, trade_id: int) -> None:
    """Count a trade, seen from its taker's row, in volumes, flow and bars, and publish it."""
    instrument = event.instrument
    market = market_at(k.markets, instrument)
    side = event.code & 1
    price, lots = event.price_ticks, event.quantity_lots
    k.trades_made += 1
    if side == 0:
        market.bought_lots += lots
    else:
        market.sold_lots += lots
    account = event.account
    by_maker = False
    if account < k.crowd_accounts:
        group = agent_at(k.agents, account).group
        by_maker = group_at(k.groups, group).species == SPECIES_MARKET_MAKER
    if not by_maker and market.flow_decay_hz > 0.0:
        # Makers learn nothing from one another's corrections towards the value they all know.
        atoms = float(price) * float(lots) * market.atoms_per_tick_lot
        remember_trade(market, event.ts_ns, atoms if side == 0 else -atoms)
    count_in_bars(k, market, price, lots)
    if market.publish_trades:
        row = trade_at(k.trades, k.trade_count)
        k.trade_count += 1
        row.ts_ns = event.ts_ns
        row.trade_id = trade_id
        row.price_ticks = price
        row.quantity_lots = lots
        row.instrument = instrument
        row.aggressor = side
        end_window(k)


@compiled
def measure_spread(k: Any, market: Any) -> None:
    """Add the time since the last look, at the prices of then, to the mean spread."""
    bid, ask = market.spread_bid_ticks, market.spread_ask_ticks
    elapsed = k.now_ns - market.spread_ns
    market.spread_ns = k.now_ns
    if bid > 0 and ask > 0:
        market.spread_area += 20_000.0 * float(ask - bid) / float(ask + bid) * float(elapsed)
        market.two_sided_ns += elapsed


@compiled
def look_at_book(k: Any, s: Any, instrument: int) -> None:
    """Notice what a command did to the best prices: for the mean spread, and as a quote."""
    market = market_at(k.markets, instrument)
    row = instrument_at(s.instruments, instrument)
    bid, ask = row.best_bid_ticks, row.best_ask_ticks
    if bid != market.spread_bid_ticks or ask != market.spread_ask_ticks:
        measure_spread(k, market)
        market.spread_bid_ticks = bid
        market.spread_ask_ticks = ask
    if not market.publish_quotes:
        return
    bid_lots = lots_at(s, instrument, bid) if bid > 0 else 0
    ask_lots = lots_at(s, instrument, ask) if ask > 0 else 0
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
    quote.instrument = instrument
    end_window(k)


@compiled
def consume_events(k: Any, s: Any) -> None:
    """Work through the events that the last command wrote, and free their place in the ring."""
    header = header_at(s.header, 0)
    head, mask = header.event_head, header.event_mask
    digest = k.digest
    for number in range(header.event_tail, head):
        row = number & mask
        digest = stirred(digest, s.events, row)
        if k.recording:
            record_event(k, s.events, row)
        event = event_at(s.events, row)
        trade_id = 0
        if event.kind == _FILLED:
            maker = event.code >> 1
            trade_id = number - maker  # the taker's row comes right before the maker's
            if maker == 0:
                _trade(k, event, trade_id)
        elif event.kind in (_REJECTED, _CANCEL_REJECTED, _MODIFY_REJECTED):
            k.refusals += 1
        if event.account >= k.observed_accounts:
            hand_out(k, event, trade_id)
    k.digest = digest
    k.events += head - header.event_tail
    header.event_tail = head
