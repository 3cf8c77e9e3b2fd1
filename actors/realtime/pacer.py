"""Slaves simulated time to a clock: waits, measures how late it is, and says when it cannot keep up.

Simulated time is cut into slices of a fixed span of wall time. What is in a slice is computed when the clock
has reached its end, in one go; so whatever the market does leaves at most one slice after its instant, and a
slice is what waiting costs once. The same slices are computed when the market is late, only without waiting.
"""

from __future__ import annotations

from fractions import Fraction

import msgspec

from actors.realtime.clock import Clock
from actors.realtime.quantiles import Quantiles
from exchange_sim.ports import NEVER_NS

SPEED_MINIMUM, SPEED_MAXIMUM = 0.1, 1000.0
SLICE_NS = 5_000_000
"""Largest slice, in wall time."""
PATIENCE_NS = 1_000_000_000
"""How late a market may be, in wall time, before it is asked whether it falls further behind."""

_MS = 1e6


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Durations in milliseconds of wall time: half of them, 99 of 100 and all are at most so long."""

    p50: float
    p99: float
    max: float


class PaceReport(msgspec.Struct, frozen=True, kw_only=True):
    """How a market has kept to the clock.

    Parameters
    ----------
    speed
        Simulated time per wall time that was asked for.
    reached
        What it was from the start to now, pauses left out.
    slices
        So many were computed; `slice_ms` is the span of wall time of each.
    lag
        How late slices were done.
    jitter
        How much the lag changed from one slice to the next.
    keeps_up
        Whether it does now; False while it is late by more than the patience and falls further behind.
    behind
        How often that became False.
    attainable
        Speed that was reached in those times, at which nobody waited: what this market can do here; None
        where it never fell behind.
    """

    speed: float
    reached: float
    slices: int
    slice_ms: float
    lag: Spread
    jitter: Spread
    keeps_up: bool
    behind: int
    attainable: float | None


class Pacer:
    """Keeps simulated time at the pace of a clock; `pace` is what a window loop calls.

    Parameters
    ----------
    speed
        Simulated time per wall time, 0.1 to 1000.
    clock
        To keep to.
    slice_ns
        Largest span of wall time that is computed in one go.
    patience_ns
        How late the market may be, and how long it is then looked at, before it is said that it cannot
        keep up.

    Raises
    ------
    ValueError
        The speed is out of range.
    """

    def __init__(
        self, speed: float, clock: Clock, *, slice_ns: int = SLICE_NS, patience_ns: int = PATIENCE_NS
    ) -> None:
        if not SPEED_MINIMUM <= speed <= SPEED_MAXIMUM:
            raise ValueError(f"speed: expected {SPEED_MINIMUM:g} to {SPEED_MAXIMUM:g}, was {speed:g}")
        self.speed = speed
        self._rate = Fraction(repr(speed))
        self._clock = clock
        self._slice_ms = slice_ns / _MS
        self._slice_ns = max(1, int(slice_ns * self._rate))
        self._patience_ns = patience_ns
        self._lags, self._changes = Quantiles(), Quantiles()
        self._start_ns = self._wall_ns = 0
        self._edge_ns = -1
        self._done_ns = self._done_wall_ns = 0
        self._lag_ns = 0
        self._paused_at: int | None = None
        self._watched: tuple[int, int] | None = None
        self._lost_ns = self._lost_wall_ns = 0
        self._behind = 0
        self.keeps_up = True
        """False while the market is late by more than the patience and falls further behind."""

    @property
    def lag_ns(self) -> int:
        """How late the last slice was done, in wall time."""
        return self._lag_ns

    def start(self, now_ns: int) -> None:
        """Let simulated time be `now_ns` now; the clock counts from here."""
        self._start_ns = self._edge_ns = self._done_ns = now_ns
        self._wall_ns = self._done_wall_ns = self._clock.now_ns()

    def edge_after(self, now_ns: int) -> int:
        """Return the end of the slice in which `now_ns` lies, or which begins there."""
        return now_ns - (now_ns - self._start_ns) % self._slice_ns + self._slice_ns

    def pace(self, limit_ns: int) -> None:
        """Return when the slice in which time comes up to `limit_ns` may be computed.

        The first call starts the clock at `limit_ns`, if `start` has not.
        """
        if limit_ns <= self._edge_ns:
            return
        if self._edge_ns < 0:
            self.start(limit_ns)
            return
        self._note()
        while self._paused_at is not None:
            self._clock.wait_until(self._clock.now_ns() + SLICE_NS)
        self._edge_ns = self.edge_after(limit_ns - 1)
        self._clock.wait_until(self._due(self._edge_ns))

    def release(self) -> None:
        """Never wait again: what is still to be computed comes at once."""
        if self._edge_ns < NEVER_NS:
            self._note()
            self._edge_ns = NEVER_NS

    def pause(self) -> None:
        """Let the clock stand still for the market, from the end of the slice that is being computed on."""
        if self._paused_at is None:
            self._paused_at = self._clock.now_ns()

    def resume(self) -> None:
        """Go on as if no time had passed since `pause`."""
        if self._paused_at is not None:
            self.shift(self._clock.now_ns() - self._paused_at)
            self._paused_at = None

    def shift(self, passed_ns: int) -> None:
        """Go on as if so much wall time had not passed."""
        self._wall_ns += passed_ns
        self._done_wall_ns += passed_ns
        self._watched = None

    def report(self) -> PaceReport:
        """Return how it has gone so far."""
        wall_ns = self._done_wall_ns - self._wall_ns
        return PaceReport(
            speed=self.speed,
            reached=(self._done_ns - self._start_ns) / wall_ns if wall_ns > 0 else self.speed,
            slices=self._lags.count,
            slice_ms=self._slice_ms,
            lag=_spread(self._lags),
            jitter=_spread(self._changes),
            keeps_up=self.keeps_up,
            behind=self._behind,
            attainable=self._lost_ns / self._lost_wall_ns if self._lost_wall_ns else None,
        )

    def _due(self, at_ns: int) -> int:
        """Return when the clock reaches an instant of simulated time."""
        return self._wall_ns + (at_ns - self._start_ns) * self._rate.denominator // self._rate.numerator

    def _note(self) -> None:
        """Measure the slice that has just been done, if there was one."""
        if self._edge_ns == self._start_ns:
            return
        now_ns = self._clock.now_ns()
        lag_ns = max(0, now_ns - self._due(self._edge_ns))
        if self._lags.count:
            self._changes.add(abs(lag_ns - self._lag_ns))
        self._lags.add(lag_ns)
        self._lag_ns = lag_ns
        self._done_ns, self._done_wall_ns = self._edge_ns, now_ns
        self._judge()

    def _judge(self) -> None:
        """Find out whether the market keeps up: it does while its lag is small or becomes smaller."""
        now_ns, done_ns = self._done_wall_ns, self._done_ns
        if self._lag_ns <= self._patience_ns:
            self.keeps_up, self._watched = True, None
            return
        if self._watched is None:
            self._watched = now_ns, done_ns
            return
        wall_ns, passed_ns = now_ns - self._watched[0], done_ns - self._watched[1]
        if wall_ns < self._patience_ns:
            return
        self._watched = now_ns, done_ns
        if passed_ns < wall_ns * self._rate:
            self._lost_ns += passed_ns
            self._lost_wall_ns += wall_ns
            self._behind += self.keeps_up
            self.keeps_up = False
        else:
            self.keeps_up = True


def _spread(durations: Quantiles) -> Spread:
    return Spread(
        p50=durations.quantile(0.5) / _MS, p99=durations.quantile(0.99) / _MS, max=durations.maximum / _MS
    )
