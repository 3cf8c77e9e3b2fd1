"""What a market and a program outside say to each other: messages in frames over a stream of bytes.

A frame is the length of its payload (u32, little-endian) and the payload, MessagePack of one message.
Commands, events and market data are the project's own, see `exchange_sim.model`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Literal, TypeVar

import msgspec

from exchange_sim.model.codec import SCHEMA_VERSION
from exchange_sim.model.commands import Command
from exchange_sim.model.events import ExchangeEvent
from exchange_sim.model.ids import AccountId, ClientOrderId
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import MarketData
from exchange_sim.ports import AccountSnapshot

WIRE_VERSION = 1
"""Raised with every change of the messages in this file."""
HOST = "127.0.0.1"
"""Markets listen on the loopback interface only: what is said is not encrypted."""
OVER = "the market has ended"
"""The reason of a farewell at the end of a match."""
REQUEST_BYTES_MAXIMUM = 65_536
"""Longest payload that a market takes."""
ANSWER_BYTES_MAXIMUM = 2**24
"""Longest payload that a client takes."""

Topic = Literal["quotes", "trades", "bars", "books"]
TOPICS: tuple[Topic, ...] = ("quotes", "trades", "bars", "books")

LENGTH = struct.Struct("<I")
T = TypeVar("T")


class WireError(ValueError):
    """Bytes that are no message, or a message that is not expected here."""


class Hello(msgspec.Struct, frozen=True, array_like=True, tag="hello"):
    """The first message of a client.

    Parameters
    ----------
    account, key
        Who it is.
    topics
        Market data to pass on, of those that the account has in the match file.
    on_disconnect
        What becomes of the account's orders when this connection ends.
    wire_version, schema_version
        Of the messages that the client knows.
    """

    account: str
    key: str
    topics: tuple[Topic, ...] = TOPICS
    on_disconnect: Literal["keep", "cancel"] = "keep"
    wire_version: int = WIRE_VERSION
    schema_version: int = SCHEMA_VERSION

    def __repr__(self) -> str:
        return f"Hello({self.account!r})"  # the key is nobody's business


class Enter(msgspec.Struct, frozen=True, array_like=True, tag="enter", forbid_unknown_fields=True):
    """Commands, in order. Client order ids of new orders are larger than all before."""

    commands: tuple[Command, ...]


class Ping(msgspec.Struct, frozen=True, array_like=True, tag="ping", forbid_unknown_fields=True):
    """Answered with a `Pong` of the same number, without a detour through the market."""

    number: int = 0


class Bye(msgspec.Struct, frozen=True, array_like=True, tag="bye", forbid_unknown_fields=True):
    """The client leaves."""


Request = Hello | Enter | Ping | Bye


class Welcome(msgspec.Struct, frozen=True, array_like=True, tag="welcome"):
    """The answer to a hello; everything that happens from `now_ns` on follows.

    Parameters
    ----------
    account_id
        Whose events and market data follow.
    now_ns, speed
        The market's time and how many times as fast as the clock it goes.
    instruments
        Those that the account trades.
    snapshot
        The account as it knows itself; orders on their way are in it with order id 0.
    next_client_order_id
        Smallest id that a new order may have.
    """

    account_id: AccountId
    now_ns: int
    speed: float
    instruments: tuple[Instrument, ...]
    snapshot: AccountSnapshot
    next_client_order_id: ClientOrderId


class News(msgspec.Struct, frozen=True, array_like=True, tag="news"):
    """What the account has received until `now_ns`, in order of receipt."""

    now_ns: int
    messages: tuple[ExchangeEvent | MarketData, ...]


class Refused(msgspec.Struct, frozen=True, array_like=True, tag="refused"):
    """A command that cannot be one of this account: nothing came of it."""

    client_order_id: ClientOrderId
    reason: str


class Pong(msgspec.Struct, frozen=True, array_like=True, tag="pong"):
    number: int
    now_ns: int


class Farewell(msgspec.Struct, frozen=True, array_like=True, tag="farewell"):
    """The connection ends now, and why; also the answer to a hello that is not accepted."""

    reason: str


Answer = Welcome | News | Refused | Pong | Farewell

_encoder = msgspec.msgpack.Encoder()
_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


def framed(message: Request | Answer) -> bytes:
    """Return the frame of a message."""
    payload = _encoder.encode(message)
    return LENGTH.pack(len(payload)) + payload


def payload_bytes(head: bytes, most: int) -> int:
    """Return the length that the four bytes before a payload name.

    Raises
    ------
    WireError
        It is 0 or more than `most`.
    """
    (length,) = LENGTH.unpack(head)
    if not 0 < length <= most:
        raise WireError(f"frame: expected 1 to {most} bytes, was {length}")
    return int(length)


def request_of(payload: bytes) -> Request:
    """Return a client's message.

    Raises
    ------
    WireError
        It is none.
    """
    return _decoded(_requests.decode, payload)


def answer_of(payload: bytes) -> Answer:
    """Return a market's message.

    Raises
    ------
    WireError
        It is none.
    """
    return _decoded(_answers.decode, payload)


def _decoded(decode: Callable[[bytes], T], payload: bytes) -> T:
    try:
        return decode(payload)
    except (msgspec.DecodeError, ValueError) as error:
        raise WireError(f"message: {' '.join(str(error).split())}") from None
