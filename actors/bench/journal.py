"""What memory costs: journaling, replay and snapshots of an exchange. `arena bench journal`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from actors.bench.machine import best_cpu_s, describe_machine
from actors.bench.order_flow import ACCOUNTS, TEXT, bench_exchange, order_flow
from exchange_sim.engine.exchange import Exchange
from exchange_sim.engine.layout import COMMAND
from exchange_sim.engine_journal import EngineRecorder, engine_header
from exchange_sim.engine_replay import replay_engine
from exchange_sim.journal import JournalWriter
from exchange_sim.journal_reader import read_journal
from exchange_sim.model.enums import CommandKind

COMMANDS = 200_000
QUICK_COMMANDS = 10_000
_RUNS, _QUICK_RUNS = 7, 2
_BATCH = 5_000
_ORDERS, _QUICK_ORDERS = 100_000, 5_000
_LEVELS = 1_000
_MIDDLE_TICKS = 600_000

WORKLOAD = (
    "{text}; {commands:,} commands on one core, least CPU time of {runs} runs, {batch:,} rows a call. "
    "plain_commands_per_cpu_s: without a journal; journaled_commands_per_cpu_s: every command and event "
    "packed, with checksums, chained digest and checkpoints each 100,000 commands, written to a file "
    "without fsync; "
    "replay_commands_per_cpu_s: the file read, checked, executed again, events and states compared; "
    "snapshot_ms, restore_ms: a market with {orders:,} resting orders on {levels:,} prices to bytes and back"
)


def run(*, quick: bool = False, peers: bool = True) -> dict[str, Any]:  # noqa: ARG001 - as all benchmarks
    """Return workload, machine and figures. There is no peer that keeps such a journal.

    Parameters
    ----------
    quick
        Fewer commands, orders and runs: to see that it works, not to quote.
    """
    commands, runs = (QUICK_COMMANDS, _QUICK_RUNS) if quick else (COMMANDS, _RUNS)
    orders = _QUICK_ORDERS if quick else _ORDERS
    flow = order_flow(commands)
    opening, measured = flow.rows(flow.opening), flow.rows(flow.measured)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.journal"
        plain = best_cpu_s(runs, _plain(opening, measured))
        journaled = best_cpu_s(runs, _journaled(opening, measured, path))
        replayed = best_cpu_s(runs, lambda: lambda: _checked_replay(path, commands))
        size = path.stat().st_size
    market = _full_market(orders)
    saved = market.snapshot()
    figures = {
        "plain_commands_per_cpu_s": round(commands / plain),
        "journaled_commands_per_cpu_s": round(commands / journaled),
        "replay_commands_per_cpu_s": round(commands / replayed),
        "journal_bytes_per_command": size / commands,
        "snapshot_ms": 1e3 * best_cpu_s(runs, lambda: market.snapshot),
        "restore_ms": 1e3 * best_cpu_s(runs, lambda: lambda: Exchange.restore(saved)),
        "snapshot_mb": len(saved) / 1e6,
    }
    text = WORKLOAD.format(
        text=TEXT, commands=commands, runs=runs, batch=_BATCH, orders=orders, levels=_LEVELS
    )
    machine = msgspec.to_builtins(describe_machine())
    return {"workload": text, "machine": machine, "figures": figures, "peers": {}}


def _apply_all(exchange: Exchange, measured: npt.NDArray[Any]) -> None:
    for first in range(0, len(measured), _BATCH):
        exchange.apply(measured[first : first + _BATCH])


def _plain(opening: npt.NDArray[Any], measured: npt.NDArray[Any]) -> Callable[[], Callable[[], object]]:
    def prepare() -> Callable[[], object]:
        exchange = bench_exchange()
        exchange.apply(opening)
        return lambda: _apply_all(exchange, measured)

    return prepare


def _journaled(
    opening: npt.NDArray[Any], measured: npt.NDArray[Any], path: Path
) -> Callable[[], Callable[[], object]]:
    def prepare() -> Callable[[], object]:
        exchange = bench_exchange()
        exchange.apply(opening)

        def work() -> None:
            with path.open("wb") as sink:
                journal = JournalWriter(engine_header(), sink)
                recorder = EngineRecorder(journal, exchange)
                _apply_all(exchange, measured)
                recorder.close()
                journal.close()

        return work

    return prepare


def _checked_replay(path: Path, commands: int) -> None:
    replay = replay_engine(read_journal(path))
    if replay.difference is not None or replay.commands != commands:
        raise RuntimeError(f"expected a replay of {commands} equal commands, was {replay.difference}")


def _full_market(orders: int) -> Exchange:
    """Return a market with so many resting orders."""
    rows = np.zeros(orders, COMMAND)
    numbers = np.arange(orders)
    rows["ts_ns"], rows["client_order_id"] = numbers + 1, numbers + 1
    rows["kind"], rows["account"] = int(CommandKind.SUBMIT), numbers % ACCOUNTS
    rows["side"] = numbers % 2
    distance = 1 + numbers // 2 % (_LEVELS // 2)
    rows["price_ticks"] = np.where(rows["side"] == 0, _MIDDLE_TICKS - distance, _MIDDLE_TICKS + distance)
    rows["quantity_lots"] = 1
    exchange = bench_exchange()
    exchange.apply(rows)
    if exchange.open_order_count != orders:
        raise RuntimeError(f"expected {orders} resting orders, was {exchange.open_order_count}")
    return exchange
