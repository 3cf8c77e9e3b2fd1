"""Compile the market's machine code by playing the start of a match: `python -m actors.warm < job`.

A process of its own, because compiling takes a few hundred MB that a worker would never give back.
"""

from __future__ import annotations

import os
import subprocess
import sys

import msgspec

from actors.player import MatchPlayer, PlayerSetup
from actors.record import MatchJob

_WARM_DURATION = "10s"


class _Order(msgspec.Struct, frozen=True):
    setup: PlayerSetup
    job: MatchJob


def compile_elsewhere(setup: PlayerSetup, job: MatchJob) -> None:
    """Play the start of `job` in a new process and wait for it.

    What goes wrong there is left to show in the match itself.
    """
    order = msgspec.msgpack.encode(_Order(setup, beginning_of(job)))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    subprocess.run(
        [sys.executable, "-m", "actors.warm"],
        input=order,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )


def beginning_of(job: MatchJob) -> MatchJob:
    """Return the same match with a span just long enough to call everything once."""
    settings = msgspec.structs.replace(
        job.match.settings,
        duration=_WARM_DURATION,
        equity_interval=_WARM_DURATION,
        market_interval=_WARM_DURATION,
    )
    return msgspec.structs.replace(job, match=msgspec.structs.replace(job.match, settings=settings))


if __name__ == "__main__":
    given = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=_Order)
    MatchPlayer(msgspec.structs.replace(given.setup, journals=False)).play(given.job)
