"""Workers on Ray: long-lived actors that play whole matches, replaced when they die.

Every worker has one batch running and one waiting, so it never idles for the driver; short matches travel
several to a call. A call that is lost with its worker changes no state, because a match's outcome depends on
its job alone: its jobs are played again elsewhere and give the same bytes.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

# isort: off
from actors.cluster import WORKER_ENVIRONMENT  # before Ray: see actors.ray_environment

import ray
# isort: on

from actors.machine_code import compile_once, is_compiled
from actors.metrics.ray_sink import RaySink
from actors.metrics.report import Metrics
from actors.player import REAL_MATCH, MatchPlayer, PlayerSetup, enter_folder
from actors.pool import PoolError
from actors.progress import PoolState
from actors.record import (
    MatchFailure,
    MatchJob,
    Outcome,
    decode_job,
    decode_outcome,
    encode_job,
    encode_outcome,
)
from actors.share_board import ShareBoard, ShareReporter
from actors.status import WorkerStatus
from actors.warm import compile_elsewhere

_CALLS_IN_FLIGHT = 2
_BATCH_TARGET_S = 0.5
_BATCH_MAX = 64
_TICK_S = 1.0
_DEATHS_MAX = 3
_STARTS_FAILED_MAX = 3
_RAISED_IN_START = "error raised in its creation task"


class _Worker:
    """One match process. Ray shows it by its `repr`."""

    def __init__(self, setup: PlayerSetup, label: str, board: str) -> None:
        self._label = label
        self._board = board
        enter_folder(setup)
        self._player = MatchPlayer(setup, Metrics(RaySink()), log=sys.stdout)

    def __repr__(self) -> str:
        return _shown(self._label)

    def warm(self, job: bytes) -> bool:
        """Compile this node's machine code if nobody has. Returns whether this call did."""
        if self._player.setup.run_match != REAL_MATCH:
            return False
        return compile_once(lambda: compile_elsewhere(self._player.setup, decode_job(job)))

    def play(self, jobs: list[bytes]) -> list[bytes]:
        outcomes = []
        for job in map(decode_job, jobs):
            report = ShareReporter(self._board, job.match_id)
            outcomes.append(encode_outcome(self._player.play(job, report)))
        return outcomes


def _shown(label: str) -> str:
    return f"MatchWorker({label})"


@dataclass(slots=True)
class _Task:
    job: MatchJob
    deaths: int = 0  # workers that died while this job was the only one they played
    alone: bool = False  # was in a batch that killed a worker: never again in company


@dataclass(slots=True)
class _Slot:
    actor: Any
    name: str
    calls: deque[tuple[Any, list[_Task]]] = field(default_factory=deque)  # (reference, tasks) in order
    ready: bool = False


class RayPool:
    """Plays on `workers` actors of the cluster this process is connected to.

    Parameters
    ----------
    setup
        Of every worker.
    workers
        How many; see `actors.cluster.worker_count`.
    label
        Of the run, shown in Ray's list of actors.
    """

    def __init__(self, setup: PlayerSetup, workers: int, *, label: str = "") -> None:
        if workers < 1:
            raise PoolError(f"workers: expected 1 or more, was {workers}")
        self.workers = workers
        self._note = ""
        self._board = ShareBoard(label)
        self._setup = setup
        self._label = label
        self._slots: list[_Slot] = []
        self._started = 0
        self._starts_failed = 0
        self._mean_s = 0.0  # of a match, as played so far
        self._compiling = setup.run_match == REAL_MATCH and not is_compiled()

    @property
    def state(self) -> PoolState:
        running = [task.job.match_id for slot in self._slots for _, tasks in slot.calls for task in tasks]
        return PoolState(len(running), self._board.part(running), self._note)

    def roster(self) -> tuple[WorkerStatus, ...]:
        return tuple(WorkerStatus(name=slot.name, doing=_doing(slot)) for slot in self._slots)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the workers, whatever they are doing."""
        for slot in self._slots:
            self._kill(slot)
        self._slots.clear()
        self._board.close()

    def play(self, jobs: Sequence[MatchJob]) -> Iterator[tuple[MatchJob, Outcome] | None]:
        """Yield outcomes as they come; see `actors.pool.Pool`.

        Raises
        ------
        PoolError
            Workers do not start.
        """
        waiting = deque(_Task(job) for job in jobs)
        try:
            while True:
                self._hand_out(waiting)
                heads = {slot.calls[0][0]: slot for slot in self._slots if slot.calls}
                if not heads:
                    return
                done, _ = ray.wait(list(heads), num_returns=1, timeout=_TICK_S)
                self._update_note()
                if done:
                    self._board.rest()
                else:
                    self._board.look()
                    yield None
                for reference in done:
                    yield from self._collect(heads[reference], waiting)
        finally:
            self._drop_calls()

    def _hand_out(self, waiting: deque[_Task]) -> None:
        """Start workers while there is work for them, and fill the queues of those that have started."""
        idle = sum(1 for slot in self._slots if not any(tasks for _, tasks in slot.calls))
        for _ in range(min(self.workers - len(self._slots), len(waiting) - idle)):
            self._slots.append(self._start(waiting[0].job))
        for depth in range(1, _CALLS_IN_FLIGHT + 1):
            for slot in self._slots:
                if waiting and slot.ready and len(slot.calls) < depth and _may_follow(slot, waiting[0]):
                    batch = self._next_batch(waiting)
                    payload = [encode_job(task.job) for task in batch]
                    slot.calls.append((slot.actor.play.remote(payload), batch))

    def _next_batch(self, waiting: deque[_Task]) -> list[_Task]:
        """Take what fills the target time; fewer near the end, so that all workers finish together."""
        share = len(waiting) // (2 * _CALLS_IN_FLIGHT * self.workers)
        size = int(_BATCH_TARGET_S / self._mean_s) if self._mean_s > 0 else 1
        batch = [waiting.popleft()]
        while (
            waiting and not (batch[0].alone or waiting[0].alone) and len(batch) < min(size, share, _BATCH_MAX)
        ):
            batch.append(waiting.popleft())
        return batch

    def _collect(self, slot: _Slot, waiting: deque[_Task]) -> Iterator[tuple[MatchJob, Outcome]]:
        """Take the first call's outcomes, or deal with the worker's death."""
        reference, tasks = slot.calls[0]
        try:
            answer = ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            # the player catches what a match raises: a start failed, or an outcome cannot travel
            if not slot.ready:
                raise PoolError(f"workers do not start: {error.cause!r}") from error
            slot.calls.popleft()
            for task in tasks:
                yield task.job, MatchFailure(match_id=task.job.match_id, error=f"worker: {error.cause!r}")
            return
        except ray.exceptions.RayError as error:
            yield from self._bury(slot, waiting, str(error))
            return
        slot.calls.popleft()
        if not slot.ready:
            slot.ready = True
            self._starts_failed = 0
            return
        for task, payload in zip(tasks, answer, strict=True):
            outcome = decode_outcome(payload)
            if not isinstance(outcome, MatchFailure):
                self._mean_s += (outcome.wall_s - self._mean_s) * (0.2 if self._mean_s else 1.0)
            yield task.job, outcome

    def _bury(
        self, slot: _Slot, waiting: deque[_Task], cause: str
    ) -> Iterator[tuple[MatchJob, MatchFailure]]:
        """Put a dead worker's jobs back in line; a job that keeps killing its worker has failed."""
        if not slot.ready:
            self._starts_failed += 1
            lines = [line.strip() for line in cause.splitlines() if line.strip()]
            # what its constructor raised it would raise again; a process that just went may be bad luck
            if _RAISED_IN_START in cause:
                raise PoolError(f"workers do not start: {lines[-1]}")
            if self._starts_failed >= _STARTS_FAILED_MAX * self.workers:
                raise PoolError(f"workers do not start: {lines[0]}")
        self._slots.remove(slot)
        self._kill(slot)
        running = slot.calls[0][1]
        rest = [task for _, tasks in list(slot.calls)[1:] for task in tasks]
        waiting.extendleft(reversed(rest))
        for task in reversed(running):
            task.deaths += len(running) == 1 and slot.ready
            task.alone = True
            if task.deaths < _DEATHS_MAX:
                waiting.appendleft(task)
            else:
                error = f"the worker died {_DEATHS_MAX} times while playing it (out of memory, or a crash)"
                yield task.job, MatchFailure(match_id=task.job.match_id, error=error, detail=cause)

    def _start(self, job: MatchJob) -> _Slot:
        self._started += 1
        label = f"{self._label} worker {self._started}".strip()
        actor_class: Any = ray.remote(
            num_cpus=1,
            max_restarts=0,  # a restarted actor would run its calls in any order: start a new one
            max_task_retries=0,
            runtime_env={"env_vars": {**WORKER_ENVIRONMENT, **_passed_on()}},
        )(_Worker)
        actor = actor_class.remote(self._setup, label, self._board.name)
        # the first call tells a worker that cannot start from one that a match kills
        return _Slot(actor, _shown(label), deque([(actor.warm.remote(encode_job(job)), [])]))

    def _update_note(self) -> None:
        starting = sum(1 for slot in self._slots if not slot.ready)
        if not starting:
            self._note = ""
        elif self._compiling:
            self._note = "compiling the market's machine code (once per machine, about a minute)"
        else:
            self._note = f"waiting for {starting} of {self.workers} workers to start"

    def _drop_calls(self) -> None:
        """Forget work in flight. Workers that may still be at it are ended, the next call starts new ones."""
        for slot in [slot for slot in self._slots if slot.calls]:
            self._slots.remove(slot)
            self._kill(slot)

    @staticmethod
    def _kill(slot: _Slot) -> None:
        if ray.is_initialized():
            ray.kill(slot.actor, no_restart=True)


def _doing(slot: _Slot) -> str:
    """Return in words what a worker is at."""
    if not slot.ready:
        return "starting"
    tasks = slot.calls[0][1] if slot.calls else []
    others = f" and {len(tasks) - 1} more" if len(tasks) > 1 else ""
    return f"{tasks[0].job.match_id}{others}" if tasks else ""


def _may_follow(slot: _Slot, task: _Task) -> bool:
    """Return whether `task` may be queued behind what the worker has.

    A worker that dies takes the answers with it that it had not sent yet. A job under suspicion therefore
    gets a worker to itself, or its neighbours would be blamed for it.
    """
    return not slot.calls or not (task.alone or slot.calls[-1][1][0].alone)


def _passed_on() -> dict[str, str]:
    """Return the driver's settings that a worker must share."""
    return {name: os.environ[name] for name in ("ARENA_CACHE_DIR",) if name in os.environ}
