"""Four hours of Bitstamp through the matching engine: the recorded book and the recorded trades come out."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from exchange_sim.model.enums import EventKind, Reason
from exchange_sim.model.market import BookSnapshot
from exchange_sim.replay.orders.bitstamp import read_bitstamp
from exchange_sim.replay.orders.recording import Action, OrderRecording
from exchange_sim.replay.orders.translation import translate
from tests.replay.order_worlds import BTC, exchange_of, trades_of

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "l3"
EVENTS = FOLDER / "bitstamp_btcusd_20150501_events.parquet"
MS = 1_000_000
ROUNDING = 3
"""Lots: each order of a level is rounded to a lot (1e-6) by itself, the recorded level is not."""

pytestmark = pytest.mark.skipif(not EVENTS.is_file(), reason=f"there is no recorded order stream at {EVENTS}")

Level = tuple[int, int]


@pytest.fixture(scope="module")
def hours() -> OrderRecording:
    return read_bitstamp(EVENTS, tick_size=Decimal("0.01"), lot_size=Decimal("0.000001"))


def _depths() -> list[tuple[int, list[dict[int, float]]]]:
    """Return the recorded depth messages: ms, and lots by price of the ten best bids and asks."""
    columns = pq.read_table(FOLDER / "bitstamp_btcusd_20150501_book10.parquet").to_pydict()
    found: list[tuple[int, list[dict[int, float]]]] = []
    for ts_ms, sign, price, quantity in zip(
        *(columns[name] for name in ("timestamp", "side", "price", "qty")), strict=True
    ):
        if not found or found[-1][0] != ts_ms:
            found.append((ts_ms, [{}, {}]))
        found[-1][1][0 if sign > 0 else 1][round(price * 100)] = quantity * 1e6
    return found


def test_what_had_to_be_read_with_indulgence(hours: OrderRecording) -> None:
    assert {name: count for name, count in hours.quirks.items() if count} == {
        "resting_before": 173,
        "nameless_resting": 10,
        "deleted_twice": 18,
        "deleted_before_created": 4,
        "changed_after_deleted": 1,
        "filled_but_deleted_with_rest": 4,
    }


class _Channel:
    """When something happened on a level, by the order messages (ms)."""

    def __init__(self, made: OrderRecording) -> None:
        self._times: dict[Level, list[int]] = {}
        self._walks: dict[Level, list[int]] = {}
        ends = {row[1]: row[0] for row in made.messages.tolist() if row[4] == Action.END}
        walking = {row[1] for row in made.messages.tolist() if row[4] == Action.REPRICE}
        for order, price, _, side in made.resting.tolist():
            self._times.setdefault((side, price), []).append(ends.get(order, 0) // MS)
        for ts_ns, order, price, _, action, side in made.messages.tolist():
            if action == Action.END:
                continue
            level = (side, price)
            self._times.setdefault(level, []).extend((ts_ns // MS, ends.get(order, 0) // MS))
            if order in walking:
                self._walks.setdefault(level, []).append(ts_ns // MS)

    def reason(self, ts_ms: int, different: set[Level]) -> str:
        """Return why these levels differ at a depth message."""
        if not different:
            return "equal"
        if all(any(abs(at - ts_ms) <= 50 for at in self._times.get(each, ())) for each in different):
            return "the order channel was up to 50 ms ahead or behind"
        if all(any(0 <= ts_ms - at <= 1_000 for at in self._walks.get(each, ())) for each in different):
            return "a market order for an amount of money was on its way"
        return "not explained"


def _different(depth: BookSnapshot, recorded: list[dict[int, float]]) -> set[Level]:
    found = set()
    for side, (ours, theirs) in enumerate(zip((depth.bids, depth.asks), recorded, strict=True)):
        levels = dict(ours)
        # Where one level is too many, the last one has no place: compare as far as both reach.
        reach = max(min(levels), min(theirs)) if side == 0 else min(max(levels), max(theirs))
        for price in levels.keys() | theirs.keys():
            inside = price >= reach if side == 0 else price <= reach
            if inside and abs(levels.get(price, 0) - theirs.get(price, 0.0)) > ROUNDING:
                found.add((side, price))
    return found


def test_ten_levels_are_the_recorded_ones_at_every_depth_message(hours: OrderRecording) -> None:
    commands = translate(hours, BTC, hours.end_ns + 1)
    exchange = exchange_of(commands, BTC)
    channel = _Channel(hours)
    reasons: Counter[str] = Counter()
    place = 0
    depths = _depths()
    for ts_ms, recorded in depths:
        # The first is the initial book: the orders that rest come in the ms after it.
        until = max((ts_ms + 1) * MS, hours.first_ns + MS)
        stop = int(np.searchsorted(commands.rows["ts_ns"], until))
        exchange.apply(commands.rows[place:stop])
        place = stop
        reasons[channel.reason(ts_ms, _different(exchange.depth("BTC/USD:USD", 10), recorded))] += 1
    assert len(depths) == 4104
    assert reasons == {
        "equal": 4078,
        "the order channel was up to 50 ms ahead or behind": 23,
        "a market order for an amount of money was on its way": 3,
    }


def test_trades_come_out_as_recorded(hours: OrderRecording) -> None:
    commands = translate(hours, BTC, hours.end_ns + 1)
    exchange = exchange_of(commands, BTC)
    events = exchange.apply(commands.rows)
    made = trades_of(events)
    table = pq.read_table(FOLDER / "bitstamp_btcusd_20150501_trades.parquet").to_pydict()
    file = [
        (round(price * 100), (round(quantity * 1e8) + 50) // 100)
        for ts, price, quantity in zip(table["timestamp"], table["price"], table["qty"], strict=True)
        if ts * MS >= hours.first_ns
    ]
    assert len(made) == len(file) == 488
    assert Counter(trade[:2] for trade in made) == Counter(file)
    # Each with the buy and the sell order that the messages say, all of them named.
    wanted = [tuple(row[1:]) for row in hours.executions.tolist()]
    assert all(buy and sell for *_, buy, sell in wanted)
    assert Counter(made) == Counter(wanted)
    # In the recorded order; two trades of an order that took 0.3 s were overtaken by others in the record.
    early = [trade for trade, other in zip(made, wanted, strict=True) if trade != other]
    assert len(early) == 4
    # Nothing but ends of filled orders was refused.
    refused = events[
        np.isin(events["kind"], [EventKind.REJECTED, EventKind.MODIFY_REJECTED, EventKind.CANCEL_REJECTED])
    ]
    assert set(refused["kind"].tolist()) == {EventKind.CANCEL_REJECTED}
    assert set(refused["code"].tolist()) == {Reason.UNKNOWN_ORDER}
    exchange.check_conservation()


def test_a_later_start_gives_the_same_book(hours: OrderRecording) -> None:
    middle = hours.first_ns + 7_200_000_000_000
    books = []
    for made in (hours, hours.since(middle)):
        commands = translate(made, BTC, hours.end_ns + 1)
        exchange = exchange_of(commands, BTC)
        exchange.apply(commands.rows)
        books.append(
            [
                (order.client_order_id, order.price_ticks, order.leaves_lots)
                for order in exchange.queue("BTC/USD:USD")
            ]
        )
    assert books[0] == books[1]
    assert len(books[0]) > 100
