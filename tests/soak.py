"""Engine against slow twin for as long as asked: `make soak`, or `python -m tests.soak --seconds 600`.

Streams are named by seeds and run one after the other. At the first difference the soak says which command of
which seed differs, what was expected and what was, and the command that shows it again.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Sequence
from time import monotonic
from typing import TextIO

from tests.engine.seeded_streams import (
    PairMaker,
    StreamError,
    describe,
    named,
    pair_for,
    run_stream,
    show,
    shrink,
)
from tests.engine.venues import VENUES

_LATEST = 2**31
_PROGRESS_S = 5.0


class Soak:
    """Runs streams from `seed` on, until the time is over or one fails.

    Parameters
    ----------
    seconds
        How long to begin new streams; a stream under way is broken off.
    streams
        At most so many; 0: no limit.
    count
        Commands of a stream.
    """

    def __init__(
        self, seed: int, seconds: float, streams: int, count: int, make: PairMaker, out: TextIO
    ) -> None:
        self.seed, self.seconds, self.streams, self.count = seed, seconds, streams, count
        self._make, self._out = make, out
        self._start = self._said = monotonic()
        self.done, self.commands = 0, 0

    def run(self) -> int:
        """Return 0 if nothing differed, else 1."""
        self._say(f"Soak from seed {self.seed}: streams of {self.count:,} commands.")
        try:
            while not self._is_over() and (not self.streams or self.done < self.streams):
                run_stream(self.seed + self.done, self.count, self._make, self._progress)
                self.done += 1
        except StreamError as error:
            try:
                self._report(error)
            except KeyboardInterrupt:
                self._say("Stopped.")
            return 1
        except (KeyboardInterrupt, _TimeIsOver):
            pass
        self._say(
            f"No difference in {self.commands:,} commands, {self.done} whole streams, "
            f"{self._elapsed():.0f} s."
        )
        return 0

    def _elapsed(self) -> float:
        return monotonic() - self._start

    def _is_over(self) -> bool:
        return self._elapsed() >= self.seconds

    def _progress(self, commands: int) -> None:
        self.commands += commands
        if monotonic() - self._said > _PROGRESS_S:
            self._said = monotonic()
            rate = self.commands / max(self._elapsed(), 0.001)
            self._say(
                f"{self._elapsed():5.0f} s  {self.commands:>12,} commands  {rate:7,.0f}/s  "
                f"seed {self.seed + self.done}"
            )
        if self._is_over():
            raise _TimeIsOver

    def _report(self, error: StreamError) -> None:
        venue, _ = named(error.seed)
        number = len(error.commands)
        self._say(f"\nDIFFERENCE: seed {error.seed}, venue {venue!r}, command {number}")
        for line in describe(error.difference):
            self._say(line)
        self._say("\nShows it again:")
        self._say(f"  python -m tests.soak --seed {error.seed} --streams 1 --commands {self.count}")
        self._say("\nMaking it small ...")
        small = shrink(VENUES[venue], error.commands, self._make)
        self._say(f"{len(small)} commands on a new {venue!r} venue fail:")
        for command in small:
            self._say(f"  {show(command)}")

    def _say(self, line: str) -> None:
        print(line, file=self._out, flush=True)


class _TimeIsOver(Exception):  # noqa: N818 - no error
    """The time asked for is over in the middle of a stream."""


def main(arguments: Sequence[str] | None = None, make: PairMaker = pair_for, out: TextIO = sys.stdout) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Engine against its slow twin.")
    parser.add_argument("--seconds", type=float, default=None, help="how long; 600 unless --streams is given")
    parser.add_argument("--seed", type=int, default=None, help="of the first stream; drawn if not given")
    parser.add_argument("--streams", type=int, default=0, help="at most so many streams; 0: no limit")
    parser.add_argument("--commands", type=int, default=20_000, help="of a stream")
    wanted = parser.parse_args(arguments)
    for name, least in (("seconds", 0), ("seed", 0), ("streams", 0), ("commands", 1)):
        value = getattr(wanted, name)
        if value is not None and not value >= least:
            parser.error(f"--{name}: expected {least} or more, was {value}")
    seed = secrets.randbelow(_LATEST) if wanted.seed is None else wanted.seed
    seconds = wanted.seconds
    if seconds is None:
        seconds = float("inf") if wanted.streams else 600.0
    return Soak(seed, seconds, wanted.streams, wanted.commands, make, out).run()


if __name__ == "__main__":
    sys.exit(main())
