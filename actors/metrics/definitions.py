"""Everything that is measured, in one list: `docs/watching.md` and the Grafana dashboard show all of it.

Labels are few on purpose: a series exists per run, or per run and bot, never per match. Ray adds the worker
and the node by itself.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec


class MetricKind(StrEnum):
    """A counter only grows while its process lives; a gauge is what it was at the last look."""

    COUNTER = "counter"
    GAUGE = "gauge"


class Unit(StrEnum):
    """What a number counts. Money is in the settlement asset, ratios are fractions of one."""

    MATCHES = "matches"
    PROCESSES = "processes"
    SECONDS = "seconds"
    PER_SECOND = "1/s"
    MONEY = "money"
    RATIO = "ratio"
    FILLS = "fills"
    ORDERS = "orders"
    TIMES = "times"


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One metric: its name as Prometheus shows it (Ray puts `ray_` before it), and what it means."""

    name: str
    kind: MetricKind
    unit: Unit
    help: str
    labels: tuple[str, ...] = ("run",)


def _counter(name: str, unit: Unit, text: str, *labels: str) -> Metric:
    return Metric(name=name, kind=MetricKind.COUNTER, unit=unit, help=text, labels=("run", *labels))


def _gauge(name: str, unit: Unit, text: str, *labels: str) -> Metric:
    return Metric(name=name, kind=MetricKind.GAUGE, unit=unit, help=text, labels=("run", *labels))


MATCHES_PLANNED: Final = _gauge("arena_matches_planned", Unit.MATCHES, "Matches of the run.")
MATCHES_DONE: Final = _counter(
    "arena_matches_done_total", Unit.MATCHES, "Matches that ended well, earlier sessions included."
)
MATCHES_FAILED: Final = _counter(
    "arena_matches_failed_total", Unit.MATCHES, "Matches that could not be played."
)
MATCHES_RUNNING: Final = _gauge("arena_matches_running", Unit.MATCHES, "Matches handed out to workers.")
WORKERS: Final = _gauge("arena_workers", Unit.PROCESSES, "Processes that play matches.")
MATCH_CPU: Final = _counter(
    "arena_match_cpu_seconds_total", Unit.SECONDS, "Processor time of the matches that ended in this session."
)
TIME_LEFT: Final = _gauge(
    "arena_time_left_seconds", Unit.SECONDS, "What the run will still take at its pace so far."
)
EVENTS_RATE: Final = _gauge(
    "arena_events_per_second", Unit.PER_SECOND, "Events of the matching engine per second of wall time."
)
WINDOWS_RATE: Final = _gauge(
    "arena_windows_per_second",
    Unit.PER_SECOND,
    "Windows of simulated time, exchanged between market and bots, per second of wall time.",
)
LAG: Final = _gauge(
    "arena_lag_seconds", Unit.SECONDS, "How far a market slaved to the wall clock is behind it."
)
EQUITY: Final = _gauge(
    "arena_bot_equity", Unit.MONEY, "Worth of the account at the mark prices in its own books.", "bot"
)
POSITION: Final = _gauge(
    "arena_bot_position",
    Unit.MONEY,
    "Value of the open positions at the mark prices, short ones negative.",
    "bot",
)
DRAWDOWN: Final = _gauge(
    "arena_bot_drawdown_ratio",
    Unit.RATIO,
    "How far the equity is below its highest so far in this market.",
    "bot",
)
FILLS: Final = _counter("arena_bot_fills_total", Unit.FILLS, "Fills of the account's orders.", "bot")
REJECTS: Final = _counter(
    "arena_bot_rejects_total",
    Unit.ORDERS,
    "Orders denied by the account's risk gate or rejected by the exchange.",
    "bot",
)
DISQUALIFIED: Final = _counter(
    "arena_bot_disqualified_total", Unit.TIMES, "Times the bot was taken out of a market for a fault.", "bot"
)

METRICS: Final = (
    MATCHES_PLANNED,
    MATCHES_DONE,
    MATCHES_FAILED,
    MATCHES_RUNNING,
    WORKERS,
    MATCH_CPU,
    TIME_LEFT,
    EVENTS_RATE,
    WINDOWS_RATE,
    LAG,
    EQUITY,
    POSITION,
    DRAWDOWN,
    FILLS,
    REJECTS,
    DISQUALIFIED,
)
"""All of them, in the order in which they are documented."""
