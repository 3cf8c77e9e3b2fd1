"""How long messages travel between an account and the exchange, each way: the models as configuration.

`exchange_sim.link` draws from them.
"""

from __future__ import annotations

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


LatencySpec = ConstantLatency | LognormalLatency | RecordedLatency


class AccountLatency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Both directions of an account: `up` to the exchange, `down` back from it."""

    up: LatencySpec = ConstantLatency()
    down: LatencySpec = ConstantLatency()

    @property
    def minimum_ns(self) -> int:
        """Smallest delay of either direction."""
        return min(self.up.minimum_ns, self.down.minimum_ns)
