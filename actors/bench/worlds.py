"""What it costs to spread a match over processes, and what that gains with bots that compute."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec

from actors.bench.machine import describe_machine
from actors.cluster import connected
from actors.match import run_match
from actors.match_config import BotSpec, MatchSettings, MatchSpec
from actors.run_options import ClusterSettings
from actors.world.controls import MatchControls
from actors.world.placement import parse_placement
from actors.world.ray_world import run_world
from exchange_sim.markets.duration import SECOND_NS
from exchange_sim.markets.spec import SyntheticMarket
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.market import BookSnapshot
from strategies.api import Context, Strategy, StrategyConfig, Subscription, books

CPUS = 2
HEAVY_BOTS = 8
HEAVY_MS = 5.0
LIGHT_BOTS = (4, 16)
PLACEMENTS = ("shards=1", "shards=2", "account")


class BusyConfig(StrategyConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`busy_ms` is what a snapshot costs, in milliseconds of processor time."""

    busy_ms: Annotated[float, msgspec.Meta(ge=0.0, le=1_000.0)] = 0.0


class Busy(Strategy[BusyConfig]):
    """Computes in plain Python at every snapshot of the book, ten a second, and does nothing else."""

    def subscriptions(self, instruments: Sequence[Instrument]) -> Sequence[Subscription]:
        return [books(instruments[0].instrument_id, SECOND_NS // 10, depth=5)]

    def on_book(self, ctx: Context, book: BookSnapshot) -> None:  # noqa: ARG002 - it only takes time
        end = time.thread_time() + self.config.busy_ms / 1e3
        total = 0
        while time.thread_time() < end:
            for number in range(100):
                total += number


def run(*, quick: bool = False, peers: bool = True) -> dict[str, Any]:  # noqa: ARG001 - there are none
    """Play the same matches in one process, in shards and in accounts, and return the figures.

    A snapshot of the book takes two windows: in one it is published, in the next the bots hear of it.
    `windows_per_s` counts them over wall time, without the start of the processes; `heavy_speedup` is one
    process over two shards with bots that compute, `heavy_speedup_whole` with the start of the shards'
    processes in it. `window_ms` and `shard_ms` are what shards add to a window, and what each of them adds:
    the constants of `actors.world.auto`. Other work on the machine makes all of it slower.
    """
    light_s, heavy_s = (120, 20) if quick else (600, 120)
    figures: dict[str, Any] = {}
    with connected(ClusterSettings(workers=CPUS)):
        for bots in LIGHT_BOTS:
            spec = _spec(bots, 0.0, light_s)
            windows, alone, _ = _alone(spec)
            placements = PLACEMENTS[:2] if quick and bots > LIGHT_BOTS[0] else PLACEMENTS
            rates = {"process": alone} | {name: _spread(spec, name, windows)[0] for name in placements}
            figures[f"light_{bots}_windows_per_s"] = {name: round(rate) for name, rate in rates.items()}
            shard_s = 1 / rates["shards=2"] - 1 / rates["shards=1"]
            figures[f"light_{bots}_shard_ms"] = shard_s * 1e3
            figures[f"light_{bots}_window_ms"] = (1 / rates["shards=1"] - 1 / alone - shard_s) * 1e3
        heavy = _spec(HEAVY_BOTS, HEAVY_MS, heavy_s)
        windows, alone, alone_s = _alone(heavy)
        rate, spread_s = _spread(heavy, f"shards={CPUS}", windows)
    figures |= {
        "heavy_windows_per_s": {"process": alone, f"shards={CPUS}": rate},
        "heavy_speedup": rate / alone,
        "heavy_speedup_whole": alone_s / spread_s,
        "start_s": spread_s - windows / rate,
    }
    return {
        "workload": {
            "light": f"{light_s} s simulated",
            "heavy": f"{heavy_s} s simulated, {windows} windows, {HEAVY_BOTS} bots of {HEAVY_MS:g} ms",
            "cpus": CPUS,
        },
        "machine": msgspec.to_builtins(describe_machine()),
        "figures": figures,
        "peers": {},
    }


def _spec(bots: int, busy_ms: float, seconds: int) -> MatchSpec:
    strategy = f"{Busy.__module__}:{Busy.__qualname__}"
    return MatchSpec(
        match_id="bench",
        seed=1,
        bot_seed=1,
        market=SyntheticMarket(),
        settings=MatchSettings(duration=f"{seconds}s", equity_interval="1s", market_interval="1s"),
        bots=tuple(
            BotSpec(name=f"bot-{number}", strategy=strategy, config={"busy_ms": busy_ms})
            for number in range(bots)
        ),
    )


class Pace:
    """Takes the wall time between the first and the last share of a match that it is told."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._first: tuple[float, float] | None = None
        self._last = (0.0, 0.0)

    def __call__(self, share: float) -> None:
        now = (self._clock(), share)
        if share > 0 and self._first is None:
            self._first = now
        if self._last[1] < share < 1.0:  # the last is told when everything has been gathered
            self._last = now

    def windows_per_s(self, windows: int) -> float:
        assert self._first is not None  # noqa: S101 - it is told every simulated second
        (begin_s, begin), (end_s, end) = self._first, self._last
        return windows * (end - begin) / (end_s - begin_s)


def _alone(spec: MatchSpec) -> tuple[int, float, float]:
    """Play here; return windows, windows a second, and the seconds of it all."""
    pace, controls, begin = Pace(), MatchControls(spec), time.perf_counter()
    run_match(spec, progress=pace, hands=controls)
    windows = controls.status().windows
    return windows, pace.windows_per_s(windows), time.perf_counter() - begin


def _spread(spec: MatchSpec, placement: str, windows: int) -> tuple[float, float]:
    """Play in processes, in as many windows; return windows a second, and the seconds of it all."""
    pace, begin = Pace(), time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="arena-bench-") as folder:
        run_world(
            spec, parse_placement(placement), run=f"bench {placement}", folder=Path(folder), progress=pace
        )
    return pace.windows_per_s(windows), time.perf_counter() - begin
