"""A stand-in for a match: cheap, drawn from the specification alone, and it does what a test plans.

The data folder of the run is the test's control panel: every call leaves a file under `calls/`, and
`plan.json` names the matches that misbehave.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import numpy as np

from actors.config import digest_of
from actors.match_config import MatchSpec
from actors.metrics.match_watch import MatchWatch
from actors.result import FILL, MARKET_SAMPLE, BotResult, MarketFigures, MatchResult
from exchange_sim.rng import derive, generator

RUN_MATCH = "tests.contests.fake_match:run_match"
SAMPLES = 20
STEP_NS = 10**10


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Matches, by id, that raise, that kill their process (once or always), that press Ctrl-C, that find the
    disk full. All of them compute for `busy_s`.
    """

    fails: tuple[str, ...] = ()
    dies_once: tuple[str, ...] = ()
    dies: tuple[str, ...] = ()
    interrupts: tuple[str, ...] = ()
    fills_disk: tuple[str, ...] = ()
    busy_s: float = 0.0


def make_panel(folder: Path, *, busy_s: float = 0.0, **plan: Iterable[str]) -> Path:
    """Return a control panel with this plan; its call log is kept if there is one."""
    (folder / "calls").mkdir(parents=True, exist_ok=True)
    content = Plan(busy_s=busy_s, **{name: tuple(match_ids) for name, match_ids in plan.items()})
    (folder / "plan.json").write_bytes(msgspec.json.encode(content))
    return folder


def calls(folder: Path) -> dict[str, int]:
    """Return how often each match was started."""
    counts: dict[str, int] = {}
    for path in (folder / "calls").iterdir():
        match_id = path.name.rpartition("~")[0]
        counts[match_id] = counts.get(match_id, 0) + 1
    return counts


def run_match(
    spec: MatchSpec,
    *,
    data_folder: Path | None,
    journal_path: Path | None = None,
    progress: Callable[[float], None] | None = None,
    watch: MatchWatch | None = None,
) -> MatchResult:
    """Return a result with the shapes of a real one."""
    if data_folder is not None:
        _follow_plan(spec.match_id, data_folder)
    if progress is not None:
        progress(0.5)
    if journal_path is not None:
        journal_path.write_bytes(f"journal of {spec.match_id}".encode())
    instruments = tuple(str(contract.instrument_id) for contract in spec.market.contracts())
    times = np.arange(SAMPLES, dtype=np.int64) * STEP_NS
    crowd = generator(spec.seed, "crowd").normal(size=(SAMPLES, 1)) * 1e-4
    own = np.column_stack([generator(spec.bot_seed, bot.name).normal(size=SAMPLES) for bot in spec.bots])
    drift = np.array([bot.config.get("stop_loss", 0.0) for bot in spec.bots]) * 1e-2
    equity = 100_000.0 * np.exp(np.cumsum(crowd + own * 1e-4 + drift - 1e-5 * len(spec.bots), axis=0))
    fills = np.zeros(2 * len(spec.bots), FILL)
    for index in range(len(fills)):
        fills[index] = (index * 10**9, index + 1, index + 1, 100.0, 0.5, 0.01, index // 2, 0, index % 2, 0)
    market = tuple(np.zeros(SAMPLES, MARKET_SAMPLE) for _ in instruments)
    for samples in market:
        samples["ts_ns"], samples["bid"], samples["ask"] = times, 99.5, 100.5
        samples["last"] = np.nan
    digest = digest_of(spec)
    return MatchResult(
        match_id=spec.match_id,
        seed=spec.seed,
        digest=digest,
        market_digest=f"{derive(spec.seed, 'digest'):016x}",
        instruments=instruments,
        start_ns=0,
        end_ns=int(times[-1]),
        bots=tuple(
            BotResult(
                name=bot.name,
                strategy=bot.strategy,
                start_equity=float(equity[0, seat]),
                final_equity=float(equity[-1, seat]),
                total_return=float(equity[-1, seat] / equity[0, seat] - 1),
                fees=0.02,
                volume=100.0,
                maker_volume=0.0,
                fills=2,
                orders=2,
                denied=0,
                rejected=0,
                canceled=0,
            )
            for seat, bot in enumerate(spec.bots)
        ),
        figures=tuple(
            MarketFigures(
                instrument=name, first=100.0, last=100.0, volume=1.0, trades=1, mean_spread_bps=float("nan")
            )
            for name in instruments
        ),
        times_ns=times,
        equity=equity,
        fills=fills,
        market=market,
        requests=len(fills),
        cpu_s=0.001,
        wall_s=0.001,
    )


def _follow_plan(match_id: str, folder: Path) -> None:
    plan = msgspec.json.decode((folder / "plan.json").read_bytes(), type=Plan)
    before = calls(folder).get(match_id, 0)
    (folder / "calls" / f"{match_id}~{before}").touch()
    if match_id in plan.fails:
        raise RuntimeError(f"planned failure\nof {match_id}")
    end = time.process_time() + plan.busy_s
    while time.process_time() < end:
        pass
    if match_id in plan.dies or (match_id in plan.dies_once and before == 0):
        os.kill(os.getpid(), signal.SIGKILL)
    if match_id in plan.fills_disk:
        raise OSError(errno.ENOSPC, "No space left on device", "/full/journal")
    if match_id in plan.interrupts:
        raise KeyboardInterrupt
