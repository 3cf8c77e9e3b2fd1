"""Tables of a run's catalogue."""

from __future__ import annotations

from typing import Final

from analytics.returns import ReturnMoments

SCHEMA_VERSION: Final = 2
"""Raised with every change of a table."""

_BOTS: Final = (
    ("match_id", "TEXT NOT NULL"),
    ("seat", "INTEGER NOT NULL"),  # account order
    ("name", "TEXT NOT NULL"),
    ("strategy", "TEXT NOT NULL"),
    ("start_equity", "REAL"),
    ("final_equity", "REAL"),
    ("total_return", "REAL"),
    ("fees", "REAL"),
    ("volume", "REAL"),
    ("maker_volume", "REAL"),
    ("fills", "INTEGER"),
    ("orders", "INTEGER"),
    ("denied", "INTEGER"),
    ("rejected", "INTEGER"),
    ("canceled", "INTEGER"),
    ("funding", "REAL"),
    ("liquidations", "INTEGER"),
    ("deleveraged", "INTEGER"),
    ("insurance", "REAL"),
    ("disqualified", "TEXT NOT NULL"),
    ("max_drawdown", "REAL"),
    # what the leaderboard needs, from the equity curve and the fills
    ("row_start_equity", "REAL"),
    ("row_return", "REAL"),
    ("row_volume", "REAL"),
    ("row_maker_volume", "REAL"),
    ("row_fees", "REAL"),
    ("row_fills", "INTEGER"),
    ("round_trips", "INTEGER"),
    ("wins", "INTEGER"),
    *((f"moment_{name}", "NUMERIC") for name in ReturnMoments.__struct_fields__),
)

BOT_COLUMNS: Final = tuple(name for name, _ in _BOTS)

SCHEMA: Final = (
    """CREATE TABLE run (
        kind TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, code TEXT NOT NULL, spec TEXT NOT NULL
    )""",
    """CREATE TABLE matches (
        match_id TEXT PRIMARY KEY, position INTEGER NOT NULL, round INTEGER NOT NULL, format TEXT NOT NULL,
        contest TEXT NOT NULL, block TEXT NOT NULL, subject TEXT NOT NULL, trial INTEGER NOT NULL,
        seed INTEGER NOT NULL, spec_digest TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('done', 'failed')), error TEXT NOT NULL, detail TEXT NOT NULL,
        digest TEXT NOT NULL, market_digest TEXT NOT NULL, instruments TEXT NOT NULL,
        start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL, requests INTEGER NOT NULL
    )""",
    "CREATE INDEX matches_position ON matches (position)",
    "CREATE INDEX matches_trial ON matches (trial)",
    f"""CREATE TABLE bots (
        {", ".join(f"{name} {kind}" for name, kind in _BOTS)}, PRIMARY KEY (match_id, seat)
    )""",
    "CREATE INDEX bots_name ON bots (name)",
    """CREATE TABLE markets (
        match_id TEXT NOT NULL, position INTEGER NOT NULL, instrument TEXT NOT NULL, first REAL, last REAL,
        volume REAL, trades INTEGER NOT NULL, mean_spread_bps REAL, PRIMARY KEY (match_id, position)
    )""",
    """CREATE TABLE series (
        match_id TEXT NOT NULL, kind TEXT NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL,
        digest TEXT NOT NULL, PRIMARY KEY (match_id, kind)
    )""",
    """CREATE TABLE trials (
        number INTEGER PRIMARY KEY, params TEXT NOT NULL, value REAL, seed_values TEXT NOT NULL,
        error TEXT NOT NULL
    )""",
    "CREATE TABLE timings (match_id TEXT PRIMARY KEY, cpu_s REAL, wall_s REAL, memory_mb REAL)",
)

TABLES: Final = ("run", "matches", "bots", "markets", "series", "trials")
"""Tables whose content depends on the run's specification alone."""
