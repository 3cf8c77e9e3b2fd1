"""The market's integer codes as 64-bit numbers, for compiled code.

To numba a Python int is a type of its own for each value, and every function would be compiled again
for each code that it is called with; a numpy int64 is one type.
"""

from __future__ import annotations

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

ZERO = np.int64(0)
MISSING = np.int64(-1)
"""No slot, no account, no instrument."""


BUY = np.int64(Side.BUY)
SELL = np.int64(Side.SELL)

LIMIT = np.int64(OrderType.LIMIT)
MARKET = np.int64(OrderType.MARKET)

GTC = np.int64(TimeInForce.GTC)
IOC = np.int64(TimeInForce.IOC)
FOK = np.int64(TimeInForce.FOK)

STP_CANCEL_NEWEST = np.int64(SelfTradePrevention.CANCEL_NEWEST)
STP_CANCEL_OLDEST = np.int64(SelfTradePrevention.CANCEL_OLDEST)
STP_CANCEL_BOTH = np.int64(SelfTradePrevention.CANCEL_BOTH)
STP_DECREMENT = np.int64(SelfTradePrevention.DECREMENT)
STP_NONE = np.int64(SelfTradePrevention.NONE)

DO_SUBMIT = np.int64(CommandKind.SUBMIT)
DO_CANCEL = np.int64(CommandKind.CANCEL)
DO_CANCEL_ALL = np.int64(CommandKind.CANCEL_ALL)
DO_MODIFY = np.int64(CommandKind.MODIFY)
DO_DEPOSIT = np.int64(CommandKind.DEPOSIT)
DO_SET_MARK = np.int64(CommandKind.SET_MARK)

ACCEPTED = np.int64(EventKind.ACCEPTED)
REJECTED = np.int64(EventKind.REJECTED)
FILLED = np.int64(EventKind.FILLED)
CANCELED = np.int64(EventKind.CANCELED)
EXPIRED = np.int64(EventKind.EXPIRED)
MODIFIED = np.int64(EventKind.MODIFIED)
CANCEL_REJECTED = np.int64(EventKind.CANCEL_REJECTED)
MODIFY_REJECTED = np.int64(EventKind.MODIFY_REJECTED)
DEPOSITED = np.int64(EventKind.DEPOSITED)

UNKNOWN_INSTRUMENT = np.int64(Reason.UNKNOWN_INSTRUMENT)
UNKNOWN_ACCOUNT = np.int64(Reason.UNKNOWN_ACCOUNT)
UNKNOWN_ORDER = np.int64(Reason.UNKNOWN_ORDER)
INVALID_COMMAND = np.int64(Reason.INVALID_COMMAND)
INVALID_SIDE = np.int64(Reason.INVALID_SIDE)
INVALID_ORDER_TYPE = np.int64(Reason.INVALID_ORDER_TYPE)
INVALID_TIME_IN_FORCE = np.int64(Reason.INVALID_TIME_IN_FORCE)
INVALID_QUANTITY = np.int64(Reason.INVALID_QUANTITY)
QUANTITY_ABOVE_MAXIMUM = np.int64(Reason.QUANTITY_ABOVE_MAXIMUM)
INVALID_PRICE = np.int64(Reason.INVALID_PRICE)
PRICE_OUT_OF_RANGE = np.int64(Reason.PRICE_OUT_OF_RANGE)
BELOW_MINIMUM_NOTIONAL = np.int64(Reason.BELOW_MINIMUM_NOTIONAL)
POST_ONLY_WOULD_TAKE = np.int64(Reason.POST_ONLY_WOULD_TAKE)
FOK_NOT_FILLABLE = np.int64(Reason.FOK_NOT_FILLABLE)
INSUFFICIENT_MARGIN = np.int64(Reason.INSUFFICIENT_MARGIN)
DUPLICATE_CLIENT_ORDER_ID = np.int64(Reason.DUPLICATE_CLIENT_ORDER_ID)
QUANTITY_BELOW_FILLED = np.int64(Reason.QUANTITY_BELOW_FILLED)
TOO_MANY_OPEN_ORDERS = np.int64(Reason.TOO_MANY_OPEN_ORDERS)
POSITION_LIMIT = np.int64(Reason.POSITION_LIMIT)
CANCELED_BY_USER = np.int64(Reason.CANCELED_BY_USER)
CANCELED_BY_CANCEL_ALL = np.int64(Reason.CANCELED_BY_CANCEL_ALL)
SELF_TRADE = np.int64(Reason.SELF_TRADE)
IOC_REMAINDER = np.int64(Reason.IOC_REMAINDER)
MARKET_REMAINDER = np.int64(Reason.MARKET_REMAINDER)
