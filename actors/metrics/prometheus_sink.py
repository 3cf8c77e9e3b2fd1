"""Figures of this process on a port of its own, for Prometheus: `http://127.0.0.1:PORT/metrics`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from actors.metrics.definitions import METRICS, Metric, MetricKind
from actors.metrics.report import Metrics

HOST: Final = "127.0.0.1"
"""Figures name bots and what they earn: they are for this machine, unless somebody forwards the port."""


class MetricsPortError(RuntimeError):
    """The port for metrics cannot be opened."""


class PrometheusSink:
    """A sink of `actors.metrics.report` with a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._gauges: dict[str, Gauge] = {}
        self._counters: dict[str, Counter] = {}
        for each in METRICS:
            if each.kind is MetricKind.GAUGE:
                self._gauges[each.name] = Gauge(each.name, each.help, each.labels, registry=self.registry)
            else:
                self._counters[each.name] = Counter(each.name, each.help, each.labels, registry=self.registry)

    def set(self, metric: Metric, value: float, labels: tuple[str, ...]) -> None:
        self._gauges[metric.name].labels(*labels).set(value)

    def add(self, metric: Metric, amount: float, labels: tuple[str, ...]) -> None:
        self._counters[metric.name].labels(*labels).inc(amount)


@contextmanager
def served_metrics(port: int) -> Iterator[tuple[Metrics, int]]:
    """Give metrics that are served on a port of the loopback interface, and that port, until the end.

    Port 0 takes one that is free.

    Raises
    ------
    MetricsPortError
        Another process listens there, or it is not allowed.
    """
    sink = PrometheusSink()
    try:
        server, thread = start_http_server(port, HOST, sink.registry)
    except OSError as error:
        raise MetricsPortError(
            f"--metrics-port: expected a free port of {HOST}, was {port}: {error.strerror or error}"
        ) from error
    try:
        yield Metrics(sink), server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
