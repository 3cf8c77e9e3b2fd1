"""From event rows to event objects."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

from exchange_sim.engine.memory import Memory
from exchange_sim.engine.rare_events import RARE_EVENTS
from exchange_sim.model.enums import EventKind, Liquidity, Reason, Side
from exchange_sim.model.events import (
    CancelRejected,
    ExchangeEvent,
    ModifyRejected,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderModified,
    OrderRejected,
)
from exchange_sim.model.ids import AccountId, InstrumentId, TradeId

EVENT_STRUCT = struct.Struct("<7qihBB")
"""The layout of an EVENT row, for `unpack_from` and `iter_unpack`: ten times faster than numpy scalars."""

_ACCEPTED, _REJECTED, _FILLED = int(EventKind.ACCEPTED), int(EventKind.REJECTED), int(EventKind.FILLED)
_CANCELED, _EXPIRED, _MODIFIED = int(EventKind.CANCELED), int(EventKind.EXPIRED), int(EventKind.MODIFIED)
_CANCEL_REJECTED, _MODIFY_REJECTED = int(EventKind.CANCEL_REJECTED), int(EventKind.MODIFY_REJECTED)
_SIDES = (Side.BUY, Side.SELL)
_LIQUIDITIES = (Liquidity.TAKER, Liquidity.MAKER)
_REASONS = {int(reason): reason for reason in Reason}
_ROW_BYTES = EVENT_STRUCT.size


class EventReader:
    """Turns rows of one exchange's event ring into event objects.

    `ts_received_ns` of the objects is the exchange time: whoever delivers them sets the time of receipt.
    What the operator does (deposits, withdrawals, trading states) is passed over.
    """

    def __init__(self, memory: Memory, accounts: Sequence[AccountId], instruments: Sequence[InstrumentId]):
        self._accounts = accounts
        self._instruments = instruments
        self.attach(memory)

    def attach(self, memory: Memory) -> None:
        """Read from `memory` from now on, which has grown."""
        self._rows = memory.events.view(np.uint8).data
        self._mask = memory.capacity.events - 1

    def read(self, first: int, end: int) -> list[ExchangeEvent]:
        """Return the events numbered `first` to `end` (exclusive), which are still in the ring."""
        events: list[ExchangeEvent] = []
        rows, mask, unpack = self._rows, self._mask, EVENT_STRUCT.unpack_from
        accounts, instruments = self._accounts, self._instruments
        for number in range(first, end):
            row = unpack(rows, (number & mask) * _ROW_BYTES)
            ts_ns, order_id, client_id, price, quantity, leaves, fee, account, instrument, kind, code = row
            if kind == _ACCEPTED:
                events.append(
                    OrderAccepted(
                        accounts[account], instruments[instrument], client_id, ts_ns, ts_ns, order_id,
                        _SIDES[code], price, quantity,
                    )
                )  # fmt: skip
            elif kind == _FILLED:
                maker = code >> 1
                events.append(
                    OrderFilled(
                        accounts[account], instruments[instrument], client_id, ts_ns, ts_ns, order_id,
                        TradeId(number - maker), _SIDES[code & 1], price, quantity, leaves, fee,
                        _LIQUIDITIES[maker],
                    )
                )  # fmt: skip
            elif kind == _CANCELED:
                events.append(
                    OrderCanceled(
                        accounts[account], instruments[instrument], client_id, ts_ns, ts_ns, order_id,
                        leaves, _REASONS[code],
                    )
                )  # fmt: skip
            elif kind == _EXPIRED:
                events.append(
                    OrderExpired(
                        accounts[account], instruments[instrument], client_id, ts_ns, ts_ns, order_id,
                        leaves, _REASONS[code],
                    )
                )  # fmt: skip
            elif kind == _MODIFIED:
                events.append(
                    OrderModified(
                        accounts[account], instruments[instrument], client_id, ts_ns, ts_ns, order_id,
                        price, quantity, leaves,
                    )
                )  # fmt: skip
            elif kind in _REFUSALS and account >= 0 and instrument >= 0:
                events.append(
                    _REFUSALS[kind](
                        accounts[account], instruments[instrument], client_id, ts_ns, ts_ns, _REASONS[code]
                    )
                )
            elif kind in RARE_EVENTS and account >= 0 and instrument >= 0:
                events.append(RARE_EVENTS[kind](accounts[account], instruments[instrument], row, ts_ns))
        return events


_REFUSALS: dict[int, type[OrderRejected | CancelRejected | ModifyRejected]] = {
    _REJECTED: OrderRejected,
    _CANCEL_REJECTED: CancelRejected,
    _MODIFY_REJECTED: ModifyRejected,
}
