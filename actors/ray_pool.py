"""Workers on Ray: long-lived actors that play whole matches, replaced when they die.

Every worker has calls waiting behind the one it plays, so it never idles for the driver; short matches travel
several to a call, as many as `actors.batching` says. A call that is lost with its worker changes no state,
because a match's outcome depends on its job alone: its jobs are played elsewhere and give the same bytes.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

# isort: off
from actors.ray_environment import WORKER_ENVIRONMENT, passed_on  # before Ray: see there

import ray
# isort: on

from actors.batching import Pace
from actors.filing import Filing, decode_filings, failed_filing
from actors.handshake import start_failure
from actors.machine_code import is_compiled
from actors.player import REAL_MATCH, PlayerSetup, encode_setup
from actors.pool import PoolError
from actors.progress import PoolState
from actors.ray_worker import MatchWorker, shown
from actors.record import MatchJob, encode_job
from actors.share_board import ShareBoard
from actors.status import WorkerStatus
from actors.task_queue import Task, TaskQueue

_TICK_S = 1.0
_GATHER_S = 0.02  # where many workers answer, more answers are worth waiting for: one transaction takes all
_GATHER_FROM = 16
_LOAD_WEIGHT = 0.02
_SATURATED = 0.85
_SATURATED_NOTE = "results come as fast as they can be stored: more workers do not help"
_DEATHS_MAX = 3
_STARTS_FAILED_MAX = 3
_FAULTS_MAX = 3
_RAISED_IN_START = "error raised in its creation task"


@dataclass(slots=True, eq=False)
class _Slot:
    actor: Any
    name: str
    calls: deque[tuple[Any, list[Task]]] = field(default_factory=deque)  # (reference, tasks) in order
    ready: bool = False

    @property
    def queued(self) -> int:
        return sum(len(tasks) for _, tasks in self.calls)

    @property
    def doing(self) -> str:
        """What the worker is at, in words."""
        if not self.ready:
            return "starting"
        tasks = self.calls[0][1] if self.calls else []
        others = f" and {len(tasks) - 1} more" if len(tasks) > 1 else ""
        return f"{tasks[0].job.match_id}{others}" if tasks else ""


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
    expected
        What a worker must have in common with this process (`actors.handshake.fingerprint`).
    """

    def __init__(
        self, setup: PlayerSetup, workers: int, *, label: str = "", expected: Mapping[str, str] | None = None
    ) -> None:
        if workers < 1:
            raise PoolError(f"workers: expected 1 or more, was {workers}")
        self.workers = workers
        self._note = ""
        self._board = ShareBoard(label)
        self._setup = encode_setup(setup)
        self._expected = dict(expected or {})
        self._label = label
        self._slots: list[_Slot] = []
        self._heads: dict[Any, _Slot] = {}  # by the call that is being played
        self._hungry: set[_Slot] = set()  # may have room for another call
        self._running = 0
        self._started = 0
        self._starts_failed = 0
        self._faults = 0
        self._pace = Pace(workers)
        self._load = 0.0  # share of its time that this process has lately been busy
        self._since_s = time.perf_counter()
        self._compiling = setup.run_match == REAL_MATCH and not is_compiled()

    @property
    def state(self) -> PoolState:
        return PoolState(self._running, self._board.part(self._running_ids()), self._note)

    def roster(self) -> tuple[WorkerStatus, ...]:
        return tuple(WorkerStatus(name=slot.name, doing=slot.doing) for slot in self._slots)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the workers, whatever they are doing."""
        for slot in list(self._slots):
            self._remove(slot)
        self._board.close()

    def play(self, jobs: Sequence[MatchJob]) -> Iterator[Sequence[Filing] | None]:
        """Yield outcomes as they come; see `actors.pool.Pool`.

        Raises
        ------
        PoolError
            Workers do not start, do not fit this driver, or have no room on their disks.
        """
        queue = TaskQueue(jobs)
        try:
            while True:
                self._hand_out(queue)
                # where a node is lost, the workers in its place may wait for a processor forever
                if not (self._running or len(queue)):
                    return
                ready = self._wait()
                self._update_note(waiting=len(queue))
                if not ready:
                    self._board.look(self._running_ids())
                    yield None
                    continue
                self._board.rest()
                filings: list[Filing] = []
                failure: PoolError | None = None
                for reference in ready:
                    try:
                        filings += self._collect(self._heads.pop(reference), queue)
                    except PoolError as error:
                        failure = error
                if filings:
                    yield filings
                if failure is not None:
                    raise failure
        finally:
            self._drop_calls()

    def _wait(self) -> list[Any]:
        """Return the calls that have ended: all of them, after the first or after a tick."""
        begin_s = time.perf_counter()
        ready, rest = ray.wait(list(self._heads), num_returns=1, timeout=_TICK_S)
        if ready and rest:
            gather_s = _GATHER_S if self.workers >= _GATHER_FROM else 0.0
            more, _ = ray.wait(rest, num_returns=len(rest), timeout=gather_s)
            ready += more
        now_s = time.perf_counter()
        busy = (begin_s - self._since_s) / (now_s - self._since_s)
        self._load += (busy - self._load) * _LOAD_WEIGHT
        self._since_s = now_s
        return ready

    def _running_ids(self) -> Iterator[str]:
        return (task.job.match_id for slot in self._slots for _, tasks in slot.calls for task in tasks)

    def _hand_out(self, queue: TaskQueue) -> None:
        """Start workers while there is work for them, and fill the queues of those that have started."""
        if len(self._slots) < self.workers and len(queue):
            idle = sum(1 for slot in self._slots if not slot.queued)
            for _ in range(min(self.workers - len(self._slots), len(queue) - idle)):
                self._slots.append(self._start(queue.first().job))
        for depth in range(1, self._pace.calls_max + 1):
            for slot in list(self._hungry):
                if not len(queue):
                    return
                if not self._pace.wants(len(slot.calls), slot.queued):
                    self._hungry.discard(slot)
                elif len(slot.calls) < depth and _may_follow(slot, queue.first()):
                    self._call(slot, self._next_batch(queue))

    def _call(self, slot: _Slot, batch: list[Task]) -> None:
        reference = slot.actor.play.remote([encode_job(task.job) for task in batch])
        if not slot.calls:
            self._heads[reference] = slot
        slot.calls.append((reference, batch))
        self._running += len(batch)

    def _next_batch(self, queue: TaskQueue) -> list[Task]:
        size = self._pace.batch(len(queue))
        batch = [queue.take()]
        while len(queue) and len(batch) < size and not (batch[0].alone or queue.first().alone):
            batch.append(queue.take())
        return batch

    def _collect(self, slot: _Slot, queue: TaskQueue) -> list[Filing]:
        """Take the first call's outcomes, or deal with the worker's death."""
        reference, tasks = slot.calls[0]
        try:
            answer = ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            # the player catches what a match raises: a start failed, or an outcome cannot travel
            if not slot.ready:
                raise PoolError(start_failure(error.cause, str(error))) from error
            self._next_call(slot)
            return [failed_filing(task.job, f"worker: {error.cause!r}") for task in tasks]
        except ray.exceptions.RayError as error:
            return self._bury(slot, queue, str(error))
        if not slot.ready:
            if answer:
                raise PoolError(answer)
            slot.ready = True
            self._starts_failed = 0
            self._next_call(slot)
            return []
        elapsed_s, payload, fault = answer
        filings = decode_filings(payload)
        if filings:
            self._pace.note(elapsed_s, len(payload), len(filings))
        if fault:
            self._retire(slot, queue, played=len(filings), fault=fault)
        else:
            self._next_call(slot)
        return list(filings)

    def _next_call(self, slot: _Slot) -> None:
        """Take the first call off the worker's queue."""
        _, tasks = slot.calls.popleft()
        self._running -= len(tasks)
        self._hungry.add(slot)
        if slot.calls:
            self._heads[slot.calls[0][0]] = slot

    def _retire(self, slot: _Slot, queue: TaskQueue, *, played: int, fault: str) -> None:
        """End a worker whose machine is not fit to play; what it has not played goes elsewhere."""
        queue.put_back([task for _, tasks in slot.calls for task in tasks][played:])
        self._remove(slot)
        self._faults += 1
        if self._faults >= _FAULTS_MAX:
            raise PoolError(f"{fault}; what is finished is kept: free some space there and use --resume")

    def _bury(self, slot: _Slot, queue: TaskQueue, cause: str) -> list[Filing]:
        """Put a dead worker's jobs back in line; a job that keeps killing its worker has failed."""
        if not slot.ready:
            self._starts_failed += 1
            lines = [line.strip() for line in cause.splitlines() if line.strip()]
            # what its constructor raised it would raise again; a process that just went may be bad luck
            if _RAISED_IN_START in cause:
                raise PoolError(f"workers do not start: {lines[-1]}")
            if self._starts_failed >= _STARTS_FAILED_MAX * self.workers:
                raise PoolError(f"workers do not start: {lines[0]}")
        running = slot.calls[0][1]
        queue.put_back([task for _, tasks in list(slot.calls)[1:] for task in tasks])
        self._remove(slot)
        failed = []
        for task in reversed(running):
            task.deaths += len(running) == 1 and slot.ready
            task.alone = True
            if task.deaths < _DEATHS_MAX:
                queue.put_back([task])
            else:
                error = f"the worker died {_DEATHS_MAX} times while playing it (out of memory, or a crash)"
                failed.append(failed_filing(task.job, error, cause))
        return failed

    def _start(self, job: MatchJob) -> _Slot:
        self._started += 1
        label = f"{self._label} worker {self._started}".strip()
        actor_class: Any = ray.remote(
            num_cpus=1,
            max_restarts=0,  # a restarted actor would run its calls in any order: start a new one
            max_task_retries=0,
            runtime_env={"env_vars": {**WORKER_ENVIRONMENT, **passed_on()}},
        )(MatchWorker)
        actor = actor_class.remote(self._setup, self._expected, label, self._board.name)
        # the first call tells a worker that cannot start from one that a match kills
        slot = _Slot(actor, shown(label), deque([(actor.greet.remote(encode_job(job)), [])]))
        self._heads[slot.calls[0][0]] = slot
        return slot

    def _update_note(self, *, waiting: int) -> None:
        starting = sum(1 for slot in self._slots if not slot.ready)
        if not starting:
            saturated = waiting and self._load > _SATURATED
            self._note = (
                "results come as fast as they can be stored: more workers do not help" if saturated else ""
            )
        elif self._compiling:
            self._note = "compiling the market's machine code (once per machine, about a minute)"
        else:
            self._note = f"waiting for {starting} of {self.workers} workers to start"

    def _drop_calls(self) -> None:
        """Forget work in flight. Workers that may still be at it are ended, the next call starts new ones."""
        for slot in [slot for slot in self._slots if slot.calls]:
            self._remove(slot)

    def _remove(self, slot: _Slot) -> None:
        self._slots.remove(slot)
        self._hungry.discard(slot)
        self._running -= slot.queued
        if slot.calls:
            self._heads.pop(slot.calls[0][0], None)
        if ray.is_initialized():
            ray.kill(slot.actor, no_restart=True)


def _may_follow(slot: _Slot, task: Task) -> bool:
    """Return whether `task` may be queued behind what the worker has.

    A worker that dies takes the answers with it that it had not sent yet. A job under suspicion therefore
    gets a worker to itself, or its neighbours would be blamed for it.
    """
    return not slot.calls or not (task.alone or slot.calls[-1][1][0].alone)
