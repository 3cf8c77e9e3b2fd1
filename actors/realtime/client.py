"""Trade an account of a running market from another program.

    with MarketClient.join(port, "alice", key) as market:
        name = market.instruments[0].instrument_id
        number = market.submit_limit(name, Side.BUY, lots=10, limit_ticks=market_price)
        for message in market.messages():
            ...

Plain blocking sockets: one client belongs to one thread. What the market sends must be read: whoever is too
slow is cut off (and may come back). Prices are in ticks, quantities in lots, times in ns on the market's
clock.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Literal, Self

from actors.realtime.wire import (
    ANSWER_BYTES_MAXIMUM,
    HOST,
    LENGTH,
    OVER,
    TOPICS,
    Answer,
    Bye,
    Enter,
    Farewell,
    Hello,
    News,
    Ping,
    Pong,
    Refused,
    Request,
    Topic,
    Welcome,
    answer_of,
    framed,
    payload_bytes,
)
from exchange_sim.model.commands import CancelAll, CancelOrder, Command, ModifyOrder, SubmitOrder
from exchange_sim.model.enums import OrderType, Side, TimeInForce
from exchange_sim.model.events import ExchangeEvent
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import MarketData
from exchange_sim.ports import AccountSnapshot

__all__ = ["MarketClient", "MarketClosedError", "Message", "Refused", "Topic"]

Message = ExchangeEvent | MarketData | Refused
"""What a client hears: own events, market data, and commands of its own that came to nothing."""

_READ_BYTES = 2**16


class MarketClosedError(ConnectionError):
    """The market has ended the connection, or did not accept it; the text is its reason."""


class MarketClient:
    """A connection to a running market, made by `join`.

    Attributes
    ----------
    account_id, speed, instruments
        Of the account, and how many times as fast as the clock the market goes.
    snapshot
        The account as it was on joining; what happens from then on comes as messages.
    now_ns
        The market's time as far as it is known here.
    next_client_order_id
        What the next new order gets.
    """

    def __init__(self, connection: socket.socket, hello: Hello) -> None:
        self._socket = connection
        self._buffer = bytearray()
        self._waiting: deque[Message] = deque()
        self._pongs = 0
        self._pings = 0
        self._send(hello)
        welcome = self._answer()
        if not isinstance(welcome, Welcome):
            raise MarketClosedError(f"expected a welcome, was {type(welcome).__name__.lower()}")
        self.account_id: AccountId = welcome.account_id
        self.speed: float = welcome.speed
        self.instruments: tuple[Instrument, ...] = welcome.instruments
        self.snapshot: AccountSnapshot = welcome.snapshot
        self.now_ns: int = welcome.now_ns
        self.next_client_order_id: int = welcome.next_client_order_id

    @classmethod
    def join(
        cls,
        port: int,
        account: str,
        key: str,
        *,
        topics: Sequence[Topic] = TOPICS,
        on_disconnect: Literal["keep", "cancel"] = "keep",
        host: str = HOST,
        timeout_s: float | None = 60.0,
    ) -> Self:
        """Connect to a market and take an account over.

        Parameters
        ----------
        port, host
            Of the market; it says its port when it starts.
        account, key
            Of an outside account of the match file.
        topics
            Market data to hear, of those that the account has in the match file.
        on_disconnect
            Whether the account's orders stay or are canceled when this connection ends, however it does.
        timeout_s
            How long to wait for an answer, here and later; None for ever. A market that is still starting
            answers once it is open.

        Raises
        ------
        MarketClosedError
            The market refuses: its reason.
        OSError
            There is no market, or no answer in time (`TimeoutError`).
        """
        connection = socket.create_connection((host, port), timeout_s)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            return cls(connection, Hello(account, key, tuple(topics), on_disconnect))
        except BaseException:
            connection.close()
            raise

    def submit_limit(
        self,
        instrument_id: InstrumentId,
        side: Side,
        lots: int,
        limit_ticks: int,
        *,
        time_in_force: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
    ) -> ClientOrderId:
        """Send a limit order and return its client order id."""
        number = self._new_id()
        self.send(
            SubmitOrder(
                self.account_id,
                instrument_id,
                number,
                side,
                OrderType.LIMIT,
                time_in_force,
                lots,
                limit_ticks,
                post_only,
            )
        )
        return number

    def submit_market(self, instrument_id: InstrumentId, side: Side, lots: int) -> ClientOrderId:
        """Send a market order and return its client order id; what the book cannot fill expires."""
        number = self._new_id()
        kind, in_force = OrderType.MARKET, TimeInForce.IOC
        self.send(SubmitOrder(self.account_id, instrument_id, number, side, kind, in_force, lots))
        return number

    def modify(
        self, instrument_id: InstrumentId, client_order_id: ClientOrderId, lots: int, limit_ticks: int
    ) -> None:
        """Change total quantity and price of an own open order."""
        self.send(ModifyOrder(self.account_id, instrument_id, client_order_id, lots, limit_ticks))

    def cancel(self, instrument_id: InstrumentId, client_order_id: ClientOrderId) -> None:
        """Cancel an own order; nothing happens, and no answer comes, if it is finished."""
        self.send(CancelOrder(self.account_id, instrument_id, client_order_id))

    def cancel_all(self, instrument_id: InstrumentId | None = None) -> None:
        """Cancel all own orders."""
        self.send(CancelAll(self.account_id, instrument_id))

    def send(self, *commands: Command) -> None:
        """Send commands of any kind. The client order ids of new orders must rise."""
        self._send(Enter(commands))

    def ping(self) -> int:
        """Return the market's time, from the connection itself; messages that come first wait."""
        self._pings += 1
        self._send(Ping(self._pings))
        while self._pongs < self._pings:
            self._take(self._answer())
        return self.now_ns

    def messages(self) -> Iterator[Message]:
        """Give what has happened, in order, waiting for it; ends when the market does.

        Raises
        ------
        MarketClosedError
            The connection ended otherwise.
        TimeoutError
            Nothing came in time; calling again is possible.
        """
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            try:
                self._take(self._answer())
            except MarketClosedError as error:
                if str(error) == OVER:
                    return
                raise

    def close(self) -> None:
        """Leave the market; closing twice is no error."""
        try:
            self._send(Bye())
        except OSError:
            return
        finally:
            self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _new_id(self) -> ClientOrderId:
        number = self.next_client_order_id
        self.next_client_order_id += 1
        return ClientOrderId(number)

    def _take(self, answer: Answer) -> None:
        if isinstance(answer, News):
            self.now_ns = answer.now_ns
            self._waiting.extend(answer.messages)
        elif isinstance(answer, Refused):
            self._waiting.append(answer)
        elif isinstance(answer, Pong):
            self.now_ns = max(self.now_ns, answer.now_ns)
            self._pongs = answer.number

    def _send(self, request: Request) -> None:
        try:
            self._socket.sendall(framed(request))
        except ConnectionError:
            while True:  # until the reason comes
                self._take(self._answer())

    def _answer(self) -> Answer:
        """Return the next message; a farewell is raised. What has come in when time is over is kept."""
        self._fill(LENGTH.size)
        length = payload_bytes(bytes(self._buffer[: LENGTH.size]), ANSWER_BYTES_MAXIMUM)
        end = LENGTH.size + length
        self._fill(end)
        answer = answer_of(bytes(self._buffer[LENGTH.size : end]))
        del self._buffer[:end]
        if isinstance(answer, Farewell):
            raise MarketClosedError(answer.reason)
        return answer

    def _fill(self, count: int) -> None:
        while len(self._buffer) < count:
            try:
                data = self._socket.recv(_READ_BYTES)
            except ConnectionError as error:
                raise MarketClosedError("the connection was cut") from error
            if not data:
                raise MarketClosedError("the connection was cut")
            self._buffer += data
