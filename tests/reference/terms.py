"""Whether the terms of a new order make sense: docs/exchange.md, check 3."""

from __future__ import annotations

from itertools import pairwise

from exchange_sim.model.enums import OrderType, Reason, SelfTradePrevention, TimeInForce
from exchange_sim.model.instrument import MAXIMUM_TICKS
from tests.reference.records import BUY, LIMIT_TYPES, MARKET_TRIGGERS, RESTING_TIMES, SELL, Command
from tests.reference.venue import Venue

MOST_PARTS = 1000
LARGEST_CLIENT_ID_OF_A_BRACKET = 2**63 - 3
_FLAGS = (0, 1)
_CLOSING_TYPES = (OrderType.MARKET, *MARKET_TRIGGERS)


def why_not(venue: Venue, c: Command) -> Reason | None:  # noqa: C901, PLR0911, PLR0912 - one rule a line
    trigger_type = OrderType.STOP_MARKET <= c.order_type <= OrderType.TRAILING_STOP
    limit_type = c.order_type in LIMIT_TYPES
    bracket = c.stop_loss != 0 or c.take_profit != 0
    if c.side not in {BUY, SELL}:
        return Reason.INVALID_SIDE
    if not OrderType.LIMIT <= c.order_type <= OrderType.TRAILING_STOP:
        return Reason.INVALID_ORDER_TYPE
    if not TimeInForce.GTC <= c.time_in_force <= TimeInForce.GTD:
        return Reason.INVALID_TIME_IN_FORCE
    if trigger_type and c.time_in_force == TimeInForce.FOK:
        return Reason.INVALID_TIME_IN_FORCE
    if c.order_type in MARKET_TRIGGERS and c.time_in_force not in RESTING_TIMES:
        return Reason.INVALID_TIME_IN_FORCE
    if c.order_type == OrderType.MARKET and c.time_in_force == TimeInForce.GTD:
        return Reason.INVALID_TIME_IN_FORCE
    if c.post_only and not (limit_type and c.time_in_force in RESTING_TIMES):
        return Reason.INVALID_TIME_IN_FORCE
    if c.post_only not in _FLAGS or c.reduce_only not in _FLAGS or c.close_position not in _FLAGS:
        return Reason.INVALID_COMMAND
    if not SelfTradePrevention.CANCEL_NEWEST <= c.stp <= SelfTradePrevention.NONE or c.client < 0:
        return Reason.INVALID_COMMAND
    if (c.close_position and c.order_type not in _CLOSING_TYPES) or c.linked < 0:
        return Reason.INVALID_COMMAND
    if c.linked and (c.order_type == OrderType.MARKET or c.time_in_force not in RESTING_TIMES or bracket):
        return Reason.INVALID_COMMAND
    if venue.books[c.instrument].is_spot and (c.reduce_only or c.close_position or bracket):
        return Reason.NOT_FOR_SPOT
    if c.display and not (
        limit_type and c.time_in_force in RESTING_TIMES and 1 <= c.display <= c.quantity
        and c.quantity <= MOST_PARTS * c.display
    ):  # fmt: skip
        return Reason.INVALID_DISPLAY
    if c.expire <= venue.now if c.time_in_force == TimeInForce.GTD else c.expire:
        return Reason.INVALID_EXPIRY
    if not trigger_terms_fit(c):
        return Reason.INVALID_TRIGGER
    if bracket and not bracket_fits(c):
        return Reason.INVALID_BRACKET
    return None


def trigger_terms_fit(c: Command) -> bool:
    if not 0 <= c.source <= 2:
        return False
    if c.order_type == OrderType.TRAILING_STOP:
        return 1 <= c.trail <= MAXIMUM_TICKS and c.trigger == 0
    if c.order_type >= OrderType.STOP_MARKET:
        return 1 <= c.trigger <= MAXIMUM_TICKS and c.trail == 0
    return c.trigger == 0 and c.trail == 0


def bracket_fits(c: Command) -> bool:
    if c.order_type not in {OrderType.LIMIT, OrderType.MARKET} or c.reduce_only or c.close_position:
        return False
    if not 1 <= c.client <= LARGEST_CLIENT_ID_OF_A_BRACKET:
        return False
    if not (0 <= c.stop_loss <= MAXIMUM_TICKS and 0 <= c.take_profit <= MAXIMUM_TICKS):
        return False
    prices = [c.stop_loss] if c.stop_loss else []
    if c.order_type == OrderType.LIMIT and 1 <= c.price <= MAXIMUM_TICKS:
        prices.append(c.price)
    prices += [c.take_profit] if c.take_profit else []
    if c.side == SELL:
        prices.reverse()
    return all(low < high for low, high in pairwise(prices))
