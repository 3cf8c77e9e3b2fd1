"""Liquidation with answers computed by hand: steps by tier, cascade, fund, auto-deleveraging, isolated."""

from __future__ import annotations

from exchange_sim.engine.exchange import Exchange
from exchange_sim.model.enums import Reason, Side, TradingState
from exchange_sim.model.events import (
    ExchangeEvent,
    InsurancePaid,
    OrderCanceled,
    OrderFilled,
    PositionDeleveraged,
    PositionLiquidated,
)
from tests.engine.venue import UNIT, X, Y, contract, deal, opened, quote, take

Line = tuple[object, ...]


def told(events: list[ExchangeEvent]) -> list[Line]:
    """Return what happened in a liquidation, one line an event; makers' fills are left out."""
    lines: list[Line] = []
    for event in events:
        name = event.account_id
        if isinstance(event, OrderCanceled):
            lines.append((name, "canceled", event.reason))
        elif isinstance(event, PositionLiquidated):
            lines.append(
                (name, "liquidated", event.position_lots, event.quantity_lots, event.bankruptcy_ticks)
            )
        elif isinstance(event, OrderFilled) and event.liquidity == 0:
            lines.append((name, "sold" if event.side else "bought", event.quantity_lots, event.price_ticks))
        elif isinstance(event, InsurancePaid):
            lines.append((name, "paid", event.paid_atoms / UNIT, event.quantity_lots, event.price_ticks))
        elif isinstance(event, PositionDeleveraged):
            lines.append((name, "deleveraged", event.side, event.quantity_lots, event.price_ticks))
    return lines


def units(exchange: Exchange, name: str) -> float:
    return exchange.balance_atoms(name, "USD") / UNIT


def test_a_cascade_on_a_thin_book() -> None:
    """One lot sold brings down ann, whose liquidation brings down bob; the fund runs dry in both."""
    exchange = opened(
        contract(liquidation_fee_ppm=10_000), ann=110, bob=160, cat=10_000, dan=10_000, eve=10_000, moe=10_000
    )
    exchange.feed_insurance(8)
    deal(exchange, "eve", "dan", 15, 94)
    deal(exchange, "ann", "cat", 5, 100)
    deal(exchange, "ann", "dan", 5, 100)
    deal(exchange, "bob", "dan", 10, 100)  # dan is short 30 at 97 on average
    quote(exchange, "ann", "buy", 1, 1)
    for lots, price in ((2, 93), (5, 90), (3, 86), (2, 80)):
        quote(exchange, "moe", "buy", lots, price)
    happened = told(take(exchange, "eve", "sell", 1, 93))
    assert happened == [
        ("eve", "sold", 1, 93),
        # The mark is 93. Ann: equity 110 - 70 = 40, below 5 % of 930 = 46.5.
        ("ann", "canceled", Reason.LIQUIDATION),
        # Bankruptcy at 93 - 40 / 10 = 89.
        ("ann", "liquidated", 10, 10, 89),
        ("ann", "sold", 1, 93),
        ("ann", "sold", 5, 90),
        # 4 left, 86 is 3 worse than 89: the fund's 8 pay for 2 lots.
        ("ann", "sold", 2, 86),
        ("ann", "paid", -6.0, 2, 86),
        # At 86 cat's profit is 14 of 100, dan's 11 of 97: cat pays for the last 2.
        ("ann", "deleveraged", Side.SELL, 2, 89),
        ("cat", "deleveraged", Side.BUY, 2, 89),
        # 1 % of 93 + 450, equity left is 110 - 1000 + 93 + 450 + 172 + 178 + 6 = 9.
        ("ann", "paid", 5.43, 6, 89),
        # The mark is 86. Bob: equity 160 - 140 = 20, below 43; bankruptcy at 86 - 20 / 10 = 84.
        ("bob", "liquidated", 10, 10, 84),
        ("bob", "sold", 1, 86),
        # The fund's 2 + 5.43 pay for one lot, 4 below bankruptcy; 3.43 are left.
        ("bob", "sold", 1, 80),
        ("bob", "paid", -4.0, 1, 80),
        # At 80: cat's 3 lots 20 of 100, dan's 30 lots 17 of 97.
        ("bob", "deleveraged", Side.SELL, 3, 84),
        ("cat", "deleveraged", Side.BUY, 3, 84),
        ("bob", "deleveraged", Side.SELL, 5, 84),
        ("dan", "deleveraged", Side.BUY, 5, 84),
        # 1 % of 86; equity left is 160 - 1000 + 86 + 80 + 252 + 420 + 4 = 2.
        ("bob", "paid", 0.86, 1, 84),
    ]
    assert (units(exchange, "ann"), units(exchange, "bob")) == (3.57, 1.14)
    assert units(exchange, "cat") == 10_000 + 2 * 11 + 3 * 16
    assert exchange.insurance_fund("USD") * 100 == 429
    assert [exchange.position(name, X).lots for name in ("ann", "bob", "cat", "dan")] == [0, 0, 0, -25]
    exchange.check_conservation()


def test_positions_shrink_tier_by_tier() -> None:
    exchange = opened(contract(), ann=1250, bob=100_000)
    deal(exchange, "ann", "bob", 60, 100)
    quote(exchange, "bob", "buy", 1, 87)
    quote(exchange, "bob", "buy", 100, 86)
    # Above 87.5 equity covers the maintenance of 60 lots: 1250 + 60 (p - 100) >= 12 p - 550.
    assert told(take(exchange, "bob", "sell", 1, 88)) == []
    exchange.open_account("cat")
    exchange.deposit("cat", 1000, asset="USD")
    assert told(take(exchange, "cat", "sell", 1, 87)) == [
        ("cat", "sold", 1, 87),
        # Equity 470, maintenance 20 % of 5220 - 550 = 494. 5000 // 87 = 57 lots may stay.
        ("ann", "liquidated", 60, 3, 87 - 470 // 60),
        ("ann", "sold", 3, 86),
        # Equity 410, maintenance 10 % of 57 x 86 - 50 = 440.2. 1000 // 86 = 11 lots may stay.
        ("ann", "liquidated", 57, 46, 86 - 410 // 57),
        ("ann", "sold", 46, 86),
        # Equity 410, maintenance 5 % of 946.
    ]
    assert exchange.position("ann", X).lots == 11
    assert exchange.margin("ann", X).maintenance_atoms == 473 * UNIT // 10


def test_a_short_is_bought_back_when_the_mark_rises() -> None:
    exchange = opened(contract(), ann=1000, bob=100)
    deal(exchange, "ann", "bob", 10, 100)
    quote(exchange, "ann", "sell", 20, 106)
    # 100 - 10 (p - 100) < 0.5 p from 104.77 on; above a value of 1000, 10 % less 50 is asked.
    exchange.set_mark(X, 104)
    assert exchange.position("bob", X).lots == -10
    # Equity 50 < 10 % of 1050 - 50: 1000 // 105 = 9 lots may stay. Equity then is 49, above 47.25.
    exchange.set_mark(X, 105)
    assert exchange.position("bob", X).lots == -9
    exchange.set_mark(X, 106)  # 40 < 47.7
    assert exchange.position("bob", X).lots == 0
    assert units(exchange, "bob") == 40
    exchange.check_conservation()


def test_the_largest_maintenance_goes_first_and_profit_elsewhere_counts() -> None:
    exchange = opened(contract(X), contract(Y), ann=200, bob=100_000)
    deal(exchange, "ann", "bob", 10, 100, X)
    deal(exchange, "bob", "ann", 5, 100, Y)
    quote(exchange, "bob", "buy", 100, 70, X)
    quote(exchange, "bob", "sell", 100, 100, Y)
    exchange.set_mark(Y, 80)  # ann's short gains 100
    exchange.set_mark(X, 75)  # 200 + 100 - 250 = 50 < 37.5 + 20
    # X has the larger maintenance: 75 - 50 // 10 = 70, sold there; equity is 0 and Y, worth 400, goes at 80.
    assert exchange.position("ann", X).lots == 0
    assert exchange.position("ann", Y).lots == 0
    assert exchange.equity_atoms("ann", "USD") == 0
    exchange.check_conservation()


def test_an_isolated_position_falls_alone() -> None:
    exchange = opened(contract(X), contract(Y), ann=1000, bob=100_000)
    exchange.set_margin_mode("ann", X, "isolated")
    deal(exchange, "ann", "bob", 10, 100, X)
    deal(exchange, "ann", "bob", 10, 100, Y)
    quote(exchange, "ann", "buy", 1, 10, Y)
    quote(exchange, "bob", "buy", 100, 94, X)
    assert units(exchange, "ann") == 900  # margin 100 is the position's own
    # 100 + 10 (p - 100) < 0.5 p below 94.74.
    exchange.set_mark(X, 95)
    assert exchange.position("ann", X).lots == 10
    exchange.set_mark(X, 94)
    assert exchange.position("ann", X).lots == 0
    assert units(exchange, "ann") == 900 + 40
    assert exchange.position("ann", Y).lots == 10
    assert exchange.position("ann", Y).open_orders == 1
    exchange.check_conservation()


def test_a_bankrupt_position_is_closed_above_the_mark() -> None:
    """A gap leaves negative equity: the bankruptcy price of a long lies above the mark."""
    exchange = opened(contract(liquidation_fee_ppm=10_000), ann=100, bob=1000, cat=1000)
    deal(exchange, "ann", "bob", 10, 100)
    quote(exchange, "cat", "buy", 10, 80)
    exchange.feed_insurance(25)
    exchange.set_mark(X, 85)
    # Equity -50: bankrupt at 90. 10 a lot at 80: the fund pays for 2 lots, bob's short takes 8 at 90.
    assert exchange.position("ann", X).lots == 0
    assert units(exchange, "ann") == 0
    assert exchange.insurance_atoms("USD") == 5 * UNIT
    assert exchange.position("bob", X).lots == -2
    assert units(exchange, "bob") == 1080
    assert exchange.position("cat", X).lots == 2
    exchange.check_conservation()


def test_nobody_is_liquidated_while_the_instrument_does_not_trade() -> None:
    exchange = opened(contract(), ann=100, bob=1000)
    deal(exchange, "ann", "bob", 10, 100)
    for state in (TradingState.CANCEL_ONLY, TradingState.HALTED):
        exchange.set_state(X, state)
        exchange.set_mark(X, 85)
        assert exchange.position("ann", X).lots == 10
    # Equity is -50: without a fund bob's short pays, at the bankruptcy price of 90.
    assert told(exchange.set_state(X, TradingState.TRADING)) == [
        ("ann", "liquidated", 10, 10, 90),
        ("ann", "deleveraged", Side.SELL, 10, 90),
        ("bob", "deleveraged", Side.BUY, 10, 90),
    ]
    exchange.check_conservation()


def test_of_equal_counterparties_the_lowest_account_is_deleveraged_first() -> None:
    exchange = opened(contract(), ann=110, bob=1_000, cat=1_000, eve=10_000)
    for seller in ("cat", "bob"):
        deal(exchange, "ann", seller, 5, 100)
        deal(exchange, "eve", seller, 5, 100)
    # Nobody bids: ann's ten lots go to the profit that is largest for its cost, which is the same for both.
    exchange.set_mark(X, 93)
    assert [exchange.position(name, X).lots for name in ("ann", "bob", "cat", "eve")] == [0, 0, -10, 10]
    exchange.check_conservation()


def test_the_fee_of_an_isolated_position_is_no_more_than_its_margin_leaves() -> None:
    exchange = opened(contract(liquidation_fee_ppm=50_000), ann=1_000, bob=10_000, moe=10_000)
    exchange.set_margin_mode("ann", X, "isolated")
    deal(exchange, "ann", "bob", 10, 100)
    quote(exchange, "moe", "buy", 10, 91)
    # At 93: margin 100 - 70 = 30, below 46.5. All is sold at 91: 10 of the margin are left, 5 % are 45.5.
    exchange.set_mark(X, 93)
    assert exchange.position("ann", X).lots == 0
    assert (units(exchange, "ann"), exchange.insurance_fund("USD")) == (900.0, 10)
    exchange.check_conservation()
