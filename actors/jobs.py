"""Lists of jobs that are made when they are asked for: a long schedule costs no memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import overload

from actors.record import MatchJob


class JobList(Sequence[MatchJob]):
    """`count` jobs, the one at an index made by `make`."""

    def __init__(self, count: int, make: Callable[[int], MatchJob]) -> None:
        self._count = count
        self._make = make

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> MatchJob: ...

    @overload
    def __getitem__(self, index: slice) -> list[MatchJob]: ...

    def __getitem__(self, index: int | slice) -> MatchJob | list[MatchJob]:
        if isinstance(index, slice):
            return [self._make(each) for each in range(*index.indices(self._count))]
        return self._make(range(self._count)[index])


def selected(jobs: Sequence[MatchJob], indices: Sequence[int]) -> JobList:
    """Return the jobs at `indices`, in that order."""
    return JobList(len(indices), lambda index: jobs[indices[index]])
