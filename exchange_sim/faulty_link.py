"""One direction of an account's connection on which messages are lost, doubled, held back or late.

What happens to the n-th message is drawn from a stream of its own, and when episodes begin from another: both
are the same however a run is cut into windows, and adding faults does not change the draws of the latency.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from exchange_sim.faults import Episodes, LinkFaults
from exchange_sim.latency import LatencyFile, LatencySpec
from exchange_sim.link import Link
from exchange_sim.rng import derive, generator

Spans = Sequence[tuple[int, int]]
"""(from, to) in ns, in order, not overlapping."""

_BLOCK = 256
_DRAWS = 4
_UNIT_BITS = 63


class EpisodeClock:
    """Tells in which episode an instant lies. Episodes begin and end within one cell of their grid."""

    __slots__ = ("_begin_ns", "_cell", "_duration_ns", "_every_ns", "_names", "_seed")

    def __init__(self, episodes: Episodes, seed: int, *names: str) -> None:
        self._every_ns = episodes.every_ns
        self._duration_ns = episodes.duration_ns
        self._seed = seed
        self._names = names
        self._cell = -1
        self._begin_ns = 0

    def end_ns(self, instant_ns: int) -> int:
        """Return when the episode that covers the instant ends, 0 if there is none."""
        cell = instant_ns // self._every_ns
        if cell != self._cell:
            room = self._every_ns - self._duration_ns + 1
            offset_ns = derive(self._seed, *self._names, cell) * room >> _UNIT_BITS
            self._cell, self._begin_ns = cell, cell * self._every_ns + offset_ns
        end_ns = self._begin_ns + self._duration_ns
        return end_ns if self._begin_ns <= instant_ns < end_ns else 0


class FaultyLink:
    """Tells when, and how often, messages arrive.

    Parameters
    ----------
    spec, faults
        The latency, and what goes wrong beyond it.
    seed, account, direction
        Name the streams of draws.
    """

    __slots__ = (
        "_block",
        "_extra_ns",
        "_faults",
        "_held_ns",
        "_link",
        "_messages",
        "_names",
        "_seed",
        "_spikes",
        "doubled",
        "dropped",
        "held",
    )

    def __init__(
        self, spec: LatencySpec | LatencyFile, faults: LinkFaults, seed: int, account: str, direction: str
    ) -> None:
        self._link = Link(spec, seed, account, direction)
        self._faults = faults
        self._held_ns = faults.held_ns
        self._seed = seed
        self._names = (account, direction)
        self._messages = 0
        self._block: list[list[float]] = []
        spikes = faults.spikes
        self._spikes = None if spikes is None else EpisodeClock(spikes, seed, "spikes", *self._names)
        self._extra_ns = 0 if spikes is None else spikes.extra_us * 1_000
        self.dropped = 0
        self.doubled = 0
        self.held = 0

    def change(self, spec: LatencySpec | LatencyFile) -> None:
        """Let messages take another latency from now on; their faults stay as they are."""
        self._link.change(spec, 0)

    def arrivals_ns(self, sent_ns: int, *, late_share: float = 0.0, late_ns: int = 0) -> tuple[int, ...]:
        """Return when a message sent at `sent_ns` arrives: never, once or twice, in no particular order.

        Messages that are not held back never overtake each other. `late_share` of the messages like this one
        are held back by up to `late_ns`.
        """
        if self._spikes is not None and self._spikes.end_ns(sent_ns):
            arrival_ns = self._link.arrival_ns(sent_ns + self._extra_ns)
        else:
            arrival_ns = self._link.arrival_ns(sent_ns)
        fate, held, share, late = self._draw()
        faults = self._faults
        if late < late_share:
            self.held += 1
            arrival_ns += int(late / late_share * late_ns)
        if held < faults.reorder:
            self.held += 1
            arrival_ns += int(share * self._held_ns)
        if fate < faults.drop:
            self.dropped += 1
            return ()
        if fate > 1.0 - faults.double:
            self.doubled += 1
            return arrival_ns, arrival_ns + int(share * self._held_ns)
        return (arrival_ns,)

    def _draw(self) -> list[float]:
        """Return the four numbers in [0, 1) that decide about the next message."""
        place = self._messages % _BLOCK
        if place == 0:
            block = self._messages // _BLOCK
            draws = generator(self._seed, "faults", *self._names, block).random((_BLOCK, _DRAWS))
            self._block = draws.tolist()
        self._messages += 1
        return self._block[place]


def covered(spans: Spans, instant_ns: int) -> bool:
    """Return whether one of the spans covers the instant; their ends are outside."""
    place = bisect_right(spans, (instant_ns, 2**63)) - 1
    return place >= 0 and instant_ns < spans[place][1]
