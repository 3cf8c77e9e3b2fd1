"""Single rules with their known answers, through the public `Exchange`."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from exchange_sim.engine.exchange import Exchange
from exchange_sim.engine.layout import ORDERS_MAXIMUM
from exchange_sim.model.commands import CancelAll, CancelOrder, Command, ModifyOrder, SubmitOrder
from exchange_sim.model.enums import Liquidity, OrderType, Reason, SelfTradePrevention, Side, TimeInForce
from exchange_sim.model.events import (
    CancelRejected,
    ModifyRejected,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderModified,
    OrderRejected,
)
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId
from exchange_sim.model.instrument import Instrument
from tests.engine.conftest import BTC, ETH


def order(**changes: object) -> SubmitOrder:
    """Return ann's buy of 100 lots at 60,000.0, changed."""
    fields: dict[str, object] = {
        "account_id": "ann",
        "instrument_id": BTC,
        "client_order_id": 7,
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "time_in_force": TimeInForce.GTC,
        "quantity_lots": 100,
        "limit_ticks": 600_000,
    }
    return SubmitOrder(**{**fields, **changes})  # type: ignore[arg-type]


def change(**changes: object) -> ModifyOrder:
    """Return the change of ann's order 1 to 400 lots at 60,000.0, changed."""
    fields: dict[str, object] = {
        "account_id": "ann",
        "instrument_id": BTC,
        "client_order_id": 1,
        "quantity_lots": 400,
        "limit_ticks": 600_000,
    }
    return ModifyOrder(**{**fields, **changes})  # type: ignore[arg-type]


def place(exchange: Exchange, name: str, side: str, quantity: str, price: str, client: int) -> None:
    events = exchange.limit(name, BTC, side, quantity, price, client_order_id=client)  # type: ignore[arg-type]
    assert isinstance(events[0], OrderAccepted)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (order(instrument_id="DOGE/USDT:USDT"), Reason.UNKNOWN_INSTRUMENT),
        (order(account_id="zoe"), Reason.UNKNOWN_ACCOUNT),
        (order(side=2), Reason.INVALID_SIDE),
        (order(order_type=7), Reason.INVALID_ORDER_TYPE),
        (order(time_in_force=4), Reason.INVALID_TIME_IN_FORCE),
        (order(post_only=True, time_in_force=TimeInForce.IOC), Reason.INVALID_TIME_IN_FORCE),
        (order(self_trade_prevention=5), Reason.INVALID_COMMAND),
        (order(client_order_id=-1), Reason.INVALID_COMMAND),
        (order(quantity_lots=0), Reason.INVALID_QUANTITY),
        (order(instrument_id=ETH, quantity_lots=1_001), Reason.QUANTITY_ABOVE_MAXIMUM),
        (order(quantity_lots=2**31 - 1, limit_ticks=2**31 - 1), Reason.QUANTITY_ABOVE_MAXIMUM),
        (order(limit_ticks=0), Reason.INVALID_PRICE),
        (order(limit_ticks=2**31), Reason.INVALID_PRICE),
        (order(client_order_id=2), Reason.DUPLICATE_CLIENT_ORDER_ID),
        (order(quantity_lots=1, limit_ticks=49_999), Reason.BELOW_MINIMUM_NOTIONAL),
        (order(post_only=True, limit_ticks=601_000), Reason.POST_ONLY_WOULD_TAKE),
        (order(quantity_lots=17_000), Reason.INSUFFICIENT_MARGIN),
        (order(account_id="dan"), Reason.INSUFFICIENT_MARGIN),
        (order(limit_ticks=4_800_000, quantity_lots=1), Reason.PRICE_OUT_OF_RANGE),
        (
            order(limit_ticks=601_000, quantity_lots=501, time_in_force=TimeInForce.FOK),
            Reason.FOK_NOT_FILLABLE,
        ),
    ],
)
def test_refusals_of_new_orders(exchange: Exchange, command: SubmitOrder, reason: Reason) -> None:
    place(exchange, "bob", "sell", "0.5", "60100", 1)
    place(exchange, "ann", "buy", "0.001", "59000", 2)
    before = exchange.queue(BTC)
    (event,) = exchange.submit(command)
    assert isinstance(event, OrderRejected)
    assert (event.reason, event.client_order_id) == (reason, command.client_order_id)
    assert exchange.queue(BTC) == before


def test_numbers_that_are_no_64_bit_integers(exchange: Exchange) -> None:
    (event,) = exchange.submit(order(quantity_lots=2**70))
    assert isinstance(event, OrderRejected)
    assert event.reason is Reason.INVALID_COMMAND
    with pytest.raises(TypeError):
        exchange.submit(order(quantity_lots=1.5))
    assert exchange.open_order_count == 0


def test_a_full_table_refuses_only_what_would_rest(exchange: Exchange) -> None:
    place(exchange, "bob", "sell", "0.5", "60100", 1)
    header = exchange._memory.header
    header["order_capacity"], header["free_order"] = ORDERS_MAXIMUM, -1
    (event,) = exchange.submit(order())
    assert isinstance(event, OrderRejected)
    assert event.reason is Reason.TOO_MANY_OPEN_ORDERS
    assert isinstance(exchange.market("ann", BTC, "buy", "0.1")[-1], OrderFilled)


def test_position_limit_counts_open_orders() -> None:
    exchange = Exchange([Instrument.linear(BTC, tick_size="0.00000001", lot_size="1", initial_margin_ppm=1)])
    exchange.open_account("ann", deposit="100000")
    assert isinstance(exchange.submit(order(quantity_lots=2**31 - 1, limit_ticks=1))[0], OrderAccepted)
    (event,) = exchange.submit(order(quantity_lots=1, limit_ticks=1, client_order_id=8))
    assert isinstance(event, OrderRejected)
    assert event.reason is Reason.POSITION_LIMIT


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (change(client_order_id=9), Reason.UNKNOWN_ORDER),
        (change(account_id="bob"), Reason.UNKNOWN_ORDER),
        (change(instrument_id=ETH), Reason.UNKNOWN_ORDER),
        (change(instrument_id="X"), Reason.UNKNOWN_INSTRUMENT),
        (change(account_id="zoe"), Reason.UNKNOWN_ACCOUNT),
        (change(quantity_lots=200), Reason.QUANTITY_BELOW_FILLED),
        (change(quantity_lots=0), Reason.INVALID_QUANTITY),
        (change(limit_ticks=-1), Reason.INVALID_PRICE),
        (change(quantity_lots=201, limit_ticks=1), Reason.BELOW_MINIMUM_NOTIONAL),
        (change(limit_ticks=602_000), Reason.POST_ONLY_WOULD_TAKE),
        (change(quantity_lots=17_000), Reason.INSUFFICIENT_MARGIN),
    ],
)
def test_refusals_of_changes(exchange: Exchange, command: ModifyOrder, reason: Reason) -> None:
    exchange.limit("ann", BTC, "buy", "0.5", "60000", post_only=True, client_order_id=1)
    exchange.market("bob", BTC, "sell", "0.2")
    place(exchange, "cat", "sell", "0.5", "60200", 1)
    before = exchange.queue(BTC)
    (event,) = exchange.submit(command)
    assert isinstance(event, ModifyRejected)
    assert event.reason is reason
    assert exchange.queue(BTC) == before


@pytest.mark.parametrize(
    "command",
    [
        CancelOrder(AccountId("ann"), InstrumentId(BTC), ClientOrderId(1)),
        CancelOrder(AccountId("bob"), InstrumentId(BTC), ClientOrderId(2)),
        CancelOrder(AccountId("ann"), InstrumentId(ETH), ClientOrderId(2)),
        CancelAll(AccountId("zoe")),
    ],
)
def test_refusals_of_cancels(exchange: Exchange, command: Command) -> None:
    place(exchange, "ann", "buy", "0.1", "60000", 2)
    (event,) = exchange.submit(command)
    assert isinstance(event, CancelRejected)


def test_fills_go_to_the_best_price_then_the_oldest_order(exchange: Exchange) -> None:
    place(exchange, "ann", "sell", "0.1", "60001", 1)
    place(exchange, "bob", "sell", "0.1", "60000", 2)
    place(exchange, "ann", "sell", "0.1", "60000", 3)
    events = exchange.limit("cat", BTC, "buy", "0.25", "60005")
    makers = [e for e in events if isinstance(e, OrderFilled) and e.liquidity is Liquidity.MAKER]
    assert [(e.client_order_id, e.price_ticks, e.quantity_lots) for e in makers] == [
        (2, 600_000, 100), (3, 600_000, 100), (1, 600_010, 50),
    ]  # fmt: skip
    takers = [e for e in events if isinstance(e, OrderFilled) and e.liquidity is Liquidity.TAKER]
    assert [e.trade_id for e in takers] == [e.trade_id for e in makers]
    assert sorted(e.trade_id for e in takers) == [e.trade_id for e in takers]


def test_the_rest_of_ioc_and_market_orders_expires(exchange: Exchange) -> None:
    place(exchange, "bob", "sell", "0.1", "60000", 1)
    ioc = exchange.limit("ann", BTC, "buy", "0.3", "60000", time_in_force=TimeInForce.IOC)[-1]
    assert isinstance(ioc, OrderExpired)
    assert (ioc.reason, ioc.leaves_lots) == (Reason.IOC_REMAINDER, 200)
    accepted, expired = exchange.market("ann", BTC, "buy", "0.3")
    assert isinstance(accepted, OrderAccepted)
    assert isinstance(expired, OrderExpired)
    assert (expired.reason, expired.leaves_lots) == (Reason.MARKET_REMAINDER, 300)
    assert exchange.queue(BTC) == []


def test_only_a_smaller_quantity_keeps_the_place(exchange: Exchange) -> None:
    for client in (1, 2, 3):
        place(exchange, "ann", "buy", "0.3", "60000", client)

    def queue() -> list[tuple[int, int]]:
        return [(each.client_order_id, each.leaves_lots) for each in exchange.queue(BTC, Side.BUY)]

    (event,) = exchange.modify("ann", BTC, 1, "0.2", "60000")
    assert isinstance(event, OrderModified)
    assert queue() == [(1, 200), (2, 300), (3, 300)]
    exchange.modify("ann", BTC, 2, "0.4", "60000")
    assert queue() == [(1, 200), (3, 300), (2, 400)]
    exchange.modify("ann", BTC, 1, "0.2", "60000")
    assert queue() == [(3, 300), (2, 400), (1, 200)]
    exchange.modify("ann", BTC, 3, "0.3", "59999")
    assert queue() == [(2, 400), (1, 200), (3, 300)]


def test_a_change_through_the_book_trades(exchange: Exchange) -> None:
    place(exchange, "bob", "sell", "0.1", "60010", 1)
    place(exchange, "ann", "buy", "0.3", "60000", 2)
    events = exchange.modify("ann", BTC, 2, "0.3", "60010")
    assert [type(event) for event in events] == [OrderModified, OrderFilled, OrderFilled]
    assert [(each.price_ticks, each.leaves_lots) for each in exchange.queue(BTC)] == [(600_100, 200)]


STP = SelfTradePrevention


@pytest.mark.parametrize(
    ("mode", "quantity", "left", "happened"),
    [
        (STP.CANCEL_NEWEST, "0.3", [(1, 100), (2, 100)], [("canceled", 9, 300)]),
        (STP.CANCEL_OLDEST, "0.3", [(9, 200)], [("canceled", 1, 100), ("filled", 9, 200), ("filled", 2, 0)]),
        (STP.CANCEL_BOTH, "0.3", [(2, 100)], [("canceled", 1, 100), ("canceled", 9, 300)]),
        (STP.DECREMENT, "0.3", [(9, 100)],
         [("canceled", 1, 100), ("modified", 9, 200), ("filled", 9, 100), ("filled", 2, 0)]),
        (STP.DECREMENT, "0.06", [(1, 40), (2, 100)], [("modified", 1, 40), ("canceled", 9, 60)]),
        (STP.DECREMENT, "0.1", [(2, 100)], [("canceled", 1, 100), ("canceled", 9, 100)]),
        (STP.NONE, "0.1", [(2, 100)], [("filled", 9, 0), ("filled", 1, 0)]),
    ],
)  # fmt: skip
def test_self_trade_prevention(
    exchange: Exchange, mode: STP, quantity: str, left: list[object], happened: list[object]
) -> None:
    place(exchange, "ann", "sell", "0.1", "60000", 1)
    place(exchange, "bob", "sell", "0.1", "60000", 2)
    events = exchange.limit(
        "ann", BTC, "buy", quantity, "60000", self_trade_prevention=mode, client_order_id=9
    )
    names = {OrderCanceled: "canceled", OrderFilled: "filled", OrderModified: "modified"}
    seen = [
        (names[type(event)], event.client_order_id, event.leaves_lots)
        for event in events
        if isinstance(event, OrderCanceled | OrderFilled | OrderModified)
    ]
    assert seen == happened
    assert [(each.client_order_id, each.leaves_lots) for each in exchange.queue(BTC)] == left


@pytest.mark.parametrize(
    ("mode", "fillable"),
    [
        (STP.CANCEL_NEWEST, False), (STP.CANCEL_OLDEST, True), (STP.CANCEL_BOTH, False),
        (STP.DECREMENT, False), (STP.NONE, True),
    ],
)  # fmt: skip
def test_fill_or_kill_looks_past_own_orders_only_where_they_would_go(
    exchange: Exchange,
    mode: STP,
    fillable: bool,  # noqa: FBT001 - a test case's expectation
) -> None:
    place(exchange, "ann", "sell", "0.1", "60000", 1)
    place(exchange, "bob", "sell", "0.2", "60001", 2)
    first = exchange.limit(
        "ann", BTC, "buy", "0.2", "60001", time_in_force=TimeInForce.FOK, self_trade_prevention=mode
    )[0]
    assert isinstance(first, OrderAccepted if fillable else OrderRejected)


def test_profit_fees_and_flip_are_exact(exchange: Exchange) -> None:
    """Buy 0.2 at 60,000, sell 0.5 at 61,000: 200 realized, short 0.3, taker fees 5 bp and maker fees 2 bp."""
    place(exchange, "bob", "sell", "0.2", "60000", 1)
    exchange.market("ann", BTC, "buy", "0.2")
    place(exchange, "cat", "buy", "0.5", "61000", 1)
    exchange.market("ann", BTC, "sell", "0.5")
    position = exchange.position("ann", BTC)
    assert (position.lots, position.cost_atoms) == (-300, -18_300 * 10**8)
    assert position.realized_atoms == 200 * 10**8
    fees = Decimal(6) + Decimal("15.25")
    assert exchange.balance("ann") == 100_000 + 200 - fees
    assert exchange.balance("bob") == 100_000 - Decimal("2.4")
    assert exchange.equity("bob") == 100_000 - 200 - Decimal("2.4")
    assert exchange.fees_collected() == fees + Decimal("2.4") + Decimal("6.1")
    exchange.check_conservation()


def test_fees_round_against_the_payer() -> None:
    exchange = Exchange(
        [
            Instrument.linear(
                BTC, tick_size="0.00000001", lot_size="1", maker_fee_ppm=-1, taker_fee_ppm=1,
            )
        ]
    )  # fmt: skip
    for name in ("ann", "bob"):
        exchange.open_account(name, deposit="1")
    exchange.limit("ann", BTC, "buy", 1_500_001, price="0.00000001")
    exchange.market("bob", BTC, "sell", 1_500_001)
    # 1.500001 atoms of fee each way: the taker pays 2, the maker is given 1.
    assert exchange.position("bob", BTC).fees_atoms == 2
    assert exchange.position("ann", BTC).fees_atoms == -1
    assert exchange.fees_atoms() == 1


def test_closing_is_possible_without_free_margin(exchange: Exchange) -> None:
    place(exchange, "bob", "sell", "15", "60000", 1)
    exchange.market("ann", BTC, "buy", "15")
    exchange.set_mark(BTC, 500_000)
    assert exchange.equity("ann") < 0
    place(exchange, "cat", "buy", "15", "50000", 1)
    grown = exchange.limit("ann", BTC, "buy", "0.001", "50000")
    assert isinstance(grown[0], OrderRejected)
    closed = exchange.market("ann", BTC, "sell", "15")
    assert exchange.position("ann", BTC).lots == 0
    assert isinstance(closed[-1], OrderFilled)
    exchange.check_conservation()


@pytest.mark.parametrize(("first", "second"), [(BTC, ETH), (ETH, BTC)])
def test_margin_counts_all_instruments_of_an_asset(exchange: Exchange, first: str, second: str) -> None:
    exchange.limit("ann", first, "buy", "10", "50000")
    assert isinstance(exchange.limit("ann", second, "buy", "9.9", "50000")[0], OrderAccepted)
    (event,) = exchange.limit("ann", second, "buy", "0.1", "50001")
    assert isinstance(event, OrderRejected)
    assert event.reason is Reason.INSUFFICIENT_MARGIN


def test_a_sell_counts_at_the_price_at_which_it_would_trade(exchange: Exchange) -> None:
    """At its limit of 1,000 the order would need 2,000 of margin, at the bid of 60,000 it needs 120,000."""
    place(exchange, "bob", "buy", "10", "60000", 1)
    (event,) = exchange.limit("ann", BTC, "sell", "20", "1000")
    assert isinstance(event, OrderRejected)
    assert event.reason is Reason.INSUFFICIENT_MARGIN


def test_a_market_buy_counts_at_the_last_ask_it_reaches(exchange: Exchange) -> None:
    """A little cheap quantity in front must not let through what equity cannot carry behind it."""
    place(exchange, "bob", "sell", "0.1", "100", 1)
    place(exchange, "bob", "sell", "10", "60000", 2)
    (event,) = exchange.market("ann", BTC, "buy", "20")
    assert isinstance(event, OrderRejected)
    assert event.reason is Reason.INSUFFICIENT_MARGIN
    assert any(isinstance(event, OrderFilled) for event in exchange.market("ann", BTC, "buy", "0.1"))


def test_cancel_all_reaches_one_or_every_instrument(exchange: Exchange) -> None:
    for client, name in ((1, BTC), (2, ETH), (3, BTC)):
        exchange.limit("ann", name, "buy", "0.1", "50000", client_order_id=client)
    exchange.limit("bob", BTC, "buy", "0.1", "50000", client_order_id=1)
    canceled = exchange.cancel_all("ann", BTC)
    assert [event.client_order_id for event in canceled if isinstance(event, OrderCanceled)] == [3, 1]
    (event,) = exchange.cancel_all("ann")
    assert isinstance(event, OrderCanceled)
    assert event.reason is Reason.CANCELED_BY_CANCEL_ALL
    assert exchange.cancel_all("ann") == []
    assert exchange.open_order_count == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda e: e.open_account("ann"), "account_id: expected a new name, was 'ann'"),
        (lambda e: e.open_account("eve", deposit="-1"), "deposit: expected 1 to"),
        (lambda e: e.deposit("ann", "0.000000001"), "deposit: expected a whole number of 1e-8"),
        (lambda e: e.deposit("ann", "1e20"), "deposit: expected 1 to"),
        (lambda e: e.limit("ann", BTC, "bye", "1", "1"), "side: expected 'buy' or 'sell', was 'bye'"),
        (lambda e: e.limit("ann", BTC, "buy", "1", "0.05"), "price: expected a multiple of 0.1, was 0.05"),
        (lambda e: e.market("ann", BTC, "buy", "0.0001"), "quantity: expected a multiple of 0.001"),
        (lambda e: e.set_mark(BTC, 2**31), "price_ticks: expected"),
        (lambda e: e.grow(0), "status: expected one of the NEED constants"),
        (lambda e: Exchange([]), "instruments: expected at least one"),
        (lambda e: Exchange(e.instruments * 2), "instruments: expected different ids"),
    ],
)
def test_wrong_calls_say_what_was_expected(
    exchange: Exchange, call: Callable[[Exchange], object], message: str
) -> None:
    with pytest.raises(ValueError, match="^" + message.replace("(", r"\(")):
        call(exchange)
