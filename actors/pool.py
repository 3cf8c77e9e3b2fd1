"""Who plays the matches: this process, or workers on Ray (`actors.ray_pool`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, Self

from actors.player import MatchPlayer, PlayerSetup
from actors.record import MatchJob, Outcome


class PoolError(RuntimeError):
    """There is nobody to play: no place for workers, or they do not start."""


class Pool(Protocol):
    """Plays jobs and hands back outcomes as they come.

    An outcome depends on its job alone, so it does not matter who plays it, when, or how often.
    """

    @property
    def workers(self) -> int:
        """Processes that play at the same time."""

    @property
    def running(self) -> int:
        """Jobs handed out and not back yet."""

    @property
    def note(self) -> str:
        """What the pool is waiting for, or nothing."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def play(self, jobs: Sequence[MatchJob]) -> Iterator[tuple[MatchJob, Outcome] | None]:
        """Yield every job with its outcome, in the order of finishing.

        Yields None about once a second while nothing finishes. Leaving the iterator early drops the work
        in flight.
        """


class InProcessPool:
    """Plays in this process, one match after another: for debugging, and where Ray is not wanted."""

    workers = 1

    def __init__(self, setup: PlayerSetup) -> None:
        self._player = MatchPlayer(setup)
        self.running = 0
        self.note = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.running = 0

    def play(self, jobs: Sequence[MatchJob]) -> Iterator[tuple[MatchJob, Outcome] | None]:
        for job in jobs:
            self.running = 1
            yield None
            outcome = self._player.play(job)
            self.running = 0
            yield job, outcome
