"""The engine and its slow twin side by side, fed the same commands."""

from __future__ import annotations

from exchange_sim.engine.exchange import Exchange
from exchange_sim.model.enums import EventKind, Side
from exchange_sim.model.instrument import Instrument
from tests.engine.validation import check_tables
from tests.reference.exchange import Command, Event, Order, ReferenceExchange

UNKNOWN_SEQUENCE = 1 << 20
"""A sequence number that no stream reaches."""
_SLOT_BITS = 24

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


class Pair:
    """Executes each command on both and compares all that can be seen from outside."""

    def __init__(self, accounts: int = 4) -> None:
        self.engine = Exchange(INSTRUMENTS)
        for number in range(accounts):
            self.engine.open_account(f"account-{number}")
        self.twin = ReferenceExchange(INSTRUMENTS, accounts)
        self._ids: dict[int, int] = {}
        self._now_ns = 0
        self.kinds: set[tuple[int, int]] = set()

    def apply(self, command: Command) -> list[Event]:
        """Execute one command on both; fail where events or state differ."""
        expected = self.twin.apply(command)
        assert self._engine_events(command) == expected
        self.kinds.update((event.kind, event.code) for event in expected)
        self.compare_state()
        return expected

    def fields(self, command: Command) -> tuple[int, ...]:
        """Return the integers of a command for the engine, in the order of `Exchange.execute`."""
        order_id = self._ids.get(command.order, command.order << _SLOT_BITS)
        return (
            self._now_ns, command.kind, command.account, command.instrument, command.side,
            command.order_type, command.time_in_force, command.post_only, command.stp, command.price,
            command.quantity, command.client, order_id,
        )  # fmt: skip

    def _engine_events(self, command: Command) -> list[Event]:
        self._now_ns += 7
        assert self.engine.execute(*self.fields(command)) == 0
        events = []
        for row in self.engine.take_events().tolist():
            ts_ns, order_id, client, price, quantity, leaves, fee, account, instrument, kind, code = row
            assert ts_ns == self._now_ns
            if kind == EventKind.ACCEPTED:
                self._ids[order_id >> _SLOT_BITS] = order_id
            order = order_id >> _SLOT_BITS
            events.append(Event(kind, code, account, instrument, order, client, price, quantity, leaves, fee))
        return events

    def compare_state(self) -> None:
        """Compare queues, prices, positions, balances and fees; check conservation."""
        engine, twin = self.engine, self.twin
        memory = engine._memory
        for number, book in enumerate(twin.books):
            name, row = INSTRUMENTS[number].instrument_id, memory.instruments[number]
            for side in Side:
                listed = [_listed(order) for order in book.by_priority(side)]
                assert [_seen(order) for order in engine.queue_rows(name, side).tolist()] == listed
                best = "best_bid_ticks" if side is Side.BUY else "best_ask_ticks"
                assert row[best] == book.best(side)
            state = (row["last_ticks"], row["mark_ticks"], row["volume_lots"], row["trades"])
            assert state == (book.last, book.mark, book.volume, book.trades)
            for account, holdings in enumerate(twin.holdings):
                held, position = holdings[number], memory.positions[account, number]
                expected = (
                    held.lots, held.cost, held.realized, held.fees, held.volume, held.maker, held.fills
                )  # fmt: skip
                fields = ("lots", "cost_atoms", "realized_atoms", "fees_atoms", "volume_atoms", "maker_atoms")
                assert tuple(position[[*fields, "fills"]].tolist()) == expected
        assert memory.balances[: len(twin.balances)].tolist() == twin.balances
        assert memory.fees.tolist() == twin.fees
        assert memory.deposits.tolist() == twin.deposits
        twin.check_conservation()
        engine.check_conservation()

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
    )


def _seen(row: tuple[int, ...]) -> tuple[int, ...]:
    return (row[0] >> _SLOT_BITS, *row[1:6], row[7])
