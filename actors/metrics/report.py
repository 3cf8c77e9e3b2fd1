"""What reports figures, without knowing where they go.

Whoever has figures holds a `Metrics` or None; None costs nothing. A sink is where they go: Ray's own metrics
(`actors.metrics.ray_sink`) or a port of this process (`actors.metrics.prometheus_sink`).
"""

from __future__ import annotations

import math
from typing import Protocol

from actors.metrics.definitions import (
    DISQUALIFIED,
    DRAWDOWN,
    EQUITY,
    EVENTS_RATE,
    FILLS,
    LAG,
    MATCH_CPU,
    MATCHES_DONE,
    MATCHES_FAILED,
    MATCHES_PLANNED,
    MATCHES_RUNNING,
    POSITION,
    REJECTS,
    TIME_LEFT,
    WINDOWS_RATE,
    WORKERS,
    Metric,
)
from actors.progress import Progress


class Sink(Protocol):
    """Takes figures; the values of `labels` are in the order of the metric's."""

    def set(self, metric: Metric, value: float, labels: tuple[str, ...]) -> None:
        """Note what a gauge shows now."""

    def add(self, metric: Metric, amount: float, labels: tuple[str, ...]) -> None:
        """Let a counter grow by `amount`, more than 0."""


class Metrics:
    """Reports figures of runs, markets and accounts to its sinks.

    Whoever reports holds plain numbers: totals are given as they stand and counted on from what was reported
    before. A total below the last one means that counting has begun again.
    """

    def __init__(self, *sinks: Sink) -> None:
        self._sinks = sinks
        self._totals: dict[tuple[str, tuple[str, ...]], float] = {}

    def with_sink(self, sink: Sink) -> Metrics:
        """Return metrics that report to one sink more."""
        return Metrics(*self._sinks, sink)

    def report_run(self, run: str, progress: Progress) -> None:
        """Report how far a tournament or search is."""
        self._gauge(MATCHES_PLANNED, progress.total, run)
        self._total(MATCHES_DONE, progress.done, run)
        self._total(MATCHES_FAILED, progress.failed, run)
        self._gauge(MATCHES_RUNNING, progress.running, run)
        self._gauge(WORKERS, progress.workers, run)
        self._total(MATCH_CPU, progress.cpu_s, run)
        self._gauge(TIME_LEFT, math.nan if progress.left_s is None else progress.left_s, run)

    def report_world(
        self,
        run: str,
        windows_per_s: float,
        events_per_s: float | None = None,
        lag_s: float | None = None,
    ) -> None:
        """Report how fast a market goes, and its lag where it is slaved to the wall clock."""
        self._gauge(WINDOWS_RATE, windows_per_s, run)
        if events_per_s is not None:
            self._gauge(EVENTS_RATE, events_per_s, run)
        if lag_s is not None:
            self._gauge(LAG, lag_s, run)

    def report_account(
        self,
        run: str,
        account: str,
        equity: float,
        position_value: float,
        fills: int,
        rejects: int,
        drawdown: float,
    ) -> None:
        """Report how an account stands in a market under way.

        Money is in the settlement asset; `fills` and `rejects` are since the market began, `drawdown` is the
        fraction by which the equity is below its highest so far.
        """
        self._gauge(EQUITY, equity, run, account)
        self._gauge(POSITION, position_value, run, account)
        self._gauge(DRAWDOWN, drawdown, run, account)
        self._total(FILLS, fills, run, account)
        self._total(REJECTS, rejects, run, account)

    def report_disqualified(self, run: str, account: str) -> None:
        """Count an account that was taken out for a fault."""
        for sink in self._sinks:
            sink.add(DISQUALIFIED, 1, (run, account))

    def begin_market(self, run: str, account: str) -> None:
        """Count the account's fills and rejects from 0 again: it meets another market."""
        self._totals[FILLS.name, (run, account)] = 0
        self._totals[REJECTS.name, (run, account)] = 0

    def _gauge(self, metric: Metric, value: float, *labels: str) -> None:
        for sink in self._sinks:
            sink.set(metric, value, labels)

    def _total(self, metric: Metric, total: float, *labels: str) -> None:
        last = self._totals.get((metric.name, labels), 0)
        grown = total - last if total >= last else total
        self._totals[metric.name, labels] = total
        if grown > 0:
            for sink in self._sinks:
                sink.add(metric, grown, labels)
