"""What the window loop asks between windows: when a slice may begin, and what comes in from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from actors.helm import Hands
from actors.realtime.clock import Clock
from actors.realtime.pacer import Pacer
from actors.realtime.reception import Reception
from actors.realtime.server import Server
from exchange_sim.ports import NEVER_NS, Steering

_SHOWN_EVERY_NS = 250_000_000
_HELD_NS = 1_000_000
"""Somebody who holds the match does so for longer."""


class MarketEndedError(Exception):
    """Somebody has asked for the end; raised between two slices."""


class RealtimeHelm:
    """An `exchange_sim.ports.Helm` at whose edges of slices outside accounts act; `pace` is the loop's hook.

    Parameters
    ----------
    pacer
        Not yet started.
    reception
        The outside accounts.
    server
        Told the market's time; None where nobody can join.
    clock
        Says when it is time to show something.
    hands
        Somebody else who may hold, stop and steer the match; the market's clock stands while it is held.

    Attributes
    ----------
    ending
        Set it to end the market at the next edge.
    show
        Called a few times a second with the market's time.
    """

    def __init__(
        self,
        pacer: Pacer,
        reception: Reception,
        server: Server | None,
        clock: Clock,
        hands: Hands | None = None,
    ) -> None:
        self.next_ns = -1
        self.ending = False
        self.show: Callable[[int], None] | None = None
        self._pacer = pacer
        self._reception = reception
        self._server = server
        self._clock = clock
        self._hands = hands
        self._now_ns = 0
        self._waited_ns = -1
        self._shown_ns = 0

    def take(self, now_ns: int) -> Sequence[tuple[int, Steering]]:
        if now_ns < self.next_ns:
            return ()
        if self.ending:
            raise MarketEndedError
        if self.next_ns < 0:
            self._pacer.start(now_ns)
        self._now_ns = now_ns
        self.next_ns = self._pacer.edge_after(now_ns)
        if self._server is not None:
            self._server.now_ns = now_ns
        steerings = self._reception.take(now_ns)
        return steerings if self._hands is None else [*self._hands.helm.take(now_ns), *steerings]

    def pace(self, limit_ns: int) -> None:
        """Send what was heard, and wait until the slice with `limit_ns` may be computed."""
        if limit_ns <= self._waited_ns:
            return
        self._waited_ns = self.next_ns
        self._reception.tell(self._now_ns)
        wall_ns = self._clock.now_ns()
        if self.show is not None and wall_ns - self._shown_ns >= _SHOWN_EVERY_NS:
            self._shown_ns = wall_ns
            self.show(self._now_ns)
        if self._hands is not None:
            self._hands.pace(limit_ns)
            held_ns = self._clock.now_ns() - wall_ns
            if held_ns > _HELD_NS:
                self._pacer.shift(held_ns)
        self._pacer.pace(limit_ns)

    def release(self) -> None:
        """Send what was heard last and wait no more."""
        self._pacer.release()
        self._reception.tell(self._now_ns)
        self._waited_ns = NEVER_NS
