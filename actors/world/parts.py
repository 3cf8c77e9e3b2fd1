"""A part of a world as the conductor knows it: calls in sequence, and another one when it dies.

A part does what it is called for, one call after another, each with its number; it takes none twice and none
out of order. No call is repeated on a part that may have done it: a lost part is replaced by a new one, which
first does again what is on the tape, and then the call that was under way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

DEATHS_MAXIMUM = 3
"""Times that parts may die over one call before it is held to be the call's fault."""

_REBUILDS_MAXIMUM = 20


class PartLostError(RuntimeError):
    """A part's process or machine is gone, and with it what it was doing."""


class PartFailedError(RuntimeError):
    """A part that dies again and again, whatever is done."""


class WorldError(RuntimeError):
    """A world that cannot be played; the text says why."""


class Reply(Protocol):
    """What will come of a call."""

    def get(self) -> Any:
        """Wait for it.

        Raises
        ------
        PartLostError
            It will never come.
        """


class Handle(Protocol):
    """A process with a part in it."""

    def submit(self, method: str, *arguments: Any) -> Reply:
        """Call a method; replies among the arguments stand for what will come of them."""

    def end(self) -> None:
        """End the process, whatever it is doing."""


class Launcher(Protocol):
    """Starts processes for parts."""

    def launch(self, part: str, title: str, kind: str, *arguments: Any) -> Handle:
        """Start a part.

        Parameters
        ----------
        part
            Its name in the world.
        title
            Shown to whoever watches.
        kind
            `market`, `account`, `shard`, `feed` or `keeper`.
        arguments
            Of its class; replies among them stand for what will come of them.
        """

    def share(self, value: object) -> Any:
        """Return what stands for a value among the arguments of many parts: it travels once."""


class Part:
    """One part, whatever process it is in at the moment.

    Parameters
    ----------
    name
        In the world.
    launch
        Starts a new process for it.
    rebuild
        Brings a new one to where the tape ends, by calls to the handle it is given.
    title
        Shown to whoever watches; the name if it is left out.
    """

    def __init__(
        self,
        name: str,
        launch: Callable[[], Handle],
        rebuild: Callable[[Handle], None],
        title: str = "",
    ) -> None:
        self.name = name
        self.title = title or name
        self.deaths = 0
        """How often it has died since the start."""
        self._launch = launch
        self._rebuild = rebuild
        self._handle: Handle | None = None
        self._call: tuple[str, Sequence[Any]] = ("", ())
        self._reply: Reply | None = None
        self._deaths_of_call = 0

    @property
    def deaths_of_call(self) -> int:
        """How often it has died over the call that is under way."""
        return self._deaths_of_call

    def begin(self, method: str, *arguments: Any) -> None:
        """Let it do something; `end` waits for what comes of it."""
        self._call, self._deaths_of_call = (method, arguments), 0
        if self._handle is None:
            self.replace()
        else:
            self._submit()

    def end(self, *, deaths_maximum: int = _REBUILDS_MAXIMUM) -> Any:
        """Return what came of the call, in whatever process it was done in the end.

        Raises
        ------
        PartFailedError
            It has died `deaths_maximum` times over this call.
        """
        while True:
            try:
                assert self._reply is not None  # noqa: S101 - `begin` comes first
                return self._reply.get()
            except PartLostError as error:
                self.deaths += 1
                self._deaths_of_call += 1
                if self._deaths_of_call >= deaths_maximum:
                    raise PartFailedError(
                        f"{self.name}: died {self._deaths_of_call} times: {error}"
                    ) from error
                self.replace()

    def call(self, method: str, *arguments: Any) -> Any:
        """Let it do something and return what comes of it."""
        self.begin(method, *arguments)
        return self.end()

    def replace(self, method: str = "", *arguments: Any) -> None:
        """Start it anew, bring it to the end of the tape, and do the call under way, or another instead."""
        if self._handle is not None:
            self._handle.end()
        if method:
            self._call, self._deaths_of_call = (method, arguments), 0
        self._handle = self._launch()
        self._rebuild(self._handle)
        self._submit()

    def rebuild(self) -> None:
        """Bring the process, which is new, to the end of the tape."""
        if self._handle is not None:
            self._rebuild(self._handle)

    def close(self) -> None:
        """End the process."""
        if self._handle is not None:
            self._handle.end()
            self._handle = None

    def _submit(self) -> None:
        method, arguments = self._call
        assert self._handle is not None  # noqa: S101 - `begin` has launched it
        self._reply = self._handle.submit(method, *arguments)
