"""The one MessagePack codec for every message that is stored or sent."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from exchange_sim.model.commands import Command
from exchange_sim.model.events import ExchangeEvent
from exchange_sim.model.market import MarketData

SCHEMA_VERSION = 2
"""Raised with every change of a message's fields."""

Message = Command | ExchangeEvent | MarketData

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)

encode = _encoder.encode
"""Return the MessagePack bytes of one message."""


_commands: msgspec.json.Decoder[tuple[Command, ...]] = msgspec.json.Decoder(tuple[Command, ...])


def encode_commands(commands: Sequence[Command]) -> str:
    """Return commands as the text in which a journal has those that came from outside."""
    return msgspec.json.encode(commands).decode()


def decode_commands(text: str) -> tuple[Command, ...]:
    """Return the commands in `text`.

    Raises
    ------
    msgspec.DecodeError
        It is something else.
    """
    return _commands.decode(text)


def decode(payload: bytes) -> Message:
    """Return the message in `payload`.

    Raises
    ------
    msgspec.DecodeError
        The bytes are no MessagePack, or no message of this schema version.
    """
    return _decoder.decode(payload)
