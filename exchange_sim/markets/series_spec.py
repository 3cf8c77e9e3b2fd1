"""Recorded series in configuration: which file, which column, and from when a value is known."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange_sim.markets.duration import Duration, parse_duration_ns
from exchange_sim.series import FUNDING, MARK


class Stamp(StrEnum):
    """What a file's time is: the moment itself, or the opening of the interval a value is about."""

    MOMENT = "moment"
    OPEN = "open"


class Gaps(StrEnum):
    """What is done about missing values: refuse the series, carry the last one, or leave them out."""

    REFUSE = "refuse"
    CARRY = "carry"
    LEAVE = "leave"


class SeriesSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One recorded series of a market.

    Parameters
    ----------
    metric
        Its name: what strategies ask for. `funding` is published as funding rates, `mark` as mark prices
        (quote units); both need an instrument.
    file
        Parquet or CSV, relative to the data folder, with a column of times and one of values.
    stamp
        `moment`: a value is known at its time. `open`: its time is when its interval opens, so it is known
        when the interval ends.
    instrument
        What the series is about; left out where it is about no instrument in particular.
    column, timestamp
        Columns of values and of times (UTC milliseconds, or date-times).
    where
        Rows of a file in long form: `{ symbol = "BTCUSDT", metric = "open_interest" }`.
    interval
        Distance of neighbouring values; needed with `open`. Left out: the median of the distances.
    publication_delay
        How much later than that a value is published.
    gaps
        `refuse` a series in which values are missing within the market's span, `carry` the last value over
        them, or `leave` them out: then nothing is published and nothing is checked.
    """

    metric: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    file: Annotated[str, msgspec.Meta(min_length=1)]
    stamp: Stamp
    instrument: str = ""
    column: str = "value"
    timestamp: str = "timestamp"
    where: dict[str, str] = {}
    interval: Duration | None = None
    publication_delay: Duration | None = None
    gaps: Gaps = Gaps.REFUSE

    def __post_init__(self) -> None:
        if self.stamp == Stamp.OPEN and self.interval is None:
            raise ValueError("interval: expected a duration, because stamp is 'open', was left out")
        if self.metric in (FUNDING, MARK) and not self.instrument:
            raise ValueError(
                f"instrument: expected a symbol, because metric is {self.metric!r}, was left out"
            )

    @property
    def interval_ns(self) -> int:
        """Distance of neighbouring values, 0 where it is left out."""
        return 0 if self.interval is None else parse_duration_ns(self.interval)

    @property
    def lag_ns(self) -> int:
        """How long after its stamp a value is known."""
        opened = self.interval_ns if self.stamp == Stamp.OPEN else 0
        return opened + (0 if self.publication_delay is None else parse_duration_ns(self.publication_delay))

    @property
    def title(self) -> str:
        """Name for people: the metric, and the instrument if there is one."""
        return f"{self.metric} of {self.instrument}" if self.instrument else self.metric


def check_series(series: tuple[SeriesSpec, ...], symbols: tuple[str, ...]) -> None:
    """Refuse series that do not fit a market.

    Raises
    ------
    ValueError
        A series is there twice, or is about an instrument that the market does not have.
    """
    seen: set[tuple[str, str]] = set()
    for number, each in enumerate(series):
        if each.instrument and each.instrument not in symbols:
            raise ValueError(
                f"series[{number}].instrument: expected one of {', '.join(symbols)}, was {each.instrument!r}"
            )
        if (each.metric, each.instrument) in seen:
            raise ValueError(f"series[{number}].metric: expected every series once, was {each.title} twice")
        seen.add((each.metric, each.instrument))
