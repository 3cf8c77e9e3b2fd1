"""The kernel's memory: row formats, and how compiled code reaches them.

As in the engine, compiled code knows a table by its address. The header holds the addresses of all of
them; the Python owner rewrites it when a table grows.
"""

from __future__ import annotations

import numpy as np

from exchange_sim.engine.pointers import rows_of
from exchange_sim.kernel.outputs import BAR, ORDER_EVENT, QUOTE, SAMPLE, TRADE

NEVER_NS = 2**63 - 1

NEED_OUTPUT = 101
"""An output table may be too small for the next step."""
NEED_PENDING = 102
"""Too few free rows for the commands of one action, or too small a heap."""

HEADER = np.dtype(
    [
        ("now_ns", "<i8"),
        ("stop_ns", "<i8"),  # of the running call of advance
        ("window_ns", "<i8"),
        ("heap", "<i8"),  # addresses of the tables
        ("pending", "<i8"),
        ("groups", "<i8"),
        ("agents", "<i8"),
        ("clocks", "<i8"),
        ("markets", "<i8"),
        ("timers", "<i8"),
        ("mids", "<i8"),
        ("sent", "<i8"),
        ("scratch", "<i8"),
        ("fundamental", "<i8"),
        ("activity", "<i8"),
        ("order_events", "<i8"),
        ("trades", "<i8"),
        ("quotes", "<i8"),
        ("bars", "<i8"),
        ("snapshots", "<i8"),
        ("samples", "<i8"),
        ("operations", "<i8"),
        ("rates", "<i8"),
        ("heap_size", "<i8"),
        ("heap_capacity", "<i8"),
        ("free_pending", "<i8"),  # first free row of the pending commands, -1: none
        ("free_pendings", "<i8"),
        ("chain_first", "<i8"),  # commands of the action under way, -1: none
        ("chain_last", "<i8"),
        ("timer_count", "<i8"),
        ("next_timer_ns", "<i8"),
        ("path_start_ns", "<i8"),
        ("path_step_ns", "<i8"),
        ("path_points", "<i8"),
        ("market_count", "<i8"),
        ("crowd_accounts", "<i8"),  # accounts below are the crowd's
        ("observed_accounts", "<i8"),  # from here on accounts are told what becomes of their orders
        ("order_event_count", "<i8"),
        ("order_event_capacity", "<i8"),
        ("trade_count", "<i8"),
        ("trade_capacity", "<i8"),
        ("quote_count", "<i8"),
        ("quote_capacity", "<i8"),
        ("bar_count", "<i8"),
        ("bar_capacity", "<i8"),
        ("snapshot_count", "<i8"),
        ("snapshot_capacity", "<i8"),
        ("sample_count", "<i8"),
        ("sample_capacity", "<i8"),
        ("snapshot_depth", "<i8"),
        ("digest", "<i8"),
        ("requests", "<i8"),
        ("account_requests", "<i8"),
        ("actions", "<i8"),
        ("events", "<i8"),
        ("trades_made", "<i8"),
        ("refusals", "<i8"),
        ("touched", "<i8"),  # instrument of the last command, -1: perhaps several
        ("recording", "<i8"),  # 1: keep what is applied, and all events
        ("applied", "<i8"),  # addresses of the tables
        ("written", "<i8"),
        ("applied_count", "<i8"),
        ("applied_capacity", "<i8"),
        ("written_count", "<i8"),
        ("written_capacity", "<i8"),
        ("reserved_words", "<i8", (6,)),
    ]
)
"""Places, sizes, clock and counters."""

HEAP_ENTRY = np.dtype([("ts_ns", "<i8"), ("key", "<i8"), ("slot", "<i8"), ("padding", "<i8")])
"""Something that will happen. `slot`: first pending command, clock or agent, by the key's rank."""

GROUP = np.dtype(
    [
        ("stream", "<i8"),  # key of its draws
        ("actions", "<i8"),  # made so far: action n draws with the counters from n * DRAWS_PER_ACTION
        ("species", "<i8"),
        ("instrument", "<i8"),
        ("count", "<i8"),
        ("first_agent", "<i8"),
        ("rate_hz", "<f8"),  # of the whole group
        ("jitter_ns", "<f8"),
        ("size_kind", "<i8"),
        ("size_a", "<f8"),  # pareto: minimum; lognormal: median, in atoms
        ("size_b", "<f8"),  # pareto: exponent; lognormal: sigma
        ("size_c", "<f8"),  # pareto: maximum, in atoms
        ("open_orders", "<i8"),
        ("levels", "<i8"),
        ("minimum_lots", "<i8"),
        ("market_share", "<f8"),
        ("depth", "<f8"),  # relative to price where not said otherwise
        ("minimum_depth", "<f8"),
        ("noise", "<f8"),
        ("drift", "<f8"),  # standard deviation over a second
        ("aggressive_share", "<f8"),
        ("depth_spreads", "<f8"),
        ("volume_share", "<f8"),
        ("spacing", "<f8"),  # adaptive market maker: in spreads
        ("spread_weight", "<f8"),
        ("skew", "<f8"),  # adaptive market maker: in ticks
        ("start_spread_ticks", "<f8"),
        ("interval_ns", "<f8"),
        ("half_spread", "<f8"),
        ("growth", "<f8"),
        ("tolerance", "<f8"),
        ("caution", "<f8"),
        ("edge", "<f8"),
        ("inventory_limit", "<f8"),  # atoms
        ("impact", "<f8"),  # relative price shift per atom of remembered flow
        ("parent_exponent", "<f8"),
        ("children_maximum", "<f8"),
        ("depth_share", "<f8"),
        ("slippage", "<f8"),
        ("foresight_ns", "<i8"),
        ("foresight", "<f8"),
        ("start_base_atoms", "<f8"),  # spot: what each agent has of the base asset at the start
    ]
)
"""One group in one instrument: the union of all species' parameters."""

AGENT = np.dtype(
    [
        ("group", "<i4"),
        ("observations", "<i4"),
        ("latency_ns", "<i8"),
        ("last_arrival_ns", "<i8"),
        ("last_action_ns", "<i8"),
        ("estimate", "<f8"),  # value: of the fundamental, in ticks; adaptive market maker: of the spread
        ("children", "<i8"),  # meta-orders: orders left of the parent, negative for a sale
        ("bought_lots", "<i8"),  # adaptive market maker: takers' volume seen at the last action
        ("sold_lots", "<i8"),
    ]
)
"""One agent, one cache line. Its number is also its account's."""

CLOCK = np.dtype(
    [
        ("stream", "<i8"),
        ("ticks", "<i8"),  # so far
        ("draws", "<i8"),
        ("instrument", "<i8"),
        ("rate_hz", "<f8"),  # mean, at activity 1
        ("group", "<i8"),  # the only group, or the first of a clustered clock's
        ("groups", "<i8"),  # 1, or the number of consecutive groups of a clustered clock
        ("branching", "<f8"),  # 0: a Poisson clock
        ("fast_jump_hz", "<f8"),  # by which an arrival raises the intensity
        ("slow_jump_hz", "<f8"),
        ("fast_decay_hz", "<f8"),
        ("slow_decay_hz", "<f8"),
        ("fast_hz", "<f8"),  # excitation at the last arrival
        ("slow_hz", "<f8"),
    ]
)
"""Arrivals of one group's agents, or of all clustered groups of an instrument."""

MARKET = np.dtype(
    [
        ("atoms_per_tick_lot", "<f8"),
        ("smallest_atoms", "<f8"),  # of the crowd's orders: some more than the minimum notional and a lot
        ("bought_lots", "<i8"),  # by takers, ever
        ("sold_lots", "<i8"),
        ("flow_atoms", "<f8"),  # signed value taken, forgotten with the population's half-life
        ("flow_ns", "<i8"),  # when `flow_atoms` was brought up to date
        ("flow_decay_hz", "<f8"),
        ("flow_limit_atoms", "<f8"),
        ("bar_first", "<i8"),  # its bar timers are consecutive
        ("bars", "<i8"),
        ("publish_quotes", "<i8"),
        ("publish_trades", "<i8"),
        ("bid_ticks", "<i8"),  # as last published
        ("bid_lots", "<i8"),
        ("ask_ticks", "<i8"),
        ("ask_lots", "<i8"),
        ("spread_bid_ticks", "<i8"),  # best prices since `spread_ns`
        ("spread_ask_ticks", "<i8"),
        ("spread_ns", "<i8"),
        ("spread_area", "<f8"),  # basis points x ns since the last sample
        ("two_sided_ns", "<i8"),  # of it, time with both sides present
        ("sampled_lots", "<i8"),  # volume at the last sample
    ]
)
"""What the kernel keeps about one instrument."""

TIMER = np.dtype(
    [
        ("next_ns", "<i8"),
        ("interval_ns", "<i8"),
        ("kind", "<i8"),
        ("instrument", "<i8"),
        ("open_ticks", "<i8"),  # of the bar that is forming; 0: no trade ever
        ("high_ticks", "<i8"),
        ("low_ticks", "<i8"),
        ("close_ticks", "<i8"),
        ("volume_lots", "<i8"),
        ("trades", "<i8"),
    ]
)
"""Something the market does on a schedule: close a bar, publish a snapshot, take a sample."""

OPERATION = np.dtype(
    [
        ("kind", "<i8"),  # CommandKind: SET_INDEX, FUND, SET_STATE or CANCEL_ALL
        ("instrument", "<i8"),
        ("interval_ns", "<i8"),  # CANCEL_ALL: the next account, while it is under way
        ("due_ns", "<i8"),
        ("place", "<i8"),  # of the next recorded rate or state
        ("last", "<i8"),  # place behind the last one; 0: no recorded rates
    ]
)
"""Something the exchange's operator does on a schedule."""

TIMER_BAR = 0
TIMER_SNAPSHOT = 1
TIMER_SAMPLE = 2

RANK_OPERATOR = 0
RANK_COMMAND = 1
RANK_CLOCK = 2
RANK_AGENT = 3
"""Ranks of heap entries; timers are kept apart and come before all of them."""

RANK_SHIFT = 60
SOURCE_SHIFT = 36
SEQUENCE_MASK = (1 << SOURCE_SHIFT) - 1

ACTION_COMMANDS_MAXIMUM = 128
"""Commands that one action may send: 64 cancellations, and quotes on 16 levels of both sides."""

SPECIES_ZERO_INTELLIGENCE = 0
SPECIES_NOISE = 1
SPECIES_VALUE = 2
SPECIES_MOMENTUM = 3
SPECIES_ADAPTIVE_MARKET_MAKER = 4
SPECIES_MARKET_MAKER = 5
SPECIES_META_ORDERS = 6

MIDS = 64
"""Mid prices a momentum agent's ring holds."""

FLOAT = np.dtype([("value", "<f8")])
"""One number of a table of floats."""

kernel_at = rows_of(HEADER)
entry_at = rows_of(HEAP_ENTRY)
group_at = rows_of(GROUP)
agent_at = rows_of(AGENT)
clock_at = rows_of(CLOCK)
market_at = rows_of(MARKET)
timer_at = rows_of(TIMER)
operation_at = rows_of(OPERATION)
float_at = rows_of(FLOAT)
order_event_at = rows_of(ORDER_EVENT)
trade_at = rows_of(TRADE)
quote_at = rows_of(QUOTE)
bar_at = rows_of(BAR)
sample_at = rows_of(SAMPLE)
