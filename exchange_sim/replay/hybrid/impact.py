"""How far the recorded market moves for flow that is not in the record.

The square-root law of market impact, I(Q) = Y sigma sqrt(Q / V): with sigma and V the volatility and the
volume of one and the same span, of whatever length. That a market which cannot tell a large order's size
beforehand prices it so follows where sizes of large orders have a Pareto tail of exponent 1.5: then the fair
price moves with the power 1.5 - 1.

References
----------
Toth et al. 2011, "Anomalous price impact and the critical nature of liquidity in financial markets".
Farmer, Gerig, Lillo, Waelbroeck 2013, "How efficiency shapes market impact".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exchange_sim.kernel.maths import power


@dataclass(frozen=True, slots=True)
class Impact:
    """Displacement of the recorded prices.

    Parameters
    ----------
    strength
        Y: displacement in standard deviations of the price over the span in which the market trades as much.
    exponent
        Power of the flow.
    half_life_ns
        How fast flow is forgotten.
    volatility
        Standard deviation of the log price over one second.
    volume_lots
        What the record trades in a second.
    """

    strength: float
    exponent: float
    half_life_ns: int
    volatility: float
    volume_lots: float

    def ticks(self, flow_lots: float, middle_ticks: float) -> int:
        """Return the displacement for a net flow that is still remembered (bought: above 0)."""
        if flow_lots == 0.0 or self.volume_lots <= 0.0:
            return 0
        relative = self.strength * self.volatility * power(abs(flow_lots) / self.volume_lots, self.exponent)
        return int(math.copysign(relative * middle_ticks + 0.5, flow_lots))


def volatility_per_second(mids: npt.NDArray[np.float64], step_ns: int) -> float:
    """Return the standard deviation of the log mid over a second, from returns over ten seconds or less.

    Over shorter spans the price bounces, over longer ones a short record has too few.
    """
    count = max(1, min(10 * 1_000_000_000 // step_ns, len(mids) // 4))
    logs = np.log(mids[::count])
    if len(logs) < 2:
        return 0.0
    span_s = count * step_ns / 1e9
    return float(np.sqrt(np.mean(np.diff(logs) ** 2) / span_s))
