"""Kills processes of a world on Ray: `python -m tests.world.killing --runs 100 --seed 1`.

Each run plays a short world in a random placement and kills processes of it with SIGKILL at random moments;
its digest must be that of the undisturbed match. What fails is named with its seed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Self

import msgspec
import numpy as np
import psutil

from actors.match import run_match
from actors.match_config import MatchSpec
from actors.match_result import match_result
from actors.result import MatchResult
from actors.world.placement import parse_placement
from actors.world.ray_world import WorldDriver
from actors.world.setup import WorldSetup
from exchange_sim.rng import generator

KINDS = ("ExchangeActor", "AccountActor", "ShardActor", "FeedActor", "JournalActor", "ConductorActor")


def processes(kind: str) -> list[psutil.Process]:
    """Return the processes of actors of a class, below this one."""
    found = []
    for each in psutil.Process().children(recursive=True):
        try:
            title = (each.cmdline() or [""])[0]
        except psutil.Error:  # gone meanwhile
            continue
        if title.startswith(f"ray::{kind}"):
            found.append(each)
    return found


def kill_one(kind: str, draws: np.random.Generator) -> bool:
    """Kill a process of an actor of this class; return whether there was one."""
    there = processes(kind)
    if not there:
        return False
    try:
        there[int(draws.integers(len(there)))].kill()
    except psutil.NoSuchProcess:
        return False
    return True


def play(
    spec: MatchSpec,
    placement: str,
    folder: Path,
    *,
    data_folder: Path | None = None,
    look: Callable[[object], None] | None = None,
    run: str = "world",
) -> MatchResult:
    """Play a world on the cluster this process is connected to."""
    setup = WorldSetup(
        spec=spec,
        data_folder=None if data_folder is None else str(data_folder),
        working_folder=str(Path.cwd()),
        search_path=tuple(sys.path),
        engine_journal=True,
    )
    outcome = WorldDriver(run, setup, parse_placement(placement), folder).play(look)
    assert outcome is not None
    return match_result(spec, outcome.digest, outcome.market_report, outcome.accounts)


class Assassin:
    """Kills processes at random moments, so many of them, until it is called off."""

    def __init__(self, draws: np.random.Generator, every_s: float, kills: int) -> None:
        self.killed: Counter[str] = Counter()
        self._draws = draws
        self._every_s = every_s
        self._left = kills
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _work(self) -> None:
        while self._left and not self._over.wait(float(self._draws.exponential(self._every_s))):
            kind = KINDS[int(self._draws.integers(len(KINDS)))]
            if kill_one(kind, self._draws):
                self.killed[kind] += 1
                self._left -= 1


def main() -> int:
    from actors.cluster import connected  # noqa: PLC0415 - Ray is slow to import
    from actors.run_options import ClusterSettings  # noqa: PLC0415
    from tests.world.test_worlds import SPEC  # noqa: PLC0415

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=float, default=2.0, help="mean seconds between kills")
    parser.add_argument("--kills", type=int, default=4, help="kills a world")
    given = parser.parse_args()
    expected = run_match(SPEC)
    wrong, killed = 0, Counter[str]()
    with connected(ClusterSettings(workers=4, object_store_mb=200)):
        for seed in range(given.seed, given.seed + given.runs):
            draws = generator(seed, "assassin")
            placement = ("account", "shards=2")[seed % 2]
            with (
                tempfile.TemporaryDirectory() as folder,
                Assassin(draws, given.every, given.kills) as assassin,
            ):
                found = play(SPEC, placement, Path(folder), run=f"world {seed}")
            killed += assassin.killed
            same = found.digest == expected.digest and found.market_digest == expected.market_digest
            same = same and msgspec.json.encode(found.bots) == msgspec.json.encode(expected.bots)
            wrong += not same
            verdict = "equal" if same else "WRONG"
            sys.stdout.write(f"seed {seed} {placement}: {verdict}, {assassin.killed.total()} killed\n")
            sys.stdout.flush()
    sys.stdout.write(f"{given.runs} worlds, {wrong} wrong, killed: {dict(killed)}\n")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
