"""How much a bot may set going by itself before simulated time has to move on."""

from __future__ import annotations

from actors.faults import PaceLimitError

PACE_NS = 100_000_000
PACE_LIMIT = 10_000


class Pace:
    """Counts what a bot causes: commands, timers that ring, answers to denied orders.

    More than `PACE_LIMIT` of them within one slot of `PACE_NS` on the clock's grid and time would all but
    stand still: by timers at one instant, by denials that are answered with the same order, or by answers
    to own events that multiply.
    """

    __slots__ = ("_counted", "_slot")

    def __init__(self) -> None:
        self._slot = -1
        self._counted = 0

    def count(self, now_ns: int, number: int = 1) -> None:
        """Count so many.

        Raises
        ------
        PaceLimitError
            The limit is exceeded.
        """
        slot = now_ns // PACE_NS
        if slot != self._slot:
            self._slot = slot
            self._counted = 0
        self._counted += number
        if self._counted > PACE_LIMIT:
            raise PaceLimitError(f"caused more than {PACE_LIMIT:,} commands and calls within 0.1 s")
