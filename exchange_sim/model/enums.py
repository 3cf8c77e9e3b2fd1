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
    LIMIT = 0
    MARKET = 1


class TimeInForce(IntEnum):
    """How long an order may wait.

    GTC rests until filled or canceled, IOC fills what it can at once and expires the rest, FOK fills
    completely at once or is refused.
    """

    GTC = 0
    IOC = 1
    FOK = 2


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
    # why an order left the book or its remainder expired
    CANCELED_BY_USER = 40
    CANCELED_BY_CANCEL_ALL = 41
    SELF_TRADE = 42
    IOC_REMAINDER = 43
    MARKET_REMAINDER = 44
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
