"""What can be asked about an exchange without changing it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from exchange_sim.engine.layout import QUEUE_ROW
from exchange_sim.engine.memory import Memory
from exchange_sim.engine.scans import scan_levels, scan_queue
from exchange_sim.model.enums import Side
from exchange_sim.model.ids import AccountId, AssetId, ClientOrderId, InstrumentId, OrderId
from exchange_sim.model.instrument import ASSET_SCALE, Instrument
from exchange_sim.model.market import BookSnapshot, Quote

_INSTRUMENT_STATE = ("best_bid_ticks", "best_ask_ticks", "mark_ticks", "last_ticks", "volume_lots", "trades")


class ConservationError(RuntimeError):
    """Money or contracts appeared or vanished: a defect of the engine, never of a caller."""


class RestingOrder(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One open order, as the exchange sees it."""

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


class Position(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an account holds and has traded in one instrument.

    `lots` and `cost_atoms` (the position's value at entry) are signed. `realized_atoms` is before fees,
    `volume_atoms` the value traded, `maker_atoms` the part of it as maker.
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


def decimal_of(atoms: int) -> Decimal:
    """Return an amount in units of its asset."""
    return Decimal(atoms).scaleb(-ASSET_SCALE)


class ExchangeView:
    """The reading half of `Exchange`.

    Instruments and accounts are named by their ids; assets too, and where an exchange has only one
    settlement asset it need not be named. Unknown names raise KeyError.
    """

    def __init__(self, instruments: Sequence[Instrument], memory: Memory, accounts: list[AccountId]) -> None:
        self.instruments = tuple(instruments)
        self.assets = assets_of(instruments)
        self._memory = memory
        self._account_names = accounts
        self._account_numbers = {name: number for number, name in enumerate(accounts)}
        self._instrument_names = [each.instrument_id for each in instruments]
        self._instrument_numbers = {name: number for number, name in enumerate(self._instrument_names)}
        self._asset_numbers = {name: number for number, name in enumerate(self.assets)}
        self.now_ns = 0
        """Time of the latest command, in ns since the epoch."""

    @property
    def address(self) -> int:
        """Of the block of state, for compiled code (`exchange_sim.engine.core`). Changes with growth."""
        return self._memory.address

    @property
    def accounts(self) -> tuple[AccountId, ...]:
        return tuple(self._account_names)

    @property
    def open_order_count(self) -> int:
        return int(self._memory.header["open_orders"])

    def account_index(self, account_id: str) -> int:
        """Return the number of an account in command and event rows."""
        return self._account_numbers[AccountId(account_id)]

    def instrument_index(self, instrument_id: str) -> int:
        """Return the number of an instrument in command and event rows."""
        return self._instrument_numbers[InstrumentId(instrument_id)]

    def asset_index(self, asset: str | None = None) -> int:
        """Return the number of an asset in command and event rows; of the only one where None."""
        if asset is None:
            if len(self.assets) > 1:
                raise ValueError(f"asset: expected one of {', '.join(self.assets)}, was none")
            return 0
        return self._asset_numbers[AssetId(asset)]

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

    def _resting(self, row: tuple[int, ...]) -> RestingOrder:
        order_id, client_id, price, leaves, quantity, account, instrument, side, flags, shown = row
        return RestingOrder(
            self._account_names[account], self._instrument_names[instrument], OrderId(order_id),
            ClientOrderId(client_id), Side(side), price, quantity, leaves, bool(flags & 1), shown,
        )  # fmt: skip

    def open_orders(self, account_id: str, instrument_id: str | None = None) -> list[RestingOrder]:
        """Return an account's open orders, by instrument and in order of acceptance."""
        account = self.account_index(account_id)
        names = self._instrument_names if instrument_id is None else [instrument_id]
        found = []
        for name in names:
            index = self.instrument_index(name)
            slot = int(self._memory.positions[account, index]["first_order"])
            own = []
            while slot >= 0:
                order = self._memory.orders[slot]
                fields = (*(QUEUE_ROW.names or ())[:-1], "leaves_lots")
                own.append(self._resting(tuple(order[field].item() for field in fields)))
                slot = int(order["account_next"])
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

    def balance_atoms(self, account_id: str, asset: str | None = None) -> int:
        """Return cash: deposits plus realized profit less fees, without open positions."""
        return int(self._memory.balances[self.account_index(account_id), self.asset_index(asset)])

    def equity_atoms(self, account_id: str, asset: str | None = None) -> int:
        """Return cash plus the unrealized profit of open positions at their marks."""
        account, settle = self.account_index(account_id), self.asset_index(asset)
        equity = int(self._memory.balances[account, settle])
        rows = zip(self._memory.instruments, self._memory.positions[account], strict=True)
        for instrument, position in rows:
            if int(instrument["settle"]) == settle:
                unit = int(instrument["mark_ticks"]) * int(instrument["atoms_per_tick_lot"])
                equity += int(position["lots"]) * unit - int(position["cost_atoms"])
        return equity

    def fees_atoms(self, asset: str | None = None) -> int:
        """Return the fee account."""
        return int(self._memory.fees[self.asset_index(asset)])

    def balance(self, account_id: str, asset: str | None = None) -> Decimal:
        """Return `balance_atoms` in units of the asset."""
        return decimal_of(self.balance_atoms(account_id, asset))

    def equity(self, account_id: str, asset: str | None = None) -> Decimal:
        """Return `equity_atoms` in units of the asset."""
        return decimal_of(self.equity_atoms(account_id, asset))

    def fees_collected(self, asset: str | None = None) -> Decimal:
        """Return `fees_atoms` in units of the asset."""
        return decimal_of(self.fees_atoms(asset))

    def mark_ticks(self, instrument_id: str) -> int:
        """Return the price at which positions are valued: the last trade unless set; 0 before both."""
        return int(self._memory.instruments[self.instrument_index(instrument_id)]["mark_ticks"])

    def traded(self, instrument_id: str) -> tuple[int, int]:
        """Return the lots traded in an instrument since the start, and in how many trades."""
        row = self._memory.instruments[self.instrument_index(instrument_id)]
        return int(row["volume_lots"]), int(row["trades"])

    def check_conservation(self) -> None:
        """Check that nothing was made or lost, exactly.

        Raises
        ------
        ConservationError
            Balances less costs of positions plus fees differ from deposits, or lots do not sum to zero.
        """
        memory, settle = self._memory, self._memory.instruments["settle"]
        costs, lots = memory.positions["cost_atoms"], memory.positions["lots"]
        for number, asset in enumerate(self.assets):
            # Python integers: sums over many accounts may pass 64 bits.
            held = sum(memory.balances[:, number].tolist()) - sum(costs[:, settle == number].ravel().tolist())
            held += int(memory.fees[number])
            if held != int(memory.deposits[number]):
                raise ConservationError(f"{asset}: expected {int(memory.deposits[number])} atoms, was {held}")
        for number, name in enumerate(self._instrument_names):
            total = sum(lots[:, number].tolist())
            if total != 0:
                raise ConservationError(f"{name}: expected positions to sum to 0 lots, was {total}")

    def state_digest(self) -> str:
        """Return 16 hex digits over books in queue order, positions, balances, fees and counters.

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
        for field in Position.__struct_fields__:
            digest.update(memory.positions[:count][field].tobytes())
        for table in (memory.balances[:count], memory.fees, memory.deposits):
            digest.update(table.tobytes())
        return digest.hexdigest()


def assets_of(instruments: Sequence[Instrument]) -> tuple[AssetId, ...]:
    """Return all assets, in order of first appearance, of each instrument the settlement asset first."""
    return tuple(dict.fromkeys(asset for each in instruments for asset in each.assets))
