"""Stops, brackets, liquidation and funding on recorded depth, each with an answer computed by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from exchange_sim.kernel.operator import FundingPlan
from exchange_sim.model.enums import EventKind, OrderType, Reason, TimeInForce, TriggerSource
from exchange_sim.replay.depth.market import HISTORY_NAME, DepthReplay
from exchange_sim.replay.depth.models import RiskAverseQueue
from tests.engine.venue import UNIT, X, Y, contract
from tests.replay.depth.histories import (
    ASK,
    BID,
    BUY,
    MS,
    SELL,
    START_NS,
    Depth,
    Print,
    cancel,
    order,
    play,
    record,
)

BOOK: list[tuple[int, int, int]] = [
    (BID, 100, 5), (BID, 99, 5), (BID, 98, 5), (BID, 95, 50),
    (ASK, 102, 5), (ASK, 103, 5), (ASK, 104, 50),
]  # fmt: skip
Line = tuple[object, ...]
NOTHING: Depth = (1_000, [(BID, 1, 1)])
STOP, TAKE = int(OrderType.STOP_MARKET), int(OrderType.TAKE_PROFIT_MARKET)
TRAIL, STOP_LIMIT = int(OrderType.TRAILING_STOP), int(OrderType.STOP_LIMIT)


def world(
    prints: list[Print],
    depth: list[Depth] | None = None,
    *,
    deposits: tuple[int, ...] = (100_000, 100_000),
    funding: FundingPlan | None = None,
    **terms: Any,
) -> DepthReplay:
    """Return a replay of BOOK, and what comes after it, with bots 1, 2 ... that have so many units."""
    history = record([(0, BOOK), *(depth or []), NOTHING], prints, contract(**terms))
    return DepthReplay(
        [history],
        [(f"bot{number}", units * UNIT) for number, units in enumerate(deposits, 1)],
        start_ns=history.start_ns,
        queue_model=RiskAverseQueue(),
        funding=[funding],
    )


def special(ms: float, client_id: int, side: int, lots: int, kind: int, **fields: int) -> np.ndarray:
    """Return the COMMAND row of an order that has more terms than a plain one."""
    limit = fields.pop("price_ticks", 0)
    return order(ms, client_id, side, limit, lots, order_type=kind, has_terms=1, **fields)


def market(ms: float, client_id: int, side: int, lots: int, **fields: int) -> np.ndarray:
    return order(
        ms, client_id, side, 0, lots, order_type=OrderType.MARKET, time_in_force=TimeInForce.IOC, **fields
    )


def told(events: np.ndarray) -> list[Line]:
    """Return what happened but acceptances: (ms, client id, what, price, lots or reason)."""
    lines: list[Line] = []
    for row in events:
        kind = EventKind(int(row["kind"]))
        what = kind.name.lower()
        last: object = int(row["quantity_lots"])
        if kind in (EventKind.EXPIRED, EventKind.CANCELED, EventKind.REJECTED):
            last = Reason(int(row["code"])).name
        if kind is not EventKind.ACCEPTED:
            ms = (int(row["ts_ns"]) - START_NS) / MS
            lines.append((ms, int(row["client_order_id"]), what, int(row["price_ticks"]), last))
    return lines


def test_a_stop_fires_at_the_recorded_price_and_walks_down_the_recorded_bids() -> None:
    made = world([(10, SELL, 100, 1), (30, SELL, 99, 1), (40, SELL, 99, 1)])
    made.push(special(20, 7, SELL, 12, STOP, trigger_ticks=99))
    assert told(play(made, 100)) == [
        (30, 7, "triggered", 99, 12),
        (30, 7, "filled", 100, 5),
        (30, 7, "filled", 99, 5),
        (30, 7, "filled", 98, 2),
    ]
    # What is left of the levels is there for the next, who also finds 95.
    made.push(market(150, 8, SELL, 5))
    assert told(play(made, 200)) == [(150, 8, "filled", 98, 3), (150, 8, "filled", 95, 2)]
    made.exchange.check_conservation()


@pytest.mark.parametrize(
    ("kind", "side", "trigger", "stays", "fires", "price"),
    [
        (STOP, BUY, 103, 102, 103, 102),
        (STOP, SELL, 99, 100, 99, 100),
        (TAKE, SELL, 103, 102, 104, 100),
        (TAKE, BUY, 98, 99, 97, 102),
    ],
)
@pytest.mark.parametrize("source", [TriggerSource.LAST, TriggerSource.MARK])
def test_every_type_watches_the_record(
    kind: int, side: int, trigger: int, stays: int, fires: int, price: int, source: TriggerSource
) -> None:
    made = world([(10, SELL, 101, 1), (30, SELL, stays, 1), (40, SELL, fires, 1)])
    made.push(special(20, 7, side, 2, kind, trigger_ticks=trigger, trigger_source=source))
    assert told(play(made, 100)) == [(40, 7, "triggered", trigger, 2), (40, 7, "filled", price, 2)]


def test_what_bots_trade_fires_nothing() -> None:
    """Neither the trade of another bot, nor that of an order that fired, nor one with crossing history."""
    depth: list[Depth] = [(60, [(BID, 100, 0), (BID, 99, 0), (ASK, 101, 1)])]
    made = world([(10, SELL, 101, 1), (30, SELL, 100, 1), (80, SELL, 96, 1)], depth)
    for number, trigger in enumerate((100, 99, 98, 97)):
        made.push(special(20, 1 + number, SELL, 6, STOP, trigger_ticks=trigger))
    made.push(market(25, 10, SELL, 11, account=2))  # down to 98
    made.push(order(50, 11, BUY, 101, 1, account=2))
    assert told(play(made, 70)) == [
        (25, 10, "filled", 100, 5),
        (25, 10, "filled", 99, 5),
        (25, 10, "filled", 98, 1),
        (30, 1, "triggered", 100, 6),
        (30, 1, "filled", 98, 4),
        (30, 1, "filled", 95, 2),
        (60, 11, "filled", 101, 1),
    ]
    happened = told(play(made, 100))
    assert [line[:3] for line in happened if line[2] == "triggered"] == [
        (80, number, "triggered") for number in (2, 3, 4)
    ]
    assert made.exchange.position("bot1", X).lots == -24


def test_a_trailing_stop_follows_the_record_alone() -> None:
    made = world([(ms, BUY, price, 1) for ms, price in ((10, 100), (30, 108), (50, 104), (60, 103))])
    made.push(special(20, 7, SELL, 2, TRAIL, trail_ticks=5))
    made.push(market(40, 8, BUY, 30, account=2))  # up to 104, above nothing
    assert told(play(made, 100))[-2:] == [(60, 7, "triggered", 103, 2), (60, 7, "filled", 100, 2)]


def test_a_stop_limit_that_fires_stands_behind_the_recorded_lots() -> None:
    prints = [(10, BUY, 101, 1), (30, BUY, 102, 1), (40, BUY, 103, 4), (50, BUY, 103, 3)]
    made = world(prints)
    made.push(special(20, 7, SELL, 4, STOP_LIMIT, price_ticks=103, trigger_ticks=100, trigger_source=0))
    made.push(special(20, 8, SELL, 4, int(OrderType.TAKE_PROFIT_LIMIT), price_ticks=103, trigger_ticks=102))
    happened = told(play(made, 100))
    # Five recorded lots stand before it: four trade at 40, one and then two of its own at 50.
    assert happened == [(30, 8, "triggered", 102, 4), (50, 8, "filled", 103, 2)]


def test_a_bracket_on_the_record() -> None:
    """A recorded sale fills the entry, a recorded price fires the stop, and the target goes."""
    made = world([(10, SELL, 101, 1), (30, SELL, 99, 8), (40, SELL, 97, 1), (50, BUY, 105, 1)])
    made.push(
        special(
            20, 7, BUY, 3, int(OrderType.LIMIT), price_ticks=99, stop_loss_ticks=97, take_profit_ticks=105
        )
    )
    assert told(play(made, 100)) == [
        (30, 7, "filled", 99, 3),
        (40, 8, "triggered", 97, 3),
        (40, 9, "canceled", 0, "LINKED_ORDER"),
        (40, 8, "filled", 100, 3),
    ]
    assert made.exchange.position("bot1", X).lots == 0


def test_a_position_is_closed_against_the_recorded_bids() -> None:
    made = world([(10, SELL, 101, 1)])
    made.push(market(20, 7, BUY, 7))
    made.push(special(30, 8, SELL, 0, int(OrderType.MARKET), time_in_force=TimeInForce.IOC, close_position=1))
    assert told(play(made, 100))[2:] == [(30, 8, "filled", 100, 5), (30, 8, "filled", 99, 2)]


def liquidation(events: np.ndarray) -> list[Line]:
    return [line for line in told(events) if line[1] == 0]


def test_a_liquidation_goes_through_the_recorded_bids() -> None:
    made = world([(10, SELL, 102, 1), (30, SELL, 97, 1), (40, SELL, 96, 1)], deposits=(60, 0))
    made.push(market(15, 7, BUY, 5))
    made.push(order(20, 8, BUY, 90, 1))
    # At 97: equity 60 - 25 = 35, maintenance 5 % of 485 = 24.25. At 96: 30, above 24. At 91: 5, below 22.75.
    assert liquidation(play(made, 100)) == []
    assert made.exchange.position("bot1", X).lots == 5
    made = world([(10, SELL, 102, 1), (30, SELL, 96, 1), (40, SELL, 94, 1)], deposits=(60, 0))
    made.push(market(15, 7, BUY, 5))
    made.push(order(20, 8, BUY, 90, 1))
    made.push(market(35, 9, SELL, 7, account=2))  # without money: refused
    happened = told(play(made, 100))
    # At 94: equity 60 - 40 = 20, maintenance 23.5; bankruptcy at 94 - 20 // 5 = 90: the bids are far above.
    assert happened[2:] == [
        (40, 8, "canceled", 90, "LIQUIDATION"),
        (40, 0, "liquidated", 90, 5),
        (40, 0, "filled", 100, 5),
    ]
    assert made.exchange.balance_atoms("bot1", "USD") == 50 * UNIT
    assert made.exchange.position("bot1", X).lots == 0
    made.exchange.check_conservation()


def test_funding_that_ruins_an_account_liquidates_it_in_the_recorded_book() -> None:
    plan = FundingPlan(recorded=((START_NS + 40 * MS, 80_000_000),))  # eight percent
    made = world([(10, SELL, 102, 1)], deposits=(60, 0), funding=plan)
    made.push(market(20, 7, BUY, 5))
    # It pays 8 % of 510 = 40.8; 19.2 are left, below 25.5; bankruptcy at 102 - 19.2 // 5 = 99.
    assert told(play(made, 100))[1:] == [
        (40, 0, "funded", 102, 5),
        (40, 0, "liquidated", 99, 5),
        (40, 0, "filled", 100, 5),
    ]
    assert made.exchange.balance_atoms("bot1", "USD") == 9_20 * UNIT // 100


def test_a_cross_account_is_liquidated_in_the_book_of_its_largest_position() -> None:
    """The mark of X falls; the position that goes is the one in Y."""
    first = record(
        [(0, BOOK), NOTHING], [(10, SELL, 102, 1), (30, SELL, 85, 1), (40, SELL, 81, 1)], contract(X)
    )
    second = record([(0, BOOK), NOTHING], [(10, SELL, 102, 1)], contract(Y))
    made = DepthReplay(
        [first, second], [("bot1", 160 * UNIT)], start_ns=START_NS, queue_model=RiskAverseQueue()
    )
    made.push(market(20, 7, BUY, 5))
    made.push(market(20, 8, BUY, 8, instrument=1))
    # Equity at 102 in both: 160 - 3 (three lots at 103) = 157. At 85 in X: 72; maintenance 21.25 + 40.8.
    # At 81: 52; maintenance 20.25 + 40.8. In Y it is the most: bankruptcy at 102 - 52 // 8 = 96.
    assert told(play(made, 100))[3:] == [
        (40, 0, "liquidated", 96, 8),
        (40, 0, "filled", 100, 5),
        (40, 0, "filled", 99, 3),
    ]
    assert [made.exchange.position("bot1", name).lots for name in (X, Y)] == [5, 0]
    made.exchange.check_conservation()


def test_recorded_funding_is_paid_at_its_time_and_mark_and_no_earlier() -> None:
    rates = ((START_NS + 40 * MS, 10_000_000), (START_NS + 60 * MS, -20_000_000))
    made = world(
        [(10, SELL, 102, 1), (40, SELL, 100, 1), (50, SELL, 101, 1)], funding=FundingPlan(recorded=rates)
    )
    made.push(market(20, 7, BUY, 5))
    made.push(market(20, 8, SELL, 2, account=2))
    made.push(market(40, 9, BUY, 3))  # arrives as the first is due, which comes before
    before = play(made, 40)
    assert not (before["kind"] == EventKind.FUNDED).any()
    events = play(made, 100)
    paid = [
        ((int(row["ts_ns"]) - START_NS) / MS, int(row["account"]), int(row["quantity_lots"]),
         int(row["price_ticks"]), int(row["fee_atoms"]))
        for row in events[events["kind"] == EventKind.FUNDED]
    ]  # fmt: skip
    assert paid == [
        (40, 1, 5, 100, 5 * UNIT), (40, 2, -2, 100, -2 * UNIT),
        (60, 1, 8, 101, -1616 * UNIT // 100), (60, 2, -2, 101, 404 * UNIT // 100),
    ]  # fmt: skip
    made.exchange.check_conservation()


def test_windows_and_calls_change_nothing_where_orders_fire_and_accounts_fall() -> None:
    depth: list[Depth] = [
        (ms, [(BID, 100 - ms % 7, ms % 5), (ASK, 102 + ms % 5, 1 + ms % 4)]) for ms in range(3, 90, 4)
    ]
    prints: list[Print] = [(ms, ms % 2, 101 - (ms // 9) % 8 + ms % 3, 1 + ms % 6) for ms in range(1, 90, 2)]

    def made() -> DepthReplay:
        one = world(prints, depth, deposits=(55, 400))
        one.push(market(5, 7, BUY, 5))
        for number in range(8):
            ms = 6 + 9 * number
            side, trigger = number % 2, (97, 105, 96, 104)[number % 4]
            kind = STOP if (side == SELL) == (trigger < 100) else TAKE
            one.push(special(ms, 20 + number, side, 3, kind, trigger_ticks=trigger, account=2))
            one.push(special(ms + 1, 40 + number, 1 - side, 2, TRAIL, trail_ticks=3, account=2))
            one.push(cancel(ms + 40, 20 + number, account=2))
        return one

    whole, parts = made(), made()
    events = play(whole, 101)
    pieces = [play(parts, until, 3 * MS) for until in range(1, 102)]
    assert b"".join(piece.tobytes() for piece in pieces) == events.tobytes()
    kinds = set(events["kind"].tolist())
    assert {EventKind.TRIGGERED, EventKind.LIQUIDATED, EventKind.FILLED} <= kinds
    assert whole.market_digest() == parts.market_digest()
    whole.exchange.check_conservation()
    assert whole.exchange.open_orders(HISTORY_NAME) == []
