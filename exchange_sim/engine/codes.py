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
    TradingState,
    TriggerSource,
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
STOP_MARKET = word(OrderType.STOP_MARKET)
STOP_LIMIT = word(OrderType.STOP_LIMIT)
TAKE_PROFIT_MARKET = word(OrderType.TAKE_PROFIT_MARKET)
TAKE_PROFIT_LIMIT = word(OrderType.TAKE_PROFIT_LIMIT)
TRAILING_STOP = word(OrderType.TRAILING_STOP)

GTC = word(TimeInForce.GTC)
IOC = word(TimeInForce.IOC)
FOK = word(TimeInForce.FOK)
GTD = word(TimeInForce.GTD)

ON_LAST = word(TriggerSource.LAST)
ON_MARK = word(TriggerSource.MARK)
ON_INDEX = word(TriggerSource.INDEX)

TRADING = word(TradingState.TRADING)
HALTED = word(TradingState.HALTED)
CANCEL_ONLY = word(TradingState.CANCEL_ONLY)

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
DO_REPLACE = word(CommandKind.REPLACE)
DO_ADVANCE = word(CommandKind.ADVANCE)
DO_SET_STATE = word(CommandKind.SET_STATE)
DO_SET_INDEX = word(CommandKind.SET_INDEX)
DO_FUND = word(CommandKind.FUND)
DO_SET_LEVERAGE = word(CommandKind.SET_LEVERAGE)
DO_SET_MARGIN_MODE = word(CommandKind.SET_MARGIN_MODE)
DO_MOVE_MARGIN = word(CommandKind.MOVE_MARGIN)
DO_WITHDRAW = word(CommandKind.WITHDRAW)
DO_FEED_INSURANCE = word(CommandKind.FEED_INSURANCE)

ACCEPTED = word(EventKind.ACCEPTED)
REJECTED = word(EventKind.REJECTED)
FILLED = word(EventKind.FILLED)
CANCELED = word(EventKind.CANCELED)
EXPIRED = word(EventKind.EXPIRED)
MODIFIED = word(EventKind.MODIFIED)
CANCEL_REJECTED = word(EventKind.CANCEL_REJECTED)
MODIFY_REJECTED = word(EventKind.MODIFY_REJECTED)
DEPOSITED = word(EventKind.DEPOSITED)
TRIGGERED = word(EventKind.TRIGGERED)
FUNDED = word(EventKind.FUNDED)
LIQUIDATED = word(EventKind.LIQUIDATED)
INSURANCE = word(EventKind.INSURANCE)
DELEVERAGED = word(EventKind.DELEVERAGED)
LEVERAGE_SET = word(EventKind.LEVERAGE_SET)
MARGIN_MODE_SET = word(EventKind.MARGIN_MODE_SET)
MARGIN_MOVED = word(EventKind.MARGIN_MOVED)
WITHDRAWN = word(EventKind.WITHDRAWN)
STATE_SET = word(EventKind.STATE_SET)
ACCOUNT_REJECTED = word(EventKind.ACCOUNT_REJECTED)

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
WOULD_TRIGGER_IMMEDIATELY = word(Reason.WOULD_TRIGGER_IMMEDIATELY)
INVALID_TRIGGER = word(Reason.INVALID_TRIGGER)
NO_TRIGGER_PRICE = word(Reason.NO_TRIGGER_PRICE)
INVALID_DISPLAY = word(Reason.INVALID_DISPLAY)
INVALID_EXPIRY = word(Reason.INVALID_EXPIRY)
REDUCE_ONLY = word(Reason.REDUCE_ONLY)
PRICE_OUTSIDE_BAND = word(Reason.PRICE_OUTSIDE_BAND)
INSTRUMENT_HALTED = word(Reason.INSTRUMENT_HALTED)
INSTRUMENT_CANCEL_ONLY = word(Reason.INSTRUMENT_CANCEL_ONLY)
RATE_LIMITED = word(Reason.RATE_LIMITED)
TOO_MANY_ACCOUNT_ORDERS = word(Reason.TOO_MANY_ACCOUNT_ORDERS)
TOO_MANY_WAITING_ORDERS = word(Reason.TOO_MANY_WAITING_ORDERS)
UNKNOWN_LINKED_ORDER = word(Reason.UNKNOWN_LINKED_ORDER)
INSUFFICIENT_BALANCE = word(Reason.INSUFFICIENT_BALANCE)
LEVERAGE_ABOVE_TIER = word(Reason.LEVERAGE_ABOVE_TIER)
INVALID_LEVERAGE = word(Reason.INVALID_LEVERAGE)
POSITION_OPEN = word(Reason.POSITION_OPEN)
NOT_FOR_SPOT = word(Reason.NOT_FOR_SPOT)
INVALID_BRACKET = word(Reason.INVALID_BRACKET)
NO_POSITION = word(Reason.NO_POSITION)
CANCELED_BY_USER = word(Reason.CANCELED_BY_USER)
CANCELED_BY_CANCEL_ALL = word(Reason.CANCELED_BY_CANCEL_ALL)
SELF_TRADE = word(Reason.SELF_TRADE)
IOC_REMAINDER = word(Reason.IOC_REMAINDER)
MARKET_REMAINDER = word(Reason.MARKET_REMAINDER)
GTD_EXPIRED = word(Reason.GTD_EXPIRED)
LINKED_ORDER = word(Reason.LINKED_ORDER)
REPLACED = word(Reason.REPLACED)
LIQUIDATION = word(Reason.LIQUIDATION)
REDUCED = word(Reason.REDUCED)
