"""Names of the things that messages speak about, as distinct types over str and int."""

from __future__ import annotations

from typing import NewType

AccountId = NewType("AccountId", str)
"""Name of an account, unique in a run: `mm-3`."""

InstrumentId = NewType("InstrumentId", str)
"""ccxt's unified symbol: `BTC/USDT:USDT` (linear perpetual settled in USDT)."""

AssetId = NewType("AssetId", str)
"""Currency code: `USDT`."""

ClientOrderId = NewType("ClientOrderId", int)
"""Chosen by the account, positive, never reused by it: a resend is harmless."""

OrderId = NewType("OrderId", int)
"""Given by the exchange, positive, increasing in order of acceptance."""

TradeId = NewType("TradeId", int)
"""Given by the exchange, one per pair of fills, increasing within a run."""
