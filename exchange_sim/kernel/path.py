"""What the crowd knows that bots do not: each instrument's fundamental value, and how busy the day is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class MarketPath:
    """Fundamental values and activity on one grid of times for all instruments of a market.

    Point k lies at `start_ns + k * step_ns`. Between points the fundamental is a straight line and the
    activity is that of the point before. The market covers `[start_ns, end_ns)`.

    Parameters
    ----------
    start_ns, step_ns
        First point, in ns since the Unix epoch, and spacing of the grid in ns.
    fundamental_ticks
        Float64 of shape (instruments, points), in ticks (fractions allowed), positive.
    activity
        Float64 of the same shape: factor on all arrival rates, 1 on average, not negative.

    Raises
    ------
    ValueError
        The shapes differ, there are fewer than two points, or a value is out of range or NaN.
    """

    start_ns: int
    step_ns: int
    fundamental_ticks: npt.NDArray[np.float64]
    activity: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        shape = self.fundamental_ticks.shape
        if len(shape) != 2 or shape[0] < 1 or shape[1] < 2:
            raise ValueError(
                f"fundamental_ticks: expected shape (instruments, 2 points or more), was {shape}"
            )
        if self.activity.shape != shape:
            raise ValueError(f"activity: expected shape {shape}, was {self.activity.shape}")
        if self.step_ns < 1:
            raise ValueError(f"step_ns: expected 1 or more, was {self.step_ns}")
        if self.start_ns < 0:
            raise ValueError(f"start_ns: expected 0 or more, was {self.start_ns}")
        if not (np.isfinite(self.fundamental_ticks).all() and (self.fundamental_ticks >= 1.0).all()):
            raise ValueError("fundamental_ticks: expected finite values of 1 tick or more")
        if not (np.isfinite(self.activity).all() and (self.activity >= 0.0).all()):
            raise ValueError("activity: expected finite values of 0 or more")

    @property
    def points(self) -> int:
        """Number of grid points."""
        return int(self.fundamental_ticks.shape[1])

    @property
    def end_ns(self) -> int:
        """Time of the last grid point; the market ends here."""
        return self.start_ns + (self.points - 1) * self.step_ns

    @classmethod
    def constant(cls, start_ns: int, duration_ns: int, ticks: list[float]) -> MarketPath:
        """Return a path on which nothing ever changes: one value in ticks per instrument."""
        level = np.repeat(np.array(ticks, dtype=np.float64)[:, None], 2, axis=1)
        return cls(start_ns, duration_ns, level, np.ones_like(level))
