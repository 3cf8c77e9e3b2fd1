"""The public exchange: one order at a time for people, rows for speed.

>>> from exchange_sim.engine.exchange import Exchange
>>> from exchange_sim.model.instrument import Instrument
>>> exchange = Exchange([Instrument.linear("BTC/USDT:USDT", tick_size="0.1", lot_size="0.001")])
>>> exchange.open_account("alice", deposit="100000")
>>> exchange.open_account("bob", deposit="100000")
>>> placed = exchange.limit("alice", "BTC/USDT:USDT", "buy", quantity="0.5", price="60000")
>>> fills = exchange.market("bob", "BTC/USDT:USDT", "sell", quantity="0.2")
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal, Self

import msgspec
import numpy as np
import numpy.typing as npt

from exchange_sim.engine.core import (
    DONE,
    NEED_EVENTS,
    NEED_LADDER,
    NEED_ORDERS,
    SPARE_EVENTS,
    run_batch,
    single_entry,
)
from exchange_sim.engine.decoding import EventReader
from exchange_sim.engine.layout import COMMAND, EVENT, LADDER_LEVELS, ORDERS_MAXIMUM
from exchange_sim.engine.memory import Capacity, Memory
from exchange_sim.engine.queries import ExchangeView, settlement_assets
from exchange_sim.model.commands import CancelAll, CancelOrder, Command, ModifyOrder, SubmitOrder
from exchange_sim.model.enums import CommandKind, OrderType, Reason, SelfTradePrevention, Side, TimeInForce
from exchange_sim.model.events import CancelRejected, ModifyRejected, OrderEvent, OrderRejected
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId
from exchange_sim.model.instrument import ASSET_SCALE, MAXIMUM_NOTIONAL_ATOMS, Instrument

_SUBMIT, _CANCEL, _CANCEL_ALL = int(CommandKind.SUBMIT), int(CommandKind.CANCEL), int(CommandKind.CANCEL_ALL)
_MODIFY, _DEPOSIT, _SET_MARK = int(CommandKind.MODIFY), int(CommandKind.DEPOSIT), int(CommandKind.SET_MARK)
_ACCOUNTS, _ORDERS, _EVENTS = 16, 1024, 8192
_HEAD, _TAIL = 0, 1
_WORDS = np.dtype("<i8")
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_UNKNOWN = -2
_WORD_MAXIMUM = 2**63 - 1
_TERMS = (
    *("atoms_per_tick_lot", "minimum_notional_atoms", "maximum_order_lots"),
    *("maker_fee_ppm", "taker_fee_ppm", "initial_margin_ppm"),
)
"""Fields of an instrument that the engine keeps."""

SNAPSHOT_VERSION = 1

SideLike = Side | Literal["buy", "sell"]
Number = Decimal | str | int
"""Prices and quantities of the friendly calls: exact, so no float."""


class Exchange(ExchangeView):
    """A matching engine with accounts, margin and fees for several instruments.

    There are three ways in, all with the same rules and the same events:

    * `submit` takes a command object and returns event objects; `limit`, `market`, `cancel`, `modify` and
      `cancel_all` build the command from decimal text;
    * `apply` takes an array of COMMAND rows and returns an array of EVENT rows;
    * `execute` takes the integers of one command and leaves its events in the ring, for `take_events`.

    Time only stamps events: a command without `ts_ns` happens at `now_ns`, the time of the one before it.

    Parameters
    ----------
    instruments
        At least one, all with different ids.

    Raises
    ------
    ValueError
        No instrument, or two with one id.
    """

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        if not instruments:
            raise ValueError("instruments: expected at least one, was none")
        names = [each.instrument_id for each in instruments]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"instruments: expected different ids, was {name!r} twice")
        assets = settlement_assets(instruments)
        levels = (LADDER_LEVELS,) * len(names)
        memory = Memory(Capacity(len(names), len(assets), _ACCOUNTS, _ORDERS, _EVENTS, levels))
        for row, instrument in zip(memory.instruments, instruments, strict=True):
            row["settle"] = assets.index(instrument.settle)
            for field in _TERMS:
                row[field] = getattr(instrument, field)
        self._start(instruments, memory, [])

    def _start(self, instruments: Sequence[Instrument], memory: Memory, accounts: list[AccountId]) -> None:
        super().__init__(instruments, memory, accounts)
        self._run = single_entry()
        self._reader = EventReader(memory, self._account_names, self._instrument_names)
        self._words = memory.words

    # Accounts

    def open_account(
        self,
        account_id: str,
        deposit: Number | None = None,
        *,
        deposit_atoms: int = 0,
        asset: str | None = None,
    ) -> int:
        """Open an account, with money in it if wanted; return its number in command and event rows.

        Raises
        ------
        ValueError
            The name is taken or empty, or the deposit is not an amount that the exchange takes.
        """
        if not account_id or account_id in self._account_numbers:
            raise ValueError(f"account_id: expected a new name, was {account_id!r}")
        number = len(self._account_names)
        if number == self._memory.capacity.accounts:
            self._resize(accounts=2 * number)
        self._account_names.append(AccountId(account_id))
        self._account_numbers[AccountId(account_id)] = number
        self._memory.header["accounts"] = number + 1
        if deposit is not None or deposit_atoms:
            self.deposit(account_id, deposit, atoms=deposit_atoms, asset=asset)
        return number

    def deposit(
        self, account_id: str, amount: Number | None = None, *, atoms: int = 0, asset: str | None = None
    ) -> None:
        """Add money to an account: `amount` in units of the asset, or `atoms`.

        Raises
        ------
        ValueError
            The sum is not positive, not whole in atoms, or lifts all deposits above 2**60 atoms.
        """
        if amount is not None:
            scaled = Decimal(amount).scaleb(ASSET_SCALE)
            if not scaled.is_finite() or scaled != scaled.to_integral_value():
                raise ValueError(f"deposit: expected a whole number of 1e-{ASSET_SCALE}, was {amount}")
            atoms = int(scaled)
        settle, account = self.asset_index(asset), self.account_index(account_id)
        before = int(self._memory.deposits[settle])
        if 0 < atoms <= _WORD_MAXIMUM:
            self._execute(self.now_ns, _DEPOSIT, account, settle, 0, 0, 0, 0, 0, 0, atoms, 0, 0)
        if int(self._memory.deposits[settle]) == before:
            raise ValueError(f"deposit: expected 1 to {MAXIMUM_NOTIONAL_ATOMS - before} atoms, was {atoms}")

    def set_mark(self, instrument_id: str, price_ticks: int) -> None:
        """Value positions at this price from now on; 0 returns to the last trade.

        Raises
        ------
        ValueError
            The price is out of range.
        """
        index = self.instrument_index(instrument_id)
        if self._execute(self.now_ns, _SET_MARK, -1, index, 0, 0, 0, 0, 0, price_ticks, 0, 0, 0):
            raise ValueError(f"price_ticks: expected 0 to the highest price, was {price_ticks}")

    # Orders as objects

    def submit(self, command: Command, ts_ns: int | None = None) -> list[OrderEvent]:
        """Execute one command and return what happened, to every account it touched, in order.

        A refusal is an event with a reason, never an exception.
        """
        if ts_ns is None:
            ts_ns = self.now_ns
        else:
            self.now_ns = ts_ns
        name = command.instrument_id
        index = -1 if name is None else self._instrument_numbers.get(name, _UNKNOWN)
        account = self._account_numbers.get(command.account_id, -1)
        if account < 0 or index == _UNKNOWN:
            return [_refusal(command, ts_ns, account)]
        kind = type(command)
        if kind is SubmitOrder:
            return self._execute(
                ts_ns, _SUBMIT, account, index, command.side, command.order_type, command.time_in_force,
                command.post_only, command.self_trade_prevention, command.limit_ticks,
                command.quantity_lots, command.client_order_id, 0,
            )  # fmt: skip
        if kind is CancelOrder:
            return self._execute(
                ts_ns, _CANCEL, account, index, 0, 0, 0, 0, 0, 0, 0, command.client_order_id, 0
            )
        if kind is ModifyOrder:
            return self._execute(
                ts_ns, _MODIFY, account, index, 0, 0, 0, 0, 0, command.limit_ticks, command.quantity_lots,
                command.client_order_id, 0,
            )  # fmt: skip
        return self._execute(ts_ns, _CANCEL_ALL, account, index, 0, 0, 0, 0, 0, 0, 0, 0, 0)

    def _execute(self, *fields: int) -> list[OrderEvent]:
        """Execute one command, whatever has to grow for it, and take its events from the ring."""
        words = self._words
        first = words[_HEAD]
        status = self._run(self._memory.address, *fields)
        while status != DONE:
            self.grow(status)
            status = self._run(self._memory.address, *fields)
        words = self._words
        end = words[_HEAD]
        if words[_TAIL] == first:
            words[_TAIL] = end
        return self._reader.read(first, end)

    def limit(
        self,
        account_id: str,
        instrument_id: str,
        side: SideLike,
        quantity: Number,
        price: Number,
        *,
        time_in_force: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
        self_trade_prevention: SelfTradePrevention = SelfTradePrevention.CANCEL_NEWEST,
        client_order_id: int | None = None,
        ts_ns: int | None = None,
    ) -> list[OrderEvent]:
        """Place a limit order; quantity and price as decimal text, on the instrument's grid.

        Without a client order id the order gets one that no such call got before; read it from the events.

        Raises
        ------
        ValueError
            Quantity or price is off the grid.
        """
        instrument = self.instrument(instrument_id)
        command = SubmitOrder(
            AccountId(account_id), instrument.instrument_id, self._client_id(client_order_id), _side(side),
            OrderType.LIMIT, time_in_force, instrument.lots(quantity), instrument.ticks(price), post_only,
            self_trade_prevention,
        )  # fmt: skip
        return self.submit(command, ts_ns)

    def market(
        self,
        account_id: str,
        instrument_id: str,
        side: SideLike,
        quantity: Number,
        *,
        self_trade_prevention: SelfTradePrevention = SelfTradePrevention.CANCEL_NEWEST,
        client_order_id: int | None = None,
        ts_ns: int | None = None,
    ) -> list[OrderEvent]:
        """Take what the book offers up to a quantity; raises as `limit`."""
        instrument = self.instrument(instrument_id)
        command = SubmitOrder(
            AccountId(account_id), instrument.instrument_id, self._client_id(client_order_id), _side(side),
            OrderType.MARKET, TimeInForce.IOC, instrument.lots(quantity), 0, False, self_trade_prevention,
        )  # fmt: skip
        return self.submit(command, ts_ns)

    def modify(
        self,
        account_id: str,
        instrument_id: str,
        client_order_id: int,
        quantity: Number,
        price: Number,
        *,
        ts_ns: int | None = None,
    ) -> list[OrderEvent]:
        """Change total quantity and price of an open order; raises as `limit`."""
        instrument = self.instrument(instrument_id)
        command = ModifyOrder(
            AccountId(account_id), instrument.instrument_id, ClientOrderId(client_order_id),
            instrument.lots(quantity), instrument.ticks(price),
        )  # fmt: skip
        return self.submit(command, ts_ns)

    def cancel(
        self, account_id: str, instrument_id: str, client_order_id: int, *, ts_ns: int | None = None
    ) -> list[OrderEvent]:
        """Cancel an open order."""
        return self.submit(
            CancelOrder(AccountId(account_id), InstrumentId(instrument_id), ClientOrderId(client_order_id)),
            ts_ns,
        )

    def cancel_all(
        self, account_id: str, instrument_id: str | None = None, *, ts_ns: int | None = None
    ) -> list[OrderEvent]:
        """Cancel an account's open orders, in one instrument or in all."""
        only = None if instrument_id is None else InstrumentId(instrument_id)
        return self.submit(CancelAll(AccountId(account_id), only), ts_ns)

    def _client_id(self, wanted: int | None) -> ClientOrderId:
        # Every command writes an event, so the event count differs between any two calls.
        return ClientOrderId(self._words[_HEAD] + 1 if wanted is None else wanted)

    # Orders as rows and integers

    def apply(self, commands: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Execute COMMAND rows in order and return the EVENT rows that were not taken before."""
        rows = np.ascontiguousarray(commands, COMMAND)
        count, done = len(rows), 0
        pieces = []
        while done < count:
            # Most commands write one or two events; what sweeps the book must fit in any case.
            room = self._unread() + 2 * (count - done) + 2 * self.open_order_count + SPARE_EVENTS
            events = np.empty(room, EVENT)
            self._copy_unread(events)
            done = run_batch(self._memory.address, rows.ctypes.data, done, count, events.ctypes.data, room)
            events.resize(self._unread(), refcheck=False)
            self._words[_TAIL] = self._words[_HEAD]
            pieces.append(events)
            status = int(self._memory.header["status"])
            if status not in {DONE, NEED_EVENTS}:
                self.grow(status)
        if count:
            self.now_ns = int(rows["ts_ns"][-1])
        if len(pieces) == 1:
            return pieces[0]
        return np.concatenate(pieces) if pieces else np.empty(0, EVENT)

    def _unread(self) -> int:
        return self._words[_HEAD] - self._words[_TAIL]

    def _copy_unread(self, target: npt.NDArray[Any]) -> None:
        """Copy the unread EVENT rows to the front of `target`."""
        head, tail = self._words[_HEAD], self._words[_TAIL]
        # numpy copies records field by field, words all at once.
        ring, words = self._memory.events.view(_WORDS), target.view(_WORDS)
        size, row = len(ring), len(ring) // len(self._memory.events)
        count, first = (head - tail) * row, tail * row & (size - 1)
        until_wrap = min(count, size - first)
        words[:until_wrap] = ring[first : first + until_wrap]
        words[until_wrap:count] = ring[: count - until_wrap]

    def execute(self, *fields: int) -> int:
        """Execute the integers of one command: the shortest way in from Python.

        `fields` are ts_ns, kind, account, instrument, side, order_type, time_in_force, post_only, stp,
        price_ticks, quantity_lots, client_order_id, order_id. The events stay in the ring until
        `take_events`. Returns 0, or `NEED_EVENTS` where the ring is full: then nothing was done.
        """
        status: int = self._run(self._memory.address, *fields)
        while status != DONE and (status != NEED_EVENTS or self._words[_HEAD] == self._words[_TAIL]):
            self.grow(status)
            status = self._run(self._memory.address, *fields)
        return status

    def take_events(self) -> npt.NDArray[Any]:
        """Return a copy of the EVENT rows not taken before, and free their place in the ring."""
        events = np.empty(self._unread(), EVENT)
        self._copy_unread(events)
        self._words[_TAIL] = self._words[_HEAD]
        return events

    def grow(self, status: int) -> None:
        """Make room for what a command lacked, as `exchange_sim.engine.core.apply` says in its status.

        Addresses change. NEED_EVENTS enlarges the ring only as far as unread events and one more
        command need it.
        """
        capacity, header = self._memory.capacity, self._memory.header
        if status == NEED_EVENTS:
            unread = self._words[_HEAD] - self._words[_TAIL]
            wanted = unread + 2 * self.open_order_count + SPARE_EVENTS
            if wanted > capacity.events:
                self._resize(events=_power_of_two(wanted))
        elif status == NEED_ORDERS:
            self._resize(orders=min(2 * capacity.orders, ORDERS_MAXIMUM))
        elif status == NEED_LADDER:
            levels = list(capacity.levels)
            levels[int(header["need_instrument"])] = _power_of_two(int(header["need_levels"]))
            self._resize(levels=tuple(levels))
        else:
            raise ValueError(f"status: expected one of the NEED constants, was {status}")

    def _resize(self, **wanted: Any) -> None:
        self._memory.grow(**wanted)
        self._words = self._memory.words
        self._reader.attach(self._memory)

    # Memory

    def snapshot(self) -> bytes:
        """Return everything, for `restore` in this or another process."""
        return msgspec.msgpack.encode(
            Snapshot(
                SNAPSHOT_VERSION, self.instruments, tuple(self._account_names), self.now_ns,
                self._memory.capacity, self._memory.block.tobytes(),
            )
        )  # fmt: skip

    @classmethod
    def restore(cls, payload: bytes) -> Self:
        """Return the exchange of a snapshot: an independent copy that continues equally.

        Raises
        ------
        msgspec.DecodeError
            The bytes are no snapshot.
        ValueError
            It is of another version.
        """
        saved = msgspec.msgpack.decode(payload, type=Snapshot)
        if saved.version != SNAPSHOT_VERSION:
            raise ValueError(f"version: expected {SNAPSHOT_VERSION}, was {saved.version}")
        exchange = cls.__new__(cls)
        exchange._start(saved.instruments, Memory(saved.capacity, saved.block), list(saved.accounts))
        exchange.now_ns = saved.now_ns
        return exchange


class Snapshot(msgspec.Struct, frozen=True, array_like=True):
    """What `Exchange.snapshot` stores."""

    version: int
    instruments: tuple[Instrument, ...]
    accounts: tuple[AccountId, ...]
    now_ns: int
    capacity: Capacity
    block: bytes


def _refusal(command: Command, ts_ns: int, account: int) -> OrderEvent:
    """Return the refusal of a command whose account or instrument does not exist."""
    reason = Reason.UNKNOWN_INSTRUMENT if account >= 0 else Reason.UNKNOWN_ACCOUNT
    name = command.instrument_id or InstrumentId("")
    if isinstance(command, CancelAll):
        return CancelRejected(command.account_id, name, ClientOrderId(0), ts_ns, ts_ns, reason)
    refused: type[OrderRejected] | type[ModifyRejected] | type[CancelRejected] = CancelRejected
    if isinstance(command, SubmitOrder):
        refused = OrderRejected
    elif isinstance(command, ModifyOrder):
        refused = ModifyRejected
    return refused(command.account_id, name, command.client_order_id, ts_ns, ts_ns, reason)


def _side(side: SideLike) -> Side:
    if isinstance(side, Side):
        return side
    if side not in _SIDES:
        raise ValueError(f"side: expected 'buy' or 'sell', was {side!r}")
    return _SIDES[side]


def _power_of_two(least: int) -> int:
    return 1 << (least - 1).bit_length()
