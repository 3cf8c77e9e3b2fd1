"""How long messages travel between an account and the exchange, each way.

Messages of one direction never overtake each other: like a TCP session, a late one holds up those behind it.
Draws belong to (seed, account, direction) and the message's number, so one account's traffic does not change
another's luck. What is left out: loss of messages, and congestion that many accounts cause together.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np

from exchange_sim.compiled import compiled
from exchange_sim.kernel.draws import lognormal, uniform
from exchange_sim.rng import derive

MICROSECOND_NS = 1_000
_BLOCK = 1_024

Microseconds = Annotated[float, msgspec.Meta(ge=1.0, le=60_000_000.0)]
Jitter = Annotated[float, msgspec.Meta(ge=0.0, le=60_000_000.0)]


class ConstantLatency(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="constant"
):
    """Every message travels equally long, in microseconds."""

    latency_us: Microseconds = 5_000.0


class LognormalLatency(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="lognormal"
):
    """A minimum plus a lognormal jitter with the given median (microseconds) and sigma of its logarithm."""

    minimum_us: Microseconds = 3_000.0
    jitter_us: Jitter = 1_000.0
    sigma: Annotated[float, msgspec.Meta(ge=0.0, le=3.0)] = 0.8


class RecordedLatency(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="recorded"
):
    """Draws from measured latencies, in microseconds, each equally likely."""

    samples_us: Annotated[tuple[Microseconds, ...], msgspec.Meta(min_length=1)]


LatencySpec = ConstantLatency | LognormalLatency | RecordedLatency


class AccountLatency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account's way to the exchange (`up`) and back (`down`)."""

    up: LatencySpec = ConstantLatency()
    down: LatencySpec = ConstantLatency()

    @property
    def minimum_ns(self) -> int:
        """The shortest time any message of the account can take, in either direction."""
        return min(minimum_ns(self.up), minimum_ns(self.down))


def minimum_ns(spec: LatencySpec) -> int:
    """Return the shortest time, in ns, that a message can take."""
    if isinstance(spec, ConstantLatency):
        return round(spec.latency_us * MICROSECOND_NS)
    if isinstance(spec, LognormalLatency):
        return round(spec.minimum_us * MICROSECOND_NS)
    return round(min(spec.samples_us) * MICROSECOND_NS)


class Link:
    """One direction of an account's connection.

    Parameters
    ----------
    spec
        Its latency.
    seed, account, direction
        Name the stream of draws; direction is `up` or `down`.
    """

    __slots__ = ("_block", "_constant_ns", "_first", "_free_ns", "_key", "_messages", "_spec")

    def __init__(self, spec: LatencySpec, seed: int, account: str, direction: str) -> None:
        self._spec = spec
        self._key = derive(seed, "latency", account, direction)
        self._constant_ns = minimum_ns(spec) if isinstance(spec, ConstantLatency) else 0
        self._free_ns = 0
        self._messages = 0
        self._first = 0
        self._block: list[int] = []

    def arrival_ns(self, sent_ns: int) -> int:
        """Return when a message sent now arrives: never before one sent earlier. Counts the message."""
        if self._constant_ns:
            arrival = sent_ns + self._constant_ns
        else:
            position = self._messages - self._first
            if position == len(self._block):
                self._first, position = self._messages, 0
                self._block = self._draw(self._messages)
            self._messages += 1
            arrival = sent_ns + self._block[position]
        if arrival < self._free_ns:
            return self._free_ns
        self._free_ns = arrival
        return arrival

    def _draw(self, first: int) -> list[int]:
        spec = self._spec
        if isinstance(spec, LognormalLatency):
            minimum, median = spec.minimum_us * MICROSECOND_NS, spec.jitter_us * MICROSECOND_NS
            drawn = _lognormal_block(self._key, first, minimum, median, spec.sigma)
        else:
            assert isinstance(spec, RecordedLatency)
            drawn = _recorded_block(self._key, first, np.array(spec.samples_us) * MICROSECOND_NS)
        return [int(value) for value in drawn]


@compiled
def _lognormal_block(key: int, first: int, minimum: float, median: float, sigma: float) -> np.ndarray:
    block = np.empty(_BLOCK, np.int64)
    for i in range(_BLOCK):
        block[i] = np.int64(minimum + lognormal(key, first + i, median, sigma))
    return block


@compiled
def _recorded_block(key: int, first: int, samples: np.ndarray) -> np.ndarray:
    block = np.empty(_BLOCK, np.int64)
    for i in range(_BLOCK):
        block[i] = np.int64(samples[np.int64(uniform(key, first + i) * samples.size)])
    return block
