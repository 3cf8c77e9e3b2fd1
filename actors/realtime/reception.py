"""The market's side of outside accounts: what came in enters at edges of slices, what they hear goes out."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import msgspec

from actors.host import AccountHost
from actors.realtime.line import Line
from actors.realtime.server import Asked, Joined, Word
from actors.realtime.trader import OutsideTrader
from actors.realtime.wire import Welcome
from exchange_sim.model.codec import encode_commands
from exchange_sim.model.commands import CancelAll, Command
from exchange_sim.model.events import ExchangeEvent
from exchange_sim.model.ids import AccountId, AssetId, ClientOrderId, InstrumentId
from exchange_sim.model.market import MarketData
from exchange_sim.ports import AccountSnapshot, Holding, OpenOrder, Steering

ENTER = "enter"
SLICE_COMMANDS = 25
"""Commands of an account that enter in one slice; the others wait. So many cost the market about a
millisecond, and at no speed are they enough to count as a bot that stops time."""


class OutsideReport(msgspec.Struct, frozen=True, kw_only=True):
    """Of an outside account: how often somebody joined, how many commands came and messages went."""

    name: str
    joined: int
    commands: int
    messages: int


class Seat:
    """An outside account, and whoever has its line now."""

    def __init__(self, host: AccountHost, trader: OutsideTrader) -> None:
        self.host = host
        self.line: Line | None = None
        self._trader = trader
        self._heard: list[ExchangeEvent | MarketData] = []
        self._waiting: deque[tuple[Line, Command]] = deque()
        self._joined = self._commands = self._messages = 0

    @property
    def report(self) -> OutsideReport:
        return OutsideReport(
            name=self.host.account_id,
            joined=self._joined,
            commands=self._commands,
            messages=self._messages,
        )

    def join(self, line: Line, now_ns: int, speed: float) -> None:
        """Let somebody have the account; whoever had it has it no longer."""
        host = self.host.host
        if host.disqualified or host.stopped:
            line.dismiss(f"the account has ended: {host.disqualified or 'stopped'}")
            return
        if self.line is not None:
            self.line.dismiss("another connection has taken the account over")
        self._joined += 1
        self.line = line
        self._heard.clear()
        self._trader.listen(self._heard.append, line.topics)
        next_id = host.desk.next_client_order_id
        line.next_client_order_id = next_id
        instruments = tuple(host.context.instruments.values())
        snapshot = snapshot_of(self.host)
        line.answer(Welcome(host.account_id, now_ns, speed, instruments, snapshot, ClientOrderId(next_id)))

    def leave(self, line: Line) -> None:
        """Note that a connection is gone; one that was taken over means nothing any more."""
        if self.line is line:
            self.line = None
            self._trader.listen(None, ())
            self._heard.clear()
            if line.cancels:
                self._waiting.append((line, CancelAll(AccountId(self.host.account_id))))

    def ask(self, line: Line, commands: tuple[Command, ...]) -> None:
        """Let commands wait until they may enter."""
        self._waiting.extend((line, command) for command in commands)

    def draw(self) -> list[Command]:
        """Return, once, the commands that may enter now."""
        drawn: list[Command] = []
        while self._waiting and len(drawn) < SLICE_COMMANDS:
            line, command = self._waiting.popleft()
            line.take(1)
            drawn.append(command)
        self._commands += len(drawn)
        return drawn

    def tell(self, now_ns: int) -> None:
        """Send what was heard; end the connection of an account that has ended."""
        line = self.line
        if line is None:
            return
        if self._heard:
            self._messages += len(self._heard)
            line.tell(now_ns, self._heard)
            self._heard.clear()
        if self.host.disqualified:
            line.dismiss(f"the account was taken out: {self.host.disqualified}")
            self.leave(line)


class Reception:
    """All outside accounts of a market in this process.

    Parameters
    ----------
    hosts
        All accounts, by their numbers in the exchange.
    speed
        Of the market; clients are told.
    """

    def __init__(self, hosts: Mapping[int, AccountHost], speed: float) -> None:
        self._speed = speed
        self._words: deque[Word] = deque()
        self.post = self._words.append
        """Takes words from the network's thread."""
        self.seats: dict[int, Seat] = {}
        for number, host in hosts.items():
            trader = host.host.strategy
            if isinstance(trader, OutsideTrader):
                self.seats[number] = Seat(host, trader)
        self._by_name = {str(seat.host.account_id): seat for seat in self.seats.values()}

    @property
    def connected(self) -> int:
        """Accounts that somebody trades now."""
        return sum(seat.line is not None for seat in self.seats.values())

    @property
    def reports(self) -> tuple[OutsideReport, ...]:
        return tuple(seat.report for seat in self.seats.values())

    def traded(self, name: str) -> frozenset[InstrumentId]:
        """Return the instruments that an outside account trades."""
        return frozenset(self._by_name[name].host.host.context.instruments)

    def take(self, now_ns: int) -> list[tuple[int, Steering]]:
        """Let whoever came join, whoever went leave, and return the commands that enter at `now_ns`."""
        while self._words:
            word = self._words.popleft()
            seat = self._by_name[word.line.account]
            if isinstance(word, Joined):
                seat.join(word.line, now_ns, self._speed)
            elif isinstance(word, Asked):
                seat.ask(word.line, word.commands)
            else:
                seat.leave(word.line)
        steerings = []
        for number, seat in self.seats.items():
            commands = seat.draw()
            if commands:
                steerings.append((number, Steering(ENTER, encode_commands(commands))))
        return steerings

    def tell(self, now_ns: int) -> None:
        """Send everybody what the account has heard."""
        for seat in self.seats.values():
            seat.tell(now_ns)


def snapshot_of(account: AccountHost) -> AccountSnapshot:
    """Return an account as it knows itself; spot holdings are balances."""
    host = account.host
    books = host.portfolio
    holdings = tuple(
        Holding(name, position.lots, position.cost_atoms)
        for name, position in books.positions.items()
        if position.lots and not host.context.instruments[name].is_spot
    )
    orders = tuple(
        OpenOrder(
            order.instrument_id,
            order.client_order_id,
            order.order_id,
            order.side,
            order.limit_ticks,
            order.quantity_lots,
            order.leaves_lots,
        )
        for order in host.tracker.open.values()
    )
    balances: dict[AssetId, int] = dict(books.balances_atoms)
    return AccountSnapshot(balances_atoms=balances, holdings=holdings, orders=orders)
