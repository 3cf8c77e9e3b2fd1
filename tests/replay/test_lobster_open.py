"""The first seconds of a LOBSTER day: book after each message and executions are the recorded ones."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from exchange_sim.replay.orders.lobster import read_lobster
from exchange_sim.replay.orders.recording import OrderRecording
from exchange_sim.replay.orders.translation import TAKER_IDS, translate
from tests.replay.order_worlds import SHARE, exchange_of, trades_of

MESSAGES = (
    Path(__file__).parents[3] / "shared" / "data" / "l3" / "lobster_aapl_20120621_open_messages.parquet"
)
HIDDEN = 5

pytestmark = pytest.mark.skipif(not MESSAGES.is_file(), reason=f"there is no LOBSTER file at {MESSAGES}")


@pytest.fixture(scope="module")
def opening() -> OrderRecording:
    return read_lobster(MESSAGES, tick_size=Decimal("0.01"))


def test_the_book_after_every_instant_is_the_recorded_one(opening: OrderRecording) -> None:
    commands = translate(opening, SHARE, opening.end_ns + 1)
    exchange = exchange_of(commands, SHARE)
    seconds = pq.read_table(MESSAGES).column("seconds_after_midnight").to_pylist()
    book = pq.read_table(MESSAGES.with_name("lobster_aapl_20120621_open_book10.parquet")).to_pylist()
    times = [opening.first_ns + round(second * 1e9) - round(seconds[0] * 1e9) for second in seconds]
    place = compared = 0
    for number, ts_ns in enumerate(times):
        following = times[number + 1] if number + 1 < len(times) else ts_ns + 10**9
        if following == ts_ns:
            continue  # of messages at one time the last has the book that the next one finds
        stop = int(np.searchsorted(commands.rows["ts_ns"], following))
        exchange.apply(commands.rows[place:stop])
        place = stop
        depth = exchange.depth("AAPL/USD:USD", 10)
        for side, levels in (("bid", depth.bids), ("ask", depth.asks)):
            recorded = [
                (round(book[number][f"{side}_px_{level}"] * 100), book[number][f"{side}_sz_{level}"])
                for level in range(10)
            ]
            assert list(levels) == recorded, f"row {number + 1}"
        compared += 1
    assert compared == 890


def test_executions_come_out_as_recorded(opening: OrderRecording) -> None:
    commands = translate(opening, SHARE, opening.end_ns + 1)
    made = trades_of(exchange_of(commands, SHARE).apply(commands.rows))
    table = pq.read_table(MESSAGES).to_pylist()
    file = [
        (round(row["price"] * 100), row["qty"], row["order_id"], row["side"])
        for row in table
        if row["event_type"] in (4, HIDDEN)
    ]
    assert len(made) == len(file) == 159
    for (price, lots, buy, sell), (ticks, quantity, order, side) in zip(made, file, strict=True):
        resting = buy if side > 0 else sell
        assert (price, lots) == (ticks, quantity)
        assert resting == order or (order == 0 and resting >= TAKER_IDS)


def test_what_the_files_leave_open(opening: OrderRecording) -> None:
    assert {name: count for name, count in opening.quirks.items() if count} == {
        "resting_before": 9,
        "nameless_resting": 15,
        "changed_without_message": 14,
    }
