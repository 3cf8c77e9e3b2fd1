"""What the operator does on a schedule: index prices that follow the fundamental, funding on time."""

from __future__ import annotations

from typing import Any

import pytest

from exchange_sim.kernel.kernel import Kernel
from exchange_sim.kernel.operator import FundingPlan
from exchange_sim.kernel.path import MarketPath
from exchange_sim.model.enums import EventKind, Side, TimeInForce
from exchange_sim.model.instrument import Instrument
from exchange_sim.population.species import Population
from tests.kernel.worlds import limit

HOUR = 3_600 * 10**9
SYMBOL = "BTC/USDT:USDT"


def market(plan: FundingPlan | None, **terms: Any) -> Kernel:
    """Return a market of three hours in which ann is long and bob is short one lot at 1,000 ticks."""
    contract = Instrument.linear(
        SYMBOL, tick_size="1", lot_size="1", maker_fee_ppm=0, taker_fee_ppm=0, mark="index", **terms
    )
    kernel = Kernel(
        [contract], MarketPath.constant(0, 3 * HOUR, [1_000.0]), Population(groups=()),
        [("ann", 10**13), ("bob", 10**13)], seed=1, funding=[plan],
    )  # fmt: skip
    kernel.push(limit(kernel, "bob", 1, Side.SELL, 1_000, 1))
    kernel.push(limit(kernel, "ann", 2, Side.BUY, 1_000, 1))
    return kernel


def run(kernel: Kernel, until_ns: int) -> list[tuple[int, int, int]]:
    """Return (time, account, atoms paid) of all funding until an instant."""
    paid = []
    while kernel.now_ns < until_ns:
        kernel.advance(until_ns, HOUR)
        rows = kernel.take_order_events()
        paid += [
            (int(row["ts_ns"]), int(row["account"]), int(row["fee_atoms"]))
            for row in rows[rows["kind"] == EventKind.FUNDED]
        ]
    return paid


def test_recorded_rates_are_paid_at_their_times_and_no_others() -> None:
    plan = FundingPlan(recorded=((0, 5), (HOUR // 2, 1_000_000), (2 * HOUR, -2_000_000)))
    value = 1_000 * 10**8
    assert run(market(plan), 3 * HOUR) == [
        (HOUR // 2, 0, value // 1_000), (HOUR // 2, 1, -value // 1_000),
        (2 * HOUR, 0, -value // 500), (2 * HOUR, 1, value // 500),
    ]  # fmt: skip


def test_the_grid_of_the_clock_and_the_premium_make_the_rate() -> None:
    """Nobody trades away from the index, so the rate is the interest part."""
    kernel = market(FundingPlan(HOUR), interest_ppb=300_000)
    value = 1_000 * 10**8
    assert run(kernel, 3 * HOUR - 1) == [
        (hour * HOUR, account, sign * value * 3 // 10_000)
        for hour in (1, 2)
        for account, sign in ((0, 1), (1, -1))
    ]
    assert kernel.exchange.mark_ticks(SYMBOL) == 1_000


def test_without_a_plan_nobody_pays() -> None:
    assert run(market(None), 3 * HOUR) == []


def test_the_mark_follows_the_fundamental_not_the_trades() -> None:
    path = MarketPath.constant(0, 10 * 10**9, [1_000.0])
    path.fundamental_ticks[0, 1] = 2_000.0
    contract = Instrument.linear(SYMBOL, tick_size="1", lot_size="1", mark="index")
    kernel = Kernel([contract], path, Population(groups=()), [("ann", 10**13)], seed=1)
    seen = []
    for second in range(1, 11):
        kernel.advance(second * 10**9, 10**9)
        seen.append(kernel.exchange.mark_ticks(SYMBOL))
    assert seen == [1_000 + 100 * second for second in range(10)]


def test_times_must_rise() -> None:
    with pytest.raises(ValueError, match=r"recorded\[1\]: expected a time after 5, was 5"):
        FundingPlan(recorded=((5, 1), (5, 2)))


def test_an_order_ends_at_its_time_though_nothing_else_happens() -> None:
    kernel = market(None)
    row = limit(kernel, "ann", 3, Side.BUY, 900, 1)
    row["time_in_force"], row["has_terms"], row["expire_ns"] = TimeInForce.GTD, 1, HOUR + 7
    kernel.push(row)
    while kernel.now_ns < 2 * HOUR:
        kernel.advance(2 * HOUR, HOUR)
    rows = kernel.take_order_events()
    ended = rows[rows["kind"] == EventKind.EXPIRED]
    assert ended["ts_ns"].tolist() == [HOUR + 7]
