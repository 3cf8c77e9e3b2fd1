"""What a bot can do wrong so that it is taken out, and how that is told in one line."""

from __future__ import annotations

import traceback
from pathlib import Path

_TEXT_MAXIMUM = 300


class BotFaultError(BaseException):
    """A bot broke a rule of the house. No `Exception`: a bot's own `except` must not swallow it."""


class OutboxFullError(BotFaultError):
    """A handler sent more commands than allowed."""


class HandlerTimeoutError(BotFaultError):
    """A handler did not return in time."""


class PaceLimitError(BotFaultError):
    """A bot causes so many commands and calls that simulated time would stand still."""


class StrategySetupError(ValueError):
    """A strategy cannot be set up on a market; the text names the bot and what was expected."""


def describe_fault(error: BaseException) -> str:
    """Return one line: what was raised, in which handler, and where.

    The handler is the outermost function of the bot on the stack; the place is the innermost one. Files are
    named without folders, so that the line is the same on every machine.
    """
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).name not in _HOST_FILES or "actors" not in Path(frame.filename).parts
    ]
    text = str(error) if isinstance(error, BotFaultError) else f"{type(error).__name__}: {error}"
    text = " ".join(text.split())
    if len(text) > _TEXT_MAXIMUM:
        text = text[: _TEXT_MAXIMUM - 3] + "..."
    if not frames:
        return text
    first, last = frames[0], frames[-1]
    return f"{text} in {first.name} ({Path(last.filename).name}, line {last.lineno})"


_HOST_FILES = frozenset(
    f"{name}.py"
    for name in (
        "context",
        "desk",
        "gate",
        "host",
        "market_ears",
        "pace",
        "portfolio",
        "strategy_host",
        "strategy_setup",
        "timers",
        "tracker",
        "watchdog",
    )
)
