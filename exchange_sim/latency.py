"""How long messages travel between an account and the exchange, each way: the models as configuration.

`exchange_sim.link` draws from them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

import msgspec

_US = 1_000

Microseconds = Annotated[int, msgspec.Meta(ge=1, le=60_000_000)]


class ConstantLatency(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="constant",
):
    """Every message takes `delay_us` microseconds."""

    delay_us: Microseconds = 10_000

    @property
    def minimum_ns(self) -> int:
        return self.delay_us * _US


class LognormalLatency(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="lognormal",
):
    """`minimum_us` plus a lognormal with median `jitter_us` and shape `sigma`, at most `maximum_us`."""

    minimum_us: Microseconds = 5_000
    jitter_us: Microseconds = 2_000
    sigma: Annotated[float, msgspec.Meta(gt=0.0, le=4.0)] = 0.8
    maximum_us: Microseconds = 2_000_000

    def __post_init__(self) -> None:
        if self.maximum_us < self.minimum_us:
            raise ValueError(
                f"maximum_us: expected minimum_us ({self.minimum_us}) or more, was {self.maximum_us}"
            )

    @property
    def minimum_ns(self) -> int:
        return self.minimum_us * _US


class RecordedLatency(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="recorded",
):
    """Each message takes one of the measured delays, drawn with equal chances."""

    samples_us: Annotated[tuple[Microseconds, ...], msgspec.Meta(min_length=1, max_length=100_000)]

    @property
    def minimum_ns(self) -> int:
        return min(self.samples_us) * _US


class TimedLatency(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="timed",
):
    """A message takes the delay that was measured last before it was sent; before all of them, the first.

    `times_ns` are in ns since the Unix epoch and rise, `delays_us` has as many values.
    """

    times_ns: Annotated[tuple[int, ...], msgspec.Meta(min_length=1)]
    delays_us: Annotated[tuple[Microseconds, ...], msgspec.Meta(min_length=1)]

    def __post_init__(self) -> None:
        if len(self.times_ns) != len(self.delays_us):
            raise ValueError(f"delays_us: expected {len(self.times_ns)} values, was {len(self.delays_us)}")
        for number, (before, after) in enumerate(pairwise(self.times_ns), 1):
            if after <= before:
                raise ValueError(f"times_ns[{number}]: expected a time after {before}, was {after}")

    @property
    def minimum_ns(self) -> int:
        return min(self.delays_us) * _US


class LatencyFile(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="file",
):
    """A `TimedLatency` that is recorded in a file, relative to the data folder.

    Parameters
    ----------
    file
        Parquet or CSV with a column of times (UTC milliseconds or date-times) and one of delays in us.
    minimum_us
        No delay is smaller: a run is cut into windows of the smallest one-way latency.
    column, timestamp
        Of delays and of times.
    offset_us
        Added to every delay: clocks of recorder and exchange differ.
    """

    file: Annotated[str, msgspec.Meta(min_length=1)]
    minimum_us: Microseconds
    column: str = "latency_us"
    timestamp: str = "timestamp"
    offset_us: int = 0

    @property
    def minimum_ns(self) -> int:
        return self.minimum_us * _US


LatencySpec = ConstantLatency | LognormalLatency | RecordedLatency | TimedLatency


class AccountLatency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Both directions of an account: `up` to the exchange, `down` back from it."""

    up: LatencySpec | LatencyFile = ConstantLatency()
    down: LatencySpec | LatencyFile = ConstantLatency()

    @property
    def minimum_ns(self) -> int:
        """Smallest delay of either direction."""
        return min(self.up.minimum_ns, self.down.minimum_ns)
