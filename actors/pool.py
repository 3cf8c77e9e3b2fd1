"""Who plays the matches: this process, or workers on Ray (`actors.ray_pool`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, Self

from actors.filing import Filing
from actors.metrics.report import Metrics
from actors.player import MatchPlayer, PlayerSetup
from actors.progress import IDLE, PoolState
from actors.record import MatchJob
from actors.status import WorkerStatus


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
    def state(self) -> PoolState:
        """What the workers are doing."""

    def roster(self) -> tuple[WorkerStatus, ...]:
        """Return the workers and what they are playing."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def play(self, jobs: Sequence[MatchJob]) -> Iterator[Sequence[Filing] | None]:
        """Yield the outcomes in the order of finishing: all that there are at a time.

        Yields None about once a second while nothing finishes. Leaving the iterator early drops the work
        in flight.
        """


class InProcessPool:
    """Plays in this process, one match after another: for debugging, and where Ray is not wanted.

    `watch` is called while a match is played, with how far it is; `metrics` is told what happens in it.
    """

    workers = 1

    def __init__(
        self,
        setup: PlayerSetup,
        watch: Callable[[PoolState], None] | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._player = MatchPlayer(setup, metrics)
        self._watch = watch
        self._playing = ""
        self.state = IDLE

    def roster(self) -> tuple[WorkerStatus, ...]:
        return (WorkerStatus(name="this process", doing=self._playing),)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.state = IDLE

    def play(self, jobs: Sequence[MatchJob]) -> Iterator[Sequence[Filing] | None]:
        for job in jobs:
            self._playing = job.match_id
            self._report(0.0)
            outcome = self._player.play(job, self._report)
            self._playing = ""
            self.state = IDLE
            yield [outcome]

    def _report(self, share: float) -> None:
        self.state = PoolState(1, share)
        if self._watch is not None:
            self._watch(self.state)
