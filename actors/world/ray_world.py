"""A world on a Ray cluster: the conductor's actor, and the driver that watches over it."""

from __future__ import annotations

import contextlib
import shutil
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

# isort: off
from actors.ray_environment import WORKER_ENVIRONMENT, passed_on  # before Ray: see there

import msgspec
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
# isort: on

from actors.match import with_latencies
from actors.match_config import MatchSpec
from actors.match_result import match_result
from actors.result import MatchResult
from actors.world.keeper import TAPE_FILE
from actors.world.parts import WorldError
from actors.world.placement import ACCOUNT, Needs, Placement, check_room
from actors.world.ray_parts import ACCOUNT_CPUS, NAMESPACE, PROCESS_MB, SHARD_CPUS, RayLauncher
from actors.world.setup import WorldSetup
from actors.world.world import JOURNAL_FILE, World, WorldOutcome, WorldStatus, WorldStoppedError
from actors.world_watch import WorldWatch
from exchange_sim.ports import Steering

_LOOK_S = 0.5
_ANSWER_S = 20.0  # while a conductor starts, nobody answers
_WIND_UP_S = 10.0
_ORPHAN_LOOKS = 100
_ORPHAN_LOOK_S = 0.1
_DEATHS_MAXIMUM = 20
_OWN_PROCESSES = 3  # conductor, exchange, journal


class ConductorActor:
    """Conducts a world. What others ask of it is answered while it computes."""

    def __init__(self, run: str, setup: WorldSetup, placement: Placement, folder: str) -> None:
        self._run = run
        self._world = World(setup, placement, RayLauncher(run), folder)

    def __repr__(self) -> str:
        return f"conductor of {self._run} sim"

    def play(self) -> WorldOutcome | None:
        """Play; None where it was stopped."""
        try:
            return self._world.play()
        except WorldStoppedError:
            return None
        finally:
            self._world.close()

    @ray.method(concurrency_group="control")
    def status(self) -> WorldStatus:
        return self._world.status()

    @ray.method(concurrency_group="control")
    def pause(self) -> None:
        self._world.pause()

    @ray.method(concurrency_group="control")
    def resume(self) -> None:
        self._world.resume()

    @ray.method(concurrency_group="control")
    def stop(self) -> None:
        self._world.stop()

    @ray.method(concurrency_group="control")
    def steer(self, account: str, steering: Steering) -> None:
        self._world.steer(account, steering)


class WorldDriver:
    """Plays a world on the cluster this process is connected to, and replaces its conductor when it dies.

    Parameters
    ----------
    run
        Names the world's actors.
    setup, placement
        What is played, and how it is spread.
    folder
        Of tape and journal; what lies there of the same match is gone on from.

    Raises
    ------
    PlacementError
        The cluster cannot hold it.
    """

    def __init__(self, run: str, setup: WorldSetup, placement: Placement, folder: Path) -> None:
        self.deaths = 0
        """Conductors that died."""
        self._run = run
        self._setup = setup
        self._placement = placement
        self._folder = folder
        self._paused = False
        self._actor: Any = None
        self._here = ray.get_runtime_context().get_node_id()
        _end_orphans(run)
        _check_room(setup.spec, placement)

    def play(self, look: Callable[[WorldStatus], None] | None = None) -> WorldOutcome | None:
        """Play to the end and return what is left; None where the world was stopped, by Ctrl-C too.

        `look` is told now and then how far it is, and at the end.

        Raises
        ------
        WorldError
            It cannot be played.
        """
        while True:
            self._launch()
            playing = self._actor.play.remote()
            try:
                return self._wait(playing, look)
            except KeyboardInterrupt:
                self._wind_up(playing)
                return None
            except ray.exceptions.RayTaskError as error:
                raise WorldError(" ".join(str(error.cause).split())) from error
            except ray.exceptions.RayError as error:
                self.deaths += 1
                if self.deaths >= _DEATHS_MAXIMUM:
                    raise WorldError(f"the conductor died {self.deaths} times: {error}") from error
            finally:
                self.close()

    @property
    def actor(self) -> Any:
        """The conductor; its methods are those of `ConductorActor`."""
        return self._actor

    def status(self) -> WorldStatus:
        """Return how the world stands.

        Raises
        ------
        WorldError
            The conductor has died and is being replaced.
        """
        status: WorldStatus = self._ask("status")
        return msgspec.structs.replace(status, deaths=status.deaths + self.deaths)

    def pause(self) -> None:
        """Let no further window begin until `resume`."""
        self._paused = True
        self._ask("pause")

    def resume(self) -> None:
        self._paused = False
        self._ask("resume")

    def stop(self) -> None:
        """End at the next edge of a window; the tape is kept."""
        self._ask("stop")

    def steer(self, name: str, steering: Steering) -> None:
        """Let something be done to an account at the next edge of a window."""
        self._ask("steer", name, steering)

    def close(self) -> None:
        """End the conductor, and with it every other process of the world."""
        if self._actor is not None and ray.is_initialized():
            ray.kill(self._actor, no_restart=True)
        self._actor = None

    def _launch(self) -> None:
        remote: Any = ray.remote
        made = remote(concurrency_groups={"control": 2})(ConductorActor)
        name = f"{self._run}/conductor" + (f"~{self.deaths + 1}" if self.deaths else "")
        self._actor = made.options(
            name=name,
            namespace=NAMESPACE,
            num_cpus=0,
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(self._here, soft=False),
            runtime_env={"env_vars": {**WORKER_ENVIRONMENT, **passed_on()}},
        ).remote(self._run, self._setup, self._placement, str(self._folder))
        if self._paused:
            self._actor.pause.remote()

    def _ask(self, method: str, *arguments: Any) -> Any:
        """Call a method of the conductor from whatever thread."""
        actor = self._actor
        if actor is None:
            raise WorldError("the world is not being played now")
        try:
            return ray.get(getattr(actor, method).remote(*arguments), timeout=_ANSWER_S)
        except ray.exceptions.RayTaskError as error:
            raise WorldError(" ".join(str(error.cause).split())) from error
        except (ray.exceptions.RayError, TimeoutError) as error:
            raise WorldError("the conductor does not answer now: ask again") from error

    def _wind_up(self, playing: Any) -> None:
        """Let what is done be written; whoever has no patience left presses Ctrl-C again."""
        self._actor.stop.remote()
        ray.wait([playing], timeout=_WIND_UP_S)

    def _wait(self, reference: Any, look: Callable[[WorldStatus], None] | None) -> WorldOutcome | None:
        while True:
            done, _ = ray.wait([reference], timeout=_LOOK_S)
            outcome: WorldOutcome | None = ray.get(reference) if done else None
            if look is not None:
                look(ray.get(self._actor.status.remote()))
            if done:
                return outcome


def run_world(
    spec: MatchSpec,
    placement: Placement,
    *,
    run: str,
    folder: Path,
    data_folder: Path | None = None,
    journal_path: Path | None = None,
    progress: Callable[[float], None] | None = None,
    watch: WorldWatch | None = None,
    attend: Callable[[WorldDriver], AbstractContextManager[None]] | None = None,
) -> MatchResult:
    """Play a match spread over processes of the cluster this process is connected to.

    The result is that of `actors.match.run_match`, to the last byte, `cpu_s` and `wall_s` apart.

    Parameters
    ----------
    spec, data_folder, journal_path, progress
        As of `run_match`.
    placement
        Shards or accounts.
    run
        Names the actors.
    watch
        Shows it while it is played.
    attend
        Is there while it is played, and may act on it.
    folder
        Where the tape is kept meanwhile; an unfinished world there is gone on from.

    Raises
    ------
    PlacementError
        The cluster cannot hold it.
    WorldError
        It cannot be played.
    WorldStoppedError
        Somebody has stopped it; its tape is kept.
    """
    begin = time.perf_counter()
    setup = WorldSetup(
        spec=with_latencies(spec, data_folder),
        data_folder=None if data_folder is None else str(data_folder.resolve()),
        working_folder=str(Path.cwd()),
        search_path=tuple(sys.path),
        engine_journal=journal_path is not None,
    )
    driver = WorldDriver(run, setup, placement, folder.resolve())

    def look(status: WorldStatus) -> None:
        if progress is not None:
            progress(status.share)
        if watch is not None:
            watch.look(status)

    with nullcontext() if attend is None else attend(driver):
        outcome = driver.play(look)
    if outcome is None:
        raise WorldStoppedError(f"stopped; the same command with --resume goes on ({folder})")
    result = match_result(spec, outcome.digest, outcome.market_report, outcome.accounts)
    if journal_path is not None:
        shutil.move(folder / JOURNAL_FILE, journal_path)
    (folder / TAPE_FILE).unlink()
    return replace(result, cpu_s=outcome.cpu_s, wall_s=time.perf_counter() - begin)


def _end_orphans(run: str) -> None:
    """End what is left of a world whose driver was killed: whoever plays a run holds its folder's lock."""
    pause = threading.Event()
    for _ in range(_ORPHAN_LOOKS):
        left = [each["name"] for each in ray.util.list_named_actors(all_namespaces=True)]
        orphans = [name for name in left if name.startswith(f"{run}/")]
        if not orphans:
            return
        for name in orphans:
            with contextlib.suppress(ValueError):  # it has gone by itself
                ray.kill(ray.get_actor(name, namespace=NAMESPACE), no_restart=True)
        pause.wait(_ORPHAN_LOOK_S)
    raise WorldError(f"{run}: expected that nobody plays it on this cluster, was {', '.join(orphans)}")


def _check_room(spec: MatchSpec, placement: Placement) -> None:
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]  # Ray's gap
    crews = len(placement.crews(len(spec.bots)))
    cpus = ACCOUNT_CPUS if placement.kind == ACCOUNT else SHARD_CPUS
    check_room(
        [
            Needs(processes=_OWN_PROCESSES, cpus=0.0, memory_mb=PROCESS_MB),
            Needs(processes=crews, cpus=cpus, memory_mb=PROCESS_MB),
        ],
        cpus=resources.get("CPU", 0.0),
        memory_mb=resources.get("memory", 0.0) / 1e6,
        placement=placement,
    )
