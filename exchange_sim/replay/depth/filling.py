"""When the record fills the bots' resting orders.

* A recorded trade at an order's price reaches it with what is left behind the lots ahead of it.
* A recorded trade through an order's price (a sale below a bid) fills it before anything trades there, up
  to the trade's quantity.
* Recorded lots of the other side at or through an order's price, when a depth message ends, trade with it
  at its price. Each recorded lot does so once, until the record changes its level again.

Orders at one price share what reaches them in the order of the engine's queue. The fill itself is an
immediate-or-cancel order of the history account, so price, fees and positions are the engine's.
"""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled
from exchange_sim.engine import codes
from exchange_sim.engine.codes import ZERO, word
from exchange_sim.engine.pointers import instrument_at
from exchange_sim.engine.state import State
from exchange_sim.model.instrument import MAXIMUM_LOTS
from exchange_sim.replay.depth.book import first_free, free_lots, take_lots
from exchange_sim.replay.depth.layout import book_at, recorded_level_at
from exchange_sim.replay.depth.liquidity import as_history
from exchange_sim.replay.depth.places import first_own, follow_trade, lead_queue, own_above, own_below

_CROSSINGS_MAXIMUM = 256
"""Recorded levels that trade with resting orders after one depth message."""


@compiled
def _hit(r: Any, s: State, header: Any, index: int, aggressor: int, limit_ticks: int, lots: int) -> int:
    """Let history take up to `lots` from the bots at `limit_ticks` or better; return what traded."""
    instrument = instrument_at(s.instruments, index)
    before = instrument.volume_lots
    as_history(r, s, header, index, codes.DO_SUBMIT, aggressor, codes.IOC, limit_ticks, lots, ZERO)
    return instrument.volume_lots - before  # type: ignore[no-any-return]


@compiled
def fill_by_trade(
    r: Any, s: State, header: Any, index: int, aggressor: int, price_ticks: int, lots: int
) -> None:
    """Fill what a recorded trade reaches, and move the queue of its price."""
    instrument = instrument_at(s.instruments, index)
    lots = min(lots, MAXIMUM_LOTS)
    best = instrument.best_bid_ticks if aggressor == 1 else instrument.best_ask_ticks
    if best == 0 or (best < price_ticks if aggressor == 1 else best > price_ticks):
        return
    if best != price_ticks:
        step = 1 if aggressor == 1 else -1
        lots -= _hit(r, s, header, index, aggressor, word(price_ticks + step), lots)
        best = instrument.best_bid_ticks if aggressor == 1 else instrument.best_ask_ticks
        while best > price_ticks if aggressor == 1 else 0 < best < price_ticks:
            lead_queue(r, s, first_own(s, instrument, best))
            best = own_below(s, instrument, best) if aggressor == 1 else own_above(s, instrument, best)
    if lots <= 0:
        return
    slot = first_own(s, instrument, price_ticks)
    if slot < 0:
        return
    reached = follow_trade(r, s, slot, lots)
    if reached > 0:
        _hit(r, s, header, index, aggressor, word(price_ticks), reached)


@compiled
def fill_by_crossing(r: Any, s: State, header: Any, index: int) -> None:
    """Let recorded lots at or through the bots' resting orders trade with them."""
    _cross(r, s, header, index, word(0))
    _cross(r, s, header, index, word(1))


@compiled
def _cross(r: Any, s: State, header: Any, index: int, own_side: int) -> None:
    instrument = instrument_at(s.instruments, index)
    b = book_at(r.books, index)
    for _ in range(_CROSSINGS_MAXIMUM):
        own = instrument.best_bid_ticks if own_side == 0 else instrument.best_ask_ticks
        level = first_free(r, b, 1 - own_side)
        if own == 0 or level < 0:
            return
        price = recorded_level_at(r.levels, level).price_ticks
        if price > own if own_side == 0 else price < own:
            return
        lots = min(free_lots(r, level), MAXIMUM_LOTS)
        traded = _hit(r, s, header, index, word(1 - own_side), word(price), lots)
        if traded <= 0:
            return
        take_lots(r, b, level, traded)
