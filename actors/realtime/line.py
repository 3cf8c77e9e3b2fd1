"""One connection of a program outside, as both threads see it.

The market's thread hands news over and never waits: what a client does not take is bounded here and in the
socket's buffer, and a client beyond the bound is cut off. The network's thread owns the socket.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from actors.realtime.wire import Answer, Farewell, News, Topic, framed
from exchange_sim.model.events import ExchangeEvent
from exchange_sim.model.market import MarketData

_FRAME_MESSAGES = 2_000
_TOO_SLOW = "too slow: what the market sent was not read in time"


class Bounds(NamedTuple):
    """How much may wait for one connection.

    Parameters
    ----------
    messages
        Events and market data that the network's thread has not framed yet.
    sent_bytes
        Frames that the client has not read; the system's own socket buffers come on top.
    commands
        Commands that the market has not taken; a client that sends more is not read until it has.
    frames_per_s
        Of a client, by wall time; one that sends more is not read until the second is over.
    hello_s
        Wall time in which a client must say hello.
    closing_s
        Wall time in which a client may still read what was sent before the end.
    connections
        At one time.
    """

    messages: int = 200_000
    sent_bytes: int = 4 * 2**20
    commands: int = 2_000
    frames_per_s: int = 2_000
    hello_s: float = 5.0
    closing_s: float = 2.0
    connections: int = 64


BOUNDS = Bounds()


class Line:
    """The market's end of one connection.

    Attributes
    ----------
    account
        Whose it is, after a hello that was accepted.
    topics, cancels
        Of the hello: market data to pass on, and whether the account's orders end with the connection.
    next_client_order_id
        Smallest id that a new order may have; 0 before the welcome.
    """

    def __init__(
        self, writer: asyncio.StreamWriter, loop: asyncio.AbstractEventLoop, bounds: Bounds = BOUNDS
    ) -> None:
        self.account = ""
        self.topics: tuple[Topic, ...] = ()
        self.cancels = False
        self.next_client_order_id = 0
        self._writer = writer
        self._loop = loop
        self._bounds = bounds
        self._answers: deque[Answer] = deque()
        self._put = self._framed = 0
        self._called = False
        self._over = False
        self._asked = self._taken = 0
        self._full = False
        self._room = asyncio.Event()
        self._second_s = -1.0
        self._frames = 0

    # The market's thread calls these.

    def tell(self, now_ns: int, messages: Sequence[ExchangeEvent | MarketData]) -> None:
        """Send what an account has heard until `now_ns`; cut the client off if too much waits already."""
        if self._over:
            return
        if self._put - self._framed + len(messages) > self._bounds.messages:
            self.dismiss(_TOO_SLOW)
            return
        for start in range(0, len(messages), _FRAME_MESSAGES):
            self._answers.append(News(now_ns, tuple(messages[start : start + _FRAME_MESSAGES])))
        self._put += len(messages)
        self._call()

    def answer(self, answer: Answer) -> None:
        """Send one message."""
        self._answers.append(answer)
        self._call()

    def dismiss(self, reason: str) -> None:
        """End the connection, and say why."""
        if not self._over:
            self._loop.call_soon_threadsafe(self.end, reason)

    def take(self, commands: int) -> None:
        """Note that the market has taken so many commands."""
        self._taken += commands
        if self._full and not self._over:
            self._loop.call_soon_threadsafe(self._room.set)

    def _call(self) -> None:
        if not (self._called or self._over):
            self._called = True
            self._loop.call_soon_threadsafe(self._drain)

    # The network's thread calls these.

    def say(self, answer: Answer) -> None:
        """Send one message behind all others."""
        self._answers.append(answer)
        self._drain()

    async def breathe(self) -> None:
        """Count a frame of the client; wait if it sends so many that others would starve."""
        now_s = self._loop.time()
        if now_s >= self._second_s + 1.0:
            self._second_s, self._frames = now_s, 0
        self._frames += 1
        if self._frames > self._bounds.frames_per_s:
            await asyncio.sleep(self._second_s + 1.0 - now_s)

    async def ask(self, commands: int) -> None:
        """Note that so many commands go to the market; wait first while too many are there."""
        while self._asked - self._taken >= self._bounds.commands and not self._over:
            self._full = True
            if self._asked - self._taken >= self._bounds.commands:  # it may have been taken meanwhile
                await self._room.wait()
            self._room.clear()
            self._full = False
        self._asked += commands

    def end(self, reason: str) -> None:
        """Send nothing more but the reason; then the client has a moment to read what is left."""
        if self._over:
            return
        self._over = True
        self._answers.clear()
        self._room.set()
        if not self._writer.is_closing():
            self._writer.write(framed(Farewell(reason)))
            self._writer.close()
            self._loop.call_later(self._bounds.closing_s, self._writer.transport.abort)

    async def closed(self) -> None:
        """Return when the socket is closed: what was sent has been read, or there was no more time for it."""
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return

    def _drain(self) -> None:
        """Frame and write what has gathered."""
        self._called = False
        transport = self._writer.transport
        while self._answers and not self._over:
            answer = self._answers.popleft()
            if isinstance(answer, News):
                self._framed += len(answer.messages)
            if transport.get_write_buffer_size() > self._bounds.sent_bytes:
                self.end(_TOO_SLOW)
            elif not transport.is_closing():
                self._writer.write(framed(answer))
