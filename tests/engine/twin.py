"""The engine and its slow twin side by side, fed the same commands."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from exchange_sim.engine.decoding import EVENT_STRUCT
from exchange_sim.engine.exchange import Exchange
from exchange_sim.engine.layout import COMMAND_BYTES
from exchange_sim.model.enums import EventKind, Side
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.rules import ExchangeRules
from tests.engine.validation import check_tables
from tests.reference.exchange import Command, Event, ReferenceExchange
from tests.reference.records import RESTING, Order

UNKNOWN_SEQUENCE = 1 << 20
"""A sequence number that no stream reaches."""
_SLOT_BITS = 24
_ROW = struct.Struct("<5qih6Biq7q3B5x")
_ACCEPTED = int(EventKind.ACCEPTED)
_WAITING_FLAG = 1 << 5

INSTRUMENTS = (
    Instrument.linear("AAA/USD:USD", tick_size="0.25", lot_size="0.2"),
    Instrument.linear(
        "BBB/USD:USD", tick_size="0.5", lot_size="0.1", maker_fee_ppm=-37, taker_fee_ppm=511,
        initial_margin_ppm=333_333, minimum_notional="25", maximum_order_lots=90,
    ),
    Instrument.linear(
        "CCC/EUR:EUR", tick_size="0.0001", lot_size="0.0007", maker_fee_ppm=99_999, taker_fee_ppm=100_000,
        initial_margin_ppm=1, minimum_notional="0.000001",
    ),
)  # fmt: skip
"""Two that share collateral and one that does not, with rebate, odd fees, tight margin and odd sizes."""

_POSITION_FIELDS = (
    *("lots", "cost_atoms", "realized_atoms", "fees_atoms", "volume_atoms", "maker_atoms", "fills"),
    *("margin_atoms", "funding_atoms", "isolated", "initial_ppm"),
)
_INSTRUMENT_FIELDS = (
    *("best_bid_ticks", "best_ask_ticks", "last_ticks", "mark_ticks", "index_ticks", "volume_lots"),
    *("trades", "state", "basis", "premium_sum_ppb", "premium_count", "waiting_orders"),
)


class DifferenceError(AssertionError):
    """Engine and twin differ: the command, what the twin has and what the engine has."""

    def __init__(self, command: Command, what: str, expected: object, was: object) -> None:
        super().__init__(f"{what} after {command}: expected {expected}, was {was}")
        self.command, self.what, self.expected, self.was = command, what, expected, was


class Pair:
    """Executes each command on both; compares events always, the state when asked.

    `kinds` counts event kinds and codes.
    """

    def __init__(
        self,
        accounts: int = 4,
        instruments: Sequence[Instrument] = INSTRUMENTS,
        rules: ExchangeRules = ExchangeRules(),  # noqa: B008 - immutable
    ) -> None:
        self.engine = Exchange(instruments, rules)
        for number in range(accounts):
            self.engine.open_account(f"account-{number}")
        self.twin = ReferenceExchange(instruments, accounts, rules)
        self.kinds: dict[tuple[int, int], int] = {}
        self._ids: dict[int, int] = {}
        self._now_ns = 0
        self._row = bytearray(COMMAND_BYTES)
        self._row_address = np.frombuffer(self._row, np.uint8).ctypes.data
        self._attach()

    def _attach(self) -> None:
        memory = self.engine._memory
        self._address, self._words = memory.address, memory.words
        self._events = memory.events.view(np.uint8).data
        self._mask = memory.capacity.events - 1

    def apply(self, command: Command) -> list[Event]:
        """Execute one command on both; fail where events or, in the twin, money differ."""
        command = self._timed(command)
        expected = self.twin.apply(command)
        was = self.engine_events(command)
        if was != expected:
            raise DifferenceError(command, "events", expected, [Event(*event) for event in was])
        kinds = self.kinds
        for event in expected:
            kinds[event[9:]] = kinds.get(event[9:], 0) + 1  # type: ignore[index]
        self.twin.check_conservation()
        return expected

    def _timed(self, command: Command) -> Command:
        """Return the command at its time; without one it comes 7 ns after the one before."""
        self._now_ns = command.ts or self._now_ns + 7
        return command if command.ts else command._replace(ts=self._now_ns)

    def fields(self, command: Command) -> tuple[int, ...]:
        """Return the integers of a plain command for the engine, in the order of `Exchange.execute`."""
        return (
            self._now_ns, command.kind, command.account, command.instrument, command.side,
            command.order_type, command.time_in_force, command.post_only, command.stp, command.price,
            command.quantity, command.client, self._order_id(command.order),
        )  # fmt: skip

    def _order_id(self, sequence: int) -> int:
        return self._ids.get(sequence, sequence << _SLOT_BITS) if sequence else 0

    def row(self, c: Command) -> bytes:
        """Return a command as a COMMAND row."""
        return _ROW.pack(
            c.ts, c.client, self._order_id(c.order), c.price, c.quantity, c.account, c.instrument, c.kind,
            c.side, c.order_type, c.time_in_force, c.post_only, c.stp, 0, 1 if any(c[13:]) else 0, c.trigger,
            c.display, c.expire, c.trail, c.stop_loss, c.take_profit, c.linked, c.source, c.reduce_only,
            c.close_position,
        )  # fmt: skip

    def engine_events(self, command: Command) -> list[tuple[int, ...]]:
        """Execute a command in the engine only; return its events with sequence numbers for order ids."""
        self._row[:] = self.row(command)
        first = self._words[0]
        while status := self.engine._run_row(self._address, self._row_address):
            self.engine.grow(status)
            self._attach()
        words = self._words
        head = words[0]
        events = []
        for number in range(words[1], head):
            row = EVENT_STRUCT.unpack_from(self._events, (number & self._mask) * EVENT_STRUCT.size)
            if row[9] == _ACCEPTED:
                self._ids[row[1] >> _SLOT_BITS] = row[1]
            events.append((row[0], row[1] >> _SLOT_BITS, *row[2:]))
        assert words[1] == first
        words[1] = head
        return events

    def compare_state(self) -> None:
        """Compare queues, waiting orders, prices, positions, balances and fees; check conservation."""
        command = Command(0, ts=self._now_ns)
        for what, expected, was in self.states():
            if expected != was:
                raise DifferenceError(command, what, expected, was)
        self.twin.check_conservation()
        self.engine.check_conservation()

    def states(self) -> list[tuple[str, Any, Any]]:
        """Return all that there is to compare, named: the twin's, then the engine's."""
        engine, twin, memory = self.engine, self.twin, self.engine._memory
        accounts = len(twin.accounts)
        found: list[tuple[str, Any, Any]] = []
        rows = memory.instruments
        for book, name in zip(twin.books, engine._instrument_names, strict=True):
            for side in Side:
                listed = [_listed(order) for order in book.sides[side]]
                seen = [_seen(order) for order in engine.queue_rows(name, side).tolist()]
                found.append((f"{name} {side.name} queue", listed, seen))
            state = (
                book.sides[0].best, book.sides[1].best, book.last, book.mark, book.index, book.volume,
                book.trades, int(book.state), book.basis, book.premium_sum, book.premium_count,
                len(book.waiting),
            )  # fmt: skip
            found.append((name, state, tuple(int(rows[field][book.number]) for field in _INSTRUMENT_FIELDS)))
        expected = [
            [
                (
                    each.lots, each.cost, each.realized, each.fees, each.volume, each.maker, each.fills,
                    each.margin, each.funding, int(each.isolated),
                    -(-1_000_000 // each.leverage) if each.leverage else 0,
                )
                for each in account.holdings
            ]
            for account in twin.accounts
        ]  # fmt: skip
        columns = [memory.positions[:accounts][field].tolist() for field in _POSITION_FIELDS]
        was = [list(zip(*each, strict=True)) for each in zip(*columns, strict=True)]
        found.append(("positions", expected, was))
        balances = [account.balances for account in twin.accounts]
        found.append(("balances", balances, memory.balances[:accounts].tolist()))
        found += [
            (name, getattr(twin, name), getattr(memory, name).tolist())
            for name in ("fees", "deposits", "insurance")
        ]
        found.append(("holds", self._holds(), memory.held[:accounts].tolist()))
        found.append(("waiting orders", *self._waiting()))
        found.append(("accepted orders", twin.sequence, int(memory.header["sequence"])))
        return found

    def _holds(self) -> list[list[int]]:
        return [
            [self.twin.held(account, asset) for asset in range(len(self.twin.assets))]
            for account in self.twin.accounts
        ]

    def _waiting(self) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
        memory = self.engine._memory
        expected = [
            (
                order.sequence, order.client, order.account, order.instrument, order.side, order.price,
                order.quantity, order.trigger, order.trail, order.source, order.reduce_only,
            )
            for order in self.twin.entered.values() if order.state != RESTING
        ]  # fmt: skip
        flags = memory.orders["flags"]
        places = np.flatnonzero((memory.orders["order_id"] != 0) & (flags & _WAITING_FLAG != 0))
        found = []
        for order, terms in zip(memory.orders[places], memory.terms[places], strict=True):
            names = ("client_order_id", "account", "instrument", "side", "price_ticks", "quantity_lots")
            own = tuple(int(order[name]) for name in names)
            more = ("trigger_ticks", "trail_ticks", "trigger_source", "reduce_only")
            found.append((int(order["order_id"]) >> _SLOT_BITS, *own, *(int(terms[name]) for name in more)))
        return expected, sorted(found)

    def check_tables(self) -> None:
        check_tables(self.engine)


def _listed(order: Order) -> tuple[int, ...]:
    return (
        order.sequence,
        order.client,
        order.price,
        order.leaves,
        order.quantity,
        order.account,
        order.side,
        order.shown,
    )


def _seen(row: tuple[int, ...]) -> tuple[int, ...]:
    return (row[0] >> _SLOT_BITS, *row[1:6], row[7], row[9])
