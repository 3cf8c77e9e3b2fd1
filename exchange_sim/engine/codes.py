"""The market's integer codes as 64-bit numbers, for compiled code.

To numba a Python int is a type of its own for each value, and every function would be compiled again
for each code that it is called with; a numpy int64 is one type.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np

from exchange_sim.model.enums import (
    CommandKind,
    EventKind,
    OrderType,
    Reason,
    SelfTradePrevention,
    Side,
    TimeInForce,
)

word = cast("Callable[[int], int]", np.int64)
"""Widen a field of a row, or make a constant that compiled code takes for a 64-bit number."""

ZERO = word(0)
MISSING = word(-1)
"""No slot, no account, no instrument."""


BUY = word(Side.BUY)
SELL = word(Side.SELL)

LIMIT = word(OrderType.LIMIT)
MARKET = word(OrderType.MARKET)

GTC = word(TimeInForce.GTC)
IOC = word(TimeInForce.IOC)
FOK = word(TimeInForce.FOK)

STP_CANCEL_NEWEST = word(SelfTradePrevention.CANCEL_NEWEST)
STP_CANCEL_OLDEST = word(SelfTradePrevention.CANCEL_OLDEST)
STP_CANCEL_BOTH = word(SelfTradePrevention.CANCEL_BOTH)
STP_DECREMENT = word(SelfTradePrevention.DECREMENT)
STP_NONE = word(SelfTradePrevention.NONE)

DO_SUBMIT = word(CommandKind.SUBMIT)
DO_CANCEL = word(CommandKind.CANCEL)
DO_CANCEL_ALL = word(CommandKind.CANCEL_ALL)
DO_MODIFY = word(CommandKind.MODIFY)
DO_DEPOSIT = word(CommandKind.DEPOSIT)
DO_SET_MARK = word(CommandKind.SET_MARK)

ACCEPTED = word(EventKind.ACCEPTED)
REJECTED = word(EventKind.REJECTED)
FILLED = word(EventKind.FILLED)
CANCELED = word(EventKind.CANCELED)
EXPIRED = word(EventKind.EXPIRED)
MODIFIED = word(EventKind.MODIFIED)
CANCEL_REJECTED = word(EventKind.CANCEL_REJECTED)
MODIFY_REJECTED = word(EventKind.MODIFY_REJECTED)
DEPOSITED = word(EventKind.DEPOSITED)

UNKNOWN_INSTRUMENT = word(Reason.UNKNOWN_INSTRUMENT)
UNKNOWN_ACCOUNT = word(Reason.UNKNOWN_ACCOUNT)
UNKNOWN_ORDER = word(Reason.UNKNOWN_ORDER)
INVALID_COMMAND = word(Reason.INVALID_COMMAND)
INVALID_SIDE = word(Reason.INVALID_SIDE)
INVALID_ORDER_TYPE = word(Reason.INVALID_ORDER_TYPE)
INVALID_TIME_IN_FORCE = word(Reason.INVALID_TIME_IN_FORCE)
INVALID_QUANTITY = word(Reason.INVALID_QUANTITY)
QUANTITY_ABOVE_MAXIMUM = word(Reason.QUANTITY_ABOVE_MAXIMUM)
INVALID_PRICE = word(Reason.INVALID_PRICE)
PRICE_OUT_OF_RANGE = word(Reason.PRICE_OUT_OF_RANGE)
BELOW_MINIMUM_NOTIONAL = word(Reason.BELOW_MINIMUM_NOTIONAL)
POST_ONLY_WOULD_TAKE = word(Reason.POST_ONLY_WOULD_TAKE)
FOK_NOT_FILLABLE = word(Reason.FOK_NOT_FILLABLE)
INSUFFICIENT_MARGIN = word(Reason.INSUFFICIENT_MARGIN)
DUPLICATE_CLIENT_ORDER_ID = word(Reason.DUPLICATE_CLIENT_ORDER_ID)
QUANTITY_BELOW_FILLED = word(Reason.QUANTITY_BELOW_FILLED)
TOO_MANY_OPEN_ORDERS = word(Reason.TOO_MANY_OPEN_ORDERS)
POSITION_LIMIT = word(Reason.POSITION_LIMIT)
CANCELED_BY_USER = word(Reason.CANCELED_BY_USER)
CANCELED_BY_CANCEL_ALL = word(Reason.CANCELED_BY_CANCEL_ALL)
SELF_TRADE = word(Reason.SELF_TRADE)
IOC_REMAINDER = word(Reason.IOC_REMAINDER)
MARKET_REMAINDER = word(Reason.MARKET_REMAINDER)
