"""Fees by the volume of thirty days, and rebates."""

from __future__ import annotations

from decimal import Decimal

from exchange_sim.engine.exchange import Exchange
from exchange_sim.model.events import OrderFilled
from exchange_sim.model.rules import ExchangeRules, FeeTier
from tests.engine.venue import UNIT, X, contract

DAY_NS = 86_400_000_000_000
RULES = ExchangeRules(
    fee_tiers=(
        FeeTier(volume=Decimal(1000), maker_fee_ppm=0, taker_fee_ppm=400),
        FeeTier(volume=Decimal(3000), maker_fee_ppm=-100, taker_fee_ppm=300),
    )
)


def traded(exchange: Exchange, lots: int, day: int, hour: int = 1) -> tuple[int, int]:
    """Let ann take from bob at 100; return the fees in millionths of the value, taker's and maker's."""
    ts_ns = day * DAY_NS + hour * DAY_NS // 24
    exchange.limit("bob", X, "sell", lots, 100, ts_ns=ts_ns)
    events = exchange.limit("ann", X, "buy", lots, 100, ts_ns=ts_ns)
    fees = [event.fee_atoms for event in events if isinstance(event, OrderFilled)]
    exchange.check_conservation()
    taker, maker = (fee * 1_000_000 // (lots * 100 * UNIT) for fee in fees)
    return taker, maker


def test_tiers_count_thirty_whole_days() -> None:
    exchange = Exchange([contract(maker_fee_ppm=200, taker_fee_ppm=500)], RULES)
    for name in ("ann", "bob", "cat"):
        exchange.open_account(name, deposit="1000000")
    start = 20_000
    assert traded(exchange, 9, start) == (500, 200)
    assert traded(exchange, 5, start, hour=23) == (500, 200)  # today does not count
    assert traded(exchange, 10, start + 1) == (400, 0)  # 1400 yesterday
    assert traded(exchange, 6, start + 2) == (400, 0)  # 2400
    assert traded(exchange, 1, start + 3) == (300, -100)  # 3000 to the last unit
    assert traded(exchange, 1, start + 30) == (300, -100)  # 3100, the first day is thirty days old
    assert traded(exchange, 1, start + 31) == (400, 0)  # it fell out: 1800
    assert traded(exchange, 1, start + 33) == (500, 200)  # 1600 of these too: 200 on days 3, 30, 31
    assert traded(exchange, 1, start + 200) == (500, 200)


def test_accounts_have_tiers_of_their_own() -> None:
    exchange = Exchange([contract(maker_fee_ppm=200, taker_fee_ppm=500)], RULES)
    for name in ("ann", "bob", "cat"):
        exchange.open_account(name, deposit="1000000")
    traded(exchange, 30, 1)
    exchange.limit("bob", X, "sell", 1, 100, ts_ns=2 * DAY_NS)
    events = exchange.limit("cat", X, "buy", 1, 100)
    fees = [event.fee_atoms for event in events if isinstance(event, OrderFilled)]
    assert fees == [100 * UNIT * 500 // 10**6, -100 * UNIT * 100 // 10**6]


def test_a_snapshot_keeps_the_volume() -> None:
    exchange = Exchange([contract(maker_fee_ppm=200, taker_fee_ppm=500)], RULES)
    for name in ("ann", "bob"):
        exchange.open_account(name, deposit="1000000")
    traded(exchange, 30, 7)
    copy = Exchange.restore(exchange.snapshot())
    assert traded(copy, 1, 8) == traded(exchange, 1, 8) == (300, -100)
    assert copy.state_digest() == exchange.state_digest()
