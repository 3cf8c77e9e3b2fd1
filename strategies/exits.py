"""When an open position has lost or gained enough."""

from __future__ import annotations

import math
from enum import Enum
from typing import Annotated

import msgspec


class Exit(Enum):
    """Why a position is closed."""

    STOP = "stop"
    TARGET = "target"
    SIGNAL = "signal"
    TIME = "time"


class Bracket(msgspec.Struct, frozen=True):
    """A stop and a target around the entry price.

    Parameters
    ----------
    stop_loss
        Adverse move that closes the position, as a fraction of the entry price.
    take_profit
        Favourable move that closes it; None for no target.
    """

    stop_loss: Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)]
    take_profit: Annotated[float, msgspec.Meta(gt=0.0)] | None = None

    def levels(self, sign: int, entry: float) -> tuple[float, float]:
        """Return the stop and the target price of a position (+1 long, -1 short) entered at `entry`.

        Without a target its price is infinitely far in the favourable direction.
        """
        stop = entry * (1.0 - sign * self.stop_loss)
        if self.take_profit is None:
            return stop, sign * math.inf
        return stop, entry * (1.0 + sign * self.take_profit)

    def hit(self, sign: int, entry: float, price: float) -> Exit | None:
        """Return STOP or TARGET if `price` has reached a level, else None.

        Reaching a level exactly counts. `sign` is +1 for a long and -1 for a short position; `entry` and
        `price` are in the same unit. `price` should be one at which the position can be closed: the
        bid for a long, the ask for a short.
        """
        stop, target = self.levels(sign, entry)
        if sign * (price - stop) <= 0.0:
            return Exit.STOP
        if sign * (price - target) >= 0.0:
            return Exit.TARGET
        return None
