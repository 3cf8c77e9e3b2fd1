"""What a run is doing right now, for whoever looks from outside: `status.json` in its folder.

The process that drives a run writes it about once a second and deletes it at the end; `arena top` reads it.
It is a sink of `actors.metrics.report` as well: what is reported of markets and accounts in this process is
in it. Nothing reads it back into a run, and a run goes on where it cannot be written.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

import msgspec

from actors.metrics.definitions import (
    DRAWDOWN,
    EQUITY,
    EVENTS_RATE,
    FILLS,
    LAG,
    POSITION,
    REJECTS,
    WINDOWS_RATE,
    Metric,
)
from actors.progress import Progress
from actors.storage import StorageError

STATUS: Final = "status.json"


class WorkerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One actor or process: the name that Ray's dashboard shows too, and what it is doing."""

    name: str
    doing: str = ""


class ActorRow(msgspec.Struct, frozen=True, kw_only=True):
    """An actor that is alive, as Ray lists it. `name` is what the actor calls itself."""

    name: str
    pid: int
    node: str


class AccountStatus(msgspec.Struct, frozen=True, kw_only=True):
    """An account in a market under way. Money is in the settlement asset; None is not known."""

    account: str
    equity: float | None = None
    position: float | None = None
    drawdown: float | None = None
    fills: int = 0
    rejects: int = 0


class RunStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One moment of a run; a world is a run of one match.

    Parameters
    ----------
    run
        Its name.
    pid
        Of the process that drives it.
    progress
        How far it is.
    workers
        Who is at work.
    accounts
        Of the market under way; empty where matches are played elsewhere.
    windows_per_s, events_per_s, lag_s
        Of the market under way.
    dashboard
        Address of Ray's dashboard, if there is one.
    """

    run: str
    pid: int
    progress: Progress
    workers: tuple[WorkerStatus, ...] = ()
    accounts: tuple[AccountStatus, ...] = ()
    windows_per_s: float | None = None
    events_per_s: float | None = None
    lag_s: float | None = None
    dashboard: str = ""


class StatusFile:
    """Writes the status of a run into its folder."""

    def __init__(self, folder: Path, run: str) -> None:
        self.dashboard = ""
        self._path = folder / STATUS
        self._partial = folder / f"{STATUS}.part"
        self._run = run
        self._figures: dict[tuple[str, str], float] = {}  # by metric and account
        self._accounts: dict[str, None] = {}

    def set(self, metric: Metric, value: float, labels: tuple[str, ...]) -> None:
        """Note a gauge; see `actors.metrics.report.Sink`."""
        account = labels[1] if len(labels) > 1 else ""
        if account:
            self._accounts[account] = None
        self._figures[metric.name, account] = value

    def add(self, metric: Metric, amount: float, labels: tuple[str, ...]) -> None:
        """Note a counter."""
        account = labels[1] if len(labels) > 1 else ""
        self._figures[metric.name, account] = self._figures.get((metric.name, account), 0) + amount

    def write(self, progress: Progress, workers: tuple[WorkerStatus, ...] = ()) -> None:
        """Replace the file, whole or not at all."""
        status = RunStatus(
            run=self._run,
            pid=os.getpid(),
            progress=msgspec.structs.replace(progress, lines=()),
            workers=workers,
            accounts=tuple(map(self._account, self._accounts)),
            windows_per_s=self._figures.get((WINDOWS_RATE.name, "")),
            events_per_s=self._figures.get((EVENTS_RATE.name, "")),
            lag_s=self._figures.get((LAG.name, "")),
            dashboard=self.dashboard,
        )
        with contextlib.suppress(OSError):  # a full disk stops the run where it matters, not here
            self._partial.write_bytes(msgspec.json.encode(status))
            self._partial.replace(self._path)

    def close(self) -> None:
        """Delete the file, and what a killed process has left of one: the run is over."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
            self._partial.unlink(missing_ok=True)

    def _account(self, account: str) -> AccountStatus:
        figures = self._figures
        return AccountStatus(
            account=account,
            equity=figures.get((EQUITY.name, account)),
            position=figures.get((POSITION.name, account)),
            drawdown=figures.get((DRAWDOWN.name, account)),
            fills=int(figures.get((FILLS.name, account), 0)),
            rejects=int(figures.get((REJECTS.name, account), 0)),
        )


def read_status(folder: Path) -> RunStatus | None:
    """Return what the run in `folder` is doing, or None where nobody drives it.

    Raises
    ------
    StorageError
        The file is no status, or one of another version.
    """
    path = folder / STATUS
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return msgspec.json.decode(content, type=RunStatus)
    except msgspec.DecodeError as error:
        raise StorageError(
            f"{path}: expected the status of a run of this version, was not: {error}"
        ) from error
