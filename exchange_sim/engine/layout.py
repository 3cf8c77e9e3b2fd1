"""The engine's memory: row formats, and where each table lies in one block of bytes.

All exchange state lives in a single contiguous buffer: a header of int64 words followed by the
tables. One address therefore hands the whole exchange to compiled code, a snapshot is one copy, a
fork is two, and a state hash is one pass over bytes.
"""

from __future__ import annotations

import numpy as np

LADDER_LEVELS = 4096
"""Levels of a new instrument's ladder; one summary word of the bitmap covers as many."""

LADDER_LEVELS_MAXIMUM = 2**22
"""Widest span of prices with resting orders that an instrument can hold, in ticks."""

ORDERS_MAXIMUM = 2**24
"""Most open orders of one exchange: an order id has 24 bits for the slot."""

MAXIMUM_DEPOSITS_ATOMS = 2**62
"""Most that all accounts together can deposit of one asset."""

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
EVENT_BYTES = EVENT.itemsize

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
        # first cache line: all that the margin check reads
        ("lots", "<i8"),  # signed
        ("cost_atoms", "<i8"),  # signed value at entry of the open position
        ("open_buy_lots", "<i8"),
        ("open_sell_lots", "<i8"),
        ("open_buy_atoms", "<i8"),  # value of resting buys at their limits
        ("open_sell_atoms", "<i8"),
        ("first_order", "<i4"),  # newest of this account's open orders in this instrument, -1: none
        ("open_orders", "<i4"),
        ("reserved_leverage", "<i8"),
        # second cache line: what only a fill touches
        ("realized_atoms", "<i8"),  # before fees
        ("fees_atoms", "<i8"),
        ("volume_atoms", "<i8"),  # value traded
        ("maker_atoms", "<i8"),  # of it as maker
        ("fills", "<i8"),
        ("reserved_words", "<i8", (3,)),
    ]
)
"""What one account holds and has resting in one instrument, two cache lines."""

INSTRUMENT = np.dtype(
    [
        ("best_bid_ticks", "<i8"),  # 0: no bid
        ("best_ask_ticks", "<i8"),  # 0: no ask
        ("ladder_base_ticks", "<i8"),  # price of the ladder's first level
        ("ladder_size", "<i8"),  # levels, a power of two
        ("ladder_offset", "<i8"),  # first level of this instrument in the level table
        ("bitmap_offset", "<i8"),  # first word of this instrument in the bitmap table
        ("atoms_per_tick_lot", "<i8"),
        ("open_orders", "<i8"),
        ("mark_ticks", "<i8"),  # last trade unless set; 0: none yet
        ("last_ticks", "<i8"),  # 0: no trade yet
        ("volume_lots", "<i8"),
        ("trades", "<i8"),
        ("maker_fee_ppm", "<i8"),
        ("taker_fee_ppm", "<i8"),
        ("initial_margin_ppm", "<i8"),
        ("settle", "<i4"),  # asset
        ("mark_is_set", "<i4"),
        ("minimum_notional_atoms", "<i8"),
        ("maximum_order_lots", "<i8"),
        ("bid_atoms", "<i8"),  # value of all resting buys at their limits
        ("ask_atoms", "<i8"),
        ("maximum_tick_lots", "<i8"),  # largest price times quantity whose value is in bounds
        ("reserved_words", "<i8", (3,)),
    ]
)
"""One instrument's rules, best prices and place in the tables, three cache lines."""

CLIENT_ENTRY = np.dtype([("client_order_id", "<i8"), ("account", "<i4"), ("slot", "<i4")])
"""One entry of the hash table from (account, client order id) to an open order; client id 0: free."""

HEADER = np.dtype(
    [
        ("event_head", "<i8"),  # events ever written; row = event_head & event_mask
        ("event_tail", "<i8"),  # events ever consumed by the owner
        ("event_mask", "<i8"),
        ("event_capacity", "<i8"),
        ("sequence", "<i8"),  # orders ever accepted
        ("free_order", "<i8"),  # first free order slot, -1: none
        ("open_orders", "<i8"),
        ("accounts", "<i8"),
        ("instruments", "<i8"),
        ("assets", "<i8"),
        ("client_mask", "<i8"),
        ("order_capacity", "<i8"),
        ("account_capacity", "<i8"),
        ("level_capacity", "<i8"),  # of all instruments together
        ("status", "<i8"),  # of the command at which a batch stopped
        ("need_instrument", "<i8"),  # whose ladder has to grow, set with NEED_LADDER
        ("need_levels", "<i8"),  # levels that it must hold at least
        ("instruments_offset", "<i8"),  # offsets in bytes from the header
        ("orders_offset", "<i8"),
        ("levels_offset", "<i8"),
        ("bitmap_offset", "<i8"),
        ("positions_offset", "<i8"),  # row account * instruments + instrument
        ("balances_offset", "<i8"),  # word account * assets + asset
        ("fees_offset", "<i8"),  # word per asset: the fee account
        ("deposits_offset", "<i8"),  # word per asset: all deposits
        ("clients_offset", "<i8"),
        ("events_offset", "<i8"),
        ("size_bytes", "<i8"),
        ("reserved_words", "<i8", (4,)),
    ]
)
"""Counters, capacities and table places at the start of the block, four cache lines."""

QUEUE_ROW = np.dtype(
    [
        ("order_id", "<i8"),
        ("client_order_id", "<i8"),
        ("price_ticks", "<i8"),
        ("leaves_lots", "<i8"),
        ("quantity_lots", "<i8"),
        ("account", "<i4"),
        ("instrument", "<i2"),
        ("side", "u1"),
        ("flags", "u1"),
    ]
)
"""One resting order as `Exchange.queue` lists it."""
