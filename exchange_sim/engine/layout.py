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
        ("link", "<i4"),  # the carrier's own: the engine does not read it
        ("has_terms", "<i8"),  # 0: the second line is not read
        # second cache line: what plain commands do not have, the fields of TERMS
        ("trigger_ticks", "<i8"),
        ("display_lots", "<i8"),
        ("expire_ns", "<i8"),
        ("trail_ticks", "<i8"),
        ("stop_loss_ticks", "<i8"),
        ("take_profit_ticks", "<i8"),
        ("linked_client_id", "<i8"),
        ("trigger_source", "u1"),
        ("reduce_only", "u1"),
        ("close_position", "u1"),
        ("reserved_bytes", "u1", (5,)),
    ]
)
"""One command, two cache lines.

SET_LEVERAGE, SET_MARGIN_MODE, MOVE_MARGIN, WITHDRAW and FEED_INSURANCE have leverage, mode or atoms in
`quantity_lots`, SET_STATE the state; SET_INDEX has its price in `price_ticks`; FUND a rate in parts per
billion there, or 1 in `quantity_lots` for the rate that follows from the premium. WITHDRAW and
FEED_INSURANCE name the asset in `instrument`, as DEPOSIT does.
"""

TERMS_OFFSET = 64
COMMAND_BYTES = COMMAND.itemsize
TERMS = np.dtype(
    [(name, field[0]) for name, field in (COMMAND.fields or {}).items() if field[1] >= TERMS_OFFSET]
)
"""The second line of a command."""

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
        ("flags", "u1"),  # bit 0 post-only, bits 1-3 self-trade prevention, 4 special, 5 waiting, 6 flying
    ]
)
"""One open order, one cache line. A special order has more in ORDER_TERMS, in the row of the same number; a
waiting one is in no queue. `leaves_lots` of a resting iceberg is its shown part."""

ORDER_TERMS = np.dtype(
    [
        # first cache line: what a special order needs in the book
        ("hidden_lots", "<i8"),
        ("display_lots", "<i8"),
        ("expire_ns", "<i8"),  # 0: none
        ("trigger_ticks", "<i8"),
        ("trail_ticks", "<i8"),
        ("stop_loss_ticks", "<i8"),
        ("take_profit_ticks", "<i8"),
        ("group_next", "<i4"),  # linked orders, a ring of slots; -1: not linked
        ("order_type", "u1"),
        ("time_in_force", "u1"),
        ("trigger_source", "u1"),
        ("role", "u1"),  # in its group, see `linking`
        # second cache line: places in the heaps
        ("trigger_child", "<i4"),
        ("trigger_sibling", "<i4"),
        ("trigger_previous", "<i4"),
        ("expiry_child", "<i4"),
        ("expiry_sibling", "<i4"),
        ("expiry_previous", "<i4"),
        ("trailing_next", "<i4"),  # trailing stops of one instrument and source
        ("trailing_previous", "<i4"),
        ("reduce_only", "u1"),
        ("close_position", "u1"),
        ("armed", "u1"),  # in a trigger heap
        ("reserved_bytes", "u1", (5,)),
        ("reserved_words", "<i8", (3,)),
    ]
)
"""What a special order has besides, two cache lines."""

TRIGGERS = np.dtype(
    [
        ("threshold_ticks", "<i8"),  # of the heap's first order; 0: empty
        ("followed_ticks", "<i8"),  # price of the source that trailing stops followed last
        ("root", "<i4"),  # slot of the order that fires first, -1: none
        ("trailing_first", "<i4"),  # list of the trailing stops that fire this way, -1: none
        ("reserved", "<i8"),
    ]
)
"""Orders waiting for one source of an instrument in one direction,
which is row (instrument * 3 + source) * 2 + down."""

TIER = np.dtype(
    [
        ("up_to_atoms", "<i8"),  # largest value in the tier
        ("maintenance_ppm", "<i8"),
        ("initial_ppm", "<i8"),
        ("amount_atoms", "<i8"),  # taken off the maintenance, so that it does not jump
    ]
)
TIERS_MAXIMUM = 12
"""Margin tiers of an instrument; row instrument * TIERS_MAXIMUM + tier."""

FEE_TIER = np.dtype(
    [("volume_atoms", "<i8"), ("maker_fee_ppm", "<i8"), ("taker_fee_ppm", "<i8"), ("reserved", "<i8")]
)
FEE_TIERS_MAXIMUM = 12

VOLUME_DAYS = 31
"""Days whose volume an account keeps: thirty whole ones and today."""

HOLDER = np.dtype(
    [
        ("second", "<i8"),  # of the clock, in which `messages` were sent
        ("messages", "<i8"),
        ("day", "<i8"),  # of the newest entry of `volumes`
        ("fee_tier", "<i8"),  # 0: the instruments' own rates
        ("volumes", "<i8", (VOLUME_DAYS,)),  # place day % VOLUME_DAYS
        ("reserved_words", "<i8", (5,)),
    ]
)
"""What is kept of an account when rates or volumes matter, five cache lines."""

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
        ("initial_ppm", "<i4"),  # 10^6 / leverage chosen by the account, rounded up; 0: none chosen
        ("isolated", "<i4"),
        # second cache line: what only a fill touches
        ("realized_atoms", "<i8"),  # before fees
        ("fees_atoms", "<i8"),
        ("volume_atoms", "<i8"),  # value traded
        ("maker_atoms", "<i8"),  # of it as maker
        ("fills", "<i8"),
        ("margin_atoms", "<i8"),  # an isolated position's own
        ("funding_atoms", "<i8"),  # paid, ever
        ("reduce_only_lots", "<i4"),  # of resting reduce-only orders, at most MAXIMUM_LOTS
        ("waiting_orders", "<i4"),  # of `open_orders`
    ]
)
"""What one account holds and has open in one instrument, two cache lines."""

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
        ("state", "<i8"),  # TradingState
        ("is_spot", "<i8"),
        ("tiers", "<i8"),  # 0: no maintenance, no liquidation
        # what only some commands touch
        ("base", "<i4"),  # asset; spot only
        ("fee_in_quote", "<i4"),  # spot only
        ("base_atoms_per_lot", "<i8"),  # spot only
        ("price_band_ppm", "<i8"),  # 0: none
        ("maximum_open_orders", "<i8"),  # per account, resting; 0: no limit
        ("maximum_waiting_orders", "<i8"),
        ("waiting_orders", "<i8"),  # of `open_orders`
        ("hidden_slices", "<i8"),  # at most so often resting icebergs can still show a new part
        ("index_ticks", "<i8"),  # 0: none yet
        ("mark_follows_index", "<i8"),
        ("basis", "<i8"),  # smoothed, in half ticks / 65536
        ("basis_smoothing_ppm", "<i8"),
        ("basis_limit_ppm", "<i8"),
        ("premium_sum_ppb", "<i8"),
        ("premium_count", "<i8"),
        ("interest_ppb", "<i8"),
        ("funding_limit_ppb", "<i8"),
        ("liquidation_fee_ppm", "<i8"),
        ("watch_low_ticks", "<i8"),  # marks between these cannot put an account below maintenance
        ("watch_high_ticks", "<i8"),
        ("links", "<i8"),  # what other instruments do with its assets, see `margin`
        ("recorded_ticks", "<i8"),  # what triggers take for the last trade; 0: `last_ticks`
        ("reserved_words", "<i8", (3,)),
    ]
)
"""One instrument's rules, best prices and place in the tables, six cache lines."""

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
        ("deposits_offset", "<i8"),  # word per asset: all deposits less withdrawals
        ("clients_offset", "<i8"),
        ("events_offset", "<i8"),
        ("size_bytes", "<i8"),
        ("terms_offset", "<i8"),  # the tables from here on are looked up when they are needed
        ("triggers_offset", "<i8"),
        ("tiers_offset", "<i8"),
        ("fee_tiers_offset", "<i8"),
        ("holders_offset", "<i8"),
        ("held_offset", "<i8"),  # word account * assets + asset: what spot orders hold
        ("insurance_offset", "<i8"),  # word per asset: the insurance fund
        ("now_ns", "<i8"),  # of the command under way
        ("next_due_ns", "<i8"),  # when the first order expires
        ("expiry_root", "<i4"),  # slot of that order, -1: none
        ("stage", "<i4"),  # of the command under way, see `core`
        ("waiting_orders", "<i8"),
        ("alarm", "<i8"),  # 1: accounts have to be checked for liquidation
        ("fee_tiers", "<i8"),  # rows of the table
        ("messages_per_second", "<i8"),  # 0: no limit
        ("special_orders", "<i8"),  # of `open_orders`
        ("deferred", "<i8"),  # 1: nothing fires and nobody is liquidated for the time being
        ("reserved_words", "<i8", (4,)),
    ]
)
"""Counters, capacities and table places at the start of the block, six cache lines."""

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
        ("shown_lots", "<i8"),  # of `leaves_lots`, what others see
    ]
)
"""One resting order as `Exchange.queue` lists it."""
