"""How far the matches are that are being played elsewhere: a board the workers write to and the driver reads.

A board costs a process, so there is none until matches turn out to take long; workers look for it by name.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import Any

# isort: off
from actors import ray_environment as _environment  # noqa: F401 - before Ray: see there

import ray
# isort: on

_FIRST_REPORT_S = 3.0
_REPORT_EVERY_S = 2.0
_LOOKS_BEFORE = 3  # about a second each


class _Board:
    """Share played, by match."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._shares: dict[str, float] = {}

    def __repr__(self) -> str:
        return f"ShareBoard({self._name})"

    def post(self, match_id: str, share: float) -> None:
        self._shares[match_id] = share

    def read(self, running: list[str]) -> dict[str, float]:
        """Return the shares of the running matches and forget all others."""
        self._shares = {match: self._shares[match] for match in running if match in self._shares}
        return self._shares


class ShareReporter:
    """A match's progress callback inside a worker: posts to the board now and then, if there is one."""

    def __init__(self, board: str, match_id: str) -> None:
        self._board = board
        self._match_id = match_id
        self._next_s = time.perf_counter() + _FIRST_REPORT_S

    def __call__(self, share: float) -> None:
        now = time.perf_counter()
        if now < self._next_s:
            return
        self._next_s = now + _REPORT_EVERY_S
        try:
            board: Any = ray.get_actor(self._board)
        except ValueError:  # nobody is watching
            return
        board.post.remote(self._match_id, share)


class ShareBoard:
    """The driver's end. Reading never waits: it takes what the last look has brought."""

    def __init__(self, label: str) -> None:
        self._label = label
        self.name = f"shares {label} {os.getpid()}-{id(self)}"
        self._shares: dict[str, float] = {}
        self._actor: Any = None
        self._answer: Any = None
        self._looks = 0

    def rest(self) -> None:
        """Note that a match has finished: as long as they do, nobody needs a board."""
        self._looks = 0
        self._shares = {}

    def look(self, running: Iterable[str]) -> None:
        """Take what has been posted and ask again for these matches. Called while nothing finishes."""
        self._looks += 1
        if self._actor is None:
            if self._looks > _LOOKS_BEFORE:
                self._actor = (
                    ray.remote(num_cpus=0)(_Board)
                    .options(name=self.name, get_if_exists=True)
                    .remote(self._label)
                )
            return
        if self._answer is not None:
            ready, _ = ray.wait([self._answer], timeout=0)
            if not ready:
                return
            try:
                self._shares = ray.get(self._answer)
            except ray.exceptions.RayError:  # the board is a convenience: without it nothing is lost
                self._actor = None
                self._looks = 0
                self._answer = None
                return
        self._answer = self._actor.read.remote(list(running))

    def part(self, running: Iterable[str]) -> float:
        """Return the sum of the shares of these matches, as far as they are known."""
        if not self._shares:
            return 0.0
        return sum(self._shares.get(match_id, 0.0) for match_id in running)

    def close(self) -> None:
        """End the board's process."""
        if self._actor is not None and ray.is_initialized():
            ray.kill(self._actor, no_restart=True)
        self._actor = None
