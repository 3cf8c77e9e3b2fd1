"""Events in short, for tests that say what happens in which order."""

from __future__ import annotations

from exchange_sim.engine.exchange import Exchange
from exchange_sim.model.events import (
    ExchangeEvent,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderModified,
    OrderRejected,
    OrderTriggered,
)
from tests.engine.validation import check_tables
from tests.engine.venue import X, contract, deal, opened

REST = 10**6
"""Client order ids from here on are of orders that tests do not name."""


def market(**fields: object) -> Exchange:
    """Return an exchange where 1 lot traded at 100, and ann, bob and cat have 1,000,000 each."""
    exchange = opened(contract(X, tiers=(), **fields), ann=10**6, bob=10**6, cat=10**6, dan=10**6)
    deal(exchange, "dan", "cat", 1, 100)
    return exchange


def told(events: list[ExchangeEvent]) -> list[tuple[object, ...]]:
    """Return events as (what, client order id, price or reason, lots, leaves), those of makers included."""
    return [_short(event) for event in events]


def _short(event: ExchangeEvent) -> tuple[object, ...]:
    match event:
        case OrderAccepted():
            return ("accepted", event.client_order_id, event.limit_ticks, event.quantity_lots)
        case OrderFilled():
            return (
                "filled",
                event.client_order_id,
                event.price_ticks,
                event.quantity_lots,
                event.leaves_lots,
            )
        case OrderCanceled() | OrderExpired():
            what = "canceled" if isinstance(event, OrderCanceled) else "expired"
            return (what, event.client_order_id, event.reason.name, event.leaves_lots)
        case OrderTriggered():
            return ("triggered", event.client_order_id, event.trigger_ticks, event.leaves_lots)
        case OrderModified():
            return ("modified", event.client_order_id, event.quantity_lots, event.leaves_lots)
    return (type(event).__name__, getattr(event, "reason", None))


def refused(events: list[ExchangeEvent]) -> str:
    """Return the reason of a refusal, which must be all that happened."""
    (event,) = events
    assert hasattr(event, "reason"), event
    assert not isinstance(event, (OrderCanceled, OrderExpired)), event
    return str(event.reason.name)


def rejected(events: list[ExchangeEvent]) -> str:
    assert isinstance(events[-1], OrderRejected)
    return events[-1].reason.name


def queue(exchange: Exchange) -> list[tuple[int, int, int, int]]:
    """Return (client order id, price, leaves, shown) of resting orders in priority; check the tables."""
    check_tables(exchange)
    exchange.check_conservation()
    return [
        (order.client_order_id, order.price_ticks, order.leaves_lots, order.shown_lots)
        for order in exchange.queue(X)
    ]


def open_ids(exchange: Exchange, name: str = "ann") -> list[int]:
    check_tables(exchange)
    return [order.client_order_id for order in exchange.open_orders(name)]
