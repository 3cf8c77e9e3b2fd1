"""Reduce-only and close-position orders, each rule with its known answer."""

from __future__ import annotations

import pytest

from exchange_sim.engine.exchange import Exchange
from exchange_sim.model.commands import SubmitOrder
from exchange_sim.model.enums import OrderType, Side, TimeInForce
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId
from tests.engine.told import market, open_ids, queue, refused, told
from tests.engine.venue import X, deal, quote


@pytest.fixture
def exchange() -> Exchange:
    """Ann is long 10 lots, bob short."""
    made = market()
    deal(made, "ann", "bob", 10, 100)
    return made


def reduce(exchange: Exchange, lots: int, price: int, client: int, **more: object) -> list[object]:
    events = exchange.limit("ann", X, "sell", lots, price, reduce_only=True, client_order_id=client, **more)  # type: ignore[arg-type]
    return list(events)


def test_what_would_open_or_flip_is_refused(exchange: Exchange) -> None:
    assert refused(exchange.limit("ann", X, "sell", 11, 110, reduce_only=True)) == "REDUCE_ONLY"
    assert refused(exchange.limit("ann", X, "buy", 1, 90, reduce_only=True)) == "REDUCE_ONLY"
    assert refused(exchange.market("cat", X, "buy", 5, reduce_only=True)) == "REDUCE_ONLY"
    reduce(exchange, 6, 110, 1)
    assert refused(exchange.limit("ann", X, "sell", 5, 111, reduce_only=True)) == "REDUCE_ONLY"
    reduce(exchange, 4, 111, 2)
    assert refused(exchange.modify("ann", X, 2, 5, 111)) == "REDUCE_ONLY"
    assert queue(exchange) == [(1, 110, 6, 6), (2, 111, 4, 4)]


def test_a_smaller_position_cuts_the_newest_first(exchange: Exchange) -> None:
    reduce(exchange, 6, 110, 1)
    reduce(exchange, 4, 109, 2, display=1)
    quote(exchange, "cat", "buy", 9, 95)
    rows = told(exchange.limit("ann", X, "sell", 2, 95, client_order_id=9))
    assert rows[1:3] == [("filled", 9, 95, 2, 0), rows[2]]
    assert rows[3:] == [("modified", 2, 2, 2)]
    rows = told(exchange.limit("ann", X, "sell", 5, 95, client_order_id=9))
    assert rows[3:] == [("canceled", 2, "REDUCED", 2), ("modified", 1, 3, 3)]
    assert queue(exchange) == [(exchange.queue(X)[0].client_order_id, 95, 2, 2), (1, 110, 3, 3)]


def test_a_closed_or_turned_position_leaves_none(exchange: Exchange) -> None:
    reduce(exchange, 10, 110, 1)
    quote(exchange, "cat", "buy", 20, 95)
    rows = told(exchange.market("ann", X, "sell", 12, client_order_id=9))
    assert rows[-1] == ("canceled", 1, "REDUCED", 10)
    assert exchange.position("ann", X).lots == -2
    assert open_ids(exchange) == []


def test_a_fired_stop_is_cut_to_the_position_and_cuts_what_rests(exchange: Exchange) -> None:
    reduce(exchange, 8, 110, 1)
    exchange.stop("ann", X, "sell", 25, 95, reduce_only=True, client_order_id=2)
    quote(exchange, "cat", "buy", 20, 95)
    rows = told(exchange.market("dan", X, "sell", 1))
    assert rows[3:] == [
        ("triggered", 2, 95, 25), ("filled", 2, 95, 10, 0), rows[5], ("canceled", 1, "REDUCED", 8),
    ]  # fmt: skip
    assert exchange.position("ann", X).lots == 0


def test_a_fired_limit_leaves_what_already_rests(exchange: Exchange) -> None:
    reduce(exchange, 8, 110, 1)
    exchange.stop("ann", X, "sell", 25, 95, 97, reduce_only=True, client_order_id=2)
    deal(exchange, "dan", "cat", 1, 95)
    assert queue(exchange) == [(2, 97, 2, 2), (1, 110, 8, 8)]


def test_a_stop_with_nothing_to_reduce_expires(exchange: Exchange) -> None:
    exchange.stop("ann", X, "sell", 5, 95, reduce_only=True, client_order_id=2)
    deal(exchange, "bob", "ann", 10, 100)
    quote(exchange, "cat", "buy", 20, 95)
    rows = told(exchange.market("dan", X, "sell", 1))
    assert rows[3:] == [("triggered", 2, 95, 5), ("expired", 2, "REDUCED", 5)]


def test_close_position_takes_the_whole_position(exchange: Exchange) -> None:
    quote(exchange, "cat", "buy", 20, 95)
    rows = told(exchange.close_position("ann", X, client_order_id=7))
    assert rows[:2] == [("accepted", 7, 0, 10), ("filled", 7, 95, 10, 0)]
    assert refused(exchange.close_position("ann", X)) == "REDUCE_ONLY"


def test_a_waiting_close_has_no_quantity_until_it_fires(exchange: Exchange) -> None:
    assert told(exchange.stop("ann", X, "sell", None, 95, client_order_id=7)) == [("accepted", 7, 0, 0)]
    assert refused(exchange.modify("ann", X, 7, 3, 0)) == "INVALID_QUANTITY"
    deal(exchange, "ann", "bob", 5, 100)
    quote(exchange, "cat", "buy", 20, 95)
    rows = told(exchange.market("dan", X, "sell", 1))
    assert rows[3:5] == [("triggered", 7, 95, 0), ("filled", 7, 95, 15, 0)]


def test_a_close_position_order_has_a_market_type_and_no_quantity(exchange: Exchange) -> None:
    order = SubmitOrder(
        AccountId("ann"), InstrumentId(X), ClientOrderId(7), Side.SELL, OrderType.MARKET, TimeInForce.IOC, 3,
        close_position=True,
    )  # fmt: skip
    assert refused(exchange.submit(order)) == "INVALID_QUANTITY"


def test_fill_or_kill_does_not_count_on_what_may_be_cut(exchange: Exchange) -> None:
    reduce(exchange, 10, 110, 1)
    fok = TimeInForce.FOK
    assert refused(exchange.limit("cat", X, "buy", 10, 110, time_in_force=fok)) == "FOK_NOT_FILLABLE"
    exchange.limit("cat", X, "buy", 10, 110)
    assert exchange.position("ann", X).lots == 0
