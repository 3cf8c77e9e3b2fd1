"""Parts of a world as Ray actors: thin shells around the seats, with names that say who they are.

Nothing is retried by Ray: after a restart it may run calls in any order. A shell takes its calls by number,
each once and in order, and a part that was lost is replaced by `actors.world.parts.Part`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

# isort: off
from actors.ray_environment import WORKER_ENVIRONMENT, passed_on  # before Ray: see there

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
# isort: on

import msgspec

from actors.bot_output import LINES_PER_RUN, BotEar, BotLine, hearing
from actors.world.crew_seat import CrewSeat
from actors.world.feed_seat import FeedSeat
from actors.world.keeper import Keeper
from actors.world.market_seat import MarketSeat
from actors.world.parts import PartLostError, Reply, WorldError
from actors.world.setup import Answer

NAMESPACE = "arena"
SHARD_CPUS = 1.0
ACCOUNT_CPUS = 0.1
"""An account on its own mostly waits for the others: ten of them share a CPU."""
PROCESS_MB = 230
"""Memory of an actor, with the machine code it has loaded (measured: 210 MB)."""

_LOOK_S = 2.0
_START_LIMIT_S = 40.0


class OutOfSequenceError(RuntimeError):
    """A call that is not the next one."""


class _Shell:
    """What every part's process has: the seat, and the number of the last call."""

    seat: Callable[..., Any]

    def __init__(self, title: str, *arguments: Any) -> None:
        self._title = title
        self._last = 0
        self._broken: Exception | None = None
        try:
            self._seat = type(self).seat(*arguments)
        except Exception as error:  # noqa: BLE001 - the first call tells it: a constructor's is hard to read
            self._broken = error

    def __repr__(self) -> str:
        return self._title

    def call(self, number: int, method: str, *arguments: Any) -> Any:
        if number != self._last + 1:
            raise OutOfSequenceError(f"call: expected number {self._last + 1}, was {number}")
        self._last = number
        if self._broken is not None:
            raise self._broken
        try:
            return getattr(self._seat, method)(*arguments)
        except Exception as error:
            self._broken = error
            raise


class ExchangeActor(_Shell):
    """The exchange of a world."""

    seat = MarketSeat


class _CrewShell(_Shell):
    """What processes with bots in them have besides: an ear for what they print."""

    seat = CrewSeat

    def __init__(self, title: str, *arguments: Any) -> None:
        self._run = (ray.get_runtime_context().get_actor_name() or "").partition("/")[0]
        self._lines: list[BotLine] = []
        self._ear = BotEar(self._tell, LINES_PER_RUN)
        with hearing(self._ear):
            super().__init__(title, *arguments)

    def call(self, number: int, method: str, *arguments: Any) -> Any:
        with hearing(self._ear):
            answer = super().call(number, method, *arguments)
        if method == "stop":
            self._ear.end()
        if self._lines and isinstance(answer, Answer):
            answer = msgspec.structs.replace(answer, said=tuple(self._lines))
            self._lines.clear()
        return answer

    def _tell(self, line: BotLine) -> None:
        self._lines.append(line)
        sys.stdout.write(f"[{self._run} {line.account}] {line.text}\n")  # into the worker's log
        sys.stdout.flush()


class AccountActor(_CrewShell):
    """One account of a world."""


class ShardActor(_CrewShell):
    """Several accounts of a world."""


class FeedActor(_Shell):
    """A recorded series of a world."""

    seat = FeedSeat


class JournalActor(_Shell):
    """Tape and journal of a world."""

    seat = Keeper


_CLASSES = {
    "market": ExchangeActor,
    "account": AccountActor,
    "shard": ShardActor,
    "feed": FeedActor,
    "keeper": JournalActor,
}
_CPUS = {"account": ACCOUNT_CPUS, "shard": SHARD_CPUS}


class RayReply:
    """What will come of a call; other calls may be given it before it is there."""

    def __init__(self, handle: RayHandle, reference: Any) -> None:
        self.reference = reference
        self._handle = handle

    def get(self) -> Any:
        while True:
            try:
                value = ray.get(self.reference, timeout=_LOOK_S)
            except ray.exceptions.GetTimeoutError:
                self._handle.check_start()
            except ray.exceptions.RayTaskError as error:
                raise _translated(error, self._handle.part) from error
            except ray.exceptions.RayError as error:
                raise PartLostError(_first_line(error)) from error
            else:
                self._handle.started = True
                return value


class _Shared:
    """A value in the object store."""

    def __init__(self, value: object) -> None:
        self.reference = ray.put(value)


class RayHandle:
    """An actor with a part in it."""

    def __init__(self, part: str, actor: Any, launcher: RayLauncher) -> None:
        self.part = part
        self.started = False
        self._actor = actor
        self._launcher = launcher
        self._number = 0
        self._waited_s = 0.0

    def submit(self, method: str, *arguments: Any) -> Reply:
        self._number += 1
        return RayReply(self, self._actor.call.remote(self._number, method, *map(_travelling, arguments)))

    def check_start(self) -> None:
        """Find out that an actor has no place: called while nothing comes of it.

        Raises
        ------
        PartLostError
            It has not started for long; the next one asks for no CPU of its own.
        """
        self._waited_s += _LOOK_S
        if not self.started and self._waited_s >= _START_LIMIT_S and not self._launcher.crowded:
            self._launcher.crowded = True
            raise PartLostError("no room for the process: it goes where others are")

    def end(self) -> None:
        if ray.is_initialized():
            ray.kill(self._actor, no_restart=True)


class RayLauncher:
    """Starts parts on the cluster this process is connected to.

    Parameters
    ----------
    run
        Names the actors.
    """

    def __init__(self, run: str) -> None:
        self.crowded = False
        """Whether parts go where there is no CPU left for them, because machines were lost."""
        self._run = run
        self._here = ray.get_runtime_context().get_node_id()
        self._launched: dict[str, int] = {}
        self._asked: dict[str, float] = {}

    def launch(self, part: str, title: str, kind: str, *arguments: Any) -> RayHandle:
        number = self._launched[part] = self._launched.get(part, 0) + 1
        name = f"{self._run}/{part}" + (f"~{number}" if number > 1 else "")
        self._asked[part] = _CPUS.get(kind, 0.0)
        if number > 1 and sum(self._asked.values()) > _cluster_cpus():
            self.crowded = True
        strategy: Any = "SPREAD"
        if kind in ("keeper", "market"):
            # the journal's file is here; the exchange had better be near, but need not
            strategy = NodeAffinitySchedulingStrategy(self._here, soft=kind == "market")
        options: Any = {
            "name": name,
            "namespace": NAMESPACE,
            "num_cpus": 0.0 if self.crowded else _CPUS.get(kind, 0.0),
            "max_restarts": 0,
            "max_task_retries": 0,
            "scheduling_strategy": strategy,
            "runtime_env": {"env_vars": {**WORKER_ENVIRONMENT, **passed_on()}},
        }
        made: Any = ray.remote(_CLASSES[kind])
        actor = made.options(**options).remote(title, *map(_travelling, arguments))
        return RayHandle(part, actor, self)

    def share(self, value: object) -> _Shared:
        return _Shared(value)


def _cluster_cpus() -> float:
    """Return the CPUs of the machines that are left."""
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]  # Ray's gap
    return resources.get("CPU", 0.0)


def _travelling(argument: Any) -> Any:
    return argument.reference if isinstance(argument, RayReply | _Shared) else argument


def _translated(error: ray.exceptions.RayTaskError, part: str) -> Exception:
    """Return the loss of the part, or of what it was given, or else the part's own error."""
    cause = error.cause
    if isinstance(cause, OutOfSequenceError | ray.exceptions.RayError):
        return PartLostError(_first_line(cause))
    return WorldError(f"{part}: {type(cause).__name__}: {_first_line(cause)}")


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
