"""Closed sets of the market's vocabulary, with the integer codes the engine stores.

The integers are part of the journal format and of the public array interface: a code is never
reused or renumbered, new members are appended.
"""

from __future__ import annotations

from enum import IntEnum


class Side(IntEnum):
    """Which side of the book an order joins or takes from."""

    BUY = 0
    SELL = 1

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 - 2 * self.value

    @property
    def opposite(self) -> Side:
        return Side(1 - self.value)


class OrderType(IntEnum):
    """What an order is; the types from STOP_MARKET on wait for a trigger before they act."""

    LIMIT = 0
    MARKET = 1
    STOP_MARKET = 2
    STOP_LIMIT = 3
    TAKE_PROFIT_MARKET = 4
    TAKE_PROFIT_LIMIT = 5
    TRAILING_STOP = 6

    @property
    def waits(self) -> bool:
        """Whether the order waits for a trigger."""
        return self >= OrderType.STOP_MARKET

    @property
    def has_limit(self) -> bool:
        """Whether the order trades at its limit or better."""
        return self in (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT)


class TimeInForce(IntEnum):
    """How long an order may wait.

    GTC rests until filled or canceled, IOC fills what it can at once and expires the rest, FOK fills
    completely at once or is refused, GTD rests until a given time.
    """

    GTC = 0
    IOC = 1
    FOK = 2
    GTD = 3


class TriggerSource(IntEnum):
    """The price that a trigger order watches."""

    LAST = 0
    MARK = 1
    INDEX = 2


class TradingState(IntEnum):
    """What an instrument takes: everything, nothing at all, or cancels only."""

    TRADING = 0
    HALTED = 1
    CANCEL_ONLY = 2


class MarginMode(IntEnum):
    """Whether a position is backed by the whole account or by a margin of its own."""

    CROSS = 0
    ISOLATED = 1


class SelfTradePrevention(IntEnum):
    """What happens when an incoming order meets a resting order of the same account."""

    CANCEL_NEWEST = 0
    CANCEL_OLDEST = 1
    CANCEL_BOTH = 2
    DECREMENT = 3
    NONE = 4


class Liquidity(IntEnum):
    TAKER = 0
    MAKER = 1


class CommandKind(IntEnum):
    """Codes of the engine's command rows."""

    SUBMIT = 1
    CANCEL = 2
    CANCEL_ALL = 3
    MODIFY = 4
    DEPOSIT = 5
    SET_MARK = 6
    REPLACE = 7
    ADVANCE = 8
    SET_STATE = 9
    SET_INDEX = 10
    FUND = 11
    SET_LEVERAGE = 12
    SET_MARGIN_MODE = 13
    MOVE_MARGIN = 14
    WITHDRAW = 15
    FEED_INSURANCE = 16


class EventKind(IntEnum):
    """Codes of the engine's event rows."""

    ACCEPTED = 1
    REJECTED = 2
    FILLED = 3
    CANCELED = 4
    EXPIRED = 5
    MODIFIED = 6
    CANCEL_REJECTED = 7
    MODIFY_REJECTED = 8
    DEPOSITED = 9
    TRIGGERED = 10
    FUNDED = 11
    LIQUIDATED = 12
    INSURANCE = 13
    DELEVERAGED = 14
    LEVERAGE_SET = 15
    MARGIN_MODE_SET = 16
    MARGIN_MOVED = 17
    WITHDRAWN = 18
    STATE_SET = 19
    ACCOUNT_REJECTED = 20


class Reason(IntEnum):
    """Why an order was refused, canceled or expired. Codes are stable."""

    NONE = 0
    # refusals of the exchange
    UNKNOWN_INSTRUMENT = 1
    UNKNOWN_ACCOUNT = 2
    UNKNOWN_ORDER = 3
    INVALID_COMMAND = 4
    INVALID_SIDE = 5
    INVALID_ORDER_TYPE = 6
    INVALID_TIME_IN_FORCE = 7
    INVALID_QUANTITY = 8
    QUANTITY_ABOVE_MAXIMUM = 9
    INVALID_PRICE = 10
    PRICE_OUT_OF_RANGE = 11
    BELOW_MINIMUM_NOTIONAL = 12
    POST_ONLY_WOULD_TAKE = 13
    FOK_NOT_FILLABLE = 14
    INSUFFICIENT_MARGIN = 15
    DUPLICATE_CLIENT_ORDER_ID = 16
    QUANTITY_BELOW_FILLED = 17
    TOO_MANY_OPEN_ORDERS = 18
    POSITION_LIMIT = 19
    WOULD_TRIGGER_IMMEDIATELY = 20
    INVALID_TRIGGER = 21
    NO_TRIGGER_PRICE = 22
    INVALID_DISPLAY = 23
    INVALID_EXPIRY = 24
    REDUCE_ONLY = 25
    PRICE_OUTSIDE_BAND = 26
    INSTRUMENT_HALTED = 27
    INSTRUMENT_CANCEL_ONLY = 28
    RATE_LIMITED = 29
    TOO_MANY_ACCOUNT_ORDERS = 30
    TOO_MANY_WAITING_ORDERS = 31
    UNKNOWN_LINKED_ORDER = 32
    INSUFFICIENT_BALANCE = 33
    LEVERAGE_ABOVE_TIER = 34
    INVALID_LEVERAGE = 35
    POSITION_OPEN = 36
    NOT_FOR_SPOT = 37
    INVALID_BRACKET = 38
    NO_POSITION = 39
    # why an order left the book or its remainder expired
    CANCELED_BY_USER = 40
    CANCELED_BY_CANCEL_ALL = 41
    SELF_TRADE = 42
    IOC_REMAINDER = 43
    MARKET_REMAINDER = 44
    GTD_EXPIRED = 45
    LINKED_ORDER = 46
    REPLACED = 47
    LIQUIDATION = 48
    REDUCED = 49
    # what an account finds out when it asks about a request that nobody answered
    NOT_RECEIVED = 70
    # denials of our own risk gate: the order never left
    RISK_HALTED = 80
    RISK_REDUCING_ONLY = 81
    RISK_ORDER_NOTIONAL = 82
    RISK_POSITION_NOTIONAL = 83
    RISK_GROSS_NOTIONAL = 84
    RISK_LEVERAGE = 85
    RISK_OPEN_ORDERS = 86
    RISK_ORDER_RATE = 87
    RISK_PRICE_BAND = 88
    RISK_DAILY_LOSS = 89
    RISK_DRAWDOWN = 90
    RISK_NO_REFERENCE_PRICE = 91
    RISK_UNKNOWN_ORDER = 92
    RISK_OUTBOX_FULL = 93
    RISK_INVALID_ORDER = 94
    RISK_NOT_OFFERED = 95
