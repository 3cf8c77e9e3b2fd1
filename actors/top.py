"""One look at a run from outside: `arena top`.

A look is a `Snapshot`, made of three things that exist anyway: the catalogue (`actors.standings`), the status
file that the driving process leaves in the run's folder (`actors.status`), and, where a cluster has a
dashboard, Ray's list of actors. The processes that play are asked nothing, so looking costs a run nothing.

A world is seen in the same way: whoever conducts it opens `actors.run_watch.watched_run`, reports its
accounts and speed to the `metrics` of that watch, sets its `roster` (names and doings of its actors), and
passes the share that is played on as a `Progress` of one match.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import msgspec

from actors.dashboard import TOKEN_FILE
from actors.standings import Standings, read_standings
from actors.status import STATUS, ActorRow, RunStatus, read_status

SILENCE_S = 10.0
"""A driving process writes every second; after this long without a sign it is taken for lost."""

_LOOK_SHARE = 20  # a look that takes t seconds is taken anew after 20 t at the earliest
_ACTORS_EVERY_S = 5.0


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a run at one moment.

    Parameters
    ----------
    state
        `playing`, `silent` (a status file, but no sign of life) or `not running`.
    silent_s
        Wall time since the last sign of life; None where nobody drives the run.
    status
        What the driving process has written last.
    standings
        What has ended so far.
    actors
        Ray's list, where it can be asked.
    """

    folder: Path
    state: str
    silent_s: float | None
    status: RunStatus | None
    standings: Standings
    actors: tuple[ActorRow, ...] = ()


class TopReader:
    """Takes snapshots of one run; what is dear to read is not read at every look."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._standings = Standings()
        self._standings_due_s = 0.0
        self._actors: tuple[ActorRow, ...] = ()
        self._actors_due_s = 0.0
        self._asking: threading.Thread | None = None

    def look(self, *, patient: bool = True) -> Snapshot:
        """Return what is known now. `patient` waits for Ray's answer; otherwise it is in a later snapshot.

        Raises
        ------
        StorageError
            The catalogue or the status cannot be read.
        """
        status = read_status(self._folder)
        silent_s = self._silent_s() if status is not None else None
        now_s = time.perf_counter()
        if now_s >= self._standings_due_s or status is None:
            self._standings = read_standings(self._folder)
            took_s = time.perf_counter() - now_s
            self._standings_due_s = now_s + _LOOK_SHARE * took_s
        if silent_s is None or status is None:
            state = "not running"
        else:
            state = "playing" if silent_s < SILENCE_S else "silent"
        if state == "playing" and status is not None and status.dashboard:
            self._ask(status.dashboard, patient=patient)
        return Snapshot(
            folder=self._folder,
            state=state,
            silent_s=silent_s,
            status=status,
            standings=self._standings,
            actors=self._actors if state == "playing" else (),
        )

    def _silent_s(self) -> float | None:
        """Return how long ago the status file was written."""
        try:
            written_s = (self._folder / STATUS).stat().st_mtime
        except FileNotFoundError:  # the run has just ended
            return None
        return max(0.0, time.time() - written_s)  # noqa: TID251 - compared with the file's own time

    def _ask(self, dashboard: str, *, patient: bool) -> None:
        """Ask Ray for its actors now and then, aside: importing it alone takes seconds."""
        if self._asking is None and time.perf_counter() >= self._actors_due_s:
            self._asking = threading.Thread(target=self._list_actors, args=(dashboard,), daemon=True)
            self._asking.start()
        if self._asking is not None:
            self._asking.join(None if patient else 0.0)
            if not self._asking.is_alive():
                self._asking = None
                self._actors_due_s = time.perf_counter() + _ACTORS_EVERY_S

    def _list_actors(self, dashboard: str) -> None:
        token = self._folder / TOKEN_FILE
        if token.is_file():
            os.environ["RAY_AUTH_MODE"] = "token"
            os.environ["RAY_AUTH_TOKEN"] = token.read_text().strip()
        # imported late: most runs are looked at without Ray
        from actors.ray_actors import living_actors  # noqa: PLC0415

        self._actors = living_actors(dashboard)
