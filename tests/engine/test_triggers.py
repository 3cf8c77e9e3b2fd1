"""Orders that wait for a price, each rule with its known answer."""

from __future__ import annotations

import pytest

from exchange_sim.engine.exchange import Exchange
from exchange_sim.model.commands import SubmitOrder
from exchange_sim.model.enums import OrderType, Side, TimeInForce, TradingState, TriggerSource
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId
from tests.engine.told import market, open_ids, queue, refused, told
from tests.engine.venue import X, quote

INDEX, MARK = TriggerSource.INDEX, TriggerSource.MARK


@pytest.fixture
def exchange() -> Exchange:
    """The last trade was at 100; bids of bob at 90 and 80, asks of cat at 110 and 120, ten lots each."""
    made = market()
    for name, side, price in (
        ("bob", "buy", 90),
        ("bob", "buy", 80),
        ("cat", "sell", 110),
        ("cat", "sell", 120),
    ):
        quote(made, name, side, 10, price)
    return made


def test_a_stop_fires_at_its_trigger_and_keeps_its_ids(exchange: Exchange) -> None:
    assert told(exchange.stop("ann", X, "sell", 5, 90, client_order_id=7)) == [("accepted", 7, 0, 5)]
    events = exchange.market("dan", X, "sell", 1, client_order_id=8)
    assert told(events)[-3:] == [("triggered", 7, 90, 5), ("filled", 7, 90, 5, 0), told(events)[-1]]
    assert open_ids(exchange) == []


@pytest.mark.parametrize(
    ("kind", "side", "trigger", "moves", "stays"),
    [
        ("stop", "buy", 110, 110, 109),
        ("stop", "sell", 90, 90, 91),
        ("take_profit", "buy", 90, 90, 91),
        ("take_profit", "sell", 110, 110, 109),
    ],
)
@pytest.mark.parametrize("source", [MARK, INDEX])
def test_direction_of_each_type(
    exchange: Exchange, kind: str, side: str, trigger: int, moves: int, stays: int, source: TriggerSource
) -> None:
    move = exchange.set_mark if source is MARK else exchange.set_index
    move(X, 100)
    getattr(exchange, kind)("ann", X, side, 1, trigger, source=source, client_order_id=7)
    move(X, stays)
    assert open_ids(exchange) == [7]
    before = exchange.event_count
    move(X, moves)
    assert open_ids(exchange) == []
    assert exchange.event_count >= before + 3


def test_the_wrong_side_and_an_unknown_price_are_refused(exchange: Exchange) -> None:
    assert refused(exchange.stop("ann", X, "sell", 5, 100)) == "WOULD_TRIGGER_IMMEDIATELY"
    assert refused(exchange.stop("ann", X, "buy", 5, 100)) == "WOULD_TRIGGER_IMMEDIATELY"
    assert refused(exchange.take_profit("ann", X, "sell", 5, 99)) == "WOULD_TRIGGER_IMMEDIATELY"
    assert refused(exchange.take_profit("ann", X, "buy", 5, 101)) == "WOULD_TRIGGER_IMMEDIATELY"
    assert refused(exchange.stop("ann", X, "sell", 5, 90, source=INDEX)) == "NO_TRIGGER_PRICE"
    assert refused(exchange.stop("ann", X, "sell", 5, 0)) == "INVALID_TRIGGER"
    assert refused(exchange.trailing_stop("ann", X, "sell", 5, 0)) == "INVALID_TRIGGER"
    assert refused(exchange.trailing_stop("ann", X, "sell", 5, 100)) == "INVALID_TRIGGER"
    assert open_ids(exchange) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"order_type": OrderType.LIMIT}, "INVALID_TRIGGER"),
        ({"trail_ticks": 3}, "INVALID_TRIGGER"),
        ({"trigger_source": 3}, "INVALID_TRIGGER"),
        ({"trigger_ticks": 2**31}, "INVALID_TRIGGER"),
        ({"order_type": 7}, "INVALID_ORDER_TYPE"),
        ({"time_in_force": TimeInForce.FOK}, "INVALID_TIME_IN_FORCE"),
        ({"time_in_force": TimeInForce.GTD}, "INVALID_EXPIRY"),
        ({"expire_ns": 5}, "INVALID_EXPIRY"),
        ({"order_type": OrderType.STOP_MARKET, "time_in_force": TimeInForce.IOC}, "INVALID_TIME_IN_FORCE"),
        ({"order_type": OrderType.STOP_MARKET, "post_only": True}, "INVALID_TIME_IN_FORCE"),
        ({"limit_ticks": 0}, "INVALID_PRICE"),
        ({"quantity_lots": 0}, "INVALID_QUANTITY"),
        ({"close_position": True}, "INVALID_COMMAND"),
        ({"display_lots": 6}, "INVALID_DISPLAY"),
    ],
)
def test_terms_that_do_not_go_together(exchange: Exchange, changes: dict[str, object], reason: str) -> None:
    fields: dict[str, object] = {
        "account_id": AccountId("ann"), "instrument_id": InstrumentId(X), "side": Side.SELL,
        "client_order_id": ClientOrderId(7), "order_type": OrderType.STOP_LIMIT, "quantity_lots": 5,
        "time_in_force": TimeInForce.GTC, "limit_ticks": 85, "trigger_ticks": 90,
    }  # fmt: skip
    order = SubmitOrder(**{**fields, **changes})  # type: ignore[arg-type]
    assert refused(exchange.submit(order)) == reason


def test_a_stop_limit_rests_with_what_it_could_not_trade(exchange: Exchange) -> None:
    exchange.stop("ann", X, "sell", 12, 90, 90, client_order_id=7)
    exchange.market("dan", X, "sell", 1)
    assert queue(exchange)[-3:][0] == (7, 90, 3, 3)


def test_nearest_trigger_fires_first_and_equal_ones_in_order_of_acceptance(exchange: Exchange) -> None:
    for client, trigger in ((1, 85), (2, 90), (3, 89), (4, 90)):
        exchange.stop("ann", X, "sell", 1, trigger, client_order_id=client)
    fired = [row[1] for row in told(exchange.market("dan", X, "sell", 1)) if row[0] == "triggered"]
    assert fired == [2, 4]
    exchange.cancel("bob", X, exchange.queue(X)[0].client_order_id)
    fired = [row[1] for row in told(exchange.market("dan", X, "sell", 1)) if row[0] == "triggered"]
    assert fired == [3, 1]


def test_a_cascade_fires_one_after_the_other(exchange: Exchange) -> None:
    """The first stop sweeps the bids at 90 and trades at 80, which fires the second."""
    exchange.stop("ann", X, "sell", 12, 90, client_order_id=1)
    exchange.stop("cat", X, "sell", 3, 85, client_order_id=2)
    rows = [row for row in told(exchange.market("dan", X, "sell", 1, client_order_id=3)) if row[1] < 9]
    assert rows == [
        ("accepted", 3, 0, 1), ("filled", 3, 90, 1, 0), ("triggered", 1, 90, 12), ("filled", 1, 90, 9, 3),
        ("filled", 1, 80, 3, 0), ("triggered", 2, 85, 3), ("filled", 2, 80, 3, 0),
    ]  # fmt: skip


def test_a_trailing_stop_follows_and_does_not_turn(exchange: Exchange) -> None:
    exchange.set_mark(X, 100)
    exchange.trailing_stop("ann", X, "sell", 1, 5, source=MARK, client_order_id=7)
    exchange.trailing_stop("ann", X, "buy", 1, 5, source=MARK, client_order_id=8)
    for mark, triggers in ((104, (99, 105)), (101, (99, 105)), (100, (99, 105))):
        exchange.set_mark(X, mark)
        orders = exchange.open_orders("ann")
        assert tuple(order.trigger_ticks for order in orders) == triggers
    exchange.set_mark(X, 99)
    (order,) = exchange.open_orders("ann")
    assert (order.client_order_id, order.trigger_ticks) == (8, 104)
    exchange.set_mark(X, 104)
    assert open_ids(exchange) == []


def test_while_halted_nothing_fires_and_trailing_triggers_stand_still(exchange: Exchange) -> None:
    exchange.set_mark(X, 100)
    exchange.trailing_stop("ann", X, "sell", 1, 5, source=MARK, client_order_id=7)
    exchange.stop("ann", X, "sell", 1, 98, source=MARK, client_order_id=8)
    exchange.set_state(X, TradingState.HALTED)
    exchange.set_mark(X, 120)
    exchange.set_mark(X, 97)
    assert open_ids(exchange) == [7, 8]
    events = told(exchange.set_state(X, TradingState.TRADING))
    assert [row[:2] for row in events if row[0] == "triggered"] == [("triggered", 8)]
    assert exchange.open_orders("ann")[0].trigger_ticks == 95


def test_what_fires_is_judged_then(exchange: Exchange) -> None:
    """Waiting reserves nothing: an order that cannot be paid for expires when it fires."""
    exchange.stop("ann", X, "sell", 9 * 10**4, 90, 90, client_order_id=7)
    exchange.stop("ann", X, "sell", 9 * 10**5, 90, 90, client_order_id=8)
    events = [row for row in told(exchange.market("dan", X, "sell", 1)) if row[1] in {7, 8}]
    assert events[-2:] == [("triggered", 8, 90, 900_000), ("expired", 8, "INSUFFICIENT_MARGIN", 900_000)]


def test_a_waiting_order_is_changed_and_canceled(exchange: Exchange) -> None:
    exchange.stop("ann", X, "sell", 5, 90, 88, client_order_id=7)
    assert told(exchange.modify("ann", X, 7, 6, 87, trigger=85)) == [("modified", 7, 6, 6)]
    order = exchange.open_orders("ann")[0]
    assert (order.price_ticks, order.trigger_ticks, order.shown_lots) == (87, 85, 0)
    assert refused(exchange.modify("ann", X, 7, 6, 87, trigger=101)) == "WOULD_TRIGGER_IMMEDIATELY"
    assert refused(exchange.modify("ann", X, 7, 0, 87)) == "INVALID_QUANTITY"
    exchange.market("dan", X, "sell", 1)
    assert told(exchange.cancel("ann", X, 7)) == [("canceled", 7, "CANCELED_BY_USER", 6)]
    assert open_ids(exchange) == []


def test_orders_end_at_their_time_in_order_of_it(exchange: Exchange) -> None:
    exchange.limit("ann", X, "buy", 2, 70, expire_ns=30, client_order_id=1, ts_ns=10)
    exchange.stop("ann", X, "sell", 3, 90, expire_ns=20, client_order_id=2)
    exchange.limit("ann", X, "buy", 4, 70, expire_ns=30, client_order_id=3)
    assert refused(exchange.limit("ann", X, "buy", 1, 70, expire_ns=10)) == "INVALID_EXPIRY"
    exchange.cancel("ann", X, 1, ts_ns=19)
    events = exchange.limit("ann", X, "buy", 1, 71, client_order_id=4, ts_ns=29)
    assert told(events) == [("expired", 2, "GTD_EXPIRED", 3), ("accepted", 4, 71, 1)]
    assert [event.ts_exchange_ns for event in events] == [20, 29]
    assert told(exchange.advance(30)) == [("expired", 3, "GTD_EXPIRED", 4)]
    assert exchange.advance(10**9) == []
    assert open_ids(exchange) == [4]


def test_waiting_orders_are_part_of_snapshot_and_digest(exchange: Exchange) -> None:
    digests = {exchange.state_digest()}
    for trigger in (90, 89):
        exchange.stop("ann", X, "sell", 1, trigger, client_order_id=trigger)
        digests.add(exchange.state_digest())
    exchange.modify("ann", X, 89, 1, 0, trigger=88)
    digests.add(exchange.state_digest())
    assert len(digests) == 4
    copy = Exchange.restore(exchange.snapshot())
    assert copy.state_digest() == exchange.state_digest()
    for each in (exchange, copy):
        each.market("dan", X, "sell", 1)  # at 90: one of the two fires
    assert copy.state_digest() == exchange.state_digest()
    assert open_ids(copy) == [89]
