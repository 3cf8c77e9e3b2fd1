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
from exchange_sim.engine.pointers import call_two, command_at, header_at, instrument_at
from exchange_sim.engine.state import State, open_state
from exchange_sim.kernel.heap import drop_first
from exchange_sim.kernel.loop import DONE
from exchange_sim.kernel.recording import record_command
from exchange_sim.kernel.sending import release
from exchange_sim.kernel.tables import NEED_OUTPUT, NEVER_NS, entry_at, kernel_at
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
from exchange_sim.replay.depth.liquidity import ROOM, operate, reach, withdraw
from exchange_sim.replay.depth.places import first_own, follow_change, renew_places
from exchange_sim.replay.depth.publishing import (
    consume_events,
    look_at_book,
    publish_trade,
    run_timers,
)
from exchange_sim.replay.depth.resting import (
    IDLE,
    REACHED,
    RESTING,
    come_to_rest,
    note,
    restore_last,
    set_price,
)

NEED_PLACES = 103
"""The table of places has fewer rows than the engine has order slots."""
NEED_ROOM = 104
"""The event ring is too small for what may happen at once."""


@inlined
def _events_fit(k: Any, events: int) -> bool:
    return k.order_event_count + events <= k.order_event_capacity and (  # type: ignore[no-any-return]
        k.recording == 0 or k.written_count + events <= k.written_capacity
    )


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


@compiled
def _trade(k: Any, r: Any, s: State, header: Any, row: Any) -> None:
    """Let a recorded trade happen."""
    index = word(row.instrument)
    price = recorded_level_at(r.levels, row.level).price_ticks
    if header.open_orders > 0:
        fill_by_trade(r, s, header, index, word(row.side), price, row.lots)
    book_at(r.books, index).last_ticks = price
    publish_trade(k, r, index, word(row.side), price, row.lots)
    set_price(r, s, header, index)


@compiled
def _end_message(k: Any, r: Any, s: State, header: Any, row: Any) -> None:
    index = word(row.instrument)
    if header.open_orders > 0:
        if row.flags & RENEW_FLAG != 0:
            renew_places(r, s, index)
        fill_by_crossing(r, s, header, index)
        restore_last(r, s, index)
        note(r, header)
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
    while number < count and header.event_head == head and r.look == 0:
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
            _trade(k, r, s, header, row)
        else:
            _change(k, r, s, header, row)
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
    if takes and r.phase != REACHED and 0 <= index < header.instruments:
        status = reach(r, s, header, c)
        if status != DONE:
            withdraw(r, s, header)
            return status
    r.phase = REACHED
    status = call_two(r.execute, r.engine, k.pending + slot * COMMAND_BYTES)
    if status != DONE:
        return status
    r.phase = IDLE
    if 0 <= index < header.instruments:
        if r.injected_count > 0:
            withdraw(r, s, header)
        restore_last(r, s, index)
    note(r, header)
    if c.account > HISTORY:
        if k.recording:
            record_command(k, k.pending, slot, ts_ns)
        k.requests += 1
        k.account_requests += 1
    following = c.link
    release(k, slot)
    if following >= 0:
        top.slot = following
    else:
        drop_first(k)
    return DONE


@inlined
def _hidden_slices(s: State, header: Any) -> int:
    """Return how often resting icebergs can still show a new part."""
    slices = 0
    if header.special_orders > 0:
        for index in range(header.instruments):
            slices += instrument_at(s.instruments, index).hidden_slices
    return slices


@compiled
def _settle(k: Any, r: Any, s: State, header: Any) -> int:
    """Let happen and hand out what follows from the last step, with room for the next; return a status."""
    while True:
        if header.stage == 0:
            unread = header.event_head - header.event_tail
            if unread > 0:
                if not _events_fit(k, unread):
                    return NEED_OUTPUT
                consume_events(k, r, s, header)
            if header.event_capacity < 4 * (header.open_orders + _hidden_slices(s, header)) + ROOM:
                return NEED_ROOM
            if k.recording and k.applied_count == k.applied_capacity:
                return NEED_OUTPUT
        if r.place_capacity < header.order_capacity:
            return NEED_PLACES
        if r.look == 0 and r.phase != RESTING:
            return DONE
        status = come_to_rest(r, s, header)
        if status != DONE:
            return status


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
    r = replay_at(replay_address, 0)
    s = open_state(engine_address)
    header = header_at(s.header, 0)
    header.deferred = 1
    for index in range(header.instruments):
        restore_last(r, s, word(index))
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
