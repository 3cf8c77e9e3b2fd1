"""What bots print, under their names.

A bot may print and log as it likes, wherever it is played. While a match is played `sys.stdout` and
`sys.stderr` of the process are listened to: what is written while a bot's code runs is taken down with the
account's name, what anybody else writes goes where it always went. Lines travel with the match's outcome, so
that they reach the user once, from any worker on any machine.
"""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import BinaryIO, Final, TextIO

import msgspec

from actors.watchdog import WATCHDOG

LINES_PER_MATCH: Final = 20
"""Of an account in one match; what comes after is counted only."""

LINES_PER_RUN: Final = 100
"""Different ones of an account that a run shows."""

_LINE_LENGTH: Final = 500  # characters


class BotLine(msgspec.Struct, frozen=True, array_like=True):
    """A line that an account's bot has written."""

    account: str
    text: str

    def __str__(self) -> str:
        """Return the line as it is shown; a log line that names its account already is left as it is."""
        return self.text if self.text.startswith(f"[{self.account} ") else f"[{self.account}] {self.text}"


Say = Callable[[BotLine], None]


class BotEar:
    """Puts what bots write together to lines.

    Parameters
    ----------
    say
        Is given every line.
    limit
        Lines of one account; after them only how many more there were is told, at the end.
    """

    def __init__(self, say: Say, limit: int = LINES_PER_MATCH) -> None:
        self._say = say
        self._limit = limit
        self._begun: dict[str, str] = {}  # by account, a line that is not over
        self._said: dict[str, int] = {}

    def hear(self, account: str, text: str) -> None:
        """Take what an account's bot has written."""
        *lines, rest = (self._begun.get(account, "") + text).split("\n")
        self._begun[account] = rest[: _LINE_LENGTH + 1]
        for line in lines:
            self._tell(account, line)

    def end(self) -> None:
        """Tell lines that were not ended, and how many were not told."""
        for account, rest in self._begun.items():
            if rest:
                self._tell(account, rest)
        for account, said in self._said.items():
            if said > self._limit:
                self._say(BotLine(account, f"... and {said - self._limit:,} more lines"))

    def _tell(self, account: str, line: str) -> None:
        if not line.strip():
            return
        said = self._said[account] = self._said.get(account, 0) + 1
        if said <= self._limit:
            short = line if len(line) <= _LINE_LENGTH else f"{line[:_LINE_LENGTH]}..."
            self._say(BotLine(account, short))


class _Hearing:
    """The process's one ear, if a match is being played: who listens, to which thread, and who is set up."""

    ear: BotEar | None = None
    thread = 0
    speaker = ""

    def who(self) -> str:
        """Return the account whose bot is at work in this thread, or nothing."""
        if self.ear is None or threading.get_ident() != self.thread:
            return ""
        watched = WATCHDOG.watched
        return watched.account_id if watched is not None else self.speaker


_HEARING = _Hearing()


class _Relay(io.TextIOBase):
    """Stands in for a stream of the process: what a bot writes goes to the ear, the rest to the stream.

    It knows no match: a bot's module may keep it, in a handler of its log, for all matches to come.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        # rich writes to the stream behind its own stand-in, not through us back to itself
        self.rich_proxied_file = getattr(stream, "rich_proxied_file", stream)

    def write(self, text: str) -> int:
        account, ear = _HEARING.who(), _HEARING.ear
        if not account or ear is None:
            return self._stream.write(text)
        _HEARING.ear = None  # what is said about the line is not the bot's
        try:
            ear.hear(account, text)
        finally:
            _HEARING.ear = ear
        return len(text)

    def flush(self) -> None:
        if not self._stream.closed:  # who keeps us may outlive the stream
            self._stream.flush()

    def writable(self) -> bool:
        return True

    @property
    def closed(self) -> bool:
        return self._stream.closed

    def isatty(self) -> bool:
        return not self._stream.closed and self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    @property
    def buffer(self) -> BinaryIO:
        return self._stream.buffer

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a plain attribute in typeshed
        return self._stream.encoding


@contextmanager
def heard(say: Say, limit: int = LINES_PER_MATCH) -> Iterator[None]:
    """Give the lines that bots write meanwhile, in this thread, to `say`.

    The handlers of a bot are known by the process's watchdog; see `speaking` for what is before them.
    """
    ear = BotEar(say, limit)
    try:
        with hearing(ear):
            yield
    finally:
        ear.end()


@contextmanager
def hearing(ear: BotEar) -> Iterator[None]:
    """Let an ear hear what bots write meanwhile, in this thread; a process has one such thread at a time."""
    before = _HEARING.ear, _HEARING.thread
    _HEARING.ear, _HEARING.thread = ear, threading.get_ident()
    try:
        with relayed():
            yield
    finally:
        _HEARING.ear, _HEARING.thread = before


@contextmanager
def relayed() -> Iterator[None]:
    """Let what is set up meanwhile, a log's handler for instance, write to where bots are heard later."""
    with redirect_stdout(_Relay(sys.stdout)), redirect_stderr(_Relay(sys.stderr)):
        yield


@contextmanager
def speaking(account: str) -> Iterator[None]:
    """Take what is written meanwhile for the bot of `account`, which is being set up."""
    before, _HEARING.speaker = _HEARING.speaker, account
    try:
        yield
    finally:
        _HEARING.speaker = before


class NewLines:
    """Picks what the user has not seen yet from what the matches of a run bring."""

    def __init__(self) -> None:
        self._seen: dict[str, set[str]] = {}

    def of(self, lines: Iterable[BotLine]) -> Sequence[str]:
        """Return the lines to show: each text of an account once, and not too many of it."""
        shown = []
        for line in lines:
            seen = self._seen.setdefault(line.account, set())
            if line.text in seen or len(seen) > LINES_PER_RUN:
                continue
            seen.add(line.text)
            if len(seen) > LINES_PER_RUN:
                shown.append(f"[{line.account}] has written {LINES_PER_RUN} lines; no more are shown")
            else:
                shown.append(str(line))
        return shown
