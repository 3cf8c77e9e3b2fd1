"""When the exchange is down, as it is written in a configuration file."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise

import msgspec

from exchange_sim.kernel.operator import Halt
from exchange_sim.markets.duration import Duration, format_duration, parse_duration_ns


class Resting(StrEnum):
    """What happens to resting orders when the exchange goes down."""

    KEEP = "keep"
    CANCEL = "cancel"


class OutageSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A span in which the exchange accepts nothing, cancels neither, from anybody.

    Parameters
    ----------
    after
        Its beginning, counted from when the bots start.
    duration
        Its length.
    announced
        True: maintenance; commands are refused with a reason, events and market data flow. False: nothing
        gets through, commands vanish without an answer and what the exchange publishes is lost.
    resting
        Whether resting orders are kept or canceled.
    """

    after: Duration
    duration: Duration
    announced: bool = True
    resting: Resting = Resting.KEEP

    @property
    def after_ns(self) -> int:
        return parse_duration_ns(self.after)

    @property
    def end_ns(self) -> int:
        """Its end, counted from when the bots start."""
        return self.after_ns + parse_duration_ns(self.duration)


def check_outages(outages: Sequence[OutageSpec]) -> None:
    """Refuse outages that are out of order or touch each other.

    Raises
    ------
    ValueError
        One begins before the one before it has ended.
    """
    for number, (before, each) in enumerate(pairwise(outages), 1):
        if each.after_ns <= before.end_ns:
            raise ValueError(
                f"outages[{number}].after: expected more than the end of the one before "
                f"({format_duration(before.end_ns)}), was {each.after!r}"
            )


def halts(outages: Sequence[OutageSpec], start_ns: int) -> tuple[Halt, ...]:
    """Return when trading is halted in a run whose bots start at `start_ns`."""
    return tuple(
        Halt(start_ns + each.after_ns, start_ns + each.end_ns, cancels=each.resting == Resting.CANCEL)
        for each in outages
    )


def blackouts(outages: Sequence[OutageSpec], start_ns: int) -> tuple[tuple[int, int], ...]:
    """Return the spans, (from, to) in ns, in which nothing gets through."""
    return tuple((start_ns + each.after_ns, start_ns + each.end_ns) for each in outages if not each.announced)
