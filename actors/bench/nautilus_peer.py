"""The benchmark's work on nautilus_trader, run by an interpreter that has it: prints one JSON object.

It needs other versions of common libraries than ours, so it cannot live in our environment; this file imports
nothing of ours. Arguments: number of quotes, number of orders.
"""

from __future__ import annotations

import json
import sys
import time
from decimal import Decimal
from typing import Any

from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig  # type: ignore[import-not-found]
from nautilus_trader.config import LoggingConfig, StrategyConfig  # type: ignore[import-not-found]
from nautilus_trader.model.currencies import USD  # type: ignore[import-not-found]
from nautilus_trader.model.data import QuoteTick  # type: ignore[import-not-found]
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide  # type: ignore[import-not-found]
from nautilus_trader.model.identifiers import TraderId, Venue  # type: ignore[import-not-found]
from nautilus_trader.model.objects import Money, Price, Quantity  # type: ignore[import-not-found]
from nautilus_trader.test_kit.providers import TestInstrumentProvider  # type: ignore[import-not-found]
from nautilus_trader.trading.strategy import Strategy  # type: ignore[import-not-found]

_STEP_NS = 1_000_000


class Idle(Strategy):  # type: ignore[misc]  # the base exists only where the peer does
    """Hears every quote and does nothing but count."""

    def __init__(self, instrument: Any, orders: int) -> None:
        super().__init__(StrategyConfig())
        self.instrument = instrument
        self.orders = orders
        self.heard = 0
        self.ended = 0

    def on_start(self) -> None:
        self.subscribe_quote_ticks(self.instrument.id)

    def on_quote_tick(self, tick: Any) -> None:  # noqa: ARG002 - it does nothing
        self.heard += 1


class Busy(Idle):
    """Sends an order per quote: by turns at the market, and a far limit order that it cancels."""

    def on_quote_tick(self, tick: Any) -> None:
        self.heard += 1
        if self.heard > self.orders:
            return
        quantity = Quantity.from_int(1_000)
        if self.heard % 2:
            side = OrderSide.BUY if self.heard % 4 == 1 else OrderSide.SELL
            self.submit_order(self.order_factory.market(self.instrument.id, side, quantity))
        else:
            far = Price(tick.bid_price.as_double() - 0.2, self.instrument.price_precision)
            self.submit_order(self.order_factory.limit(self.instrument.id, OrderSide.BUY, quantity, far))

    def on_order_accepted(self, event: Any) -> None:
        order = self.cache.order(event.client_order_id)
        if order.has_price:
            self.cancel_order(order)

    def on_order_canceled(self, event: Any) -> None:  # noqa: ARG002 - only counted
        self.ended += 1

    def on_order_filled(self, event: Any) -> None:  # noqa: ARG002 - only counted
        self.ended += 1


def measure(kind: type[Idle], quotes: int, orders: int) -> tuple[Idle, float]:
    """Return the strategy after its run, and the CPU seconds of the run."""
    engine = BacktestEngine(
        BacktestEngineConfig(trader_id=TraderId("BENCH-001"), logging=LoggingConfig(bypass_logging=True))
    )
    venue = Venue("SIM")
    instrument = TestInstrumentProvider.default_fx_ccy("EUR/USD", venue)
    engine.add_venue(
        venue=venue,
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        base_currency=USD,
        starting_balances=[Money(10_000_000, USD)],
        default_leverage=Decimal(10),
    )
    engine.add_instrument(instrument)
    size = Quantity.from_int(10_000_000)
    precision = instrument.price_precision
    engine.add_data(
        [
            QuoteTick(
                instrument.id,
                Price(1.1 + 0.00001 * (n % 7), precision),
                Price(1.1001 + 0.00001 * (n % 7), precision),
                size,
                size,
                n * _STEP_NS,
                n * _STEP_NS,
            )
            for n in range(1, quotes + 1)
        ]
    )
    strategy = kind(instrument, orders)
    engine.add_strategy(strategy)
    start = time.process_time()
    engine.run()
    spent = time.process_time() - start
    engine.dispose()
    return strategy, spent


def main() -> None:
    quotes, orders = (int(each) for each in sys.argv[1:3])
    idle, idle_s = measure(Idle, quotes, 0)
    busy, busy_s = measure(Busy, orders + 1, orders)
    figures = {
        "nautilus_trader_callbacks_per_cpu_s": round(idle.heard / idle_s),
        "nautilus_trader_order_lives_per_cpu_s": round(busy.ended / busy_s),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
