"""Compile the market's machine code by playing the start of a match: `python -m actors.warm < job`.

A process of its own, because compiling takes a few hundred MB that a worker would never give back.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from typing import IO, cast

import msgspec

from actors.player import MatchPlayer, PlayerSetup
from actors.record import MatchJob

_WARM_DURATION = "10s"
_LENGTH_BYTES = 8


class _Order(msgspec.Struct, frozen=True):
    setup: PlayerSetup
    job: MatchJob


def compile_elsewhere(setup: PlayerSetup, job: MatchJob) -> None:
    """Play the start of `job` in a new process and wait for it.

    What goes wrong there is left to show in the match itself.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    null = subprocess.DEVNULL
    with (
        contextlib.suppress(BrokenPipeError),  # it has ended already
        subprocess.Popen(
            [sys.executable, "-m", "actors.warm"],
            stdin=subprocess.PIPE,
            stdout=null,
            stderr=null,
            env=environment,
        ) as process,
        cast("IO[bytes]", process.stdin) as pipe,
    ):
        pipe.write(encode_order(setup, job))
        pipe.flush()
        process.wait()  # with its input open: should this process end before, so does that one


def encode_order(setup: PlayerSetup, job: MatchJob) -> bytes:
    """Return what the process that compiles is told: the order's length and the order."""
    order = msgspec.msgpack.encode(_Order(setup, beginning_of(job)))
    return len(order).to_bytes(_LENGTH_BYTES) + order


def beginning_of(job: MatchJob) -> MatchJob:
    """Return the same match with a span just long enough to call everything once."""
    settings = msgspec.structs.replace(
        job.match.settings,
        duration=_WARM_DURATION,
        equity_interval=_WARM_DURATION,
        market_interval=_WARM_DURATION,
    )
    return msgspec.structs.replace(job, match=msgspec.structs.replace(job.match, settings=settings))


def _end_with_parent() -> None:
    """Wait for the end of the input, which is that of the process that wanted this one's work."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


if __name__ == "__main__":
    length = int.from_bytes(sys.stdin.buffer.read(_LENGTH_BYTES))
    given = msgspec.msgpack.decode(sys.stdin.buffer.read(length), type=_Order)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    MatchPlayer(msgspec.structs.replace(given.setup, journals=False)).play(given.job)
