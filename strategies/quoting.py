"""Where and how much a market maker quotes: pure arithmetic, no orders.

Prices are in ticks, money in quote units (whole units of the settlement asset), ratios fractions
of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from exchange_sim.model.market import BookSnapshot


def inventory_skew(net: float, max_inventory: float) -> float:
    """Return the net position's value over the largest wanted one, within [-1, 1]."""
    return max(-1.0, min(1.0, net / max_inventory))


def skewed_prices(mid: float, half: float, skew: float, weight: float) -> tuple[float, float]:
    """Return bid and ask in ticks, not yet rounded.

    `bid = mid - half * (1 + weight * skew)`, `ask = mid + half * (1 - weight * skew)`: a long
    position (skew > 0) moves both quotes down, so that the ask is met sooner than the bid.
    """
    return mid - half * (1.0 + weight * skew), mid + half * (1.0 - weight * skew)


def side_room(net: float, sign: int, max_inventory: float, cash_room: float) -> float:
    """Return the largest order (`sign` +1 to buy, -1 to sell) that leaves the position within bounds.

    A position of `net` quote units may become `max_inventory` at most on either side, and the
    exposure `abs(net)` may grow by `cash_room` at most. An order against the position first
    reduces it, so it has room even where there is no cash left. Never negative.
    """
    signed = sign * net
    inventory = max_inventory - signed
    cash = max(0.0, cash_room) + 2.0 * max(0.0, -signed)
    return max(0.0, min(inventory, cash))


def exposure_growth(net: float, signed_value: float) -> float:
    """Return by how much an order (positive to buy) would raise `abs(net)`, at least 0."""
    return max(0.0, abs(net + signed_value) - abs(net))


def foreign_touch(levels: Iterable[tuple[int, int]], own: Mapping[int, int]) -> int | None:
    """Return the best price at which somebody else rests, or None where nobody does.

    `levels` are `(price_ticks, quantity_lots)`, best first; `own` are own lots by price. A maker
    who takes its own quote for the market would follow itself.
    """
    for price, quantity in levels:
        if quantity > own.get(price, 0):
            return price
    return None


class MarketView(msgspec.Struct, frozen=True, gc=False):
    """The market without our own orders, in ticks; a side is None where nobody else rests."""

    mid: float
    bid: int | None
    ask: int | None


def foreign_view(
    book: BookSnapshot | None, own_bids: Mapping[int, int], own_asks: Mapping[int, int], last: int | None
) -> MarketView | None:
    """Return what the market would be without own orders, None where nothing tells a price.

    `own_bids` and `own_asks` are own lots by price, `last` is the last trade: it stands in for the middle
    where a side has no foreign order.
    """
    bid = ask = None
    if book is not None:
        bid, ask = foreign_touch(book.bids, own_bids), foreign_touch(book.asks, own_asks)
    if bid is not None and ask is not None:
        return MarketView((bid + ask) / 2, bid, ask)
    return None if last is None else MarketView(float(last), bid, ask)
