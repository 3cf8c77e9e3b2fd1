"""One-cancels-the-other and brackets, each rule with its known answer."""

from __future__ import annotations

import pytest

from exchange_sim.engine.exchange import Exchange
from exchange_sim.model.commands import SubmitOrder
from exchange_sim.model.enums import OrderType, Side, TimeInForce
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId
from tests.engine.told import market, open_ids, queue, refused, rejected, told
from tests.engine.venue import X, deal, quote


@pytest.fixture
def exchange() -> Exchange:
    """The last trade was at 100; cat bids for 50 lots at 90 and offers 50 at 110."""
    made = market()
    quote(made, "cat", "buy", 50, 90)
    quote(made, "cat", "sell", 50, 110)
    return made


def test_the_first_fill_cancels_the_others_oldest_first(exchange: Exchange) -> None:
    for client, price in ((1, 99), (2, 97), (3, 98)):
        exchange.limit("ann", X, "buy", 4, price, client_order_id=client, linked_client_id=max(0, client - 1))
    rows = told(exchange.limit("bob", X, "sell", 1, 99, client_order_id=9))
    assert rows[1:] == [
        ("filled", 9, 99, 1, 0), ("filled", 1, 99, 1, 3), ("canceled", 2, "LINKED_ORDER", 4),
        ("canceled", 3, "LINKED_ORDER", 4),
    ]  # fmt: skip
    assert open_ids(exchange) == [1]
    assert told(exchange.cancel("ann", X, 1)) == [("canceled", 1, "CANCELED_BY_USER", 3)]


def test_firing_cancels_before_it_trades(exchange: Exchange) -> None:
    events = exchange.oco("ann", X, "buy", 5, 95, 105, client_order_id=1)
    assert told(events) == [("accepted", 1, 95, 5), ("accepted", 2, 0, 5)]
    rows = told(exchange.limit("bob", X, "buy", 1, 110))
    assert rows[3:6] == [
        ("triggered", 2, 105, 5),
        ("canceled", 1, "LINKED_ORDER", 5),
        ("filled", 2, 110, 5, 0),
    ]


def test_an_end_for_any_reason_cancels_the_others(exchange: Exchange) -> None:
    exchange.limit("ann", X, "buy", 1, 95, client_order_id=1, expire_ns=50, ts_ns=1)
    exchange.stop("ann", X, "buy", 1, 105, client_order_id=2, linked_client_id=1)
    events = exchange.advance(60)
    assert told(events) == [("expired", 1, "GTD_EXPIRED", 1), ("canceled", 2, "LINKED_ORDER", 1)]
    assert [event.ts_exchange_ns for event in events] == [50, 50]
    exchange.oco("ann", X, "buy", 5, 95, 105, client_order_id=3)
    rows = told(exchange.cancel_all("ann"))
    assert rows == [("canceled", 4, "CANCELED_BY_CANCEL_ALL", 5), ("canceled", 3, "LINKED_ORDER", 5)]


def test_links_that_are_refused(exchange: Exchange) -> None:
    exchange.limit("ann", X, "buy", 1, 95, client_order_id=1)
    link = {"linked_client_id": 1}
    assert refused(exchange.limit("ann", X, "buy", 1, 96, linked_client_id=77)) == "UNKNOWN_LINKED_ORDER"
    assert refused(exchange.limit("bob", X, "buy", 1, 96, **link)) == "UNKNOWN_LINKED_ORDER"  # type: ignore[arg-type]
    assert refused(exchange.limit("ann", X, "buy", 1, 110, **link)) == "POST_ONLY_WOULD_TAKE"  # type: ignore[arg-type]
    ioc = TimeInForce.IOC
    assert refused(exchange.limit("ann", X, "buy", 1, 96, time_in_force=ioc, **link)) == "INVALID_COMMAND"  # type: ignore[arg-type]
    exchange.bracket("ann", X, "buy", 3, 94, stop_loss=80, client_order_id=20)
    for client in (20, 21):
        events = exchange.limit("ann", X, "buy", 1, 96, linked_client_id=client)
        assert refused(events) == "UNKNOWN_LINKED_ORDER"
    assert rejected(exchange.oco("ann", X, "buy", 5, 110, 105, client_order_id=50)) == "POST_ONLY_WOULD_TAKE"
    exchange.limit("ann", X, "buy", 1, 94, client_order_id=2, **link)  # type: ignore[arg-type]
    assert refused(exchange.modify("ann", X, 2, 1, 110)) == "POST_ONLY_WOULD_TAKE"


def test_an_oco_whose_stop_is_refused_leaves_nothing(exchange: Exchange) -> None:
    rows = told(exchange.oco("ann", X, "buy", 5, 95, 100, client_order_id=1))
    assert [row[0] for row in rows] == ["accepted", "OrderRejected", "canceled"]
    assert open_ids(exchange) == []


def test_exits_sleep_until_the_first_fill_of_their_entry(exchange: Exchange) -> None:
    events = exchange.bracket("ann", X, "buy", 10, 95, stop_loss=91, take_profit=105, client_order_id=1)
    assert told(events) == [("accepted", 1, 95, 10), ("accepted", 2, 0, 10), ("accepted", 3, 0, 10)]
    deal(exchange, "dan", "bob", 1, 106)
    assert open_ids(exchange) == [1, 2, 3]
    exchange.limit("bob", X, "sell", 4, 95)
    assert open_ids(exchange) == [1, 2, 3]
    rows = told(exchange.limit("bob", X, "buy", 1, 110))
    # The target fires: what is left of the entry goes first, then the stop; four lots can be reduced.
    assert rows[3:7] == [
        ("triggered", 3, 105, 10), ("canceled", 1, "LINKED_ORDER", 6), ("canceled", 2, "LINKED_ORDER", 10),
        ("filled", 3, 90, 4, 0),
    ]  # fmt: skip
    assert exchange.position("ann", X).lots == 0


def test_an_entry_without_a_fill_takes_its_exits_along(exchange: Exchange) -> None:
    exchange.bracket("ann", X, "buy", 10, 95, stop_loss=91, take_profit=105, client_order_id=1)
    assert told(exchange.cancel("ann", X, 1)) == [
        ("canceled", 1, "CANCELED_BY_USER", 10), ("canceled", 2, "LINKED_ORDER", 10),
        ("canceled", 3, "LINKED_ORDER", 10),
    ]  # fmt: skip


def test_an_entry_that_ends_with_fills_leaves_its_exits(exchange: Exchange) -> None:
    exchange.bracket("ann", X, "buy", 10, 95, stop_loss=91, take_profit=105, client_order_id=1)
    exchange.limit("bob", X, "sell", 4, 95)
    assert told(exchange.cancel("ann", X, 1)) == [("canceled", 1, "CANCELED_BY_USER", 6)]
    assert open_ids(exchange) == [2, 3]
    rows = told(exchange.cancel("ann", X, 2))
    assert rows == [("canceled", 2, "CANCELED_BY_USER", 10), ("canceled", 3, "LINKED_ORDER", 10)]


def test_a_canceled_sleeping_exit_takes_the_other_not_the_entry(exchange: Exchange) -> None:
    exchange.bracket("ann", X, "buy", 10, 95, stop_loss=91, take_profit=105, client_order_id=1)
    rows = told(exchange.cancel("ann", X, 3))
    assert rows == [("canceled", 3, "CANCELED_BY_USER", 10), ("canceled", 2, "LINKED_ORDER", 10)]
    assert open_ids(exchange) == [1]
    exchange.limit("bob", X, "sell", 10, 95)
    assert open_ids(exchange) == []


def test_a_market_entry_wakes_exits_that_may_fire_at_once(exchange: Exchange) -> None:
    """Bought at 110, the target of 105 is already reached; the bids are at 90."""
    rows = told(exchange.bracket("ann", X, "buy", 10, stop_loss=95, take_profit=105, client_order_id=1))
    assert [row[:2] for row in rows if row[1] in {1, 2, 3}] == [
        ("accepted", 1), ("accepted", 2), ("accepted", 3), ("filled", 1), ("triggered", 3), ("canceled", 2),
        ("filled", 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("side", "price", "stop", "target"),
    [
        ("buy", 95, 95, 105), ("buy", 95, 91, 95), ("sell", 105, 104, 95), ("sell", 105, 110, 106),
        ("buy", None, 105, 95), ("buy", 95, -3, 105),
    ],
)  # fmt: skip
def test_brackets_that_are_refused(
    exchange: Exchange, side: str, price: int | None, stop: int, target: int
) -> None:
    events = exchange.bracket(
        "ann", X, side, 1, price, stop_loss=stop, take_profit=target, client_order_id=1  # type: ignore[arg-type]
    )  # fmt: skip
    assert refused(events) == "INVALID_BRACKET"


@pytest.mark.parametrize("client", [0, 2**63 - 2])
def test_a_bracket_needs_two_more_ids_above_its_own(exchange: Exchange, client: int) -> None:
    order = SubmitOrder(
        AccountId("ann"), InstrumentId(X), ClientOrderId(client), Side.BUY, OrderType.LIMIT, TimeInForce.GTC,
        1, 95, stop_loss_ticks=91,
    )  # fmt: skip
    assert refused(exchange.submit(order)) == "INVALID_BRACKET"


def test_a_bracket_needs_three_free_ids(exchange: Exchange) -> None:
    exchange.limit("ann", X, "buy", 1, 80, client_order_id=3)
    events = exchange.bracket("ann", X, "buy", 1, 95, stop_loss=91, client_order_id=1)
    assert refused(events) == "DUPLICATE_CLIENT_ORDER_ID"


def test_fill_or_kill_does_not_count_on_linked_orders(exchange: Exchange) -> None:
    exchange.limit("ann", X, "sell", 5, 105, client_order_id=1)
    exchange.limit("ann", X, "sell", 5, 106, client_order_id=2, linked_client_id=1)
    events = exchange.limit("bob", X, "buy", 6, 106, time_in_force=TimeInForce.FOK)
    assert refused(events) == "FOK_NOT_FILLABLE"
    assert queue(exchange)[1:3] == [(1, 105, 5, 5), (2, 106, 5, 5)]
