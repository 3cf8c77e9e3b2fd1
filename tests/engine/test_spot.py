"""Spot pairs: holds, releases, fees in the received or the quote asset, withdrawals."""

from __future__ import annotations

from typing import Any

import pytest

from exchange_sim.engine.exchange import Exchange
from exchange_sim.model.commands import SubmitOrder
from exchange_sim.model.enums import OrderType, Reason, SelfTradePrevention, Side, TimeInForce
from exchange_sim.model.events import ExchangeEvent, OrderExpired, OrderFilled, OrderRejected
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId
from exchange_sim.model.instrument import Instrument
from tests.engine.venue import X, contract, deal

BTC = "BTC/USD"
UNIT = 10**8


def pair(**fields: Any) -> Exchange:
    """Return an exchange of BTC/USD, a tick 1 USD and a lot 0.01 BTC; ann has 1000 USD, bob 2 BTC."""
    terms: dict[str, Any] = {"maker_fee_ppm": 1_000, "taker_fee_ppm": 2_000, "lot_size": "0.01", **fields}
    exchange = Exchange([Instrument.spot(BTC, tick_size="1", **terms)])
    exchange.open_account("ann", deposit="1000", asset="USD")
    exchange.open_account("bob", deposit="2", asset="BTC")
    return exchange


def money(exchange: Exchange, name: str) -> tuple[int, int, int, int]:
    """Return an account's USD, of it held, BTC, of it held, in atoms."""
    exchange.check_conservation()
    return (
        exchange.balance_atoms(name, "USD"),
        exchange.held_atoms(name, "USD"),
        exchange.balance_atoms(name, "BTC"),
        exchange.held_atoms(name, "BTC"),
    )


def refusal(events: list[ExchangeEvent]) -> Reason:
    (event,) = events
    assert isinstance(event, OrderRejected)
    return event.reason


def test_resting_orders_hold_what_they_cost_and_release_it() -> None:
    exchange = pair()
    exchange.limit("ann", BTC, "buy", "1.5", 400, client_order_id=1)
    exchange.limit("bob", BTC, "sell", "0.5", 900, client_order_id=1)
    assert money(exchange, "ann") == (1000 * UNIT, 600 * UNIT, 0, 0)
    assert money(exchange, "bob") == (0, 0, 2 * UNIT, UNIT // 2)
    assert exchange.free("ann", "USD") == 400
    exchange.modify("ann", BTC, 1, "2", 400)
    assert exchange.held_atoms("ann", "USD") == 800 * UNIT
    exchange.reduce("bob", BTC, 1, "0.2")
    assert exchange.held_atoms("bob", "BTC") == 3 * UNIT // 10
    exchange.cancel("ann", BTC, 1)
    exchange.cancel("bob", BTC, 1)
    assert money(exchange, "ann") == (1000 * UNIT, 0, 0, 0)
    assert money(exchange, "bob") == (0, 0, 2 * UNIT, 0)


def test_fees_are_taken_from_what_is_received_rounded_up() -> None:
    exchange = pair()
    exchange.limit("ann", BTC, "buy", "1", 333, client_order_id=1)
    events = exchange.limit("bob", BTC, "sell", "0.37", 300)
    fills = [event for event in events if isinstance(event, OrderFilled)]
    # 0.37 BTC for 123.21 USD: the seller pays 0.2 % of the USD, the buyer 0.1 % of the BTC.
    assert [fill.fee_atoms for fill in fills] == [24_642_000, 37_000]
    assert money(exchange, "ann") == (1000 * UNIT - 12_321_000_000, 63 * 333 * UNIT // 100, 36_963_000, 0)
    assert money(exchange, "bob") == (12_321_000_000 - 24_642_000, 0, 163_000_000, 0)
    assert (exchange.fees_atoms("USD"), exchange.fees_atoms("BTC")) == (24_642_000, 37_000)
    assert exchange.position("ann", BTC).lots == exchange.position("ann", BTC).cost_atoms == 0


def test_the_smallest_fee_is_an_atom_and_the_smallest_rebate_nothing() -> None:
    exchange = pair(maker_fee_ppm=-1, taker_fee_ppm=1, lot_size="0.00000001")
    exchange.limit("ann", BTC, "buy", "0.00000001", 3)
    exchange.limit("bob", BTC, "sell", "0.00000001", 3)
    assert money(exchange, "ann") == (1000 * UNIT - 3, 0, 1, 0)
    assert money(exchange, "bob") == (2, 0, 2 * UNIT - 1, 0)


def test_fees_in_the_quote_asset_are_held_too() -> None:
    exchange = pair(fee_asset="quote")
    # A lot at 333 is 3.33 USD, its fee at most 0.2 % = 0.00666 USD.
    exchange.limit("ann", BTC, "buy", "1", 333, client_order_id=1)
    assert exchange.held_atoms("ann", "USD") == 333 * UNIT + 66_600_000
    exchange.limit("bob", BTC, "sell", "1", 333)
    assert money(exchange, "ann") == (667 * UNIT - 33_300_000, 0, UNIT, 0)
    assert money(exchange, "bob") == (333 * UNIT - 66_600_000, 0, UNIT, 0)
    assert exchange.position("ann", BTC).fees_atoms == 33_300_000
    # 665.668 are needed for 664 with 0.2 % and 0.3 more; 667 - 0.333 = 666.667 are there.
    assert refusal(exchange.limit("ann", BTC, "buy", "1", 666)) is Reason.INSUFFICIENT_BALANCE
    assert exchange.limit("ann", BTC, "buy", "1", 665)[0].__class__ is not OrderRejected


def test_nobody_sells_or_spends_what_is_not_there() -> None:
    exchange = pair()
    assert refusal(exchange.limit("ann", BTC, "sell", "0.01", 500)) is Reason.INSUFFICIENT_BALANCE
    assert refusal(exchange.limit("bob", BTC, "sell", "2.01", 500)) is Reason.INSUFFICIENT_BALANCE
    assert refusal(exchange.limit("ann", BTC, "buy", "2", 501)) is Reason.INSUFFICIENT_BALANCE
    exchange.limit("ann", BTC, "buy", "2", 500, client_order_id=1)
    assert refusal(exchange.limit("ann", BTC, "buy", "0.01", 1)) is Reason.INSUFFICIENT_BALANCE
    # A change is judged by what it adds, and a smaller order always passes.
    assert exchange.modify("ann", BTC, 1, "1", 900)[0].__class__.__name__ == "OrderModified"
    assert exchange.modify("ann", BTC, 1, "1", 1001)[0].reason is Reason.INSUFFICIENT_BALANCE  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="expected 1 to 10000000000 atoms"):
        exchange.withdraw("ann", "101", asset="USD")
    exchange.withdraw("ann", "100", asset="USD")
    exchange.withdraw("bob", "1.5", asset="BTC")
    assert money(exchange, "ann") == (900 * UNIT, 900 * UNIT, 0, 0)
    assert money(exchange, "bob") == (0, 0, UNIT // 2, 0)


def test_a_market_buy_is_covered_at_the_last_ask_and_trades_no_worse() -> None:
    exchange = pair(taker_fee_ppm=0, maker_fee_ppm=0)
    exchange.limit("bob", BTC, "sell", "1", 300)
    exchange.limit("bob", BTC, "sell", "1", 600)
    assert refusal(exchange.market("ann", BTC, "buy", "1.67")) is Reason.INSUFFICIENT_BALANCE
    exchange.market("ann", BTC, "buy", "1.5")
    assert money(exchange, "ann") == (400 * UNIT, 0, 150_000_000, 0)
    # Her own ask counts when the order is judged; canceled, it must not send the order on to 600.
    exchange.limit("ann", BTC, "sell", "0.5", 500)
    sent = SubmitOrder(
        AccountId("ann"), InstrumentId(BTC), ClientOrderId(77), Side.BUY, OrderType.MARKET, TimeInForce.IOC,
        50, self_trade_prevention=SelfTradePrevention.CANCEL_OLDEST,
    )  # fmt: skip
    assert isinstance(exchange.submit(sent)[-1], OrderExpired)
    assert money(exchange, "ann") == (400 * UNIT, 0, 150_000_000, 0)


def test_spot_orders_and_positions_share_one_balance() -> None:
    exchange = Exchange(
        [
            Instrument.spot(BTC, tick_size="1", lot_size="0.01", maker_fee_ppm=0, taker_fee_ppm=0),
            contract(X, initial_margin_ppm=200_000),
        ]
    )
    exchange.open_account("ann", deposit="1000", asset="USD")
    exchange.open_account("bob", deposit="10000", asset="USD")
    deal(exchange, "ann", "bob", 10, 100)  # margin 200
    exchange.limit("ann", BTC, "buy", "1", 500, client_order_id=1)
    assert exchange.free("ann", "USD") == 300
    exchange.set_mark(X, 150)  # profit is not cash
    assert exchange.free("ann", "USD") == 300
    exchange.set_mark(X, 90)  # a loss is
    assert exchange.free("ann", "USD") == 200
    # 6 lots more at 100 need 120, 11 lots 220.
    assert refusal(exchange.limit("ann", X, "buy", 11, 100)) is Reason.INSUFFICIENT_MARGIN
    exchange.limit("ann", X, "buy", 6, 100)
    assert exchange.free("ann", "USD") == 80
    exchange.check_conservation()
