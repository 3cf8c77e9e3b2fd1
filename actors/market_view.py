"""What an account has heard of its markets so far, and the prices it values things at."""

from __future__ import annotations

from exchange_sim.model.ids import InstrumentId
from exchange_sim.model.market import BookSnapshot, Observation, Quote


class MarketView:
    """The last of everything, by instrument.

    Attributes
    ----------
    tops
        The newest quote or book snapshot, whichever came last.
    books
        The newest book snapshot.
    last_ticks
        The newest trade price: of a trade, a bar's close or an own fill.
    observations
        The newest value of each recorded series, by metric and instrument.
    """

    __slots__ = ("books", "last_ticks", "observations", "tops")

    def __init__(self) -> None:
        self.tops: dict[InstrumentId, Quote | BookSnapshot] = {}
        self.books: dict[InstrumentId, BookSnapshot] = {}
        self.last_ticks: dict[InstrumentId, int] = {}
        self.observations: dict[tuple[str, InstrumentId], Observation] = {}

    def quote(self, instrument_id: InstrumentId) -> Quote | None:
        """Return the newest best bid and ask, None before the first."""
        top = self.tops.get(instrument_id)
        if top is None or isinstance(top, Quote):
            return top
        bid_ticks, bid_lots = top.bids[0] if top.bids else (0, 0)
        ask_ticks, ask_lots = top.asks[0] if top.asks else (0, 0)
        return Quote(
            instrument_id,
            top.ts_exchange_ns,
            top.ts_received_ns,
            bid_ticks,
            bid_lots,
            ask_ticks,
            ask_lots,
        )

    def mid_half_ticks(self, instrument_id: InstrumentId) -> int:
        """Return bid plus ask in ticks, twice the mid; 0 where a side is empty or none is known."""
        quote = self.quote(instrument_id)
        if quote is None or not quote.bid_ticks or not quote.ask_ticks:
            return 0
        return quote.bid_ticks + quote.ask_ticks

    def mark_half_ticks(self, instrument_id: InstrumentId) -> int:
        """Return twice the price that positions are valued at: the mid, else the last; 0 if none is known."""
        return self.mid_half_ticks(instrument_id) or 2 * self.last_ticks.get(instrument_id, 0)
