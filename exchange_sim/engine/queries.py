"""What can be asked about an exchange without changing it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from exchange_sim.engine.accounting import MoneyView
from exchange_sim.engine.layout import QUEUE_ROW
from exchange_sim.engine.memory import Memory
from exchange_sim.engine.memory_digest import memory_digest
from exchange_sim.engine.scans import scan_levels, scan_order, scan_queue
from exchange_sim.engine.special import SPECIAL, WAITING
from exchange_sim.model.enums import OrderType, Side
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId, OrderId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import BookSnapshot, Quote

_SPECIAL, _WAITING = int(SPECIAL), int(WAITING)
_TERMS_STATE = (
    *("hidden_lots", "display_lots", "expire_ns", "trigger_ticks", "trail_ticks", "order_type"),
    *("time_in_force", "trigger_source", "role", "reduce_only", "close_position", "armed"),
)
_ORDER_STATE = ("order_id", "client_order_id", "price_ticks", "quantity_lots", "account", "flags")
_INSTRUMENT_STATE = (
    *("best_bid_ticks", "best_ask_ticks", "mark_ticks", "last_ticks", "volume_lots", "trades", "state"),
    *("mark_is_set", "index_ticks", "basis", "premium_sum_ppb", "premium_count"),
)


class RestingOrder(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One open order, as the exchange sees it.

    `leaves_lots` is all that is left, `shown_lots` what others see of it: less for an iceberg, nothing of an
    order that waits for a trigger, which has `trigger_ticks` (that of a trailing stop at the moment). An
    order that has fired is a limit order; market types have price 0.
    """

    account_id: AccountId
    instrument_id: InstrumentId
    order_id: OrderId
    client_order_id: ClientOrderId
    side: Side
    price_ticks: int
    quantity_lots: int
    leaves_lots: int
    post_only: bool
    shown_lots: int
    order_type: OrderType = OrderType.LIMIT
    trigger_ticks: int = 0


class Position(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an account holds and has traded in one instrument.

    `lots` and `cost_atoms` (the position's value at entry) are signed. `realized_atoms` is before fees,
    `volume_atoms` the value traded, `maker_atoms` the part of it as maker, `margin_atoms` an isolated
    position's own margin, `funding_atoms` the funding paid. A spot pair has no lots and cost, and only the
    fees that were taken in the quote asset.
    """

    lots: int
    cost_atoms: int
    realized_atoms: int
    fees_atoms: int
    volume_atoms: int
    maker_atoms: int
    fills: int
    open_orders: int
    open_buy_lots: int
    open_sell_lots: int
    margin_atoms: int
    funding_atoms: int


class ExchangeView(MoneyView):
    """The reading half of `Exchange`.

    Instruments and accounts are named by their ids; assets too, and where an exchange has only one
    settlement asset it need not be named. Unknown names raise KeyError.
    """

    def __init__(self, instruments: Sequence[Instrument], memory: Memory, accounts: list[AccountId]) -> None:
        super().__init__(instruments, memory, accounts)
        self.now_ns = 0
        """Time of the latest command, in ns since the epoch."""

    @property
    def accounts(self) -> tuple[AccountId, ...]:
        return tuple(self._account_names)

    @property
    def open_order_count(self) -> int:
        return int(self._memory.header["open_orders"])

    def instrument(self, instrument_id: str) -> Instrument:
        return self.instruments[self.instrument_index(instrument_id)]

    def quote(self, instrument_id: str) -> Quote:
        """Return best bid and ask with their lots; zeros where a side is empty."""
        book = self.depth(instrument_id, 1)
        (bid, bid_lots), (ask, ask_lots) = (*book.bids, (0, 0))[0], (*book.asks, (0, 0))[0]
        return Quote(book.instrument_id, self.now_ns, self.now_ns, bid, bid_lots, ask, ask_lots)

    def depth(self, instrument_id: str, levels: int = 10) -> BookSnapshot:
        """Return the best levels of both sides, best first."""
        index = self.instrument_index(instrument_id)
        pairs = np.empty((levels, 2), np.int64)
        sides = []
        for side in Side:
            count = scan_levels(self.address, index, int(side), levels, pairs.ctypes.data)
            sides.append(tuple((price, lots) for price, lots in pairs[:count].tolist()))
        return BookSnapshot(self._instrument_names[index], self.now_ns, self.now_ns, *sides)

    def queue_rows(self, instrument_id: str, side: Side) -> npt.NDArray[Any]:
        """Return a QUEUE_ROW for each resting order of one side, best price and oldest first."""
        index = self.instrument_index(instrument_id)
        rows = np.zeros(int(self._memory.instruments[index]["open_orders"]), QUEUE_ROW)
        return rows[: scan_queue(self.address, index, int(side), rows.ctypes.data)]

    def queue(self, instrument_id: str, side: Side | None = None) -> list[RestingOrder]:
        """Return every resting order in order of priority: bids from the best down, then asks up."""
        sides = Side if side is None else (side,)
        return [self._resting(row) for each in sides for row in self.queue_rows(instrument_id, each).tolist()]

    def _resting(self, row: tuple[int, ...], waiting_slot: int | None = None) -> RestingOrder:
        order_id, client_id, price, leaves, quantity, account, instrument, side, flags, shown = row
        order_type, trigger_ticks = OrderType.LIMIT, 0
        if waiting_slot is not None and flags & _WAITING:
            terms = self._memory.terms[waiting_slot]
            order_type, trigger_ticks = OrderType(int(terms["order_type"])), int(terms["trigger_ticks"])
        return RestingOrder(
            self._account_names[account], self._instrument_names[instrument], OrderId(order_id),
            ClientOrderId(client_id), Side(side), price, quantity, leaves, bool(flags & 1), shown, order_type,
            trigger_ticks,
        )  # fmt: skip

    def open_orders(self, account_id: str, instrument_id: str | None = None) -> list[RestingOrder]:
        """Return an account's open orders, by instrument and in order of acceptance."""
        account = self.account_index(account_id)
        names = self._instrument_names if instrument_id is None else [instrument_id]
        found, row = [], np.zeros(1, QUEUE_ROW)
        for name in names:
            index = self.instrument_index(name)
            slot = int(self._memory.positions[account, index]["first_order"])
            own = []
            while slot >= 0:
                scan_order(self.address, slot, row.ctypes.data)
                own.append(self._resting(row[0].item(), slot))
                slot = int(self._memory.orders[slot]["account_next"])
            found += sorted(own, key=lambda order: order.order_id)
        return found

    def find_order(self, account_id: str, instrument_id: str, client_order_id: int) -> RestingOrder | None:
        """Return an account's open order by the id that the account gave it, None where it is not open."""
        for order in self.open_orders(account_id, instrument_id):
            if order.client_order_id == client_order_id:
                return order
        return None

    def position(self, account_id: str, instrument_id: str) -> Position:
        row = self._memory.positions[self.account_index(account_id), self.instrument_index(instrument_id)]
        return Position(*(row[field].item() for field in Position.__struct_fields__))

    def mark_ticks(self, instrument_id: str) -> int:
        """Return the price at which positions are valued: the last trade unless set; 0 before both."""
        return int(self._memory.instruments[self.instrument_index(instrument_id)]["mark_ticks"])

    def traded(self, instrument_id: str) -> tuple[int, int]:
        """Return the lots traded in an instrument since the start, and in how many trades."""
        row = self._memory.instruments[self.instrument_index(instrument_id)]
        return int(row["volume_lots"]), int(row["trades"])

    def state_digest(self) -> str:
        """Return 16 hex digits over books in queue order, waiting orders, positions, money and counters.

        Equal for equal content, whatever the capacities and however events were consumed.
        """
        memory, count = self._memory, len(self._account_names)
        digest = hashlib.blake2b(digest_size=8)
        digest.update(np.array([memory.header["sequence"], memory.header["event_head"]]).tobytes())
        for field in _INSTRUMENT_STATE:
            digest.update(memory.instruments[field].tobytes())
        for name in self._instrument_names:
            for side in Side:
                digest.update(self.queue_rows(name, side).tobytes())
        for field in (*Position.__struct_fields__, "initial_ppm", "isolated"):
            digest.update(memory.positions[:count][field].tobytes())
        per_account = (memory.balances[:count], memory.held[:count], memory.holders[:count])
        for table in (*per_account, memory.fees, memory.deposits, memory.insurance):
            digest.update(table.tobytes())
        self._digest_special(digest)
        return digest.hexdigest()

    def _digest_special(self, digest: Any) -> None:
        """Add what special orders have besides, in order of acceptance."""
        memory = self._memory
        slots = np.flatnonzero((memory.orders["order_id"] != 0) & (memory.orders["flags"] & _SPECIAL != 0))
        slots = slots[np.argsort(memory.orders["order_id"][slots])]
        for field in _ORDER_STATE:
            digest.update(memory.orders[field][slots].tobytes())
        for field in _TERMS_STATE:
            digest.update(memory.terms[field][slots].tobytes())
        following = memory.terms["group_next"][slots]
        linked = np.where(following >= 0, memory.orders["order_id"][following], 0)
        digest.update(linked.tobytes())

    def memory_digest(self) -> str:
        """Return 16 hex digits over the whole state byte for byte, the events to be taken apart.

        Equal after the same commands, however they were cut into calls. Faster than `state_digest`, which is
        for comparing content with another implementation.
        """
        return memory_digest(self._memory)
