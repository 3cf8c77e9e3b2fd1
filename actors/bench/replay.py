"""How many recorded depth events a second the replay plays: `arena bench replay`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from actors.bench.machine import best_cpu_s, describe_machine
from actors.bench.replay_peers import measure_peers
from actors.bench.replay_record import made_record
from exchange_sim.markets.contracts import InstrumentSpec
from exchange_sim.replay.depth.finding import find_trades
from exchange_sim.replay.depth.market import DepthReplay
from exchange_sim.replay.depth.models import PowerQueue
from exchange_sim.replay.depth.quoter import CompiledQuoter
from exchange_sim.replay.depth.reading import read_record
from exchange_sim.replay.depth.record import Record

INTERVAL_NS = 10_000_000
LATENCY_NS = 5_000_000
SYMBOL = "BTC/USDT:USDT"
_DEPOSIT_ATOMS = 10**15
_RUNS = 7
_QUICK_RUNS = 2

WORKLOAD = (
    "{events:,} events ({source}): level changes and trades of one instrument, CPU seconds, least of {runs} "
    "runs; events_per_cpu_s: nobody trades; requoting_events_per_cpu_s: a compiled bot cancels and quotes "
    "both sides at the best prices every {interval:g} ms, {latency:g} ms away, queue model power 3: "
    "{commands:,} commands, {fills:,} fills"
)


def _replay(record: Record) -> DepthReplay:
    return DepthReplay(
        [record], [("quoter", _DEPOSIT_ATOMS)], start_ns=record.start_ns, queue_model=PowerQueue()
    )


def _idle(record: Record) -> Callable[[], Callable[[], object]]:
    def prepare() -> Callable[[], object]:
        market = _replay(record)

        def work() -> None:
            while market.now_ns < record.end_ns:
                market.advance(record.end_ns, record.end_ns)

        return work

    return prepare


def _requoting(record: Record, quoters: list[CompiledQuoter]) -> Callable[[], Callable[[], object]]:
    def prepare() -> Callable[[], object]:
        quoter = CompiledQuoter(
            _replay(record), "quoter", interval_ns=INTERVAL_NS, latency_ns=LATENCY_NS, lots=1
        )
        quoters.append(quoter)
        return lambda: quoter.run(record.end_ns)

    return prepare


def run(*, quick: bool = False, peers: bool = True, recorded: Path | None = None) -> dict[str, Any]:
    """Return workload, machine, figures and peers of the replay benchmark.

    Parameters
    ----------
    quick
        Fewer runs, and a smaller made record: to see that it works, not to quote.
    peers
        Measure other backtesters where they are installed.
    recorded
        A `*_events.parquet` of BTC/USDT:USDT with its trades beside it or in a folder beside its own; None: a
        made record.

    Raises
    ------
    DepthError
        The record cannot be used.
    """
    instrument = InstrumentSpec(symbol=SYMBOL, mark="last").instrument()
    if recorded is None:
        record, source = made_record(instrument, 500 if quick else 6_000), "made"
    else:
        trades = find_trades(recorded.parent.parent, recorded)
        record, source = read_record(recorded, trades, instrument), recorded.name
    runs = _QUICK_RUNS if quick else _RUNS
    events, quoters = len(record.rows), list[CompiledQuoter]()
    _requoting(record, quoters)()()  # compiled code is loaded beforehand
    figures = {
        "events_per_cpu_s": round(events / best_cpu_s(runs, _idle(record))),
        "requoting_events_per_cpu_s": round(events / best_cpu_s(runs, _requoting(record, quoters))),
    }
    return {
        "workload": WORKLOAD.format(
            events=events, source=source, runs=runs, interval=INTERVAL_NS / 1e6, latency=LATENCY_NS / 1e6,
            commands=quoters[-1].commands, fills=quoters[-1].fills,
        ),
        "machine": msgspec.to_builtins(describe_machine()),
        "figures": figures,
        "peers": measure_peers(record, INTERVAL_NS, LATENCY_NS, runs) if peers else {},
    }  # fmt: skip
