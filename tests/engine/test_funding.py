"""Index, basis, marks that follow them, and funding, each with its known answer."""

from __future__ import annotations

import pytest

from exchange_sim.engine.exchange import Exchange
from exchange_sim.model.events import ExchangeEvent, FundingPaid
from exchange_sim.model.instrument import Instrument
from tests.engine.venue import UNIT, X, contract, deal, opened, quote


def paid(events: list[ExchangeEvent]) -> dict[str, int]:
    return {event.account_id: event.paid_atoms for event in events if isinstance(event, FundingPaid)}


def indexed(**fields: int) -> Exchange:
    """Return an exchange whose mark follows the index, half of each new basis counted."""
    given = {"basis_smoothing_ppm": 500_000, "basis_limit_ppm": 20_000, **fields}
    return opened(contract(mark="index", **given), ann=10_000, bob=10_000, cat=10_000)


def test_the_mark_is_the_index_plus_the_smoothed_basis() -> None:
    exchange = indexed()
    assert exchange.mark_ticks(X) == 0
    deal(exchange, "ann", "bob", 1, 900)
    assert exchange.mark_ticks(X) == 900  # no index yet: the last trade
    exchange.set_index(X, 1000)
    # No quotes: 2 x 900 - 2 x 1000 = -200 half ticks; half of it, but at most 2 % of 1000: -20 ticks.
    assert exchange.mark_ticks(X) == 980
    quote(exchange, "ann", "buy", 1, 1005)
    quote(exchange, "bob", "sell", 1, 1008)
    exchange.set_index(X, 1000)
    # 13 half ticks: basis (-100 + 13) / 2 = -43.5, floored -44 half ticks: 2000 - 40 bounded, + 1, halved.
    assert exchange.mark_ticks(X) == 980
    for _ in range(3):
        exchange.set_index(X, 1000)
    # -43.5, -15.25, -1.125, 5.9375: floored 5 half ticks: (2000 + 5 + 1) // 2.
    assert exchange.mark_ticks(X) == 1003
    deal(exchange, "cat", "bob", 1, 1008)
    assert exchange.mark_ticks(X) == 1003  # trades no longer move it
    exchange.set_mark(X, 700)
    exchange.set_index(X, 1000)
    assert exchange.mark_ticks(X) == 700
    exchange.set_mark(X, 0)
    assert exchange.mark_ticks(X) == 1005  # (5.9375 + 13) / 2, floored 9: (2000 + 9 + 1) // 2


def test_given_rates_move_money_from_longs_to_shorts() -> None:
    exchange = opened(contract(), ann=1000, bob=1000, cat=1000)
    deal(exchange, "ann", "bob", 6, 100)
    deal(exchange, "ann", "cat", 3, 100)
    assert paid(exchange.fund(X, 1_000_000)) == {
        "ann": 90_000_000, "bob": -60_000_000, "cat": -30_000_000
    }  # fmt: skip
    assert exchange.balance_atoms("ann") == 1000 * UNIT - 90_000_000
    assert exchange.position("ann", X).funding_atoms == 90_000_000
    assert paid(exchange.fund(X, -1_000_000))["bob"] == 60_000_000
    exchange.check_conservation()


def test_payers_round_up_receivers_down_and_the_fund_gets_the_rest() -> None:
    instrument = Instrument.linear(X, tick_size="0.0001", lot_size="0.0001")  # a tick times a lot is an atom
    exchange = Exchange([instrument])
    for name in ("ann", "bob", "cat"):
        exchange.open_account(name, deposit="1")
    exchange.limit("ann", X, "buy", "0.0003", "0.0007")
    exchange.limit("bob", X, "sell", "0.0002", "0.0007")
    exchange.limit("cat", X, "sell", "0.0001", "0.0007")
    # 21 atoms: 10 % is 2.1 paid as 3; 14 and 7 receive 1 and 0.
    assert paid(exchange.fund(X, 100_000_000)) == {"ann": 3, "bob": -1, "cat": 0}
    assert exchange.insurance_atoms() == 2
    assert paid(exchange.fund(X, -100_000_000)) == {"ann": -2, "bob": 2, "cat": 1}
    assert exchange.insurance_atoms() == 3
    exchange.check_conservation()


def test_the_rate_follows_the_premium_and_starts_anew() -> None:
    exchange = indexed(interest_ppb=100_000)
    quote(exchange, "ann", "buy", 1, 1000)
    quote(exchange, "bob", "sell", 10, 1008)
    exchange.set_index(X, 1000)  # premium 8 / 2000 = 0.4 %
    exchange.limit("cat", X, "buy", 2, 1004)
    exchange.set_index(X, 1000)  # (1004 + 1008 - 2000) / 2000 = 0.6 %
    deal(exchange, "ann", "bob", 1, 1008)
    mark = exchange.mark_ticks(X)
    # Mean premium 0.5 %, interest 0.01 % pulls by 0.05 % at most: 0.45 %.
    assert paid(exchange.fund(X))["ann"] == mark * UNIT * 45 // 10_000
    # No samples since: 0 pulled by the interest to 0.01 %.
    assert paid(exchange.fund(X))["ann"] == mark * UNIT // 10_000


def test_the_rate_is_limited() -> None:
    exchange = indexed(funding_limit_ppb=3_000_000)
    deal(exchange, "ann", "bob", 1, 1100)
    exchange.set_index(X, 1000)
    assert paid(exchange.fund(X))["ann"] == exchange.mark_ticks(X) * UNIT * 3 // 1000


def test_an_isolated_position_pays_from_its_margin_and_may_fall_by_it() -> None:
    exchange = opened(contract(), ann=1000, bob=1000)
    exchange.set_margin_mode("ann", X, "isolated")
    deal(exchange, "ann", "bob", 10, 100)
    exchange.fund(X, 40_000_000)  # 4 % of 1000 out of 100
    assert exchange.margin("ann", X).margin_atoms == 60 * UNIT
    assert exchange.balance("ann") == 900
    quote(exchange, "bob", "buy", 10, 96)
    exchange.fund(X, 11_000_000)  # 49 are below 5 %
    assert exchange.position("ann", X).lots == 0
    assert exchange.balance("ann") == 900 + 49 - 40
    exchange.check_conservation()


def test_bad_rates_and_prices_are_named() -> None:
    exchange = opened(contract(), ann=1000)
    with pytest.raises(ValueError, match="rate_ppb: expected at most 1000000000 either way, was 1000000001"):
        exchange.fund(X, 10**9 + 1)
    with pytest.raises(ValueError, match="price_ticks: expected 1 to 2147483647, was 0"):
        exchange.set_index(X, 0)
