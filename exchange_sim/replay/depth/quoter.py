"""A compiled bot: it quotes both sides at the recorded best prices, anew at each interval.

It sees and does what a Python bot in its place would: quotes and its own events reach it a latency after
the exchange sent them, its commands reach the exchange a latency after it sent them. It is what `arena
bench replay` measures, and an example of a bot that runs at the speed of the replay.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from exchange_sim.compiled import compiled
from exchange_sim.engine.layout import COMMAND
from exchange_sim.engine.pointers import command_at, load, rows_of, store
from exchange_sim.kernel.loop import DONE, push_commands
from exchange_sim.kernel.outputs import ORDER_EVENT, QUOTE
from exchange_sim.kernel.tables import NEED_PENDING, kernel_at, order_event_at, quote_at
from exchange_sim.model.enums import CommandKind, EventKind, OrderType, TimeInForce
from exchange_sim.replay.depth.loop import go_on, start
from exchange_sim.replay.depth.market import DepthReplay

_LIVES = 64
"""Orders of which the bot keeps track at one time."""
_NEVER_ENDING_NS = 2**62
_GONE, _SENT, _OPEN, _LEAVING = 0, 1, 2, 3

QUOTER = np.dtype(
    [
        ("account", "<i8"),
        ("instrument", "<i8"),
        ("interval_ns", "<i8"),
        ("next_ns", "<i8"),
        ("up_ns", "<i8"),
        ("down_ns", "<i8"),
        ("lots", "<i8"),
        ("waiting", "<i8"),  # 1: the replay has to go on before the bot acts again
        ("next_id", "<i8"),
        ("bid_ticks", "<i8"),  # as heard
        ("ask_ticks", "<i8"),
        ("fills", "<i8"),
        ("commands", "<i8"),  # address of rows for the commands of one action
        ("sent", "<i8"),
        ("reserved", "<i8", (2,)),
        ("lives", "<i8", (_LIVES,)),  # of order id n in place n % _LIVES
    ]
)

_quoter_at = rows_of(QUOTER)
_LIVES_WORD = QUOTER.fields["lives"][1] // 8 if QUOTER.fields else 0
_QUOTER_WORDS = QUOTER.itemsize // 8
_QUOTE_WORDS, _EVENT_WORDS = QUOTE.itemsize // 8, ORDER_EVENT.itemsize // 8
_ACCEPTED, _FILLED = int(EventKind.ACCEPTED), int(EventKind.FILLED)
_REJECTED, _CANCELED = int(EventKind.REJECTED), int(EventKind.CANCELED)
_EXPIRED = int(EventKind.EXPIRED)
_SUBMIT, _CANCEL = int(CommandKind.SUBMIT), int(CommandKind.CANCEL)
_LIMIT, _GTC = int(OrderType.LIMIT), int(TimeInForce.GTC)


@compiled
def _drop_read(table: int, words: int, read: int, count: int) -> int:
    """Move the rows that were not read to the front of a table; return how many they are."""
    for word in range((count - read) * words):
        store(table, word, load(table, read * words + word))
    return count - read


@compiled
def _hear(k: Any, q: Any, lives: int) -> None:
    """Read what has arrived by now."""
    latest_ns = k.now_ns - q.down_ns
    read = 0
    while read < k.quote_count:
        quote = quote_at(k.quotes, read)
        if quote.ts_ns > latest_ns:
            break
        q.bid_ticks = quote.bid_ticks
        q.ask_ticks = quote.ask_ticks
        read += 1
    k.quote_count = _drop_read(k.quotes, _QUOTE_WORDS, read, k.quote_count)
    read = 0
    while read < k.order_event_count:
        event = order_event_at(k.order_events, read)
        if event.ts_ns > latest_ns:
            break
        place = lives + event.client_order_id % _LIVES
        kind = event.kind
        if kind == _ACCEPTED:
            store(0, place, _OPEN)
        elif kind == _FILLED:
            q.fills += 1
            if event.leaves_lots == 0:
                store(0, place, _GONE)
        elif kind in (_REJECTED, _CANCELED, _EXPIRED):
            store(0, place, _GONE)
        read += 1
    k.order_event_count = _drop_read(k.order_events, _EVENT_WORDS, read, k.order_event_count)


@compiled
def _command(k: Any, q: Any, count: int, kind: int, order_id: int) -> Any:
    c = command_at(q.commands, count)
    c.ts_ns = k.now_ns + q.up_ns
    c.kind = kind
    c.client_order_id = order_id
    return c


@compiled
def _quote(k: Any, q: Any, lives: int, count: int, side: int, price_ticks: int) -> int:
    """Add a new order to the commands; return how many they are."""
    order_id = q.next_id
    place = lives + order_id % _LIVES
    if load(0, place) != _GONE:
        return count
    q.next_id = order_id + 1
    store(0, place, _SENT)
    c = _command(k, q, count, _SUBMIT, order_id)
    c.side = side
    c.price_ticks = price_ticks
    c.quantity_lots = q.lots
    return count + 1


@compiled
def _act(k: Any, q: Any, lives: int) -> int:
    """Cancel what is open and quote anew; return the number of commands."""
    count = 0
    for place in range(_LIVES):
        if load(0, lives + place) == _OPEN:
            store(0, lives + place, _LEAVING)
            back = (q.next_id - 1 - place) % _LIVES
            _command(k, q, count, _CANCEL, q.next_id - 1 - back)
            count += 1
    if q.bid_ticks > 0 and q.ask_ticks > 0:
        count = _quote(k, q, lives, count, 0, q.bid_ticks)
        count = _quote(k, q, lives, count, 1, q.ask_ticks)
    return count


@compiled
def run_quoter(
    kernel_address: int, engine_address: int, replay_address: int, quoter: int, until_ns: int
) -> int:
    """Replay up to `until_ns` with the bot; return DONE, or what the owner has to grow first."""
    k = kernel_at(kernel_address, 0)
    q = _quoter_at(quoter, 0)
    lives = quoter // 8 + _LIVES_WORD
    while True:
        if q.waiting:
            status = go_on(kernel_address, engine_address, replay_address)
        else:
            status = start(
                kernel_address, engine_address, replay_address, min(q.next_ns, until_ns), _NEVER_ENDING_NS
            )
        q.waiting = 1
        if status != DONE:
            return status
        if k.now_ns < q.next_ns:
            q.waiting = 0
            return DONE
        if k.free_pendings <= _LIVES + 2 or k.heap_size + _LIVES + 2 >= k.heap_capacity:
            return NEED_PENDING
        q.waiting = 0
        _hear(k, q, lives)
        count = _act(k, q, lives)
        push_commands(kernel_address, q.commands, count)
        q.sent += count
        q.next_ns += q.interval_ns


class CompiledQuoter:
    """Runs a replay with one compiled bot that requotes both sides.

    Parameters
    ----------
    replay
        Not yet in motion; it has the account.
    account
        Of the bot, in `replay`.
    interval_ns, latency_ns
        Time between two actions, and of a message each way.
    lots
        Of each order.
    """

    def __init__(
        self, replay: DepthReplay, account: str, *, interval_ns: int, latency_ns: int, lots: int
    ) -> None:
        self._replay = replay
        replay.listen(0, quotes=True)
        self._commands = np.zeros(_LIVES + 2, COMMAND)
        for name, value in (("order_type", _LIMIT), ("time_in_force", _GTC), ("post_only", 1)):
            self._commands[name] = value
        number = replay.account_index(account)
        self._commands["account"] = number
        self._row = np.zeros(1, QUOTER)
        row = self._row[0]
        row["account"], row["lots"], row["interval_ns"] = number, lots, interval_ns
        row["up_ns"] = row["down_ns"] = latency_ns
        row["next_ns"], row["next_id"] = replay.now_ns + interval_ns, 1
        row["commands"] = self._commands.ctypes.data

    def run(self, until_ns: int) -> None:
        """Replay up to `until_ns`."""
        address = self._row.ctypes.data
        self._replay.run_compiled(
            lambda kernel, engine, tables: run_quoter(kernel, engine, tables, address, until_ns)
        )

    @property
    def commands(self) -> int:
        """Commands sent."""
        return int(self._row["sent"][0])

    @property
    def fills(self) -> int:
        """Fills heard of."""
        return int(self._row["fills"][0])
