"""How an equity curve paid for its risk.

Ratios are annualised over 365 days, because the markets never close, and arithmetically (mean return
per unit of time, not compounded): a ten-minute match compounds to a meaningless figure over a year.
The riskless rate is zero. A figure that is not defined is NaN, never a made-up zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Self

import msgspec
import numpy as np
import numpy.typing as npt

YEAR_NS = 365 * 24 * 3600 * 10**9
"""Nanoseconds in the year of all annualised figures."""

LONG_ENOUGH_NS = 30 * 24 * 3600 * 10**9
"""Play from which annualised figures need no warning: a Sharpe ratio's error is below four."""

_NO_SPREAD = 1e-7  # a standard deviation below this share of the largest return is rounding of the sums


class ReturnMoments(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over an equity curve's period returns, enough to pool the curves of several matches.

    `count` returns over `span_ns`; `total`, `squares`, `cubes` and `quartics` the sums of their powers,
    `downside` the sum of squares of the negative ones, `largest` the largest absolute return.
    """

    count: int = 0
    span_ns: int = 0
    total: float = 0.0
    squares: float = 0.0
    cubes: float = 0.0
    quartics: float = 0.0
    downside: float = 0.0
    largest: float = 0.0

    def __add__(self, other: ReturnMoments) -> ReturnMoments:
        return ReturnMoments(
            count=self.count + other.count,
            span_ns=self.span_ns + other.span_ns,
            total=self.total + other.total,
            squares=self.squares + other.squares,
            cubes=self.cubes + other.cubes,
            quartics=self.quartics + other.quartics,
            downside=self.downside + other.downside,
            largest=max(self.largest, other.largest),
        )

    @property
    def annual_return(self) -> float:
        """Mean return per year, not compounded; NaN for an empty span."""
        return self.total * YEAR_NS / self.span_ns if self.span_ns > 0 else math.nan

    @property
    def volatility(self) -> float:
        """Annualised standard deviation of the period returns; NaN below two of them."""
        if self.span_ns <= 0:
            return math.nan
        return self._deviation * math.sqrt(self.count * YEAR_NS / self.span_ns)

    @property
    def period_sharpe(self) -> float:
        """Mean over standard deviation of the period returns, not annualised; NaN where `sharpe` is."""
        return _ratio(self.total / self.count, self._deviation) if self.count else math.nan

    @property
    def skewness(self) -> float:
        """Third standardised moment of the period returns; NaN where they do not vary."""
        mean, deviation = self._population()
        if not deviation > 0:
            return math.nan
        third = self.cubes / self.count - 3 * mean * self.squares / self.count + 2 * mean**3
        return third / deviation**3

    @property
    def kurtosis(self) -> float:
        """Fourth standardised moment of the period returns (3 for the normal); NaN where they do not vary."""
        mean, deviation = self._population()
        if not deviation > 0:
            return math.nan
        square, cube, quartic = (x / self.count for x in (self.squares, self.cubes, self.quartics))
        return (quartic - 4 * mean * cube + 6 * mean**2 * square - 3 * mean**4) / deviation**4

    def _population(self) -> tuple[float, float]:
        """Return mean and standard deviation with divisor n."""
        if self.count < 2:
            return math.nan, math.nan
        return self.total / self.count, self._deviation * math.sqrt((self.count - 1) / self.count)

    @property
    def _deviation(self) -> float:
        """Standard deviation of the period returns with divisor n - 1; 0 where it is mere rounding."""
        if self.count < 2:
            return math.nan
        mean = self.total / self.count
        deviation = math.sqrt(max(0.0, self.squares - self.count * mean * mean) / (self.count - 1))
        return deviation if deviation > _NO_SPREAD * self.largest else 0.0

    @property
    def sharpe(self) -> float:
        """Annual return per volatility; NaN where nothing moved or the curve is a straight line."""
        return _ratio(self.annual_return, self.volatility)

    @property
    def sortino(self) -> float:
        """Annual return per downside deviation from zero (root mean square over *all* periods).

        NaN where no period lost: the ratio would be infinite whatever was gained.
        """
        if self.count < 2 or self.span_ns <= 0:
            return math.nan
        return _ratio(self.annual_return, math.sqrt(self.downside * YEAR_NS / self.span_ns))

    @classmethod
    def pooled(cls, parts: Iterable[Self]) -> ReturnMoments:
        """Return the moments of all curves together, as of one account that played them in turn."""
        total = ReturnMoments()
        for part in parts:
            total = total + part
        return total


class EquityMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one equity curve. Ratios are fractions of one; undefined figures are NaN.

    `total_return` is over the whole curve and not annualised. `max_drawdown` is the largest fall from a
    running peak as a share of that peak: 0 for a curve that never fell, above 1 where equity went
    below zero. `calmar` is the annual return per `max_drawdown`.
    """

    total_return: float
    annual_return: float
    volatility: float
    sharpe: float
    sortino: float
    calmar: float
    max_drawdown: float
    moments: ReturnMoments


def equity_metrics(times_ns: npt.ArrayLike, equity: npt.ArrayLike) -> EquityMetrics:
    """Return the figures of one equity curve.

    Parameters
    ----------
    times_ns : int64[n]
        Strictly increasing sampling times. The annualisation assumes even steps.
    equity : float64[n]
        Value of the account; NaN samples are left out.

    Notes
    -----
    A period return is the change over the previous equity. Once equity is zero or below, later changes
    have no base: the curve's returns end with the step that ruined it, its drawdown does not.

    Raises
    ------
    ValueError
        Shapes differ, times do not increase, or an equity is infinite.
    """
    times, values = _checked(times_ns, equity)
    moments = _moments(times, values)
    drawdown = max_drawdown(values)
    first = values[0] if len(values) else math.nan
    annual = moments.annual_return
    return EquityMetrics(
        total_return=float(values[-1] / first - 1.0) if len(values) and first > 0 else math.nan,
        annual_return=annual,
        volatility=moments.volatility,
        sharpe=moments.sharpe,
        sortino=moments.sortino,
        calmar=_ratio(annual, drawdown),
        max_drawdown=drawdown,
        moments=moments,
    )


def annualisation_note(span_ns: int) -> str:
    """Return a warning about ratios annualised from `span_ns` of play; empty from `LONG_ENOUGH_NS` on.

    The error of an annualised Sharpe ratio is about one over the square root of the years it rests on
    (A. W. Lo 2002, The statistics of Sharpe ratios, for returns small against their deviation).
    """
    if not 0 < span_ns < LONG_ENOUGH_NS:
        return ""
    hours = span_ns / 3600e9
    played = f"{hours:,.0f} h" if hours >= 2 else f"{60 * hours:,.0f} min" if hours >= 1 / 30 else "seconds"
    error = math.sqrt(YEAR_NS / span_ns)
    return (
        f"Sharpe, Sortino and Calmar extrapolate {played} of play to a year and are huge either way: luck "
        f"alone moves a Sharpe ratio by about {error:,.0f}. Compare them within this table only."
    )


def max_drawdown(equity: npt.ArrayLike) -> float:
    """Return the largest fall from a running peak as a share of the peak; NaN without samples."""
    fall = drawdowns(equity)
    return float(fall.max()) if len(fall) else math.nan


def drawdowns(equity: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return, per sample, the fall from the running peak as a share of it, 0 at each new peak.

    NaN where the peak so far is not positive.
    """
    values = np.asarray(equity, dtype=np.float64)
    if not len(values):
        return values
    peak = np.maximum.accumulate(values)
    positive = np.where(peak > 0, peak, np.nan)
    return (peak - values) / positive


def _checked(
    times_ns: npt.ArrayLike, equity: npt.ArrayLike
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    times = np.asarray(times_ns, dtype=np.int64)
    values = np.asarray(equity, dtype=np.float64)
    if times.ndim != 1 or times.shape != values.shape:
        raise ValueError(f"equity: expected one value per time {times.shape}, was {values.shape}")
    if np.isinf(values).any():
        raise ValueError("equity: expected finite values, was infinite")
    if len(times) > 1 and (np.diff(times) <= 0).any():
        at = int(np.argmax(np.diff(times) <= 0)) + 1
        raise ValueError(f"times_ns: expected increasing times, was {times[at]} at index {at}")
    kept = ~np.isnan(values)
    return times[kept], values[kept]


def _moments(times: npt.NDArray[np.int64], values: npt.NDArray[np.float64]) -> ReturnMoments:
    ruined = np.flatnonzero(values <= 0)
    steps = len(values) - 1 if not len(ruined) else int(ruined[0])
    if steps < 1:
        return ReturnMoments()
    base = values[:steps]
    returns = (values[1 : steps + 1] - base) / base
    return ReturnMoments(
        count=steps,
        span_ns=int(times[steps] - times[0]),
        total=float(returns.sum()),
        squares=float((returns**2).sum()),
        cubes=float((returns**3).sum()),
        quartics=float((returns**4).sum()),
        downside=float((np.minimum(returns, 0.0) ** 2).sum()),
        largest=float(np.abs(returns).max()),
    )


def _ratio(value: float, risk: float) -> float:
    return value / risk if risk > 0 else math.nan
