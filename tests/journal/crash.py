"""An exchange in a process of its own that is killed: what it told its client must be there afterwards.

    python -m tests.journal.crash --runs 200 --seed 1

runs it by itself and prints the command that repeats a run that failed. The process executes drawn commands,
alone and in batches, journals them with fsync, saves its state now and then, and tells through a pipe what is
acknowledged: the number of commands done and a digest of all their events. It is killed with SIGKILL at a
drawn instant: within a write of the journal, between a write and its fsync, or between that and telling.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from exchange_sim.engine.exchange import Exchange
from exchange_sim.engine.layout import COMMAND
from exchange_sim.engine_journal import EngineRecorder, Sync, engine_header
from exchange_sim.engine_recovery import recover
from exchange_sim.engine_replay import batches, replay_engine
from exchange_sim.journal import JournalWriter
from exchange_sim.journal_reader import read_journal
from exchange_sim.model.enums import CommandKind
from exchange_sim.model.instrument import Instrument

ROWS = 600
_HEADER = engine_header(seed=7, config_digest="crash")
_ROOT = Path(__file__).parents[2]


def new_exchange() -> Exchange:
    exchange = Exchange([Instrument.linear("BTC/USDT:USDT", tick_size="0.1", lot_size="0.001")])
    for number in range(4):
        exchange.open_account(f"account-{number}", deposit="1000000")
    return exchange


def drawn_rows(seed: int) -> npt.NDArray[Any]:
    """Return orders around one price and cancels by client id: resting, filled, refused."""
    random = np.random.default_rng(seed)
    rows = np.zeros(ROWS, COMMAND)
    rows["ts_ns"] = np.arange(1, ROWS + 1)
    rows["account"] = random.integers(0, 4, ROWS)
    cancels = random.random(ROWS) < 0.3
    rows["kind"] = np.where(cancels, int(CommandKind.CANCEL), int(CommandKind.SUBMIT))
    rows["side"] = random.integers(0, 2, ROWS) * ~cancels
    rows["price_ticks"] = random.integers(599_980, 600_021, ROWS) * ~cancels
    rows["quantity_lots"] = random.integers(1, 50, ROWS) * ~cancels
    earlier = (np.arange(ROWS) * random.random(ROWS)).astype(np.int64) + 1
    rows["client_order_id"] = np.where(cancels, earlier, np.arange(1, ROWS + 1))
    return rows


class Death(Enum):
    """Where a process is killed."""

    WRITING = 0
    BEFORE_FSYNC = 1
    BEFORE_TELLING = 2


class Fate:
    """When a process is killed, drawn from its seed: after so many bytes, forces or acknowledgements."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed + 2)
        self.death = Death(int(random.choice(3, p=(0.7, 0.15, 0.15))))
        most = 25_000 if self.death is Death.WRITING else 100
        self._left = int(random.integers(1, most))

    def come(self, death: Death, count: int = 1) -> int:
        """Return how much of `count` still happens; die here if there is no more."""
        if death is not self.death:
            return count
        self._left -= count
        if self._left > 0:
            return count
        if death is not Death.WRITING:
            die()
        return count + self._left


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Dying:
    """The journal's file, in which a process may meet its fate."""

    def __init__(self, file: Any, fate: Fate) -> None:
        self._file = file
        self._fate = fate

    def write(self, content: bytes) -> None:
        done = self._fate.come(Death.WRITING, len(content))
        self._file.write(content[:done])
        if done < len(content):
            die()

    def flush(self) -> None:
        self._fate.come(Death.BEFORE_FSYNC)

    def fileno(self) -> int:
        return int(self._file.fileno())


def live(path: Path, seed: int, client: int) -> None:
    """Execute everything, unless killed before; acknowledge to the file descriptor `client`."""
    rows, random, fate = drawn_rows(seed), np.random.default_rng(seed + 1), Fate(seed)
    with path.open("wb", buffering=0) as file:
        sink: Any = Dying(file, fate)
        exchange = new_exchange()
        recorder = EngineRecorder(
            JournalWriter(_HEADER, sink), exchange, sync=Sync.COMMAND, checkpoint_commands=90
        )
        at, digest = 0, hashlib.blake2b(digest_size=8)
        while at < len(rows):
            count = 1 if random.random() < 0.6 else int(random.integers(2, 30))
            digest.update(exchange.apply(rows[at : at + count]).tobytes())
            at = min(at + count, len(rows))
            fate.come(Death.BEFORE_TELLING)
            os.write(client, f"{at} {digest.hexdigest()}\n".encode())
            if random.random() < 0.03:
                recorder.save_state()


def live_and_die(folder: Path, first: int, runs: int) -> int:
    """Run the processes of these seeds one after the other; return how many were killed.

    They are forks of this one: to import everything anew would take longer than what is tested.
    """
    new_exchange().apply(drawn_rows(first))
    killed = 0
    for seed in range(first, first + runs):
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            os.close(reading)
            live(folder / f"{seed}.journal", seed, writing)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as told:
            (folder / f"{seed}.acknowledged").write_bytes(told.read())
        killed += os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -signal.SIGKILL
    return killed


def check_runs(folder: Path, first: int, runs: int) -> tuple[int, dict[int, str]]:
    """Kill a process for each seed, restart each; return how many died, and what is wrong by seed."""
    words = [sys.executable, "-m", "tests.journal.crash", "--inside", str(folder)]
    words += ["--seed", str(first), "--runs", str(runs)]
    done = subprocess.run(words, capture_output=True, check=True, cwd=_ROOT)  # noqa: S603 - our own code
    wrong = {}
    for seed in range(first, first + runs):
        told = (folder / f"{seed}.acknowledged").read_text().splitlines()
        found = fault_after(folder / f"{seed}.journal", seed, told)
        if found:
            wrong[seed] = f"{found}; again with: python -m tests.journal.crash --runs 1 --seed {seed}"
    return int(done.stdout), wrong


def fault_after(path: Path, seed: int, acknowledged: list[str]) -> str:
    """Restart from what is on the disk and return what is wrong, nothing if it is as it should be."""
    rows, straight = drawn_rows(seed), new_exchange()
    at, digest = acknowledged[-1].split() if acknowledged else ("0", "")
    with path.open("r+b") as sink:
        try:
            recovery = recover(path, sink, sync=Sync.NONE, checkpoint_commands=90, config_digest="crash")
        except ValueError as error:
            # Before the first state is on the disk nothing can have been acknowledged.
            return str(error) if acknowledged else ""
        kept = recovery.recorder.commands
        written = straight.apply(rows)
        on_disk = np.concatenate([written[:0], *(each.events for each in batches(read_journal(path)))])
        known = hashlib.blake2b(new_exchange().apply(rows[: int(at)]).tobytes(), digest_size=8).hexdigest()
        recovery.exchange.apply(rows[kept:])
        recovery.recorder.close()
        recovery.journal.close()
    replay = replay_engine(read_journal(path))
    checks = {
        f"{at} acknowledged commands or more, was {kept}": kept >= int(at),
        f"the acknowledged events {digest}, was {known}": not acknowledged or known == digest,
        "each event once": on_disk.tobytes() == written[: len(on_disk)].tobytes(),
        "the uninterrupted exchange": recovery.exchange.snapshot() == straight.snapshot(),
        f"a whole journal, was {replay.difference}": replay.difference is None,
        f"{len(rows)} commands, was {replay.commands}": replay.commands == len(rows),
    }
    return "; ".join(f"expected {what}" for what, holds in checks.items() if not holds)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inside", type=Path, help="the folder of the processes that are killed")
    words = parser.parse_args()
    if words.inside is not None:
        sys.stdout.write(f"{live_and_die(words.inside, words.seed, words.runs)}\n")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        killed, wrong = check_runs(Path(folder), words.seed, words.runs)
    for seed, text in wrong.items():
        sys.stdout.write(f"seed {seed}: {text}\n")
    sys.stdout.write(f"{words.runs} runs from seed {words.seed}: {killed} killed, {len(wrong)} wrong\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
