"""Each species alone, in a market where only one thing can happen."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from exchange_sim.kernel.kernel import Kernel
from exchange_sim.kernel.path import MarketPath
from exchange_sim.model.enums import Side
from exchange_sim.population.species import (
    AdaptiveMarketMaker,
    AnyGroup,
    CrowdLatency,
    Group,
    LognormalSize,
    MarketMaker,
    MetaOrders,
    Momentum,
    Noise,
    ParetoSize,
    Population,
    ReferenceSize,
    Value,
    ZeroIntelligence,
)
from tests.kernel.worlds import BTC, RICH, SECOND, START, WHOLE, flat, limit, market

SYMBOL = "BTC/USDT:USDT"
NEAR = CrowdLatency(minimum_us=1.0, spread_us=0.0, jitter_us=0.0)
HUNDRED = LognormalSize(median=100_000.0, sigma=0.0)  # one BTC at 100,000
LOTS = 1_000


def world(*groups: AnyGroup, seconds: int = 60, path: MarketPath | None = None) -> Kernel:
    """Return a market with these groups and an account that can stage a book."""
    kernel = Kernel([BTC], path or flat(seconds), Population(groups=groups), [("stage", 100 * RICH)], seed=1)
    kernel.listen(0, trades=True)
    return kernel


def stage(kernel: Kernel, bid: int = 999_990, ask: int = 1_000_010, lots: int = 10**6) -> None:
    """Put a large bid and a large ask into the book at the start."""
    kernel.push(limit(kernel, "stage", START, 0, bid, lots, client=1))
    kernel.push(limit(kernel, "stage", START, 1, ask, lots, client=2))


def finish(kernel: Kernel) -> np.ndarray:
    """Run to the end and return the trades."""
    kernel.advance(kernel.path.end_ns, WHOLE)
    kernel.exchange.check_conservation()
    return kernel.take_trades()


def ladder(kernel: Kernel, side: Side, account: str) -> list[tuple[int, int]]:
    """Return (price, lots) of an account's resting orders, best first."""
    queue = kernel.exchange.queue(SYMBOL, side)
    return [(each.price_ticks, each.leaves_lots) for each in queue if each.account_id == account]


def test_noise_takes_the_opposite_best_price_on_both_sides() -> None:
    kernel = world(Noise(name="noise", count=5, rate_hz=2.0, size=HUNDRED, latency=NEAR))
    stage(kernel)
    trades = finish(kernel)
    assert len(trades) == kernel.counters.actions > 300
    assert set(trades["price_ticks"].tolist()) == {999_990, 1_000_010}
    assert abs(trades["aggressor"].mean() - 0.5) < 0.15
    assert set(trades["quantity_lots"].tolist()) <= {999, 1_000, 1_001}


def test_noise_waits_for_somebody_to_meet() -> None:
    kernel = world(Noise(name="noise", count=5, rate_hz=2.0))
    finish(kernel)
    assert kernel.counters.actions > 0
    assert kernel.counters.requests == 0


def test_value_agents_trade_towards_the_fundamental() -> None:
    for bid, ask, side in ((989_990, 990_010, 0), (1_010_000, 1_010_020, 1)):
        kernel = world(
            Value(name="value", count=10, rate_hz=1.0, noise_bps=1.0, aggressive_share=1.0, size=HUNDRED)
        )
        stage(kernel, bid, ask)
        trades = finish(kernel)
        assert len(trades) > 100
        assert (trades["aggressor"] == side).all()


def test_value_agents_take_their_old_order_back_first() -> None:
    kernel = world(
        Value(name="value", count=3, rate_hz=1.0, noise_bps=0.0, aggressive_share=0.0, size=HUNDRED)
    )
    stage(kernel, 999_000, 1_001_000)
    finish(kernel)
    for each in range(3):
        assert len(kernel.exchange.open_orders(f"{SYMBOL}/value/{each}")) <= 1
    orders = [order for order in kernel.exchange.queue(SYMBOL) if order.account_id != "stage"]
    assert orders
    assert all(997_000 <= order.price_ticks <= 1_003_000 for order in orders)


def test_value_agents_open_an_empty_book_at_their_estimate() -> None:
    kernel = world(Value(name="value", count=1, rate_hz=1.0, noise_bps=0.0, size=HUNDRED), seconds=5)
    finish(kernel)
    (order,) = kernel.exchange.queue(SYMBOL)
    assert order.price_ticks == 1_000_000


@pytest.mark.parametrize(("drift", "side"), [(20, 0), (-20, 1)])
def test_momentum_follows_the_mid(drift: int, side: int) -> None:
    kernel = world(Momentum(name="momentum", count=1, rate_hz=20.0, size=HUNDRED, latency=NEAR), seconds=20)
    for second in range(19):
        for order_side, price in ((0, 999_900), (1, 1_000_100)):
            row = limit(
                kernel, "stage", START + second * SECOND, order_side, price + drift * second, 10**6,
                client=2 * second + order_side + 1,
            )  # fmt: skip
            kernel.push(row)
            cancel = row.copy()
            cancel["ts_ns"] += SECOND + 1
            cancel["kind"] = 2
            kernel.push(cancel)
    trades = finish(kernel)
    assert kernel.counters.actions > 300
    assert len(trades) >= kernel.counters.actions - 100
    late = trades[trades["ts_ns"] > START + 6 * SECOND]
    assert (late["aggressor"] == side).mean() > 0.95


def test_zero_intelligence_keeps_to_its_number_of_orders_and_depth() -> None:
    kernel = world(
        ZeroIntelligence(
            name="zi",
            count=10,
            rate_hz=2.0,
            market_share=0.0,
            minimum_bps=2.0,
            depth_bps=10.0,
            open_orders=3,
            latency=NEAR,
        ),
        seconds=200,
    )
    stage(kernel)
    assert len(finish(kernel)) == 0
    distances = []
    for each in range(10):
        orders = kernel.exchange.open_orders(f"{SYMBOL}/zi/{each}")
        assert len(orders) <= 3
        distances += [
            (1_000_010 - order.price_ticks if order.side is Side.BUY else order.price_ticks - 999_990) / 100
            for order in orders
        ]
    assert len(distances) > 25
    assert min(distances) >= 2.0
    assert 6.0 < np.mean(distances) < 20.0


def test_zero_intelligence_market_orders_take() -> None:
    kernel = world(ZeroIntelligence(name="zi", count=10, rate_hz=2.0, market_share=1.0, inventory_limit=1e12))
    stage(kernel)
    trades = finish(kernel)
    assert len(trades) == kernel.counters.actions
    assert abs(trades["aggressor"].mean() - 0.5) < 0.1
    assert len(kernel.exchange.queue(SYMBOL)) == 2


def test_meta_orders_leave_persistent_signs_and_heavy_sizes() -> None:
    kernel = world(
        MetaOrders(name="parent", count=3, rate_hz=2.0, inventory_limit=1e12, size=ParetoSize()),
        seconds=2_000,
    )
    stage(kernel, lots=10**7)
    trades = finish(kernel)
    signs = 1.0 - 2.0 * trades["aggressor"]
    assert len(signs) > 10_000
    for lag, least in ((1, 0.15), (5, 0.08), (20, 0.03)):
        assert np.corrcoef(signs[lag:], signs[:-lag])[0, 1] > least
    sizes = trades["quantity_lots"]
    assert np.quantile(sizes, 0.99) / np.median(sizes) > 15


def test_meta_orders_never_trade_through_their_limit() -> None:
    kernel = world(MetaOrders(name="parent", count=3, rate_hz=2.0, slippage_bps=1.0, depth_share=100.0))
    for number in range(200):
        kernel.push(limit(kernel, "stage", START, 1, 1_000_010 + 30 * number, 1, client=2 * number + 1))
        kernel.push(limit(kernel, "stage", START, 0, 999_990 - 30 * number, 1, client=2 * number + 2))
    trades = finish(kernel)
    for ts_ns in np.unique(trades["ts_ns"]):
        prices = trades["price_ticks"][trades["ts_ns"] == ts_ns]
        assert prices.max() - prices.min() <= 101


def test_inventory_pulls_meta_orders_back() -> None:
    tight = world(MetaOrders(name="parent", count=1, rate_hz=20.0, inventory_limit=200_000.0, size=HUNDRED))
    loose = world(MetaOrders(name="parent", count=1, rate_hz=20.0, inventory_limit=1e12, size=HUNDRED))
    held = []
    for kernel in (tight, loose):
        stage(kernel)
        signs = 1 - 2 * finish(kernel)["aggressor"]
        held.append(np.abs(np.cumsum(signs)).mean())
    assert held[0] < 0.7 * held[1]


def test_foresight_makes_takers_right() -> None:
    rising = MarketPath(START, SECOND, 1e6 * np.exp(np.arange(301) * 2e-5)[None, :], np.ones((1, 301)))
    for foresight_s, least, most in ((0.0, 0.4, 0.6), (10.0, 0.0, 0.3)):
        group = MetaOrders(
            name="parent", count=5, rate_hz=4.0, parent_exponent=5.0, foresight_s=foresight_s,
            foresight_bps=2.0, inventory_limit=1e12, size=HUNDRED,
        )  # fmt: skip
        kernel = world(group, path=rising)
        stage(kernel, lots=10**7)
        assert least < finish(kernel)["aggressor"].mean() < most


def test_sizes_are_never_below_what_the_instrument_demands() -> None:
    kernel = world(
        MetaOrders(name="parent", count=5, rate_hz=4.0, size=LognormalSize(median=0.01, sigma=1.0))
    )
    stage(kernel)
    assert len(finish(kernel)) == kernel.counters.actions
    assert kernel.counters.refusals == 0


def maker(**fields: Any) -> MarketMaker:
    values = {"half_spread_bps": 1.0, "spacing_bps": 2.0, "levels": 3, "size": 10_000.0, "growth": 2.0}
    return MarketMaker(name="maker", count=1, latency=NEAR, **{**values, **fields})


def test_market_maker_quotes_its_ladder_around_the_fundamental() -> None:
    kernel = world(maker())
    finish(kernel)
    name = f"{SYMBOL}/maker/0"
    assert ladder(kernel, Side.BUY, name) == [(999_900, 100), (999_700, 200), (999_500, 400)]
    assert ladder(kernel, Side.SELL, name) == [(1_000_101, 99), (1_000_301, 199), (1_000_501, 399)] or ladder(
        kernel, Side.SELL, name
    ) == [(1_000_101, 100), (1_000_301, 200), (1_000_501, 400)]
    assert kernel.counters.requests == 6  # and then it leaves them alone


def test_market_maker_follows_the_fundamental_by_modification() -> None:
    path = MarketPath(
        START, 10 * SECOND, np.array([[1e6, 1.002e6, 1.002e6, 0.999e6, 0.999e6]]), np.ones((1, 5))
    )
    kernel = world(maker(), path=path)
    kernel.advance(START + 19 * SECOND, WHOLE)
    assert kernel.exchange.quote(SYMBOL).bid_ticks == pytest.approx(1.002e6 * (1 - 1e-4), abs=1)
    finish(kernel)
    assert kernel.exchange.quote(SYMBOL).ask_ticks == pytest.approx(0.999e6 * (1 + 1e-4), abs=1.1)
    assert kernel.counters.refusals == 0
    assert kernel.counters.trades == 0
    assert kernel.exchange.open_order_count == 6


def test_market_maker_moves_with_taker_flow_and_forgets_it() -> None:
    fields = {"inventory_limit": 1e12, "impact_bps": 2.0, "impact_size": 100_000.0, "size": 1e6}
    kernel = world(maker(**fields), seconds=600)
    kernel.push(market(kernel, "stage", START + 5 * SECOND, 0, LOTS, client=1))
    kernel.advance(START + 10 * SECOND, WHOLE)
    moved = kernel.exchange.quote(SYMBOL).bid_ticks - 999_900
    assert 170 < moved < 210  # 2 bp of a million ticks, less what a few seconds of a minute forget
    finish(kernel)
    assert kernel.exchange.quote(SYMBOL).bid_ticks == pytest.approx(999_900, abs=40)


def test_market_maker_leans_against_its_inventory() -> None:
    kernel = world(maker(inventory_limit=100_000.0, skew_bps=3.0, impact_bps=0.0, size=1e6), seconds=60)
    kernel.push(market(kernel, "stage", START + 5 * SECOND, 0, LOTS, client=1))
    finish(kernel)
    # it sold its limit: its centre rises by the skew
    assert kernel.exchange.quote(SYMBOL).bid_ticks == pytest.approx(999_900 + 300, abs=3)


def test_market_maker_leaves_small_errors_of_others_but_takes_large_ones() -> None:
    for distance, taken in ((200, False), (1_000, True)):
        kernel = world(maker(edge_bps=5.0))
        kernel.push(limit(kernel, "stage", START, 1, 1_000_000 - distance, 10))
        assert bool(len(finish(kernel))) is taken
        if not taken:
            assert kernel.exchange.quote(SYMBOL).bid_ticks == 1_000_000 - distance - 1


def test_adaptive_market_maker_quotes_once_the_book_had_two_sides() -> None:
    ladder_maker = AdaptiveMarketMaker(
        name="pov", count=1, rate_hz=1.0, levels=4, spacing_spreads=2.0, spread_weight=1.0, latency=NEAR
    )
    empty = world(ladder_maker)
    finish(empty)
    assert empty.counters.requests == 0
    kernel = world(ladder_maker)
    stage(kernel)
    finish(kernel)
    name = f"{SYMBOL}/pov/0"
    bids, asks = ladder(kernel, Side.BUY, name), ladder(kernel, Side.SELL, name)
    # spread 20 ticks: half of it from the mid, and levels 40 apart
    assert bids == [(999_990 - 40 * level, 1) for level in range(4)]
    assert asks == [(1_000_010 + 40 * level, 1) for level in range(4)]


def test_adaptive_market_maker_sizes_by_the_volume_traded() -> None:
    kernel = world(
        AdaptiveMarketMaker(name="pov", count=1, rate_hz=1.0, volume_share=0.1, skew_ticks=0.0, latency=NEAR),
        Noise(name="noise", count=10, rate_hz=10.0, size=HUNDRED, latency=NEAR),
        seconds=30,
    )
    stage(kernel, lots=10**7)
    finish(kernel)
    volume_per_second = 100.0 * LOTS
    (first, *_) = ladder(kernel, Side.BUY, f"{SYMBOL}/pov/0")
    assert first[1] == pytest.approx(0.1 * volume_per_second, rel=0.6)


def test_hurried_agents_far_away_stay_within_their_commands() -> None:
    far = CrowdLatency(minimum_us=1e6, spread_us=0.0)
    hurried = AdaptiveMarketMaker(
        name="pov", count=1, rate_hz=50.0, levels=16, spacing_spreads=1.0, latency=far
    )
    kernel = world(
        hurried, Value(name="value", count=1, rate_hz=100.0, size=HUNDRED, latency=far), seconds=20
    )
    stage(kernel)
    finish(kernel)
    assert kernel.counters.requests > 20_000


def test_travel_takes_at_least_the_minimum() -> None:
    group = Noise(name="noise", count=1, rate_hz=1.0, latency=CrowdLatency(minimum_us=5e5, spread_us=0.0))
    kernel = world(group, seconds=20)
    stage(kernel)
    kernel.advance(START + SECOND // 2, WHOLE)
    assert kernel.counters.requests == 2
    finish(kernel)
    assert kernel.counters.requests > 2


def test_reference_sizes_are_those_of_the_mixture() -> None:
    kernel = world(Noise(name="noise", count=10, rate_hz=20.0, size=ReferenceSize()), seconds=100)
    stage(kernel, lots=10**7)
    sizes = finish(kernel)["quantity_lots"]
    assert len(sizes) > 15_000
    assert abs((sizes == 100).mean() - 0.7) < 0.02
    assert abs((sizes == 200).mean() - 0.06) < 0.01
    assert abs((sizes < 100).mean() - 0.2 * 0.92) < 0.02


@pytest.mark.parametrize(
    "text",
    [
        '{"species": "noise", "name": "x", "count": 0}',
        '{"species": "noise", "name": "x", "count": 5, "rate_hz": -1.0}',
        '{"species": "noise", "name": "x", "count": 5, "rates": 1.0}',
        '{"species": "value", "name": "x", "count": 5, "aggressive_share": 1.5}',
        '{"species": "market_maker", "name": "", "count": 5}',
        '{"species": "market_maker", "name": "x", "count": 5, "levels": 17}',
        '{"species": "nobody", "name": "x", "count": 5}',
        '{"species": "noise", "name": "x", "count": 5, "size": {"kind": "pareto", "minimum": 0.0}}',
    ],
)
def test_impossible_groups_are_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=AnyGroup)


def test_groups_need_names_of_their_own() -> None:
    with pytest.raises(ValueError, match="different names"):
        Population(groups=(Noise(name="x", count=1), Value(name="x", count=1)))


def test_every_species_says_which_it_is() -> None:
    for species in Group.__subclasses__():
        group = species(name="x", count=3)
        assert msgspec.json.decode(msgspec.json.encode(group), type=AnyGroup) == group


def test_groups_of_other_instruments_are_refused() -> None:
    population = Population(groups=(Noise(name="noise", count=1, instruments=("DOGE/USDT:USDT",)),))
    with pytest.raises(ValueError, match=r"groups\.noise\.instruments"):
        Kernel([BTC], flat(10), population, seed=1)
