"""Icebergs, each rule with its known answer."""

from __future__ import annotations

import pytest

from exchange_sim.engine.exchange import Exchange
from exchange_sim.model.enums import SelfTradePrevention, TimeInForce
from tests.engine.told import market, queue, refused, told
from tests.engine.venue import X


@pytest.fixture
def exchange() -> Exchange:
    """Ann sells 25 lots at 110 and shows 10 (order 1); behind her bob sells 4 (order 2)."""
    made = market()
    made.limit("ann", X, "sell", 25, 110, display=10, client_order_id=1)
    made.limit("bob", X, "sell", 4, 110, client_order_id=2)
    return made


def test_others_see_the_shown_part(exchange: Exchange) -> None:
    assert exchange.depth(X).asks == ((110, 14),)
    assert queue(exchange) == [(1, 110, 25, 10), (2, 110, 4, 4)]


def test_a_new_part_joins_at_the_back_and_events_report_all_that_is_left(exchange: Exchange) -> None:
    rows = told(exchange.limit("cat", X, "buy", 12, 110, client_order_id=9))
    assert rows == [
        ("accepted", 9, 110, 12), ("filled", 9, 110, 10, 2), ("filled", 1, 110, 10, 15),
        ("filled", 9, 110, 2, 0), ("filled", 2, 110, 2, 2),
    ]  # fmt: skip
    assert queue(exchange) == [(2, 110, 2, 2), (1, 110, 15, 10)]
    exchange.limit("cat", X, "buy", 17, 110)
    assert queue(exchange) == []


def test_a_taker_trades_all_of_it_and_rests_with_a_part_shown(exchange: Exchange) -> None:
    exchange.limit("cat", X, "buy", 40, 110, display=3, client_order_id=9)
    assert queue(exchange) == [(9, 110, 11, 3)]


@pytest.mark.parametrize(
    ("lots", "display", "in_force", "reason"),
    [
        (10, 11, None, "INVALID_DISPLAY"),
        (10, -1, None, "INVALID_DISPLAY"),
        (10, 5, TimeInForce.IOC, "INVALID_DISPLAY"),
        (1001, 1, None, "INVALID_DISPLAY"),
    ],
)
def test_displays_that_are_refused(
    exchange: Exchange, lots: int, display: int, in_force: TimeInForce | None, reason: str
) -> None:
    events = exchange.limit("cat", X, "buy", lots, 50, display=display, time_in_force=in_force)
    assert refused(events) == reason


def test_a_thousand_parts_are_allowed(exchange: Exchange) -> None:
    exchange.limit("cat", X, "buy", 1000, 50, display=1, client_order_id=9)
    assert queue(exchange)[0] == (9, 50, 1000, 1)
    assert refused(exchange.modify("cat", X, 9, 1001, 50)) == "INVALID_DISPLAY"


def test_less_is_taken_from_the_hidden_part_and_keeps_the_place(exchange: Exchange) -> None:
    exchange.modify("ann", X, 1, 12, 110)
    assert queue(exchange) == [(1, 110, 12, 10), (2, 110, 4, 4)]
    exchange.modify("ann", X, 1, 7, 110)
    assert queue(exchange) == [(1, 110, 7, 7), (2, 110, 4, 4)]
    exchange.modify("ann", X, 1, 30, 110)
    assert queue(exchange) == [(2, 110, 4, 4), (1, 110, 30, 7)]


def test_fill_or_kill_counts_hidden_lots(exchange: Exchange) -> None:
    events = exchange.limit("cat", X, "buy", 30, 110, time_in_force=TimeInForce.FOK)
    assert refused(events) == "FOK_NOT_FILLABLE"
    exchange.limit("cat", X, "buy", 29, 110, time_in_force=TimeInForce.FOK)
    assert queue(exchange) == []


def test_fill_or_kill_ends_at_an_own_order_before_hidden_lots(exchange: Exchange) -> None:
    """Hidden lots trade after all that is shown: bob's own order stands before ann's second part."""
    fok = TimeInForce.FOK
    assert refused(exchange.limit("bob", X, "buy", 11, 110, time_in_force=fok)) == "FOK_NOT_FILLABLE"
    rows = told(exchange.limit("bob", X, "buy", 10, 110, time_in_force=fok, client_order_id=9))
    assert rows[1:] == [("filled", 9, 110, 10, 0), ("filled", 1, 110, 10, 15)]


def test_self_trade_prevention_counts_the_total(exchange: Exchange) -> None:
    mode = SelfTradePrevention.DECREMENT
    rows = told(exchange.limit("ann", X, "buy", 18, 110, self_trade_prevention=mode, client_order_id=9))
    assert rows == [("accepted", 9, 110, 18), ("modified", 1, 7, 7), ("canceled", 9, "SELF_TRADE", 18)]
    assert queue(exchange) == [(1, 110, 7, 7), (2, 110, 4, 4)]
