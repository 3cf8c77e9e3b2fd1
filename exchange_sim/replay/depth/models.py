"""Queue models as configuration; `exchange_sim.replay.depth.queues` has their rules and sources."""

from __future__ import annotations

from typing import Annotated

import msgspec

from exchange_sim.replay.depth.layout import QUEUE_LOG, QUEUE_POWER, QUEUE_RISK_AVERSE


class RiskAverseQueue(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="risk_averse"
):
    """An order moves forward only with trades at its price: the fewest fills."""

    @property
    def code(self) -> int:
        return QUEUE_RISK_AVERSE

    @property
    def exponent(self) -> float:
        return 1.0


class PowerQueue(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="power"
):
    """Lots leave ahead of and behind an order in the ratio of f(x) = x^exponent, seen from the other end."""

    exponent: Annotated[float, msgspec.Meta(gt=0.0, le=10.0)] = 3.0

    @property
    def code(self) -> int:
        return QUEUE_POWER


class LogQueue(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="log"
):
    """As `PowerQueue` with f(x) = log(1 + x), x in base units."""

    @property
    def code(self) -> int:
        return QUEUE_LOG

    @property
    def exponent(self) -> float:
        return 1.0


QueueModel = RiskAverseQueue | PowerQueue | LogQueue
"""Told apart by the field `kind`."""
