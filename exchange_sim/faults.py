"""What can go wrong between an account and the exchange, as configuration.

`exchange_sim.faulty_link` draws from it. Every fault only adds time or takes messages away: nothing ever
travels faster than the latency's minimum, so windows stay as long as they are without faults.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from exchange_sim.latency import Microseconds
from exchange_sim.markets.duration import Duration, parse_duration_ns

Share = Annotated[float, msgspec.Meta(ge=0.0, le=0.9)]

_US = 1_000


class Episodes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One episode at a random time in every `every`, `duration` long: on average that often.

    Raises
    ------
    ValueError
        An episode would be longer than `every`.
    """

    every: Duration = "1m"
    duration: Duration = "1s"

    def __post_init__(self) -> None:
        if self.duration_ns > self.every_ns:
            raise ValueError(f"duration: expected at most every ({self.every!r}), was {self.duration!r}")

    @property
    def every_ns(self) -> int:
        return parse_duration_ns(self.every)

    @property
    def duration_ns(self) -> int:
        return parse_duration_ns(self.duration)


class Spikes(Episodes, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Episodes in which every message takes `extra_us` longer; what is sent behind it waits for it."""

    extra_us: Microseconds = 500_000


class Stalls(Episodes, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Episodes in which market data stands still: it arrives when they are over, or never if `lost`."""

    lost: bool = False


class LinkFaults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Faults of one direction.

    Parameters
    ----------
    drop, double, reorder
        Shares of the messages that are lost, arrive twice, and are held back so that others overtake them.
    held_us
        Longest time that a copy comes later, or that a message is held back.
    spikes
        When everything takes longer.

    Raises
    ------
    ValueError
        More than all messages would be lost or doubled.
    """

    drop: Share = 0.0
    double: Share = 0.0
    reorder: Share = 0.0
    held_us: Microseconds = 50_000
    spikes: Spikes | None = None

    def __post_init__(self) -> None:
        if self.drop + self.double > 1.0:
            raise ValueError(f"double: expected at most 1 - drop, was {self.double} with drop {self.drop}")

    @property
    def held_ns(self) -> int:
        return self.held_us * _US


class DownFaults(LinkFaults, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Faults on the way from the exchange.

    Parameters
    ----------
    late_share, late_us
        Share of the account's own events that come late, and by how much at most.
    stalls
        When market data stands still.
    """

    late_share: Share = 0.0
    late_us: Microseconds = 500_000
    stalls: Stalls | None = None

    @property
    def late_ns(self) -> int:
        return self.late_us * _US


class AccountFaults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Faults of both directions, and how the account's side deals with them.

    Parameters
    ----------
    up, down
        To the exchange and back.
    patience_us
        How long a missing event is waited for before it is asked for.
    heartbeat
        How often the exchange tells how many events there have been: how a lost last one is noticed.
    answer_timeout
        How long an answer is waited for before the order is asked about, and again.
    """

    up: LinkFaults = LinkFaults()
    down: DownFaults = DownFaults()
    patience_us: Microseconds = 20_000
    heartbeat: Duration = "1s"
    answer_timeout: Duration = "1s"

    @property
    def some(self) -> bool:
        """Whether anything can go wrong."""
        quiet = AccountFaults(
            patience_us=self.patience_us, heartbeat=self.heartbeat, answer_timeout=self.answer_timeout
        )
        return self != quiet

    @property
    def patience_ns(self) -> int:
        return self.patience_us * _US

    @property
    def heartbeat_ns(self) -> int:
        return parse_duration_ns(self.heartbeat)

    @property
    def answer_timeout_ns(self) -> int:
        return parse_duration_ns(self.answer_timeout)
