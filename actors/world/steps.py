"""The steps of a world, as its tape keeps them: all that a part needs to get where it was.

What a part is handed follows from the steps: a new market pushes the same commands and goes to the same
limits, a new crew picks its own out of the same news. So one tape rebuilds any part, however parts were
placed when it was written.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import msgspec

from exchange_sim.crew import News
from exchange_sim.ports import Steering

_LENGTH = struct.Struct("<I")


class Begun(msgspec.Struct, frozen=True, array_like=True, tag="begun"):
    """The market was opened and the participants were started.

    `given` is `exchange_sim.given` encoded; `expelled` are accounts, with the reason, that were not started.
    """

    start_ns: int
    given: bytes
    expelled: tuple[tuple[int, str], ...] = ()


class Advanced(msgspec.Struct, frozen=True, array_like=True, tag="advanced"):
    """A window: what was pushed before it, how far it was to go, and what was published in it.

    `expelled` are accounts, with the reason, that were taken out instead of doing what was due.
    """

    commands: bytes
    limit_ns: int
    window_ns: int
    until_ns: int
    order_events: bytes
    bars: bytes
    books: bytes
    trades: bytes
    quotes: bytes
    series: tuple[tuple[int, int, int], ...] = ()
    expelled: tuple[tuple[int, str], ...] = ()

    @property
    def news(self) -> News:
        return News(
            self.until_ns, self.order_events, self.bars, self.books, self.trades, self.quotes, self.series
        )


class Recorded(msgspec.Struct, frozen=True, array_like=True, tag="recorded"):
    """Equities and samples were noted."""


class Steered(msgspec.Struct, frozen=True, array_like=True, tag="steered"):
    """Somebody from outside acted on an account at `now_ns`."""

    account: int
    now_ns: int
    steering: Steering


class Ended(msgspec.Struct, frozen=True, array_like=True, tag="ended"):
    """The participants were stopped."""

    end_ns: int


Step = Begun | Advanced | Recorded | Steered | Ended

encode_step = msgspec.msgpack.Encoder().encode
decode_step = msgspec.msgpack.Decoder(Step).decode


def join_steps(encoded: Sequence[bytes | memoryview]) -> bytes:
    """Return encoded steps as one message."""
    return b"".join(part for step in encoded for part in (_LENGTH.pack(len(step)), step))


def split_steps(joined: bytes) -> list[Step]:
    """Return the steps of a message."""
    steps: list[Step] = []
    view, at = memoryview(joined), 0
    while at < len(view):
        end = at + _LENGTH.size + _LENGTH.unpack_from(view, at)[0]
        steps.append(decode_step(view[at + _LENGTH.size : end]))
        at = end
    return steps
