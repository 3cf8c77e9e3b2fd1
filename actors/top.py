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

    def look(self) -> Snapshot:
        """Return what is known now.

        Raises
        ------
        StorageError
            The catalogue cannot be read.
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
        if state != "playing":
            self._actors = ()
        elif status is not None and status.dashboard and now_s >= self._actors_due_s:
            self._actors = _list_actors(status.dashboard, self._folder)
            self._actors_due_s = now_s + _ACTORS_EVERY_S
        return Snapshot(
            folder=self._folder,
            state=state,
            silent_s=silent_s,
            status=status,
            standings=self._standings,
            actors=self._actors,
        )

    def _silent_s(self) -> float | None:
        """Return how long ago the status file was written."""
        try:
            written_s = (self._folder / STATUS).stat().st_mtime
        except FileNotFoundError:  # the run has just ended
            return None
        return max(0.0, time.time() - written_s)  # noqa: TID251 - compared with the file's own time


def _list_actors(dashboard: str, folder: Path) -> tuple[ActorRow, ...]:
    """Return the actors that are alive; none where Ray cannot be asked."""
    token = folder / TOKEN_FILE
    if token.is_file():
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ["RAY_AUTH_TOKEN"] = token.read_text().strip()
    # imported late: Ray takes a second, and most runs are looked at without it
    from actors.ray_actors import living_actors  # noqa: PLC0415

    return living_actors(dashboard)
