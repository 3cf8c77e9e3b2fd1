"""A strategy's timers: events on the run's clock, in order of time and name."""

from __future__ import annotations

from heapq import heappop, heappush

from exchange_sim.ports import NEVER_NS


class Timers:
    """Named timers, once or repeating.

    `next_ns` is when the next one is due, `NEVER_NS` if there is none.
    """

    __slots__ = ("_heap", "_set", "_versions", "next_ns")

    def __init__(self) -> None:
        self._heap: list[tuple[int, str, int]] = []
        self._set: dict[str, tuple[int, int]] = {}  # name -> version, interval
        self._versions = 0
        self.next_ns = NEVER_NS

    def set(self, name: str, at_ns: int, every_ns: int = 0) -> None:
        """Set or replace a timer; `every_ns` 0 for once."""
        self._versions += 1
        self._set[name] = (self._versions, every_ns)
        heappush(self._heap, (at_ns, name, self._versions))
        self._find_next()

    def cancel(self, name: str) -> None:
        """Forget a timer, if there is one of that name."""
        if self._set.pop(name, None) is not None:
            self._find_next()

    def clear(self) -> None:
        """Forget all timers."""
        self._set.clear()
        self._heap.clear()
        self.next_ns = NEVER_NS

    def pop(self) -> tuple[int, str]:
        """Return time and name of the next timer, and set it again if it repeats.

        Raises
        ------
        IndexError
            There is none.
        """
        at_ns, name, version = heappop(self._heap)
        _, every_ns = self._set[name]
        if every_ns:
            heappush(self._heap, (at_ns + every_ns, name, version))
        else:
            del self._set[name]
        self._find_next()
        return at_ns, name

    def _find_next(self) -> None:
        heap = self._heap
        while heap and self._set.get(heap[0][1], (0, 0))[0] != heap[0][2]:
            heappop(heap)
        self.next_ns = heap[0][0] if heap else NEVER_NS
