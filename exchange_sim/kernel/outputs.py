"""What a kernel hands out: row formats of order events, trades, quotes, bars, snapshots and samples."""

from __future__ import annotations

import numpy as np

ORDER_EVENT = np.dtype(
    [
        ("ts_ns", "<i8"),
        ("order_id", "<i8"),
        ("client_order_id", "<i8"),
        ("price_ticks", "<i8"),
        ("quantity_lots", "<i8"),
        ("leaves_lots", "<i8"),
        ("fee_atoms", "<i8"),
        ("account", "<i4"),
        ("instrument", "<i2"),
        ("kind", "u1"),
        ("code", "u1"),
        ("trade_id", "<i8"),  # FILLED: the same for taker and maker; else 0
    ]
)
"""One engine event of an observed account: the engine's row and the trade's id. `struct`: `<7qihBBq`."""

TRADE = np.dtype(
    [
        ("ts_ns", "<i8"),
        ("trade_id", "<i8"),
        ("price_ticks", "<i8"),
        ("quantity_lots", "<i8"),
        ("instrument", "<i4"),
        ("aggressor", "<i4"),  # Side
    ]
)
"""One trade. `struct`: `<4q2i`."""

QUOTE = np.dtype(
    [
        ("ts_ns", "<i8"),
        ("bid_ticks", "<i8"),
        ("bid_lots", "<i8"),
        ("ask_ticks", "<i8"),
        ("ask_lots", "<i8"),
        ("instrument", "<i8"),
    ]
)
"""Best bid and ask after a command that changed them; an empty side is 0. `struct`: `<6q`."""

BAR = np.dtype(
    [
        ("ts_open_ns", "<i8"),
        ("interval_ns", "<i8"),
        ("open_ticks", "<i8"),
        ("high_ticks", "<i8"),
        ("low_ticks", "<i8"),
        ("close_ticks", "<i8"),
        ("volume_lots", "<i8"),
        ("trades", "<i4"),
        ("instrument", "<i4"),
    ]
)
"""One closed bar, published at `ts_open_ns + interval_ns`. `struct`: `<7q2i`."""

SAMPLE = np.dtype(
    [
        ("ts_ns", "<i8"),
        ("bid_ticks", "<i8"),
        ("ask_ticks", "<i8"),
        ("last_ticks", "<i8"),
        ("volume_lots", "<i8"),  # since the previous sample
        ("bid_depth_lots", "<i8"),  # in the best 10 levels
        ("ask_depth_lots", "<i8"),
        ("fundamental_ticks", "<f8"),
        ("spread_bps", "<f8"),  # time-weighted mean since the previous sample while both sides were there
        ("instrument", "<i8"),
    ]
)
"""One instrument at one sampling time, for reports. Empty sides and missing trades are 0."""


def snapshot_dtype(depth: int) -> np.dtype[np.void]:
    """Return the row of a book snapshot with `depth` levels a side, best first; empty levels are (0, 0).

    `struct`: `<3q` followed by `4 * depth` times `q`: bid (price, lots) pairs, then ask pairs.
    """
    return np.dtype(
        [
            ("ts_ns", "<i8"),
            ("interval_ns", "<i8"),  # of the subscription it belongs to
            ("instrument", "<i8"),
            ("bids", "<i8", (depth, 2)),
            ("asks", "<i8", (depth, 2)),
        ]
    )
