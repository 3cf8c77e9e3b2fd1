"""Between the exchange's rows and an account's messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from exchange_sim.engine.command_rows import pack_command
from exchange_sim.engine.rare_events import RARE_EVENTS, RareDecoder
from exchange_sim.model.commands import Command
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
from exchange_sim.model.ids import AccountId, InstrumentId
from exchange_sim.model.market import Bar, BookSnapshot, Quote, Trade

BOOK_HEADER_WORDS = 3

_SIDES = (Side.BUY, Side.SELL)
_LIQUIDITIES = (Liquidity.TAKER, Liquidity.MAKER)
_REASONS = {int(reason): reason for reason in Reason}

Row = tuple[int, ...]


class CommandPacker:
    """Turns commands of one account into COMMAND rows."""

    __slots__ = ("_account", "_instruments")

    def __init__(self, account: int, instruments: Sequence[InstrumentId]) -> None:
        self._account = account
        self._instruments = {name: number for number, name in enumerate(instruments)}

    def pack(self, arrival_ns: int, command: Command) -> bytes:
        """Return the row of a command that arrives at `arrival_ns`."""
        name = command.instrument_id
        number = -1 if name is None else self._instruments[name]
        return pack_command(arrival_ns, self._account, number, command)


class RowDecoder:
    """Turns rows that the exchange published into one account's messages."""

    __slots__ = ("_account_id", "events", "instruments")

    def __init__(self, account_id: AccountId, instruments: Sequence[InstrumentId]) -> None:
        self._account_id = account_id
        self.instruments = tuple(instruments)
        self.events: dict[int, Callable[[Row, int], ExchangeEvent]] = {
            **{kind: self._rare(decoder) for kind, decoder in RARE_EVENTS.items()},
            int(EventKind.ACCEPTED): self._accepted,
            int(EventKind.REJECTED): self._refusal(OrderRejected),
            int(EventKind.FILLED): self._filled,
            int(EventKind.CANCELED): self._ending(OrderCanceled),
            int(EventKind.EXPIRED): self._ending(OrderExpired),
            int(EventKind.MODIFIED): self._modified,
            int(EventKind.CANCEL_REJECTED): self._refusal(CancelRejected),
            int(EventKind.MODIFY_REJECTED): self._refusal(ModifyRejected),
        }
        """By the kind in column 9 of an ORDER_EVENT row."""

    def event(self, row: Row, received_ns: int) -> ExchangeEvent:
        """Return an event of the account from an ORDER_EVENT row."""
        return self.events[row[9]](row, received_ns)

    def trade(self, row: Row, received_ns: int) -> Trade:
        ts_ns, trade_id, price, lots, number, aggressor = row
        name = self.instruments[number]
        return Trade(name, ts_ns, received_ns, trade_id, price, lots, _SIDES[aggressor])  # type: ignore[arg-type]

    def quote(self, row: Row, received_ns: int) -> Quote:
        ts_ns, bid, bid_lots, ask, ask_lots, number = row
        return Quote(self.instruments[number], ts_ns, received_ns, bid, bid_lots, ask, ask_lots)

    def bar(self, row: Row, received_ns: int) -> Bar:
        opened_ns, interval_ns, first, high, low, close, lots, trades, number = row
        return Bar(
            self.instruments[number],
            opened_ns + interval_ns,
            received_ns,
            interval_ns,
            opened_ns,
            first,
            high,
            low,
            close,
            lots,
            trades,
        )

    def book(self, row: Row, received_ns: int, depth: int) -> BookSnapshot:
        """Return the best `depth` levels of a snapshot row; empty levels are left out."""
        ask_start = (len(row) + BOOK_HEADER_WORDS) // 2
        return BookSnapshot(
            self.instruments[row[2]],
            row[0],
            received_ns,
            _levels(row, BOOK_HEADER_WORDS, min(BOOK_HEADER_WORDS + 2 * depth, ask_start)),
            _levels(row, ask_start, min(ask_start + 2 * depth, len(row))),
        )

    def _accepted(self, row: Row, received_ns: int) -> OrderAccepted:
        ts_ns, order_id, client_id, price, lots, _, _, _, number, _, code, _ = row
        return OrderAccepted(
            self._account_id,
            self.instruments[number],
            client_id,  # type: ignore[arg-type]  # rows hold plain integers
            ts_ns,
            received_ns,
            order_id,  # type: ignore[arg-type]
            _SIDES[code],
            price,
            lots,
        )

    def _filled(self, row: Row, received_ns: int) -> OrderFilled:
        ts_ns, order_id, client_id, price, lots, leaves, fee, _, number, _, code, trade_id = row
        return OrderFilled(
            self._account_id,
            self.instruments[number],
            client_id,  # type: ignore[arg-type]  # rows hold plain integers
            ts_ns,
            received_ns,
            order_id,  # type: ignore[arg-type]
            trade_id,  # type: ignore[arg-type]
            _SIDES[code & 1],
            price,
            lots,
            leaves,
            fee,
            _LIQUIDITIES[code >> 1],
        )

    def _modified(self, row: Row, received_ns: int) -> OrderModified:
        ts_ns, order_id, client_id, price, lots, leaves, _, _, number, _, _, _ = row
        return OrderModified(
            self._account_id,
            self.instruments[number],
            client_id,  # type: ignore[arg-type]  # rows hold plain integers
            ts_ns,
            received_ns,
            order_id,  # type: ignore[arg-type]
            price,
            lots,
            leaves,
        )

    def _ending(
        self, made: type[OrderCanceled | OrderExpired]
    ) -> Callable[[Row, int], OrderCanceled | OrderExpired]:
        account_id, instruments = self._account_id, self.instruments

        def decode(row: Row, received_ns: int) -> OrderCanceled | OrderExpired:
            return made(
                account_id,
                instruments[row[8]],
                row[2],  # type: ignore[arg-type]  # rows hold plain integers
                row[0],
                received_ns,
                row[1],  # type: ignore[arg-type]
                row[5],
                _REASONS[row[10]],
            )

        return decode

    def _refusal(
        self, made: type[OrderRejected | CancelRejected | ModifyRejected]
    ) -> Callable[[Row, int], OrderRejected | CancelRejected | ModifyRejected]:
        account_id, instruments = self._account_id, self.instruments

        def decode(row: Row, received_ns: int) -> OrderRejected | CancelRejected | ModifyRejected:
            name = instruments[row[8]] if row[8] >= 0 else InstrumentId("")
            return made(account_id, name, row[2], row[0], received_ns, _REASONS[row[10]])  # type: ignore[arg-type]

        return decode

    def _rare(self, decoder: RareDecoder) -> Callable[[Row, int], ExchangeEvent]:
        account_id, instruments = self._account_id, self.instruments

        def decode(row: Row, received_ns: int) -> ExchangeEvent:
            name = instruments[row[8]] if row[8] >= 0 else InstrumentId("")
            return decoder(account_id, name, row, received_ns)

        return decode


def _levels(row: Row, start: int, end: int) -> tuple[tuple[int, int], ...]:
    return tuple((row[i], row[i + 1]) for i in range(start, end, 2) if row[i + 1])
