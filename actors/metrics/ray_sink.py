"""Figures of a process of a Ray cluster: Ray exports them on its node's metrics port, `ray_` before each.

They arrive some seconds late, and what a worker counted in its last seconds is lost with it.
"""

from __future__ import annotations

# isort: off
from actors import ray_environment as _environment  # noqa: F401 - before Ray: see there

from ray.util.metrics import Counter, Gauge
# isort: on

from actors.metrics.definitions import Metric


class RaySink:
    """A sink of `actors.metrics.report` for drivers and actors that are connected to a cluster."""

    def __init__(self) -> None:
        self._gauges: dict[str, Gauge] = {}
        self._counters: dict[str, Counter] = {}

    def set(self, metric: Metric, value: float, labels: tuple[str, ...]) -> None:
        gauge = self._gauges.get(metric.name)
        if gauge is None:
            gauge = self._gauges[metric.name] = Gauge(metric.name, metric.help, metric.labels)
        gauge.set(value, dict(zip(metric.labels, labels, strict=True)))

    def add(self, metric: Metric, amount: float, labels: tuple[str, ...]) -> None:
        counter = self._counters.get(metric.name)
        if counter is None:
            counter = self._counters[metric.name] = Counter(metric.name, metric.help, metric.labels)
        counter.inc(amount, dict(zip(metric.labels, labels, strict=True)))
