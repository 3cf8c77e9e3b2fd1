"""The first process of a test host: `python -m tests.cluster.host_init SHARED...`.

Everything on the host ends with it. It gives the host its own /tmp and /dev/shm (the SHARED folders under
/tmp stay those of the machine), says that it is ready, and then reaps whatever others leave to it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path


def _run(*words: str) -> None:
    subprocess.run(words, check=True)


def _own_folders(shared: list[Path]) -> None:
    handles = [(folder, os.open(folder, os.O_PATH)) for folder in shared]
    for place in ("/dev/shm", "/tmp"):  # noqa: S108 - the places themselves
        _run("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", place)
    for folder, handle in handles:
        if folder.is_relative_to("/tmp"):  # noqa: S108
            folder.mkdir(parents=True, exist_ok=True)
            _run("mount", "--no-canonicalize", "--bind", f"/proc/{os.getpid()}/fd/{handle}", str(folder))
        os.close(handle)


def main() -> None:
    """Set the host up and stay."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT})
    _own_folders([Path(each) for each in sys.argv[1:]])
    _run("ip", "link", "set", "lo", "up")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        signal.sigwait({signal.SIGCHLD})


if __name__ == "__main__":
    main()
