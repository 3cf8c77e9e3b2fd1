"""Exchanges whose numbers can be computed by hand: one tick times one lot is one unit of money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchange_sim.engine.exchange import Exchange
from exchange_sim.model.enums import TimeInForce
from exchange_sim.model.events import ExchangeEvent, OrderRejected
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.rules import MarginTier

X, Y = "X/USD:USD", "Y/USD:USD"
UNIT = 10**8
"""Atoms of one unit of money."""

TIERS = (
    MarginTier(up_to=Decimal(1000), maintenance_ppm=50_000, maximum_leverage=20),
    MarginTier(up_to=Decimal(5000), maintenance_ppm=100_000, maximum_leverage=10),
    MarginTier(maintenance_ppm=200_000, maximum_leverage=5),
)
"""Maintenance of a value: 5 %; above 1000, 10 % less 50; above 5000, 20 % less 550."""


def contract(symbol: str = X, **fields: Any) -> Instrument:
    """Return a perpetual of one unit a lot and tick, without fees, ten times leverage unless chosen."""
    given: dict[str, Any] = {"maker_fee_ppm": 0, "taker_fee_ppm": 0, "tiers": TIERS, **fields}
    return Instrument.linear(symbol, tick_size="1", lot_size="1", **given)


def opened(*instruments: Instrument, **deposits: int) -> Exchange:
    """Return an exchange in which each named account has so many units of USD."""
    exchange = Exchange(instruments)
    for name, units in deposits.items():
        exchange.open_account(name)
        if units:
            exchange.deposit(name, units, asset="USD")
    return exchange


def quote(exchange: Exchange, name: str, side: Any, lots: int, price: int, symbol: str = X) -> None:
    """Rest an order, which must not be refused."""
    events = exchange.limit(name, symbol, side, lots, price)
    assert not any(isinstance(event, OrderRejected) for event in events), events
    exchange.check_conservation()


def take(
    exchange: Exchange, name: str, side: Any, lots: int, price: int, symbol: str = X
) -> list[ExchangeEvent]:
    """Take what is offered up to a price; return all events of it."""
    events = exchange.limit(name, symbol, side, lots, price, time_in_force=TimeInForce.IOC)
    exchange.check_conservation()
    return events


def deal(exchange: Exchange, buyer: str, seller: str, lots: int, price: int, symbol: str = X) -> None:
    """Let one account buy from another."""
    quote(exchange, seller, "sell", lots, price, symbol)
    take(exchange, buyer, "buy", lots, price, symbol)
