"""The event loop: timers, arrivals and actions in their one order, until the stop."""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled
from exchange_sim.engine.core import apply, apply_by_operator
from exchange_sim.engine.layout import COMMAND_BYTES, TERMS_OFFSET
from exchange_sim.engine.pointers import command_at, header_at, load, store
from exchange_sim.engine.state import open_state
from exchange_sim.kernel.clocks import next_tick_ns
from exchange_sim.kernel.draws import below, uniform
from exchange_sim.kernel.heap import drop_first, key_of, push, replace_first
from exchange_sim.kernel.operator import operate
from exchange_sim.kernel.publishing import consume_events, look_at_book
from exchange_sim.kernel.recording import record_command, record_own
from exchange_sim.kernel.sending import next_sequence, release
from exchange_sim.kernel.tables import (
    ACTION_COMMANDS_MAXIMUM,
    NEED_OUTPUT,
    NEED_PENDING,
    NEVER_NS,
    RANK_AGENT,
    RANK_CLOCK,
    RANK_COMMAND,
    RANK_OPERATOR,
    RANK_SHIFT,
    agent_at,
    clock_at,
    entry_at,
    group_at,
    kernel_at,
)
from exchange_sim.kernel.timers import run_timers
from exchange_sim.model.enums import CommandKind
from exchange_sim.population.act import act
from exchange_sim.population.common import DRAW_AGENT, DRAW_INTERVAL, DRAWS_PER_ACTION

DONE = 0
_COMMAND_WORDS = COMMAND_BYTES // 8
_SUBMIT, _MODIFY = int(CommandKind.SUBMIT), int(CommandKind.MODIFY)
_REPLACE, _ADVANCE = int(CommandKind.REPLACE), int(CommandKind.ADVANCE)
_SET_LEVERAGE, _MOVE_MARGIN = int(CommandKind.SET_LEVERAGE), int(CommandKind.MOVE_MARGIN)


@compiled
def _timers_fit(k: Any) -> bool:
    """Return whether what is due on the schedule fits in the output tables."""
    timers = k.timer_count
    return (  # type: ignore[no-any-return]
        k.bar_count + timers <= k.bar_capacity
        and k.snapshot_count + timers <= k.snapshot_capacity
        and k.sample_count + timers <= k.sample_capacity
    )


@compiled
def _events_fit(k: Any, events: int) -> bool:
    """Return whether the outputs have room for so many events that a command wrote."""
    return (  # type: ignore[no-any-return]
        k.order_event_count + events <= k.order_event_capacity
        and k.trade_count + events <= k.trade_capacity
        and k.quote_count + k.market_count <= k.quote_capacity
        and (k.recording == 0 or k.written_count + events <= k.written_capacity)
    )


@compiled
def _publish(k: Any, s: Any) -> None:
    """Hand out what the last command did."""
    consume_events(k, s)
    if k.touched >= 0 and k.touched < k.market_count:
        look_at_book(k, s, k.touched)
    else:
        for each in range(k.market_count):
            look_at_book(k, s, each)


@compiled
def _arrive(k: Any, s: Any, ts_ns: int) -> int:
    """Apply the first command of the chain on top of the heap; return the engine's status."""
    top = entry_at(k.heap, 0)
    slot = top.slot
    c = command_at(k.pending, slot)
    account, instrument = c.account, c.instrument
    status = apply(
        s,
        ts_ns,
        c.kind,
        account,
        instrument,
        c.side,
        c.order_type,
        c.time_in_force,
        c.post_only,
        c.stp,
        c.price_ticks,
        c.quantity_lots,
        c.client_order_id,
        c.order_id,
        k.pending + slot * COMMAND_BYTES + TERMS_OFFSET if c.has_terms != 0 else 0,
    )
    if status != DONE:
        return status
    if k.recording:
        record_command(k, k.pending, slot, ts_ns)
    k.requests += 1
    if account >= k.crowd_accounts:
        k.account_requests += 1
    following = c.link
    release(k, slot)
    if following >= 0:
        top.slot = following
    else:
        drop_first(k)
    k.touched = instrument
    return DONE


@compiled
def _tick(k: Any, s: Any, number: int) -> None:
    """A crowd clock ticks: set it anew, draw who acts, and let it act."""
    clock = clock_at(k.clocks, number)
    tick = clock.ticks
    clock.ticks = tick + 1
    next_ns = next_tick_ns(k, clock, k.now_ns)
    if next_ns < NEVER_NS:
        replace_first(k, next_ns, key_of(RANK_CLOCK, number, tick), number)
    else:
        drop_first(k)
    group = clock.group
    if clock.groups > 1:
        u = uniform(clock.stream, clock.draws) * clock.rate_hz
        clock.draws += 1
        last = group + clock.groups - 1
        while group < last and u >= group_at(k.groups, group).rate_hz:
            u -= group_at(k.groups, group).rate_hz
            group += 1
    g = group_at(k.groups, group)
    chosen = below(g.stream, g.actions * DRAWS_PER_ACTION + DRAW_AGENT, g.count)
    act(k, s, g, g.first_agent + chosen)


@compiled
def _wake(k: Any, s: Any, account: int) -> None:
    """An agent with a schedule of its own acts, and will again after its jittered interval."""
    g = group_at(k.groups, agent_at(k.agents, account).group)
    jitter = uniform(g.stream, g.actions * DRAWS_PER_ACTION + DRAW_INTERVAL)
    next_ns = k.now_ns + int(g.interval_ns * (0.5 + jitter))
    replace_first(k, next_ns, key_of(RANK_AGENT, account, 0), account)
    act(k, s, g, account)


@compiled
def _expire(k: Any, s: Any, due_ns: int) -> int:
    """Let the exchange end the orders whose time is over; return the engine's status."""
    k.now_ns = due_ns
    k.touched = -1
    status = apply_by_operator(s, due_ns, _ADVANCE, -1, 0, 0)
    if status == DONE and k.recording:
        record_own(k, due_ns, _ADVANCE, -1, -1, 0, 0)
    return status


@compiled
def _happen(k: Any, s: Any, ts_ns: int) -> int:
    """Let the first entry of the heap happen; return a status."""
    k.now_ns = ts_ns
    top = entry_at(k.heap, 0)
    rank = top.key >> RANK_SHIFT
    if rank == RANK_COMMAND:
        return _arrive(k, s, ts_ns)
    if rank == RANK_OPERATOR:
        return operate(k, s, top.slot)
    if k.free_pendings < ACTION_COMMANDS_MAXIMUM or k.heap_size + 1 >= k.heap_capacity:
        return NEED_PENDING
    if rank == RANK_CLOCK:
        _tick(k, s, top.slot)
    else:
        _wake(k, s, top.slot)
    return DONE


@compiled
def go_on(kernel_address: int, engine_address: int) -> int:
    """Let everything before `stop_ns` happen, or before the end of the first window that publishes.

    Returns DONE with `now_ns` where it stopped, or a status that names what the owner has to grow before it
    is called again.
    """
    k = kernel_at(kernel_address, 0)
    s = open_state(engine_address)
    header = header_at(s.header, 0)
    while True:
        unread = header.event_head - header.event_tail
        if unread > 0 and header.stage == 0:
            if not _events_fit(k, unread):
                return NEED_OUTPUT
            _publish(k, s)
        if k.recording and k.applied_count == k.applied_capacity:
            return NEED_OUTPUT
        ts_ns = entry_at(k.heap, 0).ts_ns if k.heap_size > 0 else NEVER_NS
        timer_ns = k.next_timer_ns
        due_ns = header.next_due_ns
        next_ns = min(ts_ns, timer_ns, due_ns)
        if next_ns >= k.stop_ns:
            break
        if next_ns == due_ns:
            status = _expire(k, s, due_ns)
        elif next_ns == timer_ns:
            if not _timers_fit(k):
                return NEED_OUTPUT
            run_timers(k, s)
            continue
        else:
            status = _happen(k, s, ts_ns)
        if status != DONE:
            return status
    k.now_ns = k.stop_ns
    return DONE


@compiled
def start_clock(kernel_address: int, number: int) -> None:
    """Put a clock's first tick into the heap."""
    k = kernel_at(kernel_address, 0)
    next_ns = next_tick_ns(k, clock_at(k.clocks, number), k.now_ns)
    if next_ns < NEVER_NS:
        push(k, next_ns, key_of(RANK_CLOCK, number, 0), number)


@compiled
def start_agent(kernel_address: int, account: int, wait_ns: int) -> None:
    """Put the first action of an agent with its own schedule into the heap."""
    k = kernel_at(kernel_address, 0)
    push(k, k.now_ns + wait_ns, key_of(RANK_AGENT, account, 0), account)


@compiled
def _is_sent_by_accounts(kind: int) -> bool:
    """Return whether accounts may send commands of this kind; the others are the operator's."""
    return _SUBMIT <= kind <= _MODIFY or kind == _REPLACE or _SET_LEVERAGE <= kind <= _MOVE_MARGIN


@compiled
def first_strange(kernel_address: int, rows: int, count: int, accounts_end: int) -> int:
    """Return the first of `count` COMMAND rows that an account may not queue now, -1 for none."""
    k = kernel_at(kernel_address, 0)
    for number in range(count):
        row = command_at(rows, number)
        if row.ts_ns < k.now_ns or row.account < k.crowd_accounts or row.account >= accounts_end:
            return number
        if not _is_sent_by_accounts(row.kind):
            return number
    return -1


@compiled
def push_commands(kernel_address: int, rows: int, count: int) -> None:
    """Queue `count` COMMAND rows at the address `rows`, each with its own time of arrival."""
    k = kernel_at(kernel_address, 0)
    for number in range(count):
        slot = k.free_pending
        target = command_at(k.pending, slot)
        k.free_pending = target.link
        k.free_pendings -= 1
        source = command_at(rows, number)
        for word in range(_COMMAND_WORDS):
            store(k.pending, slot * _COMMAND_WORDS + word, load(rows, number * _COMMAND_WORDS + word))
        target.link = -1
        account = source.account
        push(k, source.ts_ns, key_of(RANK_COMMAND, account, next_sequence(k, account)), slot)


@compiled
def push_recorded(kernel_address: int, rows: int, count: int, first: int) -> None:
    """Queue `count` COMMAND rows that arrive in the order of their numbers, the first of which is `first`."""
    k = kernel_at(kernel_address, 0)
    for number in range(count):
        slot = k.free_pending
        target = command_at(k.pending, slot)
        k.free_pending = target.link
        k.free_pendings -= 1
        for word in range(_COMMAND_WORDS):
            store(k.pending, slot * _COMMAND_WORDS + word, load(rows, number * _COMMAND_WORDS + word))
        target.link = -1
        push(k, command_at(rows, number).ts_ns, key_of(RANK_COMMAND, 0, first + number), slot)
