"""Trading states, price bands, counts, rates and REPLACE, each rule with its known answer."""

from __future__ import annotations

import pytest

from exchange_sim.engine.exchange import Exchange
from exchange_sim.model.enums import TimeInForce, TradingState
from exchange_sim.model.rules import ExchangeRules
from tests.engine.told import market, open_ids, queue, refused, told
from tests.engine.venue import X, Y, contract, quote

SECOND_NS = 10**9


def test_halted_refuses_everything_and_cancel_only_all_but_cancels() -> None:
    exchange = market()
    exchange.limit("ann", X, "buy", 1, 90, client_order_id=1)
    exchange.set_state(X, TradingState.HALTED)
    for events in (
        exchange.limit("ann", X, "buy", 1, 90), exchange.modify("ann", X, 1, 2, 90),
        exchange.cancel("ann", X, 1), exchange.replace("ann", X, 1, "buy", 1, 91),
        exchange.cancel_all("ann", X), exchange.cancel("ann", X, 5),
    ):  # fmt: skip
        assert refused(events) == "INSTRUMENT_HALTED"
    assert exchange.cancel_all("ann") == []
    exchange.set_state(X, TradingState.CANCEL_ONLY)
    for events in (
        exchange.limit("ann", X, "buy", 1, 90), exchange.modify("ann", X, 1, 2, 90),
        exchange.replace("ann", X, 1, "buy", 1, 91),
    ):  # fmt: skip
        assert refused(events) == "INSTRUMENT_CANCEL_ONLY"
    assert told(exchange.cancel("ann", X, 1)) == [("canceled", 1, "CANCELED_BY_USER", 1)]
    exchange.set_state(X, TradingState.TRADING)
    exchange.limit("ann", X, "buy", 1, 90, client_order_id=1)
    assert open_ids(exchange) == [1]


def test_a_halt_of_one_instrument_leaves_the_other() -> None:
    exchange = Exchange([contract(X), contract(Y)])
    exchange.open_account("ann", deposit=1000)
    for name in (X, Y):
        exchange.limit("ann", name, "buy", 1, 90)
    exchange.set_state(X, TradingState.HALTED)
    assert [event.instrument_id for event in exchange.cancel_all("ann")] == [Y]
    assert exchange.limit("ann", Y, "buy", 1, 90, client_order_id=3)
    assert len(exchange.open_orders("ann", X)) == 1


def test_orders_end_while_halted() -> None:
    exchange = market()
    exchange.limit("ann", X, "buy", 1, 90, client_order_id=1, expire_ns=9)
    exchange.set_state(X, TradingState.HALTED)
    assert told(exchange.advance(9)) == [("expired", 1, "GTD_EXPIRED", 1)]


def test_limits_stay_in_the_band_and_market_orders_stop_at_its_edge() -> None:
    exchange = market(price_band_ppm=100_000)  # 90 to 110
    assert refused(exchange.limit("ann", X, "buy", 1, 89)) == "PRICE_OUTSIDE_BAND"
    assert refused(exchange.limit("ann", X, "sell", 1, 111)) == "PRICE_OUTSIDE_BAND"
    for price in (109, 110):
        quote(exchange, "bob", "sell", 2, price)
    exchange.set_mark(X, 99)  # 89.1 and 108.9: the width is rounded down to 9
    rows = told(exchange.market("ann", X, "buy", 3, client_order_id=9))
    assert rows == [("accepted", 9, 0, 3), ("expired", 9, "MARKET_REMAINDER", 3)]
    exchange.set_mark(X, 100)
    rows = told(exchange.market("ann", X, "buy", 5, client_order_id=9))
    assert rows[-1] == ("expired", 9, "MARKET_REMAINDER", 1)
    exchange.limit("bob", X, "buy", 1, 95, client_order_id=1)
    exchange.set_mark(X, 110)  # 99 to 121
    assert refused(exchange.modify("bob", X, 1, 2, 95)) == "PRICE_OUTSIDE_BAND"
    assert told(exchange.modify("bob", X, 1, 2, 99)) == [("modified", 1, 2, 2)]


def test_counts_of_resting_and_waiting_orders() -> None:
    exchange = market(maximum_open_orders=2, maximum_waiting_orders=2)
    for client in (1, 2):
        exchange.limit("ann", X, "buy", 1, 90, client_order_id=client)
        exchange.stop("ann", X, "buy", 1, 120, client_order_id=10 + client)
    assert refused(exchange.limit("ann", X, "buy", 1, 90)) == "TOO_MANY_ACCOUNT_ORDERS"
    assert refused(exchange.stop("ann", X, "buy", 1, 120)) == "TOO_MANY_WAITING_ORDERS"
    exchange.cancel("ann", X, 1)
    exchange.cancel("ann", X, 11)
    events = exchange.bracket("ann", X, "buy", 1, 90, stop_loss=80, take_profit=99)
    assert refused(events) == "TOO_MANY_WAITING_ORDERS"
    assert len(exchange.bracket("ann", X, "buy", 1, 90, stop_loss=80)) == 2
    assert len(exchange.limit("bob", X, "buy", 1, 90)) == 1
    assert told(exchange.market("ann", X, "sell", 1))[-1][0] == "expired" or open_ids(exchange)


def test_messages_are_counted_by_second_and_account() -> None:
    exchange = Exchange([contract(X)], ExchangeRules(messages_per_second=2))
    for name in ("ann", "bob"):
        exchange.open_account(name, deposit=10_000)
    exchange.limit("ann", X, "buy", 1, 90, client_order_id=1, ts_ns=SECOND_NS)
    assert refused(exchange.limit("ann", X, "buy", 1, 0)) == "INVALID_PRICE"
    exchange.modify("ann", X, 1, 2, 90, ts_ns=2 * SECOND_NS - 1)
    assert refused(exchange.limit("ann", X, "buy", 1, 90)) == "RATE_LIMITED"
    assert refused(exchange.modify("ann", X, 1, 3, 90)) == "RATE_LIMITED"
    assert refused(exchange.replace("ann", X, 1, "buy", 1, 91)) == "RATE_LIMITED"
    assert told(exchange.limit("bob", X, "buy", 1, 90, client_order_id=5)) == [("accepted", 5, 90, 1)]
    assert told(exchange.cancel("ann", X, 1)) == [("canceled", 1, "CANCELED_BY_USER", 2)]
    events = exchange.limit("ann", X, "buy", 1, 90, client_order_id=2, ts_ns=2 * SECOND_NS)
    assert told(events) == [("accepted", 2, 90, 1)]


@pytest.mark.parametrize("price", [91, 0])
def test_replace_cancels_and_submits_in_one_step(price: int) -> None:
    exchange = market()
    exchange.limit("ann", X, "buy", 3, 90, client_order_id=1)
    rows = told(exchange.replace("ann", X, 1, "buy", 2, price, client_order_id=2))
    assert rows[0] == ("canceled", 1, "REPLACED", 3)
    if price:
        assert rows[1:] == [("accepted", 2, 91, 2)]
        assert queue(exchange) == [(2, 91, 2, 2)]
    else:
        assert rows[1][0] == "OrderRejected"
        assert queue(exchange) == []
    assert refused(exchange.replace("ann", X, 1, "buy", 2, 91)) == "UNKNOWN_ORDER"


def test_replace_may_keep_the_id_and_ends_links() -> None:
    exchange = market()
    exchange.oco("ann", X, "buy", 3, 90, 110, client_order_id=1)
    rows = told(exchange.replace("ann", X, 1, "buy", 2, 89, client_order_id=1))
    assert rows == [
        ("canceled", 1, "REPLACED", 3), ("canceled", 2, "LINKED_ORDER", 3), ("accepted", 1, 89, 2),
    ]  # fmt: skip


def test_times_in_force_of_market_orders() -> None:
    exchange = market()
    quote(exchange, "bob", "sell", 2, 100)
    assert told(exchange.market("ann", X, "buy", 3, client_order_id=9))[-1] == (
        "expired",
        9,
        "MARKET_REMAINDER",
        1,
    )
    events = exchange.limit("ann", X, "buy", 1, 90, time_in_force=TimeInForce.GTD)
    assert refused(events) == "INVALID_EXPIRY"
