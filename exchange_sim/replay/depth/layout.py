"""The memory of a depth replay: row formats, and how compiled code reaches them.

Clock, heap, commands on their way and outputs are the kernel's (`exchange_sim.kernel.tables`); accounts and
the bots' own orders are the engine's. What is here is the record, the book that it makes, and the places of
the bots' orders in its queues.

A level is one price of the record: levels are numbered in rising order of price, each instrument's from a
multiple of `LEVELS_ALIGNED` on, so the ladder is as long as the record has prices and never moves.
"""

from __future__ import annotations

import numpy as np

from exchange_sim.engine.pointers import rows_of

ROW = np.dtype(
    [
        ("ts_ns", "<i8"),
        ("lots", "<i8"),  # depth: new total at the level, 0: none left; trade: its quantity
        ("level", "<i4"),
        ("instrument", "<i2"),
        ("side", "u1"),  # Side; of the aggressor where it is a trade
        ("flags", "u1"),
    ]
)
"""One change of a level, or one trade."""

TRADE_FLAG = 1
LAST_FLAG = 2
"""The row ends a depth message: only then best prices are looked at."""
CLEAR_FLAG = 4
"""The row begins a snapshot: the book is emptied before it."""
RENEW_FLAG = 8
"""The row ends a snapshot."""

LEVEL = np.dtype(
    [
        ("lots", "<i8"),  # recorded; which side follows from the best prices
        ("taken_lots", "<i8"),  # of them, by bots, since the record last changed the level
        ("price_ticks", "<i8"),
        ("reserved", "<i8"),
    ]
)

LEVELS_ALIGNED = 4096

BOOK = np.dtype(
    [
        ("first_level", "<i8"),
        ("levels", "<i8"),
        ("bid", "<i8"),  # best levels, -1: none
        ("ask", "<i8"),
        ("taken_levels", "<i8"),  # levels with `taken_lots`
        ("queue_model", "<i8"),
        ("exponent", "<f8"),
        ("lot_size", "<f8"),
        ("last_ticks", "<i8"),
        ("volume_lots", "<i8"),
        ("trades", "<i8"),
        ("injected", "<i8"),
        ("reserved", "<i8", (4,)),
    ]
)
"""The recorded book of one instrument, two cache lines."""

PLACE = np.dtype(
    [
        ("order_id", "<i8"),  # 0: none
        ("price_ticks", "<i8"),
        ("quantity_lots", "<i8"),
        ("leaves_lots", "<i8"),
        ("ahead_lots", "<f8"),  # recorded lots that trade before the order, as the queue model has it
        ("traded_lots", "<i8"),  # at the price since the record last changed the level
        ("reserved", "<i8", (2,)),
    ]
)
"""The place of one own order in the recorded queue of its price, in the row of its slot in the engine."""

INJECTED = np.dtype([("order_id", "<i8"), ("level", "<i8"), ("lots", "<i8"), ("instrument", "<i8")])
"""An order of the history account that stands for recorded lots while a command is executed."""

INJECTED_MAXIMUM = 512
"""Orders that may stand for recorded levels at one time."""

HEADER = np.dtype(
    [
        ("rows", "<i8"),  # addresses
        ("levels", "<i8"),
        ("bitmap", "<i8"),
        ("summary", "<i8"),
        ("books", "<i8"),
        ("places", "<i8"),
        ("injected", "<i8"),
        ("command", "<i8"),  # a COMMAND row for what is no bot's
        ("engine", "<i8"),  # of the exchange's block
        ("execute", "<i8"),  # of `exchange_sim.engine.core.run_row`
        ("row", "<i8"),  # next
        ("row_count", "<i8"),
        ("summary_words", "<i8"),
        ("place_capacity", "<i8"),
        ("injected_count", "<i8"),
        ("phase", "<i8"),  # of the command or the look at prices under way
        ("trade_number", "<i8"),
        ("look", "<i8"),  # not 0: orders wait for prices or accounts need a look, see `resting`
        ("reserved", "<i8", (6,)),
    ]
)

HISTORY = 0
"""The account that stands for everybody in the record."""

QUEUE_RISK_AVERSE = 0
QUEUE_POWER = 1
QUEUE_LOG = 2

replay_at = rows_of(HEADER)
row_at = rows_of(ROW)
recorded_level_at = rows_of(LEVEL)
book_at = rows_of(BOOK)
place_at = rows_of(PLACE)
injected_at = rows_of(INJECTED)
