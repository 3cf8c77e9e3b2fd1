"""Figures for Prometheus while a command runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.metrics.report import Metrics


@contextmanager
def metrics_on(port: int | None) -> Iterator[Metrics | None]:
    """Give what a run reports to, served on `port` and announced on stderr; None where no port is given.

    Raises
    ------
    MetricsPortError
        The port cannot be opened.
    """
    if port is None:
        yield None
        return
    from actors.metrics.prometheus_sink import HOST, served_metrics

    with served_metrics(port) as (metrics, taken):
        sys.stderr.write(f"Metrics: http://{HOST}:{taken}/metrics\n")
        sys.stderr.flush()
        yield metrics
