"""What a market says to programs that may not join, talk nonsense, or do not read."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from queue import SimpleQueue
from types import SimpleNamespace

import msgspec
import pytest

from actors.realtime.client import MarketClient, MarketClosedError
from actors.realtime.keys import KeyRing
from actors.realtime.line import BOUNDS, Line
from actors.realtime.server import Joined, Left, PortError, Server, Word
from actors.realtime.wire import (
    LENGTH,
    REQUEST_BYTES_MAXIMUM,
    WIRE_VERSION,
    Bye,
    Enter,
    Farewell,
    Hello,
    Ping,
    Pong,
    Welcome,
    answer_of,
    framed,
)
from exchange_sim.model.codec import SCHEMA_VERSION
from exchange_sim.model.commands import CancelAll
from exchange_sim.model.ids import AccountId, ClientOrderId, InstrumentId
from exchange_sim.model.market import Quote
from exchange_sim.ports import AccountSnapshot

KEY = "0123456789abcdef"
BTC = InstrumentId("BTC/USDT:USDT")
QUOTE = Quote(BTC, 1, 2, 100, 5, 101, 5)
SNAPSHOT = AccountSnapshot(balances_atoms={}, holdings=(), orders=())
HELLO = Hello("alice", KEY)


class Desk:
    """A server without a market behind it: the test is the market."""

    def __init__(self, **bounds: float) -> None:
        self.words: SimpleQueue[Word] = SimpleQueue()
        keys = KeyRing(["alice"], {"ARENA_KEY_ALICE": KEY})
        self.bounds = BOUNDS._replace(**bounds)  # type: ignore[arg-type]
        self.server = Server(keys, {"alice": frozenset({BTC})}, self.words.put, bounds=self.bounds)
        self.port = self.server.start()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 20.0)

    def welcomed(self) -> tuple[socket.socket, Line]:
        """Return a connection that has joined, and the market's end of it."""
        connection = self.connect()
        connection.sendall(framed(HELLO))
        word = self.words.get(timeout=20.0)
        assert isinstance(word, Joined)
        word.line.next_client_order_id = 1
        word.line.answer(Welcome(AccountId("alice"), 7, 1.0, (), SNAPSHOT, ClientOrderId(1)))
        assert isinstance(_answer(connection), Welcome)
        return connection, word.line


@pytest.fixture
def desk() -> Iterator[Desk]:
    opened = Desk()
    yield opened
    opened.server.close()


def _read(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise ConnectionError("closed")
        data += more
    return data


def _answer(connection: socket.socket) -> object:
    (length,) = LENGTH.unpack(_read(connection, LENGTH.size))
    return answer_of(_read(connection, length))


def _frame(payload: bytes) -> bytes:
    return LENGTH.pack(len(payload)) + payload


HELLOS = {
    "wrong key": (Hello("alice", KEY + "x"), "key: expected that of 'alice', was another"),
    "empty key": (Hello("alice", ""), "key: expected that of 'alice', was another"),
    "unknown account": (Hello("bob", KEY), "account: expected an outside account of this market, was 'bob'"),
    "newer messages": (
        Hello("alice", KEY, schema_version=SCHEMA_VERSION + 1),
        f"schema_version: expected {SCHEMA_VERSION}, was {SCHEMA_VERSION + 1}",
    ),
    "newer protocol": (
        Hello("alice", KEY, wire_version=WIRE_VERSION + 1),
        f"wire_version: expected {WIRE_VERSION}, was {WIRE_VERSION + 1}",
    ),
    "no hello": (Ping(1), "message: expected a hello first, was ping"),
}


@pytest.mark.parametrize("case", HELLOS)
def test_who_may_not_join_is_told_why(desk: Desk, case: str) -> None:
    request, reason = HELLOS[case]
    with desk.connect() as connection:
        connection.sendall(framed(request))
        assert _answer(connection) == Farewell(reason)
        assert connection.recv(1) == b""
    assert desk.words.empty()


def test_a_hello_of_a_later_version_with_more_fields_is_named_as_that(desk: Desk) -> None:
    fields = ["hello", "alice", KEY, [], "keep", WIRE_VERSION + 1, SCHEMA_VERSION, "more"]
    with desk.connect() as connection:
        connection.sendall(_frame(msgspec.msgpack.encode(fields)))
        assert _answer(connection) == Farewell(HELLOS["newer protocol"][1])


BROKEN = {
    "nothing": (LENGTH.pack(0), f"frame: expected 1 to {REQUEST_BYTES_MAXIMUM} bytes, was 0"),
    "oversized": (
        LENGTH.pack(REQUEST_BYTES_MAXIMUM + 1),
        f"frame: expected 1 to {REQUEST_BYTES_MAXIMUM} bytes, was {REQUEST_BYTES_MAXIMUM + 1}",
    ),
    "text": (b"GET / HTTP/1.1\r\n\r\n", "frame: expected 1 to"),
    "no message": (_frame(b"\xc1\xc1"), "message: "),
    "unknown message": (_frame(msgspec.msgpack.encode(["dance", 1])), "message: Invalid value 'dance'"),
    "broken off inside": (_frame(framed(HELLO)[4:-3]), "message: "),
}


@pytest.mark.parametrize("place", ["before the hello", "after it"])
@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_message_ends_the_connection_with_a_reason(desk: Desk, case: str, place: str) -> None:
    data, reason = BROKEN[case]
    joined = place == "after it"
    connection = desk.welcomed()[0] if joined else desk.connect()
    with connection:
        connection.sendall(data)
        answer = _answer(connection)
        assert isinstance(answer, Farewell)
        assert answer.reason.startswith(reason)
    if joined:
        assert isinstance(desk.words.get(timeout=20.0), Left)
    assert desk.words.empty()
    with desk.welcomed()[0] as other:  # nobody else is concerned
        other.sendall(framed(Ping(3)))
        assert _answer(other) == Pong(3, 0)


def test_a_second_hello_ends_the_connection(desk: Desk) -> None:
    with desk.welcomed()[0] as connection:
        connection.sendall(framed(HELLO))
        assert _answer(connection) == Farewell("message: expected one hello, was another")


def test_commands_before_the_welcome_are_refused(desk: Desk) -> None:
    with desk.connect() as connection:
        connection.sendall(framed(HELLO) + framed(Enter((CancelAll(AccountId("alice")),))))
        assert _answer(connection) == Farewell("message: expected no commands before the welcome")


def test_who_says_nothing_is_sent_away() -> None:
    desk = Desk(hello_s=0.01)
    with desk.connect() as connection:
        assert _answer(connection) == Farewell("hello: expected within 0.01 s")
    desk.server.close()


def test_more_connections_than_there_may_be_are_sent_away() -> None:
    desk = Desk(connections=1)
    with desk.welcomed()[0], desk.connect() as second:
        assert _answer(second) == Farewell("too many connections: expected at most 1")
    desk.server.close()


def test_a_client_that_does_not_read_is_cut_off_and_the_market_never_waits() -> None:
    desk = Desk(sent_bytes=100_000, closing_s=0.01)
    connection, line = desk.welcomed()
    with connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        while desk.words.empty():  # until the network says that it is gone
            line.tell(7, [QUOTE] * 1_000)
        assert desk.words.get() == Left(line)
    desk.server.close()


def test_a_client_is_cut_off_too_where_the_network_cannot_follow() -> None:
    desk = Desk(messages=10)
    connection, line = desk.welcomed()
    with connection:
        line.tell(7, [QUOTE] * 11)
        answer = _answer(connection)
        assert answer == Farewell("too slow: what the market sent was not read in time")
    desk.server.close()


def test_a_client_that_asks_too_much_is_not_read_until_the_market_has_taken_it() -> None:
    desk = Desk(commands=3)
    connection, line = desk.welcomed()
    everything = Enter((CancelAll(AccountId("alice")),))
    with connection:
        for _ in range(5):
            connection.sendall(framed(everything))
        connection.sendall(framed(Bye()))
        taken = 0
        for _ in range(3):
            desk.words.get(timeout=20.0)
        assert desk.words.empty()
        while taken < 2:
            line.take(1)
            taken += 1
            desk.words.get(timeout=20.0)
        assert desk.words.get(timeout=20.0) == Left(line)
        assert _answer(connection) == Farewell("goodbye")
    desk.server.close()


def test_a_client_that_sends_too_many_frames_waits_for_the_next_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Loop(asyncio.SelectorEventLoop):
        now_s = 10.0

        def time(self) -> float:
            return self.now_s

    waited: list[float] = []

    async def wait(span_s: float) -> None:
        waited.append(span_s)
        loop.now_s += span_s

    async def send() -> None:
        line = Line(SimpleNamespace(), loop, BOUNDS._replace(frames_per_s=3))  # type: ignore[arg-type]
        for _ in range(3):
            await line.breathe()
        loop.now_s += 0.25
        for _ in range(3):
            await line.breathe()

    loop = Loop()
    monkeypatch.setattr(asyncio, "sleep", wait)
    loop.run_until_complete(send())
    loop.close()
    assert waited == [0.75]


def test_the_end_closes_port_connections_and_thread() -> None:
    desk = Desk()
    connection, line = desk.welcomed()
    line.tell(7, [QUOTE])
    desk.server.close()
    desk.server.close()
    with connection:
        kinds = [type(_answer(connection)).__name__ for _ in range(2)]
        assert kinds == ["News", "Farewell"]
        assert connection.recv(1) == b""
    line.tell(8, [QUOTE])  # the market need not know yet
    with pytest.raises(ConnectionRefusedError):
        desk.connect()


def test_a_port_that_is_taken_is_said(desk: Desk) -> None:
    other = Server(KeyRing([], {}), {}, desk.words.put, port=desk.port)
    with pytest.raises(PortError, match=f"port: expected one that is free, was {desk.port}"):
        other.start()
    other.close()


def test_the_client_tells_the_reason_too(desk: Desk) -> None:
    with pytest.raises(MarketClosedError, match="key: expected that of 'alice', was another"):
        MarketClient.join(desk.port, "alice", "wrong")
    assert KEY not in repr(HELLO) + repr(KeyRing(["alice"], {"ARENA_KEY_ALICE": KEY}))
