"""Events that are rare: from rows to objects.

What the columns of an EVENT row mean in them:

=================  =============  ==============  ============  ===========  ====
kind               price          quantity        leaves        fee          code
=================  =============  ==============  ============  ===========  ====
TRIGGERED          trigger        total           leaves
FUNDED             mark           position                      paid
LIQUIDATED         bankruptcy     to be closed    position
INSURANCE          price          lots                          paid
DELEVERAGED        bankruptcy     closed                                     side
LEVERAGE_SET                      leverage
MARGIN_MODE_SET                   mode
MARGIN_MOVED                      atoms
ACCOUNT_REJECTED                                                             reason
=================  =============  ==============  ============  ===========  ====
"""

from __future__ import annotations

from collections.abc import Callable

from exchange_sim.model.enums import EventKind, MarginMode, Reason, Side
from exchange_sim.model.events import (
    AccountRejected,
    ExchangeEvent,
    FundingPaid,
    InsurancePaid,
    LeverageSet,
    MarginModeSet,
    MarginMoved,
    OrderTriggered,
    PositionDeleveraged,
    PositionLiquidated,
)
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId, OrderId

Row = tuple[int, ...]
RareDecoder = Callable[[AccountId, InstrumentId, Row, int], ExchangeEvent]
"""From account, instrument, the columns of an EVENT row and the time of receipt to the event."""


def _triggered(account: AccountId, instrument: InstrumentId, row: Row, received_ns: int) -> OrderTriggered:
    ts_ns, order_id, client_id, price, quantity, leaves = row[:6]
    return OrderTriggered(
        account, instrument, ClientOrderId(client_id), ts_ns, received_ns, OrderId(order_id), price, quantity,
        leaves,
    )  # fmt: skip


def _funded(account: AccountId, instrument: InstrumentId, row: Row, received_ns: int) -> FundingPaid:
    return FundingPaid(account, instrument, row[0], received_ns, row[3], row[4], row[6])


def _liquidated(
    account: AccountId, instrument: InstrumentId, row: Row, received_ns: int
) -> PositionLiquidated:
    return PositionLiquidated(
        account, instrument, row[0], received_ns, OrderId(row[1]), row[3], row[4], row[5]
    )


def _insured(account: AccountId, instrument: InstrumentId, row: Row, received_ns: int) -> InsurancePaid:
    return InsurancePaid(account, instrument, row[0], received_ns, row[3], row[4], row[6])


def _deleveraged(
    account: AccountId, instrument: InstrumentId, row: Row, received_ns: int
) -> PositionDeleveraged:
    return PositionDeleveraged(account, instrument, row[0], received_ns, Side(row[10]), row[3], row[4])


def _leverage_set(account: AccountId, instrument: InstrumentId, row: Row, received_ns: int) -> LeverageSet:
    return LeverageSet(account, instrument, row[0], received_ns, row[4])


def _mode_set(account: AccountId, instrument: InstrumentId, row: Row, received_ns: int) -> MarginModeSet:
    return MarginModeSet(account, instrument, row[0], received_ns, MarginMode(row[4]))


def _margin_moved(account: AccountId, instrument: InstrumentId, row: Row, received_ns: int) -> MarginMoved:
    return MarginMoved(account, instrument, row[0], received_ns, row[4])


def _refused(account: AccountId, instrument: InstrumentId, row: Row, received_ns: int) -> AccountRejected:
    return AccountRejected(account, instrument, row[0], received_ns, Reason(row[10]))


RARE_EVENTS: dict[int, RareDecoder] = {
    int(EventKind.TRIGGERED): _triggered,
    int(EventKind.FUNDED): _funded,
    int(EventKind.LIQUIDATED): _liquidated,
    int(EventKind.INSURANCE): _insured,
    int(EventKind.DELEVERAGED): _deleveraged,
    int(EventKind.LEVERAGE_SET): _leverage_set,
    int(EventKind.MARGIN_MODE_SET): _mode_set,
    int(EventKind.MARGIN_MOVED): _margin_moved,
    int(EventKind.ACCOUNT_REJECTED): _refused,
}
"""By EventKind. Deposits, withdrawals and trading states are the operator's and no account's message."""
