"""The folder of a cluster that this process starts, and the watcher that clears up behind it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from actors import session_watch
from actors.storage import storage_errors

_PREFIX = "arena-"
_ROOT_MAX = 30  # Ray puts sockets below, whose paths have at most 107 characters
_SERVERS = ("gcs_server", "raylet")
_GRAVE = re.compile(r"^\[[^]]* [EC] [^]]*\] (.*)$", re.MULTILINE)


@contextmanager
def own_session() -> Iterator[Path]:
    """Give a folder for Ray's session that is gone with all its processes when this process is.

    Leaving waits for that; where this process is killed, its watcher does it alone.

    Raises
    ------
    StorageError
        The folder cannot be made.
    """
    root = os.environ.get("RAY_TMPDIR") or tempfile.gettempdir()
    if len(root) > _ROOT_MAX:
        root = "/tmp"  # noqa: S108 - made below with a name nobody else has
    with storage_errors(Path(root)):
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))
    command = [sys.executable, "-I", "-S", session_watch.__file__, str(folder)]
    # in a session of its own: Ctrl-C and the end of a terminal go to whole groups of processes
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):  # noqa: S603 - our own file
        yield folder


def last_error(folder: Path) -> str:
    """Return the last error that Ray's servers have logged below `folder`; empty where there is none."""
    for name in _SERVERS:
        for log in sorted(folder.glob(f"session_2*/logs/{name}.*")):
            found = _GRAVE.findall(log.read_text(errors="replace"))
            if found:
                return f"{name}: {found[-1].strip()}"
    return ""
