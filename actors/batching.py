"""How many matches travel in a call, and how many calls wait at a worker: from how long matches take."""

from __future__ import annotations

CALL_S = 0.05
"""A call is worth so much playing. A match of this length goes alone, so that what is finished is at home
before the next begins, and a worker that dies takes only the match with it that it was playing."""

CALLS_PER_S = 200.0
"""Calls the driver takes back in a second: more workers make longer calls, not more of them."""

AHEAD_S = 0.5
"""Playing that waits at every worker, at least: a driver that is busy storing keeps nobody waiting."""

ANSWER_BYTES = 4_000_000
"""Of a call at most, unless one match alone is larger: answers wait in memory."""

_CALLS_MIN = 2
_WEIGHT = 0.2  # of the newest call in the means


class Pace:
    """Learns how long matches take and how large their outcomes are.

    Parameters
    ----------
    workers
        Match processes that share the driver.
    """

    calls_max = 8
    """Calls at a worker."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._call_s = max(CALL_S, workers / CALLS_PER_S)
        self._match_s = 0.0
        self._match_bytes = 0.0

    def note(self, elapsed_s: float, size: int, matches: int) -> None:
        """Take in a call of `matches` that took `elapsed_s` and answered with `size` bytes."""
        weight = _WEIGHT if self._match_s else 1.0
        self._match_s += (elapsed_s / matches - self._match_s) * weight
        self._match_bytes += (size / matches - self._match_bytes) * weight

    def wants(self, calls: int, queued: int) -> bool:
        """Return whether a worker with `calls` waiting, of `queued` matches, takes another."""
        if calls < _CALLS_MIN:
            return True
        return calls < self.calls_max and 0.0 < queued * self._match_s < AHEAD_S

    def batch(self, waiting: int) -> int:
        """Return how many matches go into the next call: fewer near the end, so that all finish together."""
        if not self._match_s:
            return 1
        fitting = min(self._call_s / self._match_s, ANSWER_BYTES / max(1.0, self._match_bytes))
        share = waiting // (2 * _CALLS_MIN * self._workers)
        return max(1, min(int(fitting), share))
