"""One pass over a record before it is replayed: its book must never be crossed."""

from __future__ import annotations

from exchange_sim.compiled import compiled
from exchange_sim.replay.depth.book import clear_book, set_level
from exchange_sim.replay.depth.layout import (
    CLEAR_FLAG,
    TRADE_FLAG,
    book_at,
    recorded_level_at,
    replay_at,
    row_at,
)


@compiled
def first_crossing(replay_address: int) -> int:
    """Play the record of one instrument; return the first row that crosses the book, -1 for none.

    A removal of a level that the other side has by now says nothing: its row is changed to what is there.
    """
    r = replay_at(replay_address, 0)
    b = book_at(r.books, 0)
    for number in range(r.row_count):
        row = row_at(r.rows, number)
        if row.flags & TRADE_FLAG != 0:
            continue
        if row.flags & CLEAR_FLAG != 0:
            clear_book(r, b)
        level = recorded_level_at(r.levels, row.level)
        if level.lots != 0:
            holder = 0 if row.level <= b.bid else 1
            if holder != row.side:
                if row.lots != 0:
                    return number
                row.side = holder
                row.lots = level.lots
        set_level(r, b, row.side, row.level, row.lots)
        if 0 <= b.ask <= b.bid:
            return number
    return -1
