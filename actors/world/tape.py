"""The conductor's end of the tape: steps on their way to the keeper, and back to parts that catch up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from actors.world.keeper import Standing
from actors.world.parts import Handle, PartFailedError, PartLostError, Reply
from actors.world.steps import Advanced, Begun, Ended, Step, encode_step
from exchange_sim.journal import JournalFooter

_BATCH_STEPS = 100
_BATCH_BYTES = 200_000
_BATCHES_UNDER_WAY = 4
_DEATHS_MAXIMUM = 20

_Kept = tuple[bytes, tuple[bytes, ...]]


class Tape:
    """Takes steps in order and sees to it that the keeper has them, in whatever process it is.

    The step that was opened last is not on the tape until the next one is opened, or `close` is called: it is
    being done, and a part that is lost meanwhile does it again.

    Parameters
    ----------
    launch
        Starts a keeper.
    """

    def __init__(self, launch: Callable[[], Handle]) -> None:
        self.deaths = 0
        self._launch = launch
        self._handle = launch()
        self._header = b""
        self._step: Step | None = None
        self._payloads: list[bytes] = []
        self._batch: list[_Kept] = []
        self._batch_bytes = 0
        self._steps = 0
        self._under_way: deque[tuple[int, list[_Kept], Reply]] = deque()

    def begin(self, header: bytes) -> None:
        """Begin a journal with this header, or go on with what the keeper has."""
        self._header = header
        self._steps = self._ask("open_journal", header)

    @property
    def standing(self) -> Standing | None:
        """Where the world on the tape stands."""
        standing: Standing | None = self._ask("standing")
        return standing

    def open(self, step: Step, payloads: tuple[bytes, ...] = ()) -> None:
        """Begin a step, with frames for the journal."""
        self.close()
        self._step, self._payloads = step, list(payloads)

    def open_ended(self, step: Ended) -> None:
        """Begin the end, unless another crew's has begun it."""
        if not isinstance(self._step, Ended):
            self.open(step)

    def add(self, payloads: tuple[bytes, ...]) -> None:
        """Take further frames of the step that is open."""
        self._payloads.extend(payloads)

    def add_series(self, rows: tuple[tuple[int, int, int], ...]) -> None:
        """Take what was published of series in the window that is open."""
        if isinstance(self._step, Advanced):
            self._step = msgspec.structs.replace(self._step, series=rows)

    def expel(self, account: int, reason: str) -> None:
        """Note that an account was taken out in the step that is open."""
        assert isinstance(self._step, Advanced | Begun)  # noqa: S101 - bots do something in these only
        expelled = (*self._step.expelled, (account, reason))
        self._step = msgspec.structs.replace(self._step, expelled=expelled)

    def close(self) -> None:
        """End the step that is open: it is done."""
        if self._step is None:
            return
        kept = (encode_step(self._step), tuple(self._payloads))
        self._step, self._payloads = None, []
        self._batch.append(kept)
        self._steps += 1
        self._batch_bytes += len(kept[0]) + sum(map(len, kept[1]))
        if len(self._batch) >= _BATCH_STEPS or self._batch_bytes >= _BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Send what has gathered to the keeper."""
        if not self._batch:
            return
        first = self._steps - len(self._batch)
        reply = self._handle.submit("append", first, self._batch)
        self._under_way.append((first, self._batch, reply))
        self._batch, self._batch_bytes = [], 0
        while len(self._under_way) > _BATCHES_UNDER_WAY:
            self._settle()

    def settle(self) -> None:
        """Wait until the keeper has all steps that are closed."""
        self.flush()
        while self._under_way:
            self._settle()

    def play_to(self, handle: Handle) -> None:
        """Let a part that is new do again all steps that are closed."""
        self.flush()
        first = 0
        while first < self._steps:
            end = self._ask("chunk_end", first)
            handle.submit("catch_up", self._handle.submit("chunk", first, end))
            first = end

    def finish(self, payloads: tuple[bytes, ...], commands: int, events: int) -> JournalFooter:
        """Close the last step and the journal."""
        self.close()
        self.settle()
        footer: JournalFooter = self._ask("finish", payloads, commands, events)
        return footer

    def end(self) -> None:
        """End the keeper's process; what it has been sent is on its way to the disk."""
        self._handle.end()

    def _settle(self) -> None:
        """Wait until the keeper has the oldest batch that is under way."""
        while True:
            try:
                self._under_way[0][2].get()
            except PartLostError as error:
                self._replace(error)
            else:
                self._under_way.popleft()
                return

    def _ask(self, method: str, *arguments: Any) -> Any:
        while True:
            try:
                return self._handle.submit(method, *arguments).get()
            except PartLostError as error:
                self._replace(error)

    def _replace(self, error: PartLostError) -> None:
        """Start a new keeper, which reads what the old one wrote, and send again what it may lack."""
        self.deaths += 1
        if self.deaths > _DEATHS_MAXIMUM:
            raise PartFailedError(f"journal: died {self.deaths} times: {error}") from error
        self._handle.end()
        self._handle = self._launch()
        if self._header:
            self._handle.submit("open_journal", self._header)
        self._under_way = deque(
            (first, batch, self._handle.submit("append", first, batch)) for first, batch, _ in self._under_way
        )
