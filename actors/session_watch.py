"""Clears up behind an own cluster: `python session_watch.py FOLDER`, its input held open by the owner.

However the owner ends (done, Ctrl-C, kill -9), the input ends with it. Ray's servers end with their owner
too, but some of their helpers go on and keep their ports. Every process of a cluster writes to a file of its
session folder: whoever still does is ended, and the folder is removed. Standard library only: it starts in a
moment.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

_ROUNDS = 100
_PAUSE_S = 0.1


def writers(folder: Path) -> Iterator[int]:
    """Yield the processes of this user that have a file below `folder` open for writing, removed ones too."""
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):  # it has ended, or is somebody else's
                if any(_is_written(each, folder) for each in (process / "fd").iterdir()):
                    yield int(process.name)


def clear(folder: Path, owner: int) -> bool:
    """End those who write below `folder`, the owner apart, and remove it. Returns whether it is gone."""
    pause = threading.Event()
    for _ in range(_ROUNDS):
        left = [pid for pid in writers(folder) if pid != owner]
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)
        if not left and not folder.exists():
            return True
        pause.wait(_PAUSE_S)
    return False


def _is_written(link: Path, folder: Path) -> bool:
    try:
        return bool(link.lstat().st_mode & stat.S_IWUSR) and link.readlink().is_relative_to(folder)
    except OSError:  # closed since
        return False


if __name__ == "__main__":
    parent = os.getppid()
    sys.stdin.buffer.read()
    sys.exit(not clear(Path(sys.argv[1]), parent))
