"""Plays the first part of a match to see what its windows cost, and throws it away."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from actors.helm import Wheel
from actors.match import MatchRun
from actors.match_config import MatchSpec

PROBE_S = 2.0
"""How long a match is watched, from the start of its bots."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What the first windows of a match cost, in seconds.

    Attributes
    ----------
    bots_s
        Of each window (rows) and bot (columns).
    market_s
        Of the exchange and everything else, over all these windows.
    share
        Part of the bots' span that was played.
    """

    bots_s: npt.NDArray[np.float64]
    market_s: float
    share: float

    @property
    def windows(self) -> int:
        return len(self.bots_s)


class _EnoughError(Exception):
    """The probe is over."""


class _Stopwatch:
    """Takes the time of every bot in every window; `actors.helm.Hands` of the match."""

    def __init__(self, clock: Callable[[], float], limit_s: float) -> None:
        self.helm = Wheel()
        self.windows: list[list[float]] = []
        self.begun_s = 0.0
        self._clock = clock
        self._limit_s = limit_s

    def begin(self, match: MatchRun) -> None:
        """Stand between the crew and its participants."""
        participants = match.simulation.crew.participants
        for seat, (account, participant) in enumerate(participants.items()):
            participants[account] = _Timed(participant, self, seat)
        self._seats = len(participants)

    def pace(self, limit_ns: int) -> None:  # noqa: ARG002 - what counts is that a window begins
        now_s = self._clock()
        if not self.windows:
            self.begun_s = now_s
        elif now_s - self.begun_s >= self._limit_s:
            raise _EnoughError
        self.windows.append([0.0] * self._seats)

    def time(self, seat: int, method: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        begin_s = self._clock()
        try:
            return method(*arguments, **named)
        finally:
            if self.windows:
                self.windows[-1][seat] += self._clock() - begin_s


class _Timed:
    """A participant whose work is timed."""

    def __init__(self, participant: Any, watch: _Stopwatch, seat: int) -> None:
        self._participant = participant
        self._watch = watch
        self._seat = seat

    def __getattr__(self, name: str) -> Any:
        return getattr(self._participant, name)

    def run(self, until_ns: int) -> bytes:
        commands: bytes = self._watch.time(self._seat, self._participant.run, until_ns)
        return commands

    def enqueue(self, **rows: Any) -> None:
        self._watch.time(self._seat, self._participant.enqueue, **rows)


def probe_match(
    spec: MatchSpec,
    data_folder: Path | None = None,
    *,
    clock: Callable[[], float] = time.perf_counter,
    limit_s: float = PROBE_S,
) -> Probe:
    """Play a match for `limit_s` of `clock` from the start of its bots on, and return what that cost.

    What bots print meanwhile is not shown: they will print it again.

    Raises
    ------
    ConfigError, BarsError, DepthError, LatencyError, SeriesError
        As of `actors.match.run_match`.
    """
    watch = _Stopwatch(clock, limit_s)
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        run = MatchRun(spec, data_folder=data_folder, hands=watch)
        watch.begin(run)
        run.begin()
        begin_s, start_ns = clock(), run.simulation.side.now_ns
        with suppress(_EnoughError):
            run.go_on(run.end_ns)
        spent_s = clock() - begin_s
    bots_s = np.array(watch.windows, np.float64).reshape(len(watch.windows), len(spec.bots))
    share = (run.simulation.side.now_ns - start_ns) / (run.end_ns - start_ns)
    return Probe(bots_s=bots_s, market_s=max(0.0, spent_s - float(bots_s.sum())), share=share)
