"""Jobs that wait to be handed out, and what is known of those that came back."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from actors.record import MatchJob


@dataclass(slots=True)
class Task:
    job: MatchJob
    deaths: int = 0  # workers that died while this job was the only one they played
    alone: bool = False  # was in a batch that killed a worker: never again in company


class TaskQueue:
    """Tasks that wait: those that came back first, then the jobs, each made when its turn comes."""

    def __init__(self, jobs: Sequence[MatchJob]) -> None:
        self._jobs = iter(jobs)
        self._left = len(jobs)
        self._front: deque[Task] = deque()

    def __len__(self) -> int:
        return self._left + len(self._front)

    def first(self) -> Task:
        if not self._front:
            self._front.append(Task(next(self._jobs)))
            self._left -= 1
        return self._front[0]

    def take(self) -> Task:
        self.first()
        return self._front.popleft()

    def put_back(self, tasks: Sequence[Task]) -> None:
        self._front.extendleft(reversed(tasks))
