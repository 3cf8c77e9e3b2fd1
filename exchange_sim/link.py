"""One direction of an account's connection.

A delay is drawn per message from a keyed stream: the n-th message of a direction has the same delay
whatever else happens. Messages of one direction never overtake each other.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from exchange_sim.kernel.delays import draw_indexes, draw_lognormal
from exchange_sim.latency import (
    ConstantLatency,
    LatencyFile,
    LatencySpec,
    LognormalLatency,
    RecordedLatency,
    TimedLatency,
)
from exchange_sim.rng import derive

_US = 1_000
_BLOCK = 256


class Link:
    """Tells when messages arrive.

    Parameters
    ----------
    spec
        The latency.
    seed, account, direction
        Name the stream of draws; direction is `up` or `down`.

    Raises
    ------
    TypeError
        The latency is a file that was not read (`exchange_sim.markets.read_latency`).
    """

    __slots__ = ("_block", "_first", "_free_ns", "_key", "_messages", "_spec", "constant_ns")

    def __init__(self, spec: LatencySpec | LatencyFile, seed: int, account: str, direction: str) -> None:
        self._spec = _delays(spec)
        self._key = derive(seed, "latency", account, direction)
        self._free_ns = 0
        self._messages = 0
        self._first = 0
        self._block: list[int] = []
        self.constant_ns = spec.minimum_ns if isinstance(spec, ConstantLatency) else 0
        """Delay of every message; 0 where each is drawn by `arrival_ns`."""

    def arrival_ns(self, sent_ns: int) -> int:
        """Return when a message sent at `sent_ns` arrives, never before one sent earlier."""
        if self.constant_ns:
            arrival = sent_ns + self.constant_ns
        elif isinstance(self._spec, TimedLatency):
            latest = max(0, bisect_right(self._spec.times_ns, sent_ns) - 1)
            arrival = sent_ns + self._spec.delays_us[latest] * _US
        else:
            position = self._messages - self._first
            if position == len(self._block):
                self._first, position = self._messages, 0
                self._block = self._draw(self._messages)
            self._messages += 1
            arrival = sent_ns + self._block[position]
        self._free_ns = max(self._free_ns, arrival)
        return self._free_ns

    def change(self, spec: LatencySpec | LatencyFile, arrived_ns: int) -> None:
        """Let messages take `spec` from now on; none arrives before the last one so far, at `arrived_ns`."""
        self._spec, self._block, self._first = _delays(spec), [], self._messages
        self._free_ns = max(self._free_ns, arrived_ns)
        self.constant_ns = 0  # not every message of this line has the same delay

    def _draw(self, first: int) -> list[int]:
        """Return the delays of the messages from number `first` on, in ns."""
        spec = self._spec
        if isinstance(spec, LognormalLatency):
            jitters = np.empty(_BLOCK, np.float64)
            draw_lognormal(jitters, self._key, first, float(spec.jitter_us * _US), spec.sigma)
            room = float((spec.maximum_us - spec.minimum_us) * _US)
            delays = spec.minimum_us * _US + np.minimum(jitters, room).astype(np.int64)
        elif isinstance(spec, RecordedLatency):
            indexes = np.empty(_BLOCK, np.int64)
            draw_indexes(indexes, self._key, first, len(spec.samples_us))
            delays = np.array(spec.samples_us, np.int64)[indexes] * _US
        else:
            delays = np.full(_BLOCK, spec.minimum_ns)
        drawn: list[int] = delays.tolist()
        return drawn


def _delays(spec: LatencySpec | LatencyFile) -> LatencySpec:
    """Return the latency unless it is the name of a file."""
    if isinstance(spec, LatencyFile):
        raise TypeError(f"latency: expected delays, was the name of a file: {spec.file}")
    return spec
