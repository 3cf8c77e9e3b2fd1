"""What the exchange tells everybody about its market."""

from __future__ import annotations

import msgspec

from exchange_sim.model.enums import Side
from exchange_sim.model.ids import InstrumentId, TradeId


class Quote(msgspec.Struct, frozen=True, array_like=True, tag="quote", gc=False):
    """Best bid and ask. An empty side has price 0 and quantity 0."""

    instrument_id: InstrumentId
    ts_exchange_ns: int
    ts_received_ns: int
    bid_ticks: int
    bid_lots: int
    ask_ticks: int
    ask_lots: int


class Trade(msgspec.Struct, frozen=True, array_like=True, tag="trade", gc=False):
    instrument_id: InstrumentId
    ts_exchange_ns: int
    ts_received_ns: int
    trade_id: TradeId
    price_ticks: int
    quantity_lots: int
    aggressor: Side


class BookSnapshot(msgspec.Struct, frozen=True, array_like=True, tag="book", gc=False):
    """The best levels of both sides, best first, as `(price_ticks, quantity_lots)` pairs."""

    instrument_id: InstrumentId
    ts_exchange_ns: int
    ts_received_ns: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


class Bar(msgspec.Struct, frozen=True, array_like=True, tag="bar", gc=False):
    """A *closed* bar made of the trades in `[ts_open_ns, ts_open_ns + interval_ns)`.

    A bar without trades repeats the last close with volume 0; there is no bar before the first
    trade. `ts_exchange_ns` is the bar's end.
    """

    instrument_id: InstrumentId
    ts_exchange_ns: int
    ts_received_ns: int
    interval_ns: int
    ts_open_ns: int
    open_ticks: int
    high_ticks: int
    low_ticks: int
    close_ticks: int
    volume_lots: int
    trades: int


class Observation(msgspec.Struct, frozen=True, array_like=True, tag="observation", gc=False):
    """A value of a factor: open interest, a long/short ratio, sentiment, anything recorded.

    `instrument_id` is empty where the factor is about no instrument in particular. `ts_exchange_ns` is the
    instant from which the value is known, `ts_stamp_ns` what its source calls its time: for a value about an
    interval often the interval's beginning.
    """

    instrument_id: InstrumentId
    ts_exchange_ns: int
    ts_received_ns: int
    ts_stamp_ns: int
    metric: str
    value: float


class FundingRate(msgspec.Struct, frozen=True, array_like=True, tag="funding_rate", gc=False):
    """A funding rate in parts per billion of the position's value; positive: longs pay.

    Times as in `Observation`.
    """

    instrument_id: InstrumentId
    ts_exchange_ns: int
    ts_received_ns: int
    ts_stamp_ns: int
    rate_ppb: int


class MarkPrice(msgspec.Struct, frozen=True, array_like=True, tag="mark_price", gc=False):
    """A published mark price, to the nearest tick. Times as in `Observation`."""

    instrument_id: InstrumentId
    ts_exchange_ns: int
    ts_received_ns: int
    ts_stamp_ns: int
    mark_ticks: int


SeriesMessage = Observation | FundingRate | MarkPrice
"""Values of series: not made by the exchange's own trading."""

MarketData = Quote | Trade | BookSnapshot | Bar | SeriesMessage
