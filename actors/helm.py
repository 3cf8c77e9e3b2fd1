"""Hands on a match that is being played: what is asked for now, and what was asked for then."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from exchange_sim.ports import NEVER_NS, Helm, Steering

if TYPE_CHECKING:
    from actors.match import MatchRun


class Hands(Protocol):
    """Somebody who may hold, stop and steer a match that is played in this process."""

    @property
    def helm(self) -> Helm: ...

    def begin(self, match: MatchRun) -> None:
        """Meet the match, whose bots have not started yet."""

    def pace(self, limit_ns: int) -> None:
        """Wait until the next window, which goes to `limit_ns`, may be computed."""


class Wheel:
    """Steerings that wait for the next edge of a window; a `Helm`.

    Attributes
    ----------
    first_account
        The exchange's number of the first bot's account.
    """

    next_ns = NEVER_NS

    def __init__(self) -> None:
        self.first_account = 0
        self._waiting: deque[tuple[int, Steering]] = deque()

    def put(self, seat: int, steering: Steering) -> None:
        """Let something be done to the bot at a seat, from any thread."""
        self._waiting.append((seat, steering))

    def take(self, now_ns: int) -> Sequence[tuple[int, Steering]]:  # noqa: ARG002 - what waits is for now
        taken = []
        while self._waiting:
            seat, steering = self._waiting.popleft()
            taken.append((self.first_account + seat, steering))
        return taken


class PlannedHelm:
    """Steerings at instants that are known; a `Helm`.

    Parameters
    ----------
    planned
        When, the account's number, and what; of one account and instant in their order.
    """

    def __init__(self, planned: Iterable[tuple[int, int, Steering]]) -> None:
        self._planned = deque(sorted(planned, key=lambda each: each[:2]))

    @property
    def next_ns(self) -> int:
        return self._planned[0][0] if self._planned else NEVER_NS

    def take(self, now_ns: int) -> Sequence[tuple[int, Steering]]:
        taken = []
        while self._planned and self._planned[0][0] <= now_ns:
            _, account, steering = self._planned.popleft()
            taken.append((account, steering))
        return taken
