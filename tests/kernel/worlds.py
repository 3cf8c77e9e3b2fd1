"""Small markets for tests."""

from __future__ import annotations

import numpy as np

from exchange_sim.engine.layout import COMMAND
from exchange_sim.kernel.kernel import Kernel
from exchange_sim.kernel.path import MarketPath
from exchange_sim.model.enums import CommandKind, OrderType, TimeInForce
from exchange_sim.model.instrument import Instrument
from exchange_sim.population.species import MarketMaker, MetaOrders, Population, ZeroIntelligence

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
START = 1_735_689_600 * SECOND  # 2025-01-01, a whole hour
WHOLE = 10**15
"""A window longer than any test: the run never stops early for it."""

BTC = Instrument.linear("BTC/USDT:USDT", tick_size="0.1", lot_size="0.001", minimum_notional="5")
ETH = Instrument.linear("ETH/USDT:USDT", tick_size="0.01", lot_size="0.001", minimum_notional="5")
RICH = 10**15
"""A deposit of ten million USDT, in atoms."""

NOBODY = Population(
    groups=(MetaOrders(name="asleep", count=1, rate_hz=1e-12, clustered=False),),
)
"""A crowd that never acts."""


def lively(rate: float = 1.0) -> Population:
    """Return a small crowd in which every kind of output happens within seconds."""
    return Population(
        groups=(
            MarketMaker(name="maker", count=2, interval_ms=500.0),
            MetaOrders(name="parent", count=4, rate_hz=0.5 * rate),
            ZeroIntelligence(name="far", count=8, rate_hz=0.5 * rate, market_share=0.1),
        )
    )


def walk(
    seconds: int, *, prices: tuple[float, ...] = (1e6,), seed: int = 0, step: float = 5e-5
) -> MarketPath:
    """Return a random walk with one point a second for each start price (in ticks)."""
    steps = np.random.default_rng(seed).standard_normal((len(prices), seconds)) * step
    logs = np.concatenate((np.zeros((len(prices), 1)), steps.cumsum(axis=1)), axis=1)
    return MarketPath(START, SECOND, np.array(prices)[:, None] * np.exp(logs), np.ones_like(logs))


def flat(seconds: int, ticks: float = 1e6) -> MarketPath:
    """Return a path on which the fundamental stays where it is."""
    return MarketPath.constant(START, seconds * SECOND, [ticks])


def limit(
    kernel: Kernel, account: str, ts_ns: int, side: int, price: int, lots: int, client: int = 0
) -> np.ndarray:
    """Return the row of a limit order of a kernel's account."""
    row = np.zeros(1, COMMAND)
    row["ts_ns"], row["account"], row["client_order_id"] = ts_ns, kernel.account_index(account), client
    row["kind"], row["side"], row["order_type"] = CommandKind.SUBMIT, side, OrderType.LIMIT
    row["time_in_force"], row["price_ticks"], row["quantity_lots"] = TimeInForce.GTC, price, lots
    return row


def market(kernel: Kernel, account: str, ts_ns: int, side: int, lots: int, client: int = 0) -> np.ndarray:
    """Return the row of a market order of a kernel's account."""
    row = limit(kernel, account, ts_ns, side, 0, lots, client)
    row["order_type"], row["time_in_force"] = OrderType.MARKET, TimeInForce.IOC
    return row
