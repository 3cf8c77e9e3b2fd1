"""A recorded series of a world as a plain class; an actor is a shell around it."""

from __future__ import annotations

from actors.world.setup import MarketFacts
from exchange_sim.given import decode_given
from exchange_sim.ports import Rows
from exchange_sim.series import SeriesBoard


class FeedSeat:
    """One recorded series of a world."""

    def __init__(self, facts: MarketFacts, number: int) -> None:
        self._rows = SeriesBoard(decode_given(facts.given).series, (number,)).take(2**63 - 1)

    def rows(self, first: int, count: int) -> Rows:
        """Return what is published, `count` rows from number `first` on."""
        return self._rows[first : first + count]
