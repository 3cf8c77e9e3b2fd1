"""The engine's memory: row formats, and where each table lies in one block of bytes.

All exchange state lives in a single contiguous buffer: a header of int64 words followed by the
tables. One address therefore hands the whole exchange to compiled code, a snapshot is one copy, a
fork is two, and a state hash is one pass over bytes.
"""

from __future__ import annotations

import numpy as np

COMMAND = np.dtype(
    [
        ("ts_ns", "<i8"),  # time of arrival at the exchange
        ("client_order_id", "<i8"),  # 0: none
        ("order_id", "<i8"),  # cancel and modify may name the order by this instead
        ("price_ticks", "<i8"),
        ("quantity_lots", "<i8"),  # DEPOSIT: atoms
        ("account", "<i4"),
        ("instrument", "<i2"),  # CANCEL_ALL: -1 means every instrument; DEPOSIT: the asset
        ("kind", "u1"),  # CommandKind
        ("side", "u1"),
        ("order_type", "u1"),
        ("time_in_force", "u1"),
        ("post_only", "u1"),
        ("stp", "u1"),  # SelfTradePrevention
        ("reserved_word", "<i4"),
        ("reserved_ticks", "<i8"),
    ]
)
"""One command, one cache line."""

EVENT = np.dtype(
    [
        ("ts_ns", "<i8"),
        ("order_id", "<i8"),
        ("client_order_id", "<i8"),
        ("price_ticks", "<i8"),
        ("quantity_lots", "<i8"),  # FILLED: lots of this fill; ACCEPTED, MODIFIED: total
        ("leaves_lots", "<i8"),
        ("fee_atoms", "<i8"),
        ("account", "<i4"),
        ("instrument", "<i2"),
        ("kind", "u1"),  # EventKind
        ("code", "u1"),  # Reason; ACCEPTED, MODIFIED: side; FILLED: side | liquidity << 1
    ]
)
"""One event, one cache line. A trade is two FILLED rows, the taker's and right behind it the maker's."""

ORDER = np.dtype(
    [
        ("order_id", "<i8"),  # 0: the slot is free
        ("client_order_id", "<i8"),
        ("price_ticks", "<i8"),
        ("leaves_lots", "<i8"),
        ("quantity_lots", "<i8"),
        ("account", "<i4"),
        ("next", "<i4"),  # towards the back of the queue; free list when free; -1 ends
        ("previous", "<i4"),
        ("account_next", "<i4"),  # this account's open orders in this instrument
        ("account_previous", "<i4"),
        ("instrument", "<i2"),
        ("side", "u1"),
        ("flags", "u1"),  # bit 0 post-only, bits 1-3 self-trade prevention
    ]
)
"""One resting order, one cache line."""

LEVEL = np.dtype([("lots", "<i8"), ("head", "<i4"), ("tail", "<i4"), ("orders", "<i4"), ("padding", "<i4")])
"""One price level of an instrument's dense ladder; bids and asks share the ladder."""

POSITION = np.dtype(
    [
        ("lots", "<i8"),  # signed
        ("cost_atoms", "<i8"),  # signed value at entry of the open position
        ("open_buy_lots", "<i8"),
        ("open_sell_lots", "<i8"),
        ("open_buy_atoms", "<i8"),  # value of resting buys at their limits
        ("open_sell_atoms", "<i8"),
        ("realized_atoms", "<i8"),  # before fees
        ("fees_atoms", "<i8"),
        ("volume_atoms", "<i8"),  # value traded
        ("maker_atoms", "<i8"),  # of it as maker
        ("fills", "<i8"),
        ("first_order", "<i4"),  # head of this account's open orders in this instrument
        ("open_orders", "<i4"),
    ]
)
"""What one account holds and has resting in one instrument."""

INSTRUMENT = np.dtype(
    [
        ("atoms_per_tick_lot", "<i8"),
        ("minimum_notional_atoms", "<i8"),
        ("maximum_order_lots", "<i8"),
        ("maker_fee_ppm", "<i8"),
        ("taker_fee_ppm", "<i8"),
        ("initial_margin_ppm", "<i8"),
        ("mark_ticks", "<i8"),  # last trade unless set
        ("last_ticks", "<i8"),
        ("best_bid_ticks", "<i8"),  # 0: no bid
        ("best_ask_ticks", "<i8"),  # 0: no ask
        ("ladder_base_ticks", "<i8"),  # price of the ladder's first level
        ("ladder_offset", "<i8"),  # first level of this instrument in the level table
        ("ladder_size", "<i8"),
        ("bitmap_offset", "<i8"),
        ("volume_lots", "<i8"),
        ("trades", "<i8"),
        ("open_orders", "<i8"),
        ("settle", "<i4"),  # asset
        ("mark_is_set", "<i4"),
    ]
)
