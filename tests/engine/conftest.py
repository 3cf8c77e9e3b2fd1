"""A small exchange with known money, for tests of single rules."""

from __future__ import annotations

import pytest

from exchange_sim.engine.exchange import Exchange
from exchange_sim.model.instrument import Instrument

BTC = "BTC/USDT:USDT"
ETH = "ETH/USDT:USDT"


@pytest.fixture
def exchange() -> Exchange:
    """Two contracts settled in USDT; `ann`, `bob` and `cat` have 100,000 each, `dan` nothing."""
    made = Exchange(
        [
            Instrument.linear(BTC, tick_size="0.1", lot_size="0.001", minimum_notional="5"),
            Instrument.linear(ETH, tick_size="0.01", lot_size="0.01", maximum_order_lots=1_000),
        ]
    )
    for name in ("ann", "bob", "cat"):
        made.open_account(name, deposit="100000")
    made.open_account("dan")
    return made
