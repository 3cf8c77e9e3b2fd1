"""The bots that come with the project, by the name a configuration uses."""

from __future__ import annotations

from typing import Any

from strategies.alpha import Alpha
from strategies.api import Strategy
from strategies.market_maker import MarketMaker
from strategies.mean_reversion import MeanReversion
from strategies.momentum import Momentum
from strategies.references import BuyAndHold, Cash, RandomTrader

BUILTIN: dict[str, type[Strategy[Any]]] = {
    "market_maker": MarketMaker,
    "alpha": Alpha,
    "momentum": Momentum,
    "mean_reversion": MeanReversion,
    "buy_and_hold": BuyAndHold,
    "random": RandomTrader,
    "cash": Cash,
}
