"""The replay's event loop: record, schedule and the bots' commands in their one order, until the stop.

At one instant: orders that expire, then the schedule (bars close, snapshots and samples are taken), then the
record (trades before depth), then commands arriving, by account.
"""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled, inlined
from exchange_sim.engine import codes
from exchange_sim.engine.codes import MISSING, ZERO, word
from exchange_sim.engine.layout import COMMAND_BYTES
from exchange_sim.engine.pointers import call_two, command_at, header_at, instrument_at, triggers_at
from exchange_sim.engine.state import State, open_state
from exchange_sim.kernel.heap import drop_first
from exchange_sim.kernel.loop import DONE
from exchange_sim.kernel.sending import release
from exchange_sim.kernel.tables import NEED_OUTPUT, NEVER_NS, entry_at, kernel_at
from exchange_sim.model.enums import TriggerSource
from exchange_sim.replay.depth.book import clear_book, set_level
from exchange_sim.replay.depth.filling import fill_by_crossing, fill_by_trade
from exchange_sim.replay.depth.layout import (
    CLEAR_FLAG,
    HISTORY,
    LAST_FLAG,
    RENEW_FLAG,
    TRADE_FLAG,
    book_at,
    recorded_level_at,
    replay_at,
    row_at,
)
from exchange_sim.replay.depth.liquidity import ROOM, operate, reach, reach_any, withdraw
from exchange_sim.replay.depth.places import first_own, follow_change, renew_places
from exchange_sim.replay.depth.publishing import (
    consume_events,
    look_at_book,
    publish_trade,
    run_timers,
)

NEED_PLACES = 103
"""The table of places has fewer rows than the engine has order slots."""
NEED_ROOM = 104
"""The event ring is too small for what may happen at once."""

_ON_LAST, _ON_MARK, _SOURCES = int(TriggerSource.LAST), int(TriggerSource.MARK), len(TriggerSource)
_IDLE, _REACHED, _TRADED, _MARKING = 0, 1, 2, 3


@inlined
def _events_fit(k: Any, events: int) -> bool:
    return k.order_event_count + events <= k.order_event_capacity  # type: ignore[no-any-return]


@inlined
def _news_fit(k: Any) -> bool:
    """Return whether the outputs have room for one more quote and one more trade."""
    return k.quote_count < k.quote_capacity and k.trade_count < k.trade_capacity  # type: ignore[no-any-return]


@inlined
def _timers_fit(k: Any) -> bool:
    timers = k.timer_count
    return (  # type: ignore[no-any-return]
        k.bar_count + timers <= k.bar_capacity
        and k.snapshot_count + timers <= k.snapshot_capacity
        and k.sample_count + timers <= k.sample_capacity
    )


@inlined
def _restore_last(r: Any, s: State, index: int) -> None:
    """Prices are the record's: what bots trade does not move them."""
    instrument_at(s.instruments, index).last_ticks = book_at(r.books, index).last_ticks


@compiled
def _fires(s: State, header: Any, index: int, price_ticks: int) -> bool:
    """Return whether an order that waits for the last or the mark price fires at this price."""
    table = s.header + header.triggers_offset
    for source in (_ON_LAST, _ON_MARK):
        up = triggers_at(table, (index * _SOURCES + source) * 2).threshold_ticks
        down = triggers_at(table, (index * _SOURCES + source) * 2 + 1).threshold_ticks
        if 0 < up <= price_ticks or price_ticks <= down:
            return True
    return False


@compiled
def _mark(r: Any, s: State, header: Any, index: int, price_ticks: int) -> int:
    """Let the engine know the recorded last price, which is the mark price too; return a status.

    Where orders wait for prices, or the mark may put an account below maintenance, the engine looks at it
    with the recorded book in reach; else the fields are enough.
    """
    instrument = instrument_at(s.instruments, index)
    quiet = instrument.watch_low_ticks < price_ticks < instrument.watch_high_ticks
    if r.phase == _TRADED:
        instrument.last_ticks = price_ticks
        if header.waiting_orders == 0 and quiet:
            instrument.mark_ticks = price_ticks
            r.phase = _IDLE
            return DONE
        if not quiet or _fires(s, header, index, price_ticks):
            status = reach_any(r, s, header, index)
            if status != DONE:
                withdraw(r, s, header, index)
                return status
        r.phase = _MARKING
    status = operate(r, header.now_ns, codes.DO_SET_MARK, MISSING, index, ZERO, ZERO, price_ticks, ZERO, ZERO)
    if status == DONE:
        withdraw(r, s, header, index)
        r.phase = _IDLE
        instrument.last_ticks = price_ticks
    return status


@compiled
def _trade(k: Any, r: Any, s: State, header: Any, row: Any) -> int:
    """Let a recorded trade happen; return a status, where not DONE to be called again."""
    index = word(row.instrument)
    price = recorded_level_at(r.levels, row.level).price_ticks
    if r.phase == _IDLE:
        if header.open_orders > 0:
            fill_by_trade(r, s, header, index, word(row.side), price, row.lots)
        book_at(r.books, index).last_ticks = price
        publish_trade(k, r, index, word(row.side), price, row.lots)
        r.phase = _TRADED
    return _mark(r, s, header, index, price)


@compiled
def _end_message(k: Any, r: Any, s: State, header: Any, row: Any) -> None:
    index = word(row.instrument)
    if header.open_orders > 0:
        if row.flags & RENEW_FLAG != 0:
            renew_places(r, s, index)
        fill_by_crossing(r, s, header, index)
        _restore_last(r, s, index)
    look_at_book(k, r, index)


@compiled
def _change(k: Any, r: Any, s: State, header: Any, row: Any) -> None:
    """Let a level change, with the own orders that wait at its price."""
    index = word(row.instrument)
    b = book_at(r.books, index)
    if row.flags & CLEAR_FLAG != 0:
        clear_book(r, b)
    before = set_level(r, b, row.side, row.level, row.lots)
    if header.open_orders > 0 and before != row.lots:
        price = recorded_level_at(r.levels, row.level).price_ticks
        slot = first_own(s, instrument_at(s.instruments, index), price)
        if slot >= 0:
            follow_change(r, b, s, slot, before, row.lots)
    if row.flags & LAST_FLAG != 0:
        _end_message(k, r, s, header, row)


@compiled
def _play(k: Any, r: Any, s: State, header: Any, bound_ns: int) -> int:
    """Let the record happen before `bound_ns`, up to the first thing that others must hear of."""
    number, count, rows = r.row, r.row_count, r.rows
    head = header.event_head
    plain = header.open_orders == 0
    status = DONE
    while number < count and status == DONE and header.event_head == head:
        row = row_at(rows, number)
        if row.ts_ns >= bound_ns:
            break
        if plain and row.flags == 0:
            set_level(r, book_at(r.books, row.instrument), row.side, row.level, row.lots)
            number += 1
            continue
        if not _news_fit(k):
            status = NEED_OUTPUT
            break
        k.now_ns = row.ts_ns
        header.now_ns = row.ts_ns
        if row.flags & TRADE_FLAG != 0:
            status = _trade(k, r, s, header, row)
        else:
            _change(k, r, s, header, row)
        if status == DONE:
            number += 1
        bound_ns = min(bound_ns, k.stop_ns)
    r.row = number
    return status


@compiled
def _arrive(k: Any, r: Any, s: State, header: Any, ts_ns: int) -> int:
    """Apply the command on top of the heap, with what it can take in its reach; return a status."""
    top = entry_at(k.heap, 0)
    slot = top.slot
    c = command_at(k.pending, slot)
    index = word(c.instrument)
    header.now_ns = ts_ns
    kind = c.kind
    takes = kind in (codes.DO_SUBMIT, codes.DO_MODIFY, codes.DO_REPLACE)
    if takes and r.phase != _REACHED and 0 <= index < header.instruments and c.quantity_lots > 0:
        status = reach(r, s, header, c)
        if status != DONE:
            withdraw(r, s, header, index)
            return status
    r.phase = _REACHED
    status = call_two(r.execute, r.engine, k.pending + slot * COMMAND_BYTES)
    if status != DONE:
        return status
    r.phase = _IDLE
    if 0 <= index < header.instruments:
        if r.injected_count > 0:
            withdraw(r, s, header, index)
        _restore_last(r, s, index)
    if c.account > HISTORY:
        k.requests += 1
        k.account_requests += 1
    following = c.link
    release(k, slot)
    if following >= 0:
        top.slot = following
    else:
        drop_first(k)
    return DONE


@compiled
def _settle(k: Any, r: Any, s: State, header: Any) -> int:
    """Hand out what the last step did, and see to it that there is room for the next; return a status."""
    if header.stage == 0:
        unread = header.event_head - header.event_tail
        if unread > 0:
            if not _events_fit(k, unread):
                return NEED_OUTPUT
            consume_events(k, r, s, header)
        if header.event_capacity < 4 * header.open_orders + ROOM:
            return NEED_ROOM
    return NEED_PLACES if r.place_capacity < header.order_capacity else DONE


@compiled
def _expire(k: Any, r: Any, due_ns: int) -> int:
    """Let the exchange end the orders whose time is over; return its status."""
    k.now_ns = due_ns
    return operate(r, due_ns, codes.DO_ADVANCE, MISSING, MISSING, ZERO, ZERO, ZERO, ZERO, ZERO)


@compiled
def go_on(kernel_address: int, engine_address: int, replay_address: int) -> int:
    """Continue to `stop_ns`, see `start`."""
    k = kernel_at(kernel_address, 0)
    r = replay_at(replay_address, 0)
    r.engine = engine_address
    s = open_state(engine_address)
    header = header_at(s.header, 0)
    while True:
        status = _settle(k, r, s, header)
        if status != DONE:
            return status
        command_ns = entry_at(k.heap, 0).ts_ns if k.heap_size > 0 else NEVER_NS - 1
        due_ns, timer_ns = header.next_due_ns, k.next_timer_ns
        first_ns = min(due_ns, timer_ns, k.stop_ns)
        bound_ns = min(first_ns, command_ns + 1)
        if r.row < r.row_count and row_at(r.rows, r.row).ts_ns < bound_ns:
            status = _play(k, r, s, header, bound_ns)
        elif min(first_ns, command_ns) >= k.stop_ns:
            break
        elif due_ns <= timer_ns and due_ns <= command_ns:
            status = _expire(k, r, due_ns)
        elif timer_ns <= command_ns:
            status = NEED_OUTPUT
            if _timers_fit(k):
                run_timers(k, r)
                status = DONE
        else:
            k.now_ns = command_ns
            status = _arrive(k, r, s, header, command_ns)
        if status != DONE:
            return status
    k.now_ns = k.stop_ns
    return DONE


@compiled
def start(
    kernel_address: int, engine_address: int, replay_address: int, until_ns: int, window_ns: int
) -> int:
    """Let everything before `until_ns` happen, or before the end of the first window that publishes.

    Returns DONE with `now_ns` where it stopped, or a status that names what the owner has to grow before
    `go_on` continues.
    """
    k = kernel_at(kernel_address, 0)
    k.window_ns = window_ns
    k.stop_ns = until_ns
    return go_on(kernel_address, engine_address, replay_address)


@compiled
def wind_forward(replay_address: int, until_ns: int) -> int:
    """Build the book of the record before `until_ns`; return the number of rows played."""
    r = replay_at(replay_address, 0)
    while r.row < r.row_count:
        row = row_at(r.rows, r.row)
        if row.ts_ns >= until_ns:
            break
        b = book_at(r.books, row.instrument)
        if row.flags & TRADE_FLAG != 0:
            b.last_ticks = recorded_level_at(r.levels, row.level).price_ticks
        else:
            if row.flags & CLEAR_FLAG != 0:
                clear_book(r, b)
            set_level(r, b, row.side, row.level, row.lots)
        r.row += 1
    return r.row  # type: ignore[no-any-return]
