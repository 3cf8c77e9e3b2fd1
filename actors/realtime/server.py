"""Listens for programs outside, in a thread and an event loop of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import NamedTuple

from actors.realtime.checks import client_order_id_of, complaint, next_client_order_id
from actors.realtime.keys import KeyRing
from actors.realtime.line import BOUNDS, Bounds, Line
from actors.realtime.wire import (
    HOST,
    LENGTH,
    OVER,
    REQUEST_BYTES_MAXIMUM,
    WIRE_VERSION,
    Bye,
    Enter,
    Hello,
    Ping,
    Pong,
    Refused,
    Request,
    WireError,
    payload_bytes,
    request_of,
)
from exchange_sim.model.codec import SCHEMA_VERSION
from exchange_sim.model.commands import Command
from exchange_sim.model.ids import InstrumentId

_log = logging.getLogger(__name__)


class PortError(RuntimeError):
    """The market cannot listen."""


class Joined(NamedTuple):
    """A client has said who it is."""

    line: Line


class Asked(NamedTuple):
    """A client that was welcomed has sent commands that can be its account's."""

    line: Line
    commands: tuple[Command, ...]


class Left(NamedTuple):
    """A client that had joined is gone."""

    line: Line


Word = Joined | Asked | Left


class Server:
    """Owns the port and the connections of a market.

    Parameters
    ----------
    keys
        Of the accounts that may join.
    instruments
        Names of those that each account trades.
    post
        Takes what clients want; called in the network's thread.
    port
        To listen on; 0 for any that is free.
    bounds
        Of each connection.
    """

    def __init__(
        self,
        keys: KeyRing,
        instruments: dict[str, frozenset[InstrumentId]],
        post: Callable[[Word], None],
        *,
        port: int = 0,
        bounds: Bounds = BOUNDS,
    ) -> None:
        self.now_ns = 0
        """The market's time; the market moves it."""
        self._keys = keys
        self._instruments = instruments
        self._post = post
        self._port = port
        self._bounds = bounds
        self._lines: dict[asyncio.Task[None], Line] = {}
        self._started: Future[int] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over = asyncio.Event()
        self._thread = Thread(target=self._run, name="arena-realtime", daemon=True)

    def start(self) -> int:
        """Listen, and return the port.

        Raises
        ------
        PortError
            The port is taken, or not allowed.
        """
        self._thread.start()
        return self._started.result()

    def close(self) -> None:
        """End all connections and the thread; closing twice is no error."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._over.set)
            self._loop = None
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        try:
            listener = await asyncio.start_server(self._meet, HOST, self._port)
        except OSError as error:
            text = f"port: expected one that is free, was {self._port}: {error.strerror or error}"
            self._started.set_exception(PortError(text))
            return
        self._loop = asyncio.get_running_loop()
        self._started.set_result(listener.sockets[0].getsockname()[1])
        async with listener:
            await self._over.wait()
            listener.close()
            talks = dict(self._lines)
            for line in talks.values():
                line.end(OVER)
            await asyncio.gather(*talks, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk with a client until one of the two ends it."""
        line = Line(writer, asyncio.get_running_loop(), self._bounds)
        talk = asyncio.current_task()
        assert talk is not None  # noqa: S101 - a coroutine always runs in one
        self._lines[talk] = line
        try:
            await self._talk(reader, line)
        except WireError as error:
            line.end(str(error))
        except TimeoutError:
            line.end(f"hello: expected within {self._bounds.hello_s:g} s")
        except (ConnectionError, asyncio.IncompleteReadError):
            _log.info("a client of %r is gone", line.account)
        finally:
            line.end("the connection was cut")
            if line.account:
                self._post(Left(line))
            await line.closed()
            del self._lines[talk]

    async def _talk(self, reader: asyncio.StreamReader, line: Line) -> None:
        if len(self._lines) > self._bounds.connections:
            raise WireError(f"too many connections: expected at most {self._bounds.connections}")
        async with asyncio.timeout(self._bounds.hello_s):
            hello = await _request(reader)
        if not isinstance(hello, Hello):
            raise WireError(f"message: expected a hello first, was {type(hello).__name__.lower()}")
        self._check(hello)
        line.topics, line.cancels = hello.topics, hello.on_disconnect == "cancel"
        line.account = hello.account
        self._post(Joined(line))
        while True:
            await line.breathe()
            request = await _request(reader)
            if isinstance(request, Bye):
                line.end("goodbye")
                return
            if isinstance(request, Ping):
                line.say(Pong(request.number, self.now_ns))
            elif isinstance(request, Enter):
                await self._enter(line, request)
            else:
                raise WireError("message: expected one hello, was another")

    async def _enter(self, line: Line, request: Enter) -> None:
        if not line.next_client_order_id:
            raise WireError("message: expected no commands before the welcome")
        traded, good = self._instruments[line.account], []
        for command in request.commands:
            reason = complaint(command, line.account, traded, line.next_client_order_id)
            if reason:
                line.say(Refused(client_order_id_of(command), reason))
            else:
                line.next_client_order_id = next_client_order_id(command, line.next_client_order_id)
                good.append(command)
        if good:
            await line.ask(len(good))
            self._post(Asked(line, tuple(good)))

    def _check(self, hello: Hello) -> None:
        """Refuse whoever may not join.

        Raises
        ------
        WireError
            Says why.
        """
        for name, ours, theirs in (
            ("wire_version", WIRE_VERSION, hello.wire_version),
            ("schema_version", SCHEMA_VERSION, hello.schema_version),
        ):
            if theirs != ours:
                raise WireError(f"{name}: expected {ours}, was {theirs}")
        if hello.account not in self._keys:
            raise WireError(f"account: expected an outside account of this market, was {hello.account!r}")
        if not self._keys.fits(hello.account, hello.key):
            _log.warning("wrong key for account %r", hello.account)
            raise WireError(f"key: expected that of {hello.account!r}, was another")


async def _request(reader: asyncio.StreamReader) -> Request:
    length = payload_bytes(await reader.readexactly(LENGTH.size), REQUEST_BYTES_MAXIMUM)
    return request_of(await reader.readexactly(length))
