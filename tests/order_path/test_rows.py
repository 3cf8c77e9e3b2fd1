"""Every event that the exchange can write reaches an account as the right message."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from actors.venues.rows import RowDecoder
from exchange_sim.engine.decoding import EventReader
from exchange_sim.engine.layout import EVENT
from exchange_sim.engine.memory import Capacity, Memory
from exchange_sim.journal import JournalHeader, JournalWriter
from exchange_sim.journal_reader import parse_journal
from exchange_sim.model import events as e
from exchange_sim.model.enums import EventKind, Liquidity, MarginMode, Reason, Side
from exchange_sim.model.ids import AccountId, InstrumentId

SYMBOL, ACCOUNT = InstrumentId("X/USD:USD"), AccountId("a")
ROW = (5, 77, 3, 90, 8, 6, -4, 0, 0)
"""Time, order, client order, price, quantity, leaves, fee, account, instrument."""
HEAD: Any = (ACCOUNT, SYMBOL, 3, 5, 9)
BARE: Any = (ACCOUNT, SYMBOL, 5, 9)

KNOWN: list[tuple[EventKind, int, Any]] = [
    (EventKind.ACCEPTED, 1, e.OrderAccepted(*HEAD, 77, Side.SELL, 90, 8)),
    (EventKind.REJECTED, 37, e.OrderRejected(*HEAD, Reason.NOT_FOR_SPOT)),
    (EventKind.FILLED, 3, e.OrderFilled(*HEAD, 77, 11, Side.SELL, 90, 8, 6, -4, Liquidity.MAKER)),
    (EventKind.CANCELED, 46, e.OrderCanceled(*HEAD, 77, 6, Reason.LINKED_ORDER)),
    (EventKind.EXPIRED, 45, e.OrderExpired(*HEAD, 77, 6, Reason.GTD_EXPIRED)),
    (EventKind.MODIFIED, 0, e.OrderModified(*HEAD, 77, 90, 8, 6)),
    (EventKind.CANCEL_REJECTED, 3, e.CancelRejected(*HEAD, Reason.UNKNOWN_ORDER)),
    (EventKind.MODIFY_REJECTED, 17, e.ModifyRejected(*HEAD, Reason.QUANTITY_BELOW_FILLED)),
    (EventKind.TRIGGERED, 0, e.OrderTriggered(*HEAD, 77, 90, 8, 6)),
    (EventKind.FUNDED, 0, e.FundingPaid(*BARE, 90, 8, -4)),
    (EventKind.LIQUIDATED, 1, e.PositionLiquidated(*BARE, 77, 90, 8, 6)),
    (EventKind.INSURANCE, 0, e.InsurancePaid(*BARE, 90, 8, -4)),
    (EventKind.DELEVERAGED, 1, e.PositionDeleveraged(*BARE, Side.SELL, 90, 8)),
    (EventKind.LEVERAGE_SET, 0, e.LeverageSet(*BARE, 8)),
    (EventKind.MARGIN_MOVED, 0, e.MarginMoved(*BARE, 8)),
    (EventKind.ACCOUNT_REJECTED, 34, e.AccountRejected(*BARE, Reason.LEVERAGE_ABOVE_TIER)),
]
OPERATORS = {EventKind.DEPOSITED, EventKind.WITHDRAWN, EventKind.STATE_SET}


def read(kind: EventKind, code: int, row: tuple[int, ...] = ROW) -> list[Any]:
    """Return what the exchange's own reader makes of a row: number 12 of its ring."""
    memory = Memory(Capacity(1, 1, 1, 16, 16, (4096,)))
    memory.events[12] = np.array([(*row, kind, code)], EVENT)[0]
    return list(EventReader(memory, [ACCOUNT], [SYMBOL]).read(12, 13))


@pytest.mark.parametrize(("kind", "code", "message"), KNOWN, ids=lambda each: getattr(each, "name", ""))
def test_a_row_becomes_its_message(kind: EventKind, code: int, message: Any) -> None:
    decoded = RowDecoder(ACCOUNT, [SYMBOL]).event((*ROW, kind, code, 11), 9)
    assert decoded == message
    assert type(decoded) is type(message)
    (heard,) = read(kind, code)
    fields = dict.fromkeys(("ts_received_ns",), 9)
    assert type(message)(
        **{**{name: getattr(heard, name) for name in heard.__struct_fields__}, **fields}
    ) == (message)


def test_the_margin_mode_is_a_member() -> None:
    row = (*ROW[:4], 1, *ROW[5:])
    decoded = RowDecoder(ACCOUNT, [SYMBOL]).event((*row, EventKind.MARGIN_MODE_SET, 0, 0), 9)
    assert decoded == e.MarginModeSet(*BARE, MarginMode.ISOLATED)
    assert read(EventKind.MARGIN_MODE_SET, 0, row)[0].margin_mode is MarginMode.ISOLATED


def test_nothing_is_forgotten() -> None:
    """Each kind is decoded, or is the operator's and no account's message."""
    known = {kind for kind, _, _ in KNOWN} | {EventKind.MARGIN_MODE_SET}
    assert known | OPERATORS == set(EventKind)
    assert set(RowDecoder(ACCOUNT, [SYMBOL]).events) == {int(kind) for kind in known}
    assert all(not read(kind, 0) for kind in OPERATORS)


def test_a_journal_takes_them_all(tmp_path: Any) -> None:
    path = tmp_path / "all.journal"
    with path.open("wb") as sink:
        journal = JournalWriter(JournalHeader(streams=("a",), seed=1, config_digest=""), sink)
        journal.stream("a").records.extend(message for _, _, message in KNOWN)
        journal.close()
    assert parse_journal(path.read_bytes()).streams["a"] == [message for _, _, message in KNOWN]
