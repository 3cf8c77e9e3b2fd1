"""Reads Bitstamp's live order stream as `ob-analytics` recorded it: four Parquet files of one span.

`*_events` has one row per message: `timestamp` (recorder, ms), `order_id`, `action` (created, changed,
deleted), `side`, `price`, `qty` (what is left of the order). `*_trades` has `timestamp`, `price`, `qty`, and
`*_initial_book` the first depth message, at which the recording begins.

An aggressive order is *created* with its whole quantity and loses it in the messages that follow, as the
orders it meets do; so a created order is simply an order that arrives. Executions are told from the trades:
each takes the same quantity from a buy and a sell at nearly the same time. What an order has traded
and what is left of it at its end is its true total, also where a market order (which walks: its price
changes as it eats through levels) was sent for an amount of money.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Literal

import numpy as np

from exchange_sim.model.instrument import MAXIMUM_LOTS, MAXIMUM_TICKS
from exchange_sim.replay.orders.bitstamp_depth import Depth, nameless_levels
from exchange_sim.replay.orders.bitstamp_lives import Life, Row, in_order
from exchange_sim.replay.orders.bitstamp_trades import Pairing, pair_trades
from exchange_sim.replay.orders.recording import (
    EXECUTION,
    MESSAGE,
    NAMELESS_IDS,
    RESTING,
    Action,
    OrderRecording,
    Rows,
    side_of,
)
from exchange_sim.replay.orders.table import (
    Integers,
    RecordingError,
    check_above,
    check_below,
    check_sides,
    check_sorted,
    decimals,
    fail,
    read_parquet,
    whole_numbers,
)

EVENT_COLUMNS = ("timestamp", "order_id", "action", "side", "price", "qty")
_TRADE_COLUMNS = ("timestamp", "price", "qty")
_BOOK_COLUMNS = ("timestamp", "side", "price", "qty")
_ACTIONS = ("created", "changed", "deleted")
_STEP = Decimal("1e-8")
"""Grid of all quantities, in bitcoin."""
_MS = 1_000_000

Unknown = Literal["resting", "ignore", "error"]
"""What to do with orders that rested before the recording began."""


def read_bitstamp(
    events: Path, *, tick_size: Decimal, lot_size: Decimal, unknown: Unknown = "resting"
) -> OrderRecording:
    """Return the recording of an `*_events.parquet` file and the files beside it.

    Parameters
    ----------
    events
        The messages; `*_trades.parquet` and `*_initial_book.parquet` lie in the same folder.
    tick_size
        Every price must be a multiple of it.
    lot_size
        A multiple of 1e-8; quantities are rounded to the nearest lot, each recorded trade and each rest by
        itself. (The files are in 1e-8, and in their last digit not consistent with one another.)
    unknown
        Orders that were there before the recording: `resting` (they rest from the start, with what they were
        seen to have), `ignore`, or `error`.

    Raises
    ------
    RecordingError
        A file is missing or damaged, a column is missing, times go back, a price is off the grid, or an
        order id appears that was neither created nor can have rested before.
    """
    scale, rest = divmod(lot_size, _STEP)
    if rest or scale < 1:
        raise RecordingError(f"lot_size: expected a multiple of {_STEP}, was {lot_size}")
    unit = int(scale)
    quirks: Counter[str] = Counter()
    lives, end_ms = _read_lives(events, tick_size, unit, quirks)
    trades = _read_trades(_beside(events, "trades"), tick_size, unit)
    initial = _read_depths(_beside(events, "initial_book"), tick_size, unit)[0]
    depth_file = _beside(events, "book10")
    later = _read_depths(depth_file, tick_size, unit) if depth_file.is_file() else []
    begin_ms = initial[0] // _MS
    if unknown == "error":
        _refuse_unknown(events, lives)
    pairing = pair_trades(
        [each for life in lives for each in life.reductions()],
        [each for life in lives for each in life.endings()],
        trades,
    )
    _attribute(pairing, lives, quirks)
    old = [life for life in lives if not life.known and life.total_lots > 0]
    quirks["resting_before"] = sum(not life.known for life in lives)
    quirks["resting_before_of_unknown_size"] = quirks["resting_before"] - len(old)
    messages = _messages(lives, {life.order_id for life in old} if unknown == "resting" else set())
    begin_ns = int(messages["ts_ns"][0]) if len(messages) else begin_ms * _MS
    old.sort(key=lambda life: life.order_id)  # ids grow with time: the older, the better the place
    recording = OrderRecording(
        source=events.name,
        first_ns=begin_ns,
        end_ns=end_ms * _MS,
        resting=np.array(
            [(life.order_id, life.rows[0].price_ticks, life.total_lots, life.side) for life in old]
            if unknown == "resting"
            else [],
            RESTING,
        ),
        messages=messages,
        executions=np.array(
            [
                (each.ts_ms * _MS, each.price_ticks, each.lots, each.buy_order_id, each.sell_order_id)
                for each in pairing.executions
            ],
            EXECUTION,
        ),
        quirks=dict(quirks),
    )
    if begin_ms * _MS < begin_ns or begin_ms > end_ms:
        raise RecordingError(
            f"{events}: expected messages from before and after the initial book at {begin_ms}, "
            f"was {begin_ns // _MS} to {end_ms}"
        )
    started = recording.since(begin_ms * _MS + _MS)  # messages of the same ms are in the book already
    return _with_nameless(started, initial, later)


def _attribute(pairing: Pairing, lives: list[Life], quirks: Counter[str]) -> None:
    """Give every order its trades."""
    by_id = {life.order_id: life for life in lives}
    for each in pairing.executions:
        for order in (each.buy_order_id, each.sell_order_id):
            if order:
                by_id[order].executions.append(each)
                by_id[order].filled |= order in pairing.filled
            else:
                quirks["trade_without_order"] += 1
    quirks["execution_without_trade"] += pairing.unpaired
    quirks["filled_but_deleted_with_rest"] += len(pairing.filled - {0})


def _beside(events: Path, what: str) -> Path:
    if not events.name.endswith("_events.parquet"):
        raise RecordingError(f"{events}: expected a file named *_events.parquet")
    return events.with_name(events.name.replace("_events.parquet", f"_{what}.parquet"))


def _read_lives(path: Path, tick_size: Decimal, unit: int, quirks: Counter[str]) -> tuple[list[Life], int]:
    """Return every order's life, in order of the first row, and the time of the last row (ms)."""
    table = read_parquet(path, EVENT_COLUMNS)
    times, ids = whole_numbers(path, table, "timestamp"), whole_numbers(path, table, "order_id")
    signs = whole_numbers(path, table, "side")
    prices = decimals(path, table, "price", tick_size)
    quantities = decimals(path, table, "qty", _STEP)
    check_sorted(path, times, "timestamp")
    check_sides(path, signs)
    check_above(path, ids, "order_id", 1)
    check_above(path, quantities, "qty", 0)
    _check_terms(path, prices, quantities, unit)
    lots = (quantities + unit // 2) // unit
    rows: dict[int, list[Row]] = {}
    sign_of: dict[int, int] = {}
    actions = table.column("action").to_pylist()
    columns = (times, prices, quantities, lots, ids, signs)
    for number, (action, ts_ms, price, quantity, lot, order, sign) in enumerate(
        zip(actions, *(column.tolist() for column in columns), strict=True)
    ):
        if action not in _ACTIONS:
            fail(path, number, "action", repr(action), " or ".join(_ACTIONS))
        if sign_of.setdefault(order, sign) != sign:
            fail(path, number, "side", sign, f"{sign_of[order]}, as in the first row of order {order}")
        rows.setdefault(order, []).append(Row(number, ts_ms, action, price, quantity, lot))
    newest_before = min(
        (order for order, own in rows.items() if own[0].action == "created"), default=2**63 - 1
    )
    lives = []
    for order, own in rows.items():
        known = own[0].action == "created"
        if not known and order >= newest_before and all(each.action != "created" for each in own):
            fail(
                path, own[0].row, "order_id", order,
                f"an order that was created, or one from before the recording (below {newest_before})",
            )  # fmt: skip
        ordered = in_order(path, own, quirks)
        if ordered:
            lives.append(Life(order, sign_of[order], ordered, known=known))
    return lives, int(times[-1])


def _check_terms(path: Path, prices: Integers, quantities: Integers, unit: int) -> None:
    check_above(path, prices, "price", 1)
    check_below(path, prices, "price", MAXIMUM_TICKS)
    check_below(path, quantities, "qty", MAXIMUM_LOTS * unit)


def _refuse_unknown(path: Path, lives: list[Life]) -> None:
    for life in lives:
        if not life.known:
            fail(path, life.rows[0].row, "order_id", life.order_id, "an order that was created in the file")


def _read_trades(path: Path, tick_size: Decimal, unit: int) -> list[tuple[int, int, int]]:
    """Return the trades as (ms, ticks, lots)."""
    table = read_parquet(path, _TRADE_COLUMNS)
    times = whole_numbers(path, table, "timestamp")
    prices = decimals(path, table, "price", tick_size)
    quantities = decimals(path, table, "qty", _STEP)
    check_sorted(path, times, "timestamp")
    check_above(path, quantities, "qty", 1)
    _check_terms(path, prices, quantities, unit)
    lots = (quantities + unit // 2) // unit
    return list(zip(times.tolist(), prices.tolist(), lots.tolist(), strict=True))


def _read_depths(path: Path, tick_size: Decimal, unit: int) -> list[Depth]:
    """Return the depth messages of a file, in order of time."""
    table = read_parquet(path, _BOOK_COLUMNS)
    times, signs = whole_numbers(path, table, "timestamp"), whole_numbers(path, table, "side")
    prices = decimals(path, table, "price", tick_size)
    quantities = decimals(path, table, "qty", _STEP)
    check_sorted(path, times, "timestamp")
    check_sides(path, signs)
    check_above(path, quantities, "qty", 1)
    _check_terms(path, prices, quantities, unit)
    lots = (quantities + unit // 2) // unit
    depths: list[Depth] = []
    for ts_ms, sign, price, lot in zip(*(c.tolist() for c in (times, signs, prices, lots)), strict=True):
        if not depths or depths[-1][0] != ts_ms * _MS:
            depths.append((ts_ms * _MS, {}))
        depths[-1][1][side_of(sign), price] = lot
    return depths


def _messages(lives: list[Life], resting: set[int]) -> Rows:
    """Return the messages of all known orders and of those that rest, in order."""
    found: list[tuple[int, tuple[int, int, int, int, int, int]]] = []
    for life in lives:
        total = life.total_lots
        if total == 0 or not (life.known or life.order_id in resting):
            continue
        first, later = (life.rows[0], life.rows[1:]) if life.known else (life.rows[0], life.rows)
        if life.known:
            terms = (first.ts_ms * _MS, life.order_id, first.price_ticks, total, int(Action.ADD), life.side)
            found.append((first.row, terms))
        price = first.price_ticks
        for row in later:
            ts_ns = row.ts_ms * _MS
            if row.price_ticks != price:
                price = row.price_ticks
                terms = (ts_ns, life.order_id, price, total, int(Action.REPRICE), life.side)
                found.append((row.row, terms))
            if row.action == "deleted":
                found.append((row.row, (ts_ns, life.order_id, 0, 0, int(Action.END), life.side)))
    found.sort()
    return np.array([terms for _, terms in found], MESSAGE)


def _with_nameless(recording: OrderRecording, initial: Depth, later: list[Depth]) -> OrderRecording:
    """Let orders rest that depth messages show and no message names: they never move."""
    levels = nameless_levels(recording, [*[initial] * 2, *later])
    recording.quirks["nameless_resting"] = len(levels)
    missing = [
        (NAMELESS_IDS + number, price, lots, side)
        for number, ((side, price), lots) in enumerate(sorted(levels.items()))
    ]
    return replace(recording, resting=np.concatenate((recording.resting, np.array(missing, RESTING))))
