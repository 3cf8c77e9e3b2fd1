"""Leverage, tiers and isolated margin, each with its known answer."""

from __future__ import annotations

import pytest

from exchange_sim.engine.exchange import Exchange
from exchange_sim.model.enums import MarginMode, Reason
from exchange_sim.model.events import (
    AccountRejected,
    ExchangeEvent,
    LeverageSet,
    MarginModeSet,
    MarginMoved,
    OrderRejected,
)
from tests.engine.venue import UNIT, X, Y, contract, deal, opened, quote


def refusal(events: list[ExchangeEvent]) -> Reason:
    (event,) = events
    assert isinstance(event, (AccountRejected, OrderRejected))
    return event.reason


@pytest.fixture
def exchange() -> Exchange:
    """Two contracts; ann has 200, bob 100,000."""
    return opened(contract(X), contract(Y, tiers=(), initial_margin_ppm=250_000), ann=200, bob=100_000)


def test_leverage_decides_how_much_fits(exchange: Exchange) -> None:
    assert refusal(exchange.limit("ann", X, "buy", 21, 100)) is Reason.INSUFFICIENT_MARGIN
    (event,) = exchange.set_leverage("ann", X, 5)
    assert isinstance(event, LeverageSet)
    assert event.leverage == 5
    assert refusal(exchange.limit("ann", X, "buy", 11, 100)) is Reason.INSUFFICIENT_MARGIN
    quote(exchange, "ann", "buy", 10, 100)
    assert exchange.margin("ann", X).required_atoms == 200 * UNIT
    assert refusal(exchange.set_leverage("ann", X, 4)) is Reason.INSUFFICIENT_MARGIN
    exchange.set_leverage("ann", X, 20)
    assert exchange.margin("ann", X).required_atoms == 50 * UNIT
    assert exchange.margin("bob", X).initial_ppm == 100_000


def test_leverage_is_bounded_by_tiers(exchange: Exchange) -> None:
    assert refusal(exchange.set_leverage("ann", X, 21)) is Reason.INVALID_LEVERAGE
    assert refusal(exchange.set_leverage("ann", X, 0)) is Reason.INVALID_LEVERAGE
    assert refusal(exchange.set_leverage("ann", Y, 5)) is Reason.INVALID_LEVERAGE  # 25 % is the instrument's
    exchange.set_leverage("ann", Y, 4)
    exchange.set_leverage("bob", X, 20)
    quote(exchange, "bob", "buy", 10, 100)  # value 1000 is in the first tier to the last unit
    assert refusal(exchange.limit("bob", X, "buy", 1, 1)) is Reason.LEVERAGE_ABOVE_TIER
    exchange.set_leverage("bob", X, 10)
    quote(exchange, "bob", "buy", 40, 100)
    assert refusal(exchange.set_leverage("bob", X, 11)) is Reason.LEVERAGE_ABOVE_TIER
    # Without a choice the tier's margin is taken: 20 % above 5000.
    quote(exchange, "ann", "buy", 10, 100)
    exchange.deposit("ann", 1000, asset="USD")
    assert refusal(exchange.limit("ann", X, "buy", 51, 100)) is Reason.INSUFFICIENT_MARGIN
    quote(exchange, "ann", "buy", 50, 100)
    assert exchange.margin("ann", X).required_atoms == 1200 * UNIT


def test_an_isolated_position_has_its_own_margin(exchange: Exchange) -> None:
    (event,) = exchange.set_margin_mode("ann", X, "isolated")
    assert isinstance(event, MarginModeSet)
    deal(exchange, "ann", "bob", 10, 100)
    margin = exchange.margin("ann", X)
    assert (margin.margin_mode, margin.margin_atoms) == (MarginMode.ISOLATED, 100 * UNIT)
    assert (margin.required_atoms, exchange.free("ann", "USD")) == (0, 100)
    exchange.set_mark(X, 98)
    assert exchange.free("ann", "USD") == 100  # its loss is its own
    deal(exchange, "ann", "bob", 2, 110)  # value 1220: 10 % of 220
    assert exchange.margin("ann", X).margin_atoms == 122 * UNIT
    deal(exchange, "bob", "ann", 5, 110)  # 5 of 12 closed: 122 * 5 / 12 back, rounded down, and 550 - 508.33
    assert exchange.margin("ann", X).margin_atoms == 122 * UNIT - 122 * UNIT * 5 // 12
    cost = 1220 * UNIT - 1220 * UNIT * 5 // 12
    assert exchange.position("ann", X).cost_atoms == cost
    deal(exchange, "bob", "ann", 10, 100)  # flips to 3 short: all margin back, 30 taken
    assert exchange.margin("ann", X).margin_atoms == 30 * UNIT
    assert (
        exchange.balance_atoms("ann", "USD") == 200 * UNIT + 550 * UNIT + 700 * UNIT - 1220 * UNIT - 30 * UNIT
    )
    assert exchange.equity("ann", "USD") == 200 + 550 + 700 - 1220 + 3 * (100 - 98)


def test_margin_is_moved_as_far_as_it_is_free(exchange: Exchange) -> None:
    assert refusal(exchange.move_margin("ann", X, 1)) is Reason.NO_POSITION
    exchange.set_margin_mode("ann", X, "isolated")
    deal(exchange, "ann", "bob", 10, 100)
    assert refusal(exchange.move_margin("ann", X, 0)) is Reason.INVALID_QUANTITY
    assert refusal(exchange.move_margin("ann", X, "100.00000001")) is Reason.INSUFFICIENT_MARGIN
    (event,) = exchange.move_margin("ann", X, 100)
    assert isinstance(event, MarginMoved)
    assert event.atoms == 100 * UNIT
    assert (exchange.margin("ann", X).margin_atoms, exchange.balance("ann", "USD")) == (200 * UNIT, 0)
    exchange.set_mark(X, 95)
    # Margin 200 less the loss of 50 is 55 above 10 % of 950.
    assert refusal(exchange.move_margin("ann", X, -56)) is Reason.INSUFFICIENT_MARGIN
    exchange.move_margin("ann", X, -55)
    exchange.set_mark(X, 120)
    # The profit of 200 does not come out, and 120 must stay: 25 of 145.
    assert refusal(exchange.move_margin("ann", X, -26)) is Reason.INSUFFICIENT_MARGIN
    exchange.move_margin("ann", X, -25)
    assert exchange.balance("ann", "USD") == 80
    exchange.check_conservation()


def test_modes_change_only_where_nothing_is_open(exchange: Exchange) -> None:
    quote(exchange, "ann", "buy", 1, 100)
    assert refusal(exchange.set_margin_mode("ann", X, "isolated")) is Reason.POSITION_OPEN
    exchange.cancel_all("ann")
    exchange.set_margin_mode("ann", X, "isolated")
    deal(exchange, "ann", "bob", 1, 100)
    assert refusal(exchange.set_margin_mode("ann", X, "cross")) is Reason.POSITION_OPEN
    assert refusal(exchange.set_leverage("ann", X, 5)) is Reason.POSITION_OPEN
    with pytest.raises(ValueError, match="mode: expected 'cross' or 'isolated', was 'both'"):
        exchange.set_margin_mode("ann", X, "both")  # type: ignore[arg-type]


def test_orders_of_an_isolated_position_need_what_its_margin_lacks(exchange: Exchange) -> None:
    exchange.set_margin_mode("ann", X, "isolated")
    deal(exchange, "ann", "bob", 10, 100)
    quote(exchange, "ann", "buy", 5, 100)  # 150 in all, 100 are there
    assert exchange.free("ann", "USD") == 50
    assert refusal(exchange.limit("ann", X, "buy", 6, 100)) is Reason.INSUFFICIENT_MARGIN
    quote(exchange, "ann", "sell", 25, 101)  # 2525 - 1000 short at most: 152.5 in all
    assert exchange.margin("ann", X).required_atoms == 5_250_000_000


def test_profit_and_margin_are_not_withdrawn(exchange: Exchange) -> None:
    deal(exchange, "ann", "bob", 10, 100)
    exchange.set_mark(X, 130)
    with pytest.raises(ValueError, match="expected 1 to 10000000000 atoms, was 10000000001"):
        exchange.withdraw("ann", atoms=100 * UNIT + 1)
    exchange.withdraw("ann", 100)
    assert exchange.free("ann", "USD") == 0
    assert exchange.equity("ann", "USD") == 400
    exchange.check_conservation()


def test_a_withdrawal_draws_the_liquidation_near(exchange: Exchange) -> None:
    """The band of marks that cannot hurt anybody is narrower after it."""
    deal(exchange, "ann", "bob", 10, 100)
    quote(exchange, "bob", "buy", 10, 90)
    exchange.set_mark(X, 94)  # 200 - 60 is well above 47
    assert exchange.position("ann", X).lots == 10
    exchange.set_mark(X, 100)
    exchange.withdraw("ann", 100)
    exchange.set_mark(X, 94)  # 100 - 60 is not
    assert exchange.position("ann", X).lots == 0
