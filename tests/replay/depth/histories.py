"""Tiny hand-made histories, and replays of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from exchange_sim.engine.layout import COMMAND
from exchange_sim.model.enums import CommandKind, EventKind, OrderType, SelfTradePrevention, Side, TimeInForce
from exchange_sim.model.instrument import Instrument
from exchange_sim.replay.depth.layout import CLEAR_FLAG, LAST_FLAG, RENEW_FLAG, ROW, TRADE_FLAG
from exchange_sim.replay.depth.market import DepthReplay
from exchange_sim.replay.depth.models import QueueModel, RiskAverseQueue
from exchange_sim.replay.depth.record import Record

MS = 1_000_000
START_NS = 1_700_000_000_000 * MS
BTC = Instrument.linear("BTC/USDT:USDT", tick_size="0.1", lot_size="0.001")
DEPOSIT = 10**15
BID, ASK = 0, 1
BUY, SELL = 0, 1

Change = tuple[int, int, int]  # side, price in ticks, new total in lots
Depth = tuple[int, list[Change]]  # ms after the start, changes
Print = tuple[int, int, int, int]  # ms after the start, aggressor, price, lots


def record(depth: Sequence[Depth], prints: Sequence[Print] = (), instrument: Instrument = BTC) -> Record:
    """Return the record of depth messages, the first a snapshot, and trades."""
    made: list[tuple[int, int, tuple[int, ...]]] = []
    for number, (ms, changes) in enumerate(depth):
        ordered = sorted(changes, key=lambda change: change[2] > 0)
        for place, (side, price, lots) in enumerate(ordered):
            flags = LAST_FLAG if place == len(ordered) - 1 else 0
            if number == 0:
                flags |= CLEAR_FLAG * (place == 0) | (RENEW_FLAG if flags else 0)
            made.append((ms, 1, (lots, price, side, flags)))
    made += [(ms, 0, (lots, price, side, TRADE_FLAG)) for ms, side, price, lots in prints]
    made.sort(key=lambda each: each[:2])
    rows = np.zeros(len(made), ROW)
    prices = np.array([fields[1] for _, _, fields in made])
    unique, places = np.unique(prices, return_inverse=True)
    rows["ts_ns"] = [START_NS + ms * MS for ms, _, _ in made]
    rows["lots"] = [fields[0] for _, _, fields in made]
    rows["level"] = places
    rows["side"] = [fields[2] for _, _, fields in made]
    rows["flags"] = [fields[3] for _, _, fields in made]
    return Record(instrument, rows, unique, START_NS, START_NS + depth[-1][0] * MS)


def replay(
    history: Record, accounts: Sequence[str] = ("bot",), model: QueueModel | None = None, **options: Any
) -> DepthReplay:
    """Return a replay of one record, with rich accounts."""
    return DepthReplay(
        [history],
        [(name, DEPOSIT) for name in accounts],
        start_ns=history.start_ns,
        queue_model=model or RiskAverseQueue(),
        **options,
    )


def order(
    ms: float, client_id: int, side: int, price: int, lots: int, *, account: int = 1, **fields: int
) -> np.ndarray:
    """Return the COMMAND row of an order that arrives at `ms`: a limit, GTC where not said otherwise."""
    row = np.zeros(1, COMMAND)
    values = {
        "ts_ns": START_NS + round(ms * MS), "client_order_id": client_id, "price_ticks": price,
        "quantity_lots": lots, "account": account, "kind": CommandKind.SUBMIT, "side": side,
        "order_type": OrderType.LIMIT, "time_in_force": TimeInForce.GTC, "stp": SelfTradePrevention.NONE,
        **fields,
    }  # fmt: skip
    for name, value in values.items():
        row[name] = value
    return row


def cancel(ms: float, client_id: int, *, account: int = 1) -> np.ndarray:
    """Return the COMMAND row of a cancellation that arrives at `ms`."""
    return order(ms, client_id, 0, 0, 0, account=account, kind=CommandKind.CANCEL)


def play(market: DepthReplay, until_ms: float, window_ns: int = 10**12) -> np.ndarray:
    """Replay up to an instant and return the order events so far, without those taken before."""
    until_ns = START_NS + round(until_ms * MS)
    while market.now_ns < until_ns:
        market.advance(until_ns, window_ns)
    return market.take("order_events")


def fills(events: np.ndarray) -> list[tuple[float, int, int, int, int]]:
    """Return (ms, client id, price, lots, maker) of the fills among order events."""
    filled = events[events["kind"] == EventKind.FILLED]
    return [
        ((int(row["ts_ns"]) - START_NS) / MS, int(row["client_order_id"]), int(row["price_ticks"]),
         int(row["quantity_lots"]), int(row["code"]) >> 1)
        for row in filled
    ]  # fmt: skip


def write_record(record: Record, folder: Path, name: str) -> None:
    """Write a record in the documented format."""
    trade = (record.rows["flags"] & TRADE_FLAG) != 0
    depth, prints = record.rows[~trade], record.rows[trade]
    last_of_snapshot = int(np.flatnonzero(depth["flags"] & RENEW_FLAG)[0])
    snapshot = np.arange(len(depth)) <= last_of_snapshot
    numbers = np.unique(depth["ts_ns"], return_inverse=True)[1] + 1
    columns = {
        "timestamp": depth["ts_ns"] // MS, "first_update_id": numbers, "last_update_id": numbers,
        "is_snapshot": snapshot, "side": np.where(depth["side"] == 0, 1, -1),
        "price": record.prices[depth["level"]] / 10, "qty": depth["lots"] / 1_000,
    }  # fmt: skip
    pq.write_table(pa.table(columns), folder / f"{name}_events.parquet")
    columns = {
        "timestamp": prints["ts_ns"] // MS, "trade_id": np.arange(len(prints)) + 1,
        "price": record.prices[prints["level"]] / 10, "qty": prints["lots"] / 1_000,
        "side": np.where(prints["side"] == 0, 1, -1),
    }  # fmt: skip
    pq.write_table(pa.table(columns), folder / f"{name}_trades.parquet")


__all__ = [
    "ASK",
    "BID",
    "BUY",
    "SELL",
    "Side",
    "cancel",
    "fills",
    "order",
    "play",
    "record",
    "replay",
    "write_record",
]
