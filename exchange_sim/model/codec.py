"""The one MessagePack codec for every message that is stored or sent."""

from __future__ import annotations

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


def decode(payload: bytes) -> Message:
    """Return the message in `payload`.

    Raises
    ------
    msgspec.DecodeError
        The bytes are no MessagePack, or no message of this schema version.
    """
    return _decoder.decode(payload)
