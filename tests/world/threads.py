"""Parts in this process, with deaths where a seeded generator wants them: worlds without Ray."""

from __future__ import annotations

from typing import Any

from actors.world.crew_seat import CrewSeat
from actors.world.feed_seat import FeedSeat
from actors.world.keeper import Keeper
from actors.world.market_seat import MarketSeat
from actors.world.parts import PartLostError
from exchange_sim.rng import generator

_SEATS = {
    "market": MarketSeat,
    "account": CrewSeat,
    "shard": CrewSeat,
    "feed": FeedSeat,
    "keeper": Keeper,
}


class _Now:
    """A reply that is there, or that will never come."""

    def __init__(self, value: Any = None, error: BaseException | None = None) -> None:
        self.value = value
        self.error = error

    def get(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.value


class _Local:
    """A part that dies when its launcher says so: before it does a call, or after it, with the answer."""

    def __init__(self, launcher: Mortal, part: str, seat: Any) -> None:
        self.launcher = launcher
        self.part = part
        self.seat = seat
        self.dead = False

    def submit(self, method: str, *arguments: Any) -> _Now:
        if self.dead:
            return _Now(error=PartLostError(f"{self.part} is gone"))
        fate = self.launcher.fate(self.part, method)
        if fate == "before":
            return self._die()
        given = []
        for each in arguments:
            if isinstance(each, _Now) and each.error is not None:
                return self._die()
            given.append(each.value if isinstance(each, _Now) else each)
        try:
            value = getattr(self.seat, method)(*given)
        except KeyboardInterrupt:  # what a bot that kills its process does in these tests
            return self._die()
        return self._die() if fate == "after" else _Now(value)

    def end(self) -> None:
        self.dead = True

    def _die(self) -> _Now:
        self.dead = True
        self.launcher.deaths.append(self.part)
        return _Now(error=PartLostError(f"{self.part} died"))


class Mortal:
    """Launches parts in this process; each call of a part is its last with probability `chance`."""

    def __init__(self, seed: int, chance: float) -> None:
        self.draws = generator(seed, "deaths")
        self.chance = chance
        self.deaths: list[str] = []
        self.launched: list[str] = []

    def launch(self, part: str, title: str, kind: str, *arguments: Any) -> _Local:
        self.launched.append(title)
        given = [each.value if isinstance(each, _Now) else each for each in arguments]
        return _Local(self, part, _SEATS[kind](*given))

    def share(self, value: object) -> _Now:
        return _Now(value)

    def fate(self, part: str, method: str) -> str:
        drawn = self.draws.random()
        if drawn >= self.chance:
            return "lives"
        return "before" if drawn < self.chance / 2 else "after"
