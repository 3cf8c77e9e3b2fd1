"""How a run is carried out, as opposed to what it is: nothing here changes its results."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import msgspec

from actors.metrics.report import Metrics
from actors.player import REAL_MATCH
from actors.world.placement import IN_PROCESS, Placement


class OpenMode(StrEnum):
    """What to do where a run with this specification has been started before.

    NEW refuses to touch it, RESUME plays what is missing, FRESH deletes it first.
    """

    NEW = "new"
    RESUME = "resume"
    FRESH = "fresh"


class ClusterSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the workers run.

    Parameters
    ----------
    address
        Of a running cluster (`auto` for this machine's); None starts one on this machine and ends it after.
    workers
        Match processes; None takes one per CPU.
    dashboard
        Start Ray's dashboard with an own cluster (about 200 MB more).
    object_store_mb
        Shared memory of an own cluster; results of matches pass through it.
    """

    address: str | None = None
    workers: int | None = None
    dashboard: bool = False
    object_store_mb: int = 256


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a run is carried out; nothing here changes its results.

    Parameters
    ----------
    root
        Folder of all runs.
    mode
        What to do where the run exists.
    in_process
        Play here, without Ray.
    cluster
        Where the workers run otherwise.
    data_folder
        Folder of recorded bars.
    run_match
        What plays a match, `module:function`; for tests.
    placement
        How a single match is spread over processes.
    metrics
        Where figures of this process go besides Ray's; None for nowhere.
    """

    root: Path = Path("runs")
    mode: OpenMode = OpenMode.NEW
    in_process: bool = False
    cluster: ClusterSettings = ClusterSettings()
    data_folder: Path | None = None
    run_match: str = REAL_MATCH
    placement: Placement = IN_PROCESS
    metrics: Metrics | None = None
