"""How many commands a second the matching engine executes: `arena bench engine`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from actors.bench.engine_peers import measure_peers
from actors.bench.machine import best_cpu_s, describe_machine
from actors.bench.order_flow import (
    MIXED_TEXT,
    TEXT,
    OrderFlow,
    bench_exchange,
    command_fields,
    order_flow,
)

COMMANDS = 200_000
QUICK_COMMANDS = 10_000
_RUNS = 7
_QUICK_RUNS = 2
_BATCH = 5_000
_TAKE_EVERY = 1_000

WORKLOAD = (
    "{text}; {commands:,} commands on one core, least CPU time of {runs} runs; commands_per_cpu_s: COMMAND "
    "rows in, EVENT rows out, {batch:,} rows a call; low_level_calls_per_cpu_s: one call of "
    "Exchange.execute for each command, integers in, events left in the ring and taken each {take:,} "
    "calls; exchange_calls_per_cpu_s: one call of Exchange.submit for each, command object in, event "
    "objects out; mixed_commands_per_cpu_s: as commands_per_cpu_s, {mixed}"
)


def _array_calls(flow: OrderFlow) -> Callable[[], Callable[[], object]]:
    opening, measured = flow.rows(flow.opening), flow.rows(flow.measured)

    def prepare() -> Callable[[], object]:
        exchange = bench_exchange()
        exchange.apply(opening)

        def work() -> None:
            for first in range(0, len(measured), _BATCH):
                exchange.apply(measured[first : first + _BATCH])

        return work

    return prepare


def _low_level_calls(flow: OrderFlow) -> Callable[[], Callable[[], object]]:
    opening, commands = flow.rows(flow.opening), [command_fields(each) for each in flow.measured]

    def prepare() -> Callable[[], object]:
        exchange = bench_exchange()
        exchange.apply(opening)

        def work() -> None:
            execute = exchange.execute
            for first in range(0, len(commands), _TAKE_EVERY):
                for fields in commands[first : first + _TAKE_EVERY]:
                    execute(*fields)
                exchange.take_events()

        return work

    return prepare


def _object_calls(flow: OrderFlow) -> Callable[[], Callable[[], object]]:
    opening = flow.rows(flow.opening)

    def prepare() -> Callable[[], object]:
        exchange = bench_exchange()
        exchange.apply(opening)

        def work() -> None:
            submit = exchange.submit
            for ts_ns, command in flow.measured:
                submit(command, ts_ns)

        return work

    return prepare


def run(*, quick: bool = False, peers: bool = True) -> dict[str, Any]:
    """Return workload, machine, figures and peers of the engine benchmark.

    Parameters
    ----------
    quick
        A twentieth of the commands and fewer runs: to see that it works, not to quote.
    peers
        Measure other matching engines where they are installed.
    """
    commands, runs = (QUICK_COMMANDS, _QUICK_RUNS) if quick else (COMMANDS, _RUNS)
    flow = order_flow(commands)
    ways = {
        "commands_per_cpu_s": _array_calls,
        "low_level_calls_per_cpu_s": _low_level_calls,
        "exchange_calls_per_cpu_s": _object_calls,
    }
    figures = {name: round(commands / best_cpu_s(runs, way(flow))) for name, way in ways.items()}
    mixed = order_flow(commands, mixed=True)
    figures["mixed_commands_per_cpu_s"] = round(commands / best_cpu_s(runs, _array_calls(mixed)))
    return {
        "workload": WORKLOAD.format(
            text=TEXT, mixed=MIXED_TEXT, commands=commands, runs=runs, batch=_BATCH, take=_TAKE_EVERY
        ),
        "machine": msgspec.to_builtins(describe_machine()),
        "figures": figures,
        "peers": measure_peers(flow, quick=quick) if peers else {},
    }
