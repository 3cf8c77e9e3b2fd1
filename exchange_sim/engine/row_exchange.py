"""The exchange for rows and integers: accounts, array calls, growth, snapshots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt

from exchange_sim.engine.accounting import assets_of
from exchange_sim.engine.command_rows import plain_row
from exchange_sim.engine.core import (
    DONE,
    NEED_CODE,
    NEED_EVENTS,
    NEED_LADDER,
    NEED_ORDERS,
    SPARE_EVENTS,
    row_entry,
    run_batch,
    single_entry,
)
from exchange_sim.engine.decoding import EventReader
from exchange_sim.engine.layout import COMMAND, EVENT, LADDER_LEVELS, MAXIMUM_DEPOSITS_ATOMS, ORDERS_MAXIMUM
from exchange_sim.engine.margin import HELD_BY_SPOT, WATCHED
from exchange_sim.engine.memory import Capacity, Memory
from exchange_sim.engine.queries import ExchangeView
from exchange_sim.engine.recorder import Recorder
from exchange_sim.engine.rule_rows import write_rules, write_tiers
from exchange_sim.engine.snapshots import decode_snapshot, encode_snapshot
from exchange_sim.model.enums import CommandKind
from exchange_sim.model.events import ExchangeEvent
from exchange_sim.model.ids import AccountId
from exchange_sim.model.instrument import ASSET_SCALE, MAXIMUM_NOTIONAL_ATOMS, MAXIMUM_TICKS, Instrument
from exchange_sim.model.rules import ExchangeRules

_DEPOSIT, _SET_MARK = int(CommandKind.DEPOSIT), int(CommandKind.SET_MARK)
_ACCOUNTS, _ORDERS, _EVENTS = 16, 1024, 8192
_HEAD, _TAIL = 0, 1
_WORDS = np.dtype("<i8")
_TERMS = (
    *("atoms_per_tick_lot", "minimum_notional_atoms", "maximum_order_lots"),
    *(
        "maker_fee_ppm",
        "taker_fee_ppm",
        "initial_margin_ppm",
        "is_spot",
        "base_atoms_per_lot",
        "price_band_ppm",
    ),
    *("maximum_open_orders", "maximum_waiting_orders", "basis_smoothing_ppm", "basis_limit_ppm"),
    *("interest_ppb", "funding_limit_ppb", "liquidation_fee_ppm"),
)
"""Fields of an instrument that the engine keeps."""

Number = Decimal | str | int
"""Amounts, prices and quantities for people: exact, so no float."""


class RowExchange(ExchangeView):
    """The half of `Exchange` that knows neither command objects nor decimal prices; see there."""

    def __init__(self, instruments: Sequence[Instrument], rules: ExchangeRules = ExchangeRules()) -> None:  # noqa: B008 - immutable
        if not instruments:
            raise ValueError("instruments: expected at least one, was none")
        names = [each.instrument_id for each in instruments]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"instruments: expected different ids, was {name!r} twice")
        assets = assets_of(instruments)
        levels = (LADDER_LEVELS,) * len(names)
        memory = Memory(Capacity(len(names), len(assets), _ACCOUNTS, _ORDERS, _EVENTS, levels))
        for row, instrument in zip(memory.instruments, instruments, strict=True):
            row["settle"] = assets.index(instrument.settle)
            row["base"] = assets.index(instrument.base) if instrument.is_spot else 0
            row["fee_in_quote"] = instrument.fee_asset == "quote"
            row["mark_follows_index"] = instrument.mark == "index"
            row["tiers"] = len(instrument.tiers)
            row["maximum_tick_lots"] = MAXIMUM_NOTIONAL_ATOMS // instrument.atoms_per_tick_lot
            for field in _TERMS:
                row[field] = getattr(instrument, field)
            row["links"] = _links(instrument, instruments)
        for number, instrument in enumerate(instruments):
            write_tiers(memory.tiers[number], instrument.tiers)
        write_rules(memory, rules, instruments)
        self._start(instruments, memory, [], rules)

    recorder: Recorder | None = None
    """Takes down what is executed, see `exchange_sim.engine_journal`."""

    def _start(
        self,
        instruments: Sequence[Instrument],
        memory: Memory,
        accounts: list[AccountId],
        rules: ExchangeRules,
    ) -> None:
        super().__init__(instruments, memory, accounts)
        self.rules = rules
        self._run = single_entry()
        self._run_row = row_entry()
        place = np.zeros(COMMAND.itemsize, np.uint8)
        self._row, self._row_address = place.data, place.ctypes.data
        self._reader = EventReader(memory, self._account_names, self._instrument_names)
        self._words = memory.words

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
        settle = 0
        if deposit is not None or deposit_atoms:
            settle = self.asset_index(asset)
            deposit_atoms = self._checked_deposit(deposit, deposit_atoms, settle)
        if self.recorder is not None:
            self.recorder.opened(account_id)
        number = len(self._account_names)
        if number == self._memory.capacity.accounts:
            self._resize(accounts=2 * number)
        self._account_names.append(AccountId(account_id))
        self._account_numbers[AccountId(account_id)] = number
        self._memory.header["accounts"] = number + 1
        if deposit_atoms:
            self._execute(self.now_ns, _DEPOSIT, number, settle, 0, 0, 0, 0, 0, 0, deposit_atoms, 0, 0)
        return number

    def deposit(
        self, account_id: str, amount: Number | None = None, *, atoms: int = 0, asset: str | None = None
    ) -> None:
        """Add money to an account: `amount` in units of the asset, or `atoms`.

        Raises
        ------
        ValueError
            The sum is not positive, not whole in atoms, or lifts all deposits above 2**62 atoms.
        """
        settle, account = self.asset_index(asset), self.account_index(account_id)
        atoms = self._checked_deposit(amount, atoms, settle)
        self._execute(self.now_ns, _DEPOSIT, account, settle, 0, 0, 0, 0, 0, 0, atoms, 0, 0)

    def _checked_deposit(self, amount: Number | None, atoms: int, settle: int) -> int:
        if amount is not None:
            scaled = Decimal(amount).scaleb(ASSET_SCALE)
            if not scaled.is_finite() or scaled != scaled.to_integral_value():
                raise ValueError(f"deposit: expected a whole number of 1e-{ASSET_SCALE}, was {amount}")
            atoms = int(scaled)
        most = MAXIMUM_DEPOSITS_ATOMS - int(self._memory.deposits[settle])
        if not 1 <= atoms <= most:
            raise ValueError(f"deposit: expected 1 to {most} atoms, was {atoms}")
        return atoms

    def set_mark(self, instrument_id: str, price_ticks: int) -> None:
        """Value positions at this price from now on; 0 returns to the last trade.

        Raises
        ------
        ValueError
            The price is out of range.
        """
        index = self.instrument_index(instrument_id)
        highest = min(MAXIMUM_TICKS, MAXIMUM_NOTIONAL_ATOMS // self.instruments[index].atoms_per_tick_lot)
        if not 0 <= price_ticks <= highest:
            raise ValueError(f"price_ticks: expected 0 to {highest}, was {price_ticks}")
        self._execute(self.now_ns, _SET_MARK, -1, index, 0, 0, 0, 0, 0, price_ticks, 0, 0, 0)

    def _execute(self, *fields: int) -> list[ExchangeEvent]:
        """Execute one command, whatever has to grow for it, and take its events from the ring."""
        return self._execute_with(self._run, fields, None)

    def _execute_row(self, row: bytes) -> list[ExchangeEvent]:
        """Do the same for the bytes of a COMMAND row."""
        self._row[:] = row
        return self._execute_with(self._run_row, (self._row_address,), row)

    def _execute_with(
        self, run: Callable[..., int], arguments: tuple[int, ...], row: bytes | None
    ) -> list[ExchangeEvent]:
        recorder = self.recorder
        if recorder is not None:
            recorder.check()
            row = row or plain_row(arguments)
        first = self._words[_HEAD]
        while (status := run(self._memory.address, *arguments)) != DONE:
            self.grow(status)
        words = self._words
        end = words[_HEAD]
        if recorder is not None:
            recorder.record_one(cast("bytes", row), self._ring_bytes(first, end))
        if words[_TAIL] == first:
            words[_TAIL] = end
        return self._reader.read(first, end)

    def _ring_bytes(self, first: int, end: int) -> bytes:
        """Return the EVENT rows numbered `first` to `end`, which are in the ring."""
        ring = self._memory.events
        return b"".join(ring[number % len(ring)].tobytes() for number in range(first, end))

    def apply(self, commands: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Execute COMMAND rows in order and return the EVENT rows that were not taken before."""
        rows = np.ascontiguousarray(commands, COMMAND)
        count, done = len(rows), 0
        pieces = []
        if self.recorder is not None:
            self.recorder.check()
        old = self._unread()
        while done < count:
            # Most commands write one or two events; what sweeps the book must fit in any case.
            room = self._unread() + 2 * (count - done) + self._most_events()
            events = np.empty(room, EVENT)
            self._copy_unread(events)
            done = run_batch(self._memory.address, rows.ctypes.data, done, count, events.ctypes.data, room)
            # A view: to give the unused rows back would cost the allocator more than it saves.
            pieces.append(events[: self._unread()])
            self._words[_TAIL] = self._words[_HEAD]
            status = int(self._memory.header["status"])
            if status not in {DONE, NEED_EVENTS}:
                self.grow(status)
        if count:
            self.now_ns = int(rows["ts_ns"][-1])
        written = pieces[0] if len(pieces) == 1 else np.concatenate([np.empty(0, EVENT), *pieces])
        if self.recorder is not None and count:
            self.recorder.record(rows, written[old:])
        return written

    def _most_events(self) -> int:
        """Return how many events one command or one of its consequences may write."""
        slices = int(self._memory.instruments["hidden_slices"].sum())
        return 5 * (self.open_order_count + slices) + 2 * len(self._account_names) + SPARE_EVENTS

    @property
    def event_count(self) -> int:
        """Events ever written."""
        return self._words[_HEAD]

    @property
    def unread_count(self) -> int:
        """Events written and not taken yet."""
        return self._unread()

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
        `take_events`. Returns 0, or `NEED_EVENTS` where the ring is full: then nothing was done. An exchange
        that is recorded enlarges the ring instead.
        """
        recorder, row = self.recorder, b""
        if recorder is not None:
            recorder.check()
            row = plain_row(fields)
        first = self._words[_HEAD]
        status: int = self._run(self._memory.address, *fields)
        while status != DONE and (
            status != NEED_EVENTS or recorder is not None or self._words[_HEAD] == self._words[_TAIL]
        ):
            self.grow(status)
            status = self._run(self._memory.address, *fields)
        self.now_ns = fields[0]
        if recorder is not None and status == DONE:
            recorder.record_one(row, self._ring_bytes(first, self._words[_HEAD]))
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
            wanted = self._unread() + self._most_events()
            if wanted > capacity.events:
                self._resize(events=_power_of_two(wanted))
        elif status == NEED_CODE:
            self._memory.connect()
        elif status == NEED_ORDERS:
            self._resize(orders=min(2 * capacity.orders, ORDERS_MAXIMUM))
        elif status == NEED_LADDER:
            levels = list(capacity.levels)
            levels[int(header["need_instrument"])] = _power_of_two(int(header["need_levels"]))
            self._resize(levels=tuple(levels))
        else:
            raise ValueError(f"status: expected one of the NEED constants, was {status}")

    @property
    def order_capacity(self) -> int:
        """Order slots; an order's slot is below it."""
        return self._memory.capacity.orders

    @property
    def event_capacity(self) -> int:
        """Rows of the event ring."""
        return self._memory.capacity.events

    def reserve_events(self, rows: int) -> None:
        """Make the event ring hold at least `rows` rows. Addresses change where it grows."""
        if rows > self._memory.capacity.events:
            self._resize(events=_power_of_two(rows))

    def _resize(self, **wanted: Any) -> None:
        self._memory.grow(**wanted)
        self._words = self._memory.words
        self._reader.attach(self._memory)

    def snapshot(self) -> bytes:
        """Return everything, for `restore` in this or another process.

        Exchanges that executed the same commands, however these were cut into calls, and have the same events
        unread give the same bytes. To be called between commands only.
        """
        return encode_snapshot(
            self._memory, self.instruments, self.rules, tuple(self._account_names), self.now_ns
        )

    @classmethod
    def restore(cls, payload: bytes) -> Self:
        """Return the exchange of a snapshot: an independent copy that continues equally.

        Raises
        ------
        SnapshotError
            The bytes are no snapshot, or one of another version.
        """
        saved = decode_snapshot(payload)
        exchange = cls.__new__(cls)
        exchange._start(  # noqa: SLF001 - a constructor of this class
            saved.instruments, Memory(saved.capacity, saved.parts), list(saved.accounts), saved.rules
        )
        exchange.now_ns = saved.now_ns
        return exchange


def _links(instrument: Instrument, others: Sequence[Instrument]) -> int:
    """Return what other instruments do with the assets of this one."""
    watched = any(other.tiers and other.settle in instrument.assets for other in others)
    held = any(other.is_spot and instrument.settle in other.assets for other in others)
    return watched * WATCHED | held * HELD_BY_SPOT


def _power_of_two(least: int) -> int:
    return 1 << (least - 1).bit_length()
